import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { configurationPage } from './configuration-page.js';
import { flagOf, optionNames } from './options-table.js';
import { allHelp, createProgram, version } from './program.js';
import { variableOf } from './variables.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the command line', () => {
  it('has the help that was last looked at: `node scripts/configuration-page.mjs` writes it anew', async () => {
    assert.equal(await allHelp(100), read('test/golden/help.txt'));
  });

  it('offers every option of the table, switches both ways', async () => {
    const start = (await createProgram()).commands.find((command) => command.name() === 'start');
    const flags = start?.options.map((option) => option.long) ?? [];
    for (const name of optionNames) assert.ok(flags.includes(flagOf(name)), name);
    assert.ok(flags.includes('--no-status'));
  });

  it('knows its version', () => {
    assert.equal(version, (JSON.parse(read('package.json')) as { version: string }).version);
  });
});

describe('docs/configuration.md', () => {
  it('is what `node scripts/configuration-page.mjs` writes', () => {
    assert.equal(read('docs/configuration.md'), configurationPage());
  });

  it('names every option, flag and variable', () => {
    const page = configurationPage();
    for (const name of optionNames) {
      assert.ok(page.includes(`### ${name}\n`));
      assert.ok(page.includes(flagOf(name)));
      assert.ok(page.includes(variableOf(name)));
    }
  });
});
