import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type optionRanges, resolve } from '../node/index.js';
import { defaultText, optionGroups, optionNames, optionSpec, optionsTable } from './options-table.js';
import { variableOf } from './variables.js';

describe('the options table', () => {
  it('names options so that flag, variable and key follow', () => {
    for (const name of optionNames) assert.match(name, /^[a-z]+(-[a-z]+)*$/);
    assert.equal(variableOf('tracking-table-max-bytes'), 'NUTHATCH_TRACKING_TABLE_MAX_BYTES');
    // Commander takes --no-x for the opposite of --x.
    assert.ok(!optionNames.some((name) => name.startsWith('no-')));
  });

  it('says of each what it does, and where it belongs', () => {
    for (const name of optionNames) {
      const { help, group, since } = optionSpec(name);
      assert.match(help, /^[A-Z].*[^.]$/, name);
      assert.ok(optionGroups.includes(group), name);
      assert.match(since, /^\d+\.\d+\.\d+$/, name);
    }
    for (const group of optionGroups) {
      assert.ok(
        optionNames.some((name) => optionSpec(name).group === group),
        group,
      );
    }
  });

  it('has defaults that could be written', () => {
    for (const name of optionNames) {
      const { kind, default: value } = optionSpec(name);
      if (kind.secret || kind.format(value) === '') continue;
      assert.deepEqual(kind.parse(kind.format(value)), { value }, name);
    }
    assert.equal(defaultText(optionsTable['max-memory']), '50% of the machine, or of its cgroup');
    assert.equal(defaultText(optionsTable['tracking-table-max-bytes']), '1/32 of max-memory');
    assert.equal(defaultText(optionsTable['idle-timeout']), 'off');
  });

  it('accepts nothing that the node then refuses', () => {
    const atLimits: readonly [
      kind: { parse(text: string): unknown },
      option: keyof typeof optionRanges,
      text: string,
    ][] = [
      [optionsTable['max-value'].kind, 'maxBulkBytes', '512mb'],
      [optionsTable['max-clients-memory'].kind, 'maxClientsBytes', 'auto'],
      [optionsTable['max-clients-memory'].kind, 'maxClientsBytes', 'off'],
      [optionsTable['tracking-table-max-bytes'].kind, 'trackingTableBytes', 'auto'],
      [optionsTable['slowlog-threshold'].kind, 'slowlogThresholdUs', 'off'],
      [optionsTable['slowlog-threshold'].kind, 'slowlogThresholdUs', '1h'],
      [optionsTable['idle-timeout'].kind, 'idleTimeoutMs', 'off'],
      [optionsTable['idle-timeout'].kind, 'idleTimeoutMs', '24d'],
    ];
    for (const [kind, option, text] of atLimits) {
      const parsed = kind.parse(text) as { value: number };
      assert.equal(resolve({ [option]: parsed.value })[option], parsed.value, `${option} ${text}`);
    }
  });
});
