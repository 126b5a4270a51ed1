/** What the torture calls a violation, on a history of few rows, without processes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { History } from './torture/history.js';
import { INVALIDATED, NEAR, READ, READ_NOTHING } from './torture/records.js';

const ms = 1e6;
const key = 0;

/** Of one key, of which every fourth version says that there is nothing; a near value may be 10 ms too old, one read without a lease 20. */
function history(): History {
  const all = new History({
    keys: 1,
    versionAt: () => 7,
    isNothing: (version) => version % 4 === 0,
    nearBoundMs: 10,
    maxStaleMs: 20,
  });
  all.begins('a', 0);
  return all;
}

/** Kind, version, start and end in ms, flags, how old the nodes said that it may be. */
type Told = [kind: number, version: number, startMs: number, endMs: number, flags?: number, staleMs?: number];

function violations(...rows: Told[]): number {
  const all = history();
  const numbers = rows.flatMap(([kind, version, startMs, endMs, flags = 0, staleMs = 0]) => {
    return [kind, key, version, startMs * ms, endMs * ms, flags, staleMs];
  });
  all.tell('a', Float64Array.from(numbers), 1_000 * ms);
  all.check();
  assert.equal(all.described.length, all.violations);
  return all.violations;
}

describe('the history of a torture', () => {
  const deleted: Told = [INVALIDATED, 6, 0, 10];

  it('finds a read that begins after an acknowledgement and sees what was before', () => {
    assert.equal(violations(deleted, [READ, 5, 11, 12]), 1);
    assert.equal(violations(deleted, [READ, 6, 11, 12]), 0);
    assert.equal(violations(deleted, [READ, 5, 9, 12]), 0);
    assert.equal(violations([READ, 5, 11, 12], deleted), 1, 'in whichever order they are told');
  });

  it('finds a near value that is older than its bound', () => {
    assert.equal(violations(deleted, [READ, 5, 19, 20, NEAR]), 0);
    assert.equal(violations(deleted, [READ, 5, 21, 22, NEAR]), 1);
  });

  it('finds a value read without a lease that is older than the nodes said, or than any may be', () => {
    assert.equal(violations(deleted, [READ, 5, 15, 16, 0, 5]), 0);
    assert.equal(violations(deleted, [READ, 5, 15, 16, 0, 4]), 1);
    assert.equal(violations(deleted, [READ, 5, 30, 31, 0, Number.POSITIVE_INFINITY]), 0);
    assert.equal(violations(deleted, [READ, 5, 31, 32, 0, Number.POSITIVE_INFINITY]), 1);
    assert.equal(violations(deleted, [READ_NOTHING, 0, 15, 16, 0, 5]), 0);
    assert.equal(violations(deleted, [READ_NOTHING, 0, 15, 16, 0, 4]), 1);
  });

  it('finds nothing that was read where something was due, also near', () => {
    assert.equal(violations(deleted, [READ_NOTHING, 0, 11, 12]), 1);
    assert.equal(violations([INVALIDATED, 4, 0, 10], [READ_NOTHING, 0, 11, 12]), 0);
    assert.equal(violations(deleted, [READ_NOTHING, 0, 19, 20, NEAR]), 0);
    assert.equal(violations(deleted, [READ_NOTHING, 0, 21, 22, NEAR]), 1);
  });

  it('excuses what a process that died may have stored, and no other version', () => {
    const all = history();
    all.orphaned(key, 5);
    const read = (version: number) => [READ, key, version, 11 * ms, 12 * ms, 0, 0];
    all.tell('a', Float64Array.of(INVALIDATED, key, 6, 0, 10 * ms, 0, 0, ...read(5), ...read(3)), 20 * ms);
    all.check();
    assert.equal(all.violations, 1);
  });

  it('waits for a process that has not told yet, and not for one that is dead', () => {
    const all = history();
    all.begins('b', 0);
    const rows = Float64Array.of(READ, key, 1, 11 * ms, 12 * ms, 0, 0);
    all.tell('a', rows, 20 * ms);
    all.check();
    assert.equal(all.counts.reads, 0);
    all.ends('b');
    all.tell('b', rows, 1 * ms);
    all.check();
    assert.equal(all.counts.reads, 1);
  });
});
