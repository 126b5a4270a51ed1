import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Violation } from './checker.js';
import type { Experiment } from './program.js';
import { type RunOptions, runSeed } from './run.js';
import type { LeaseFact, LeaseMessage, LeaseState } from './toy/lease-program.js';
import { leaseToy } from './toy/lease-toy.js';

const nothing = new Set<string>();
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

function traceOf(options: RunOptions): string[] {
  const lines: string[] = [];
  runSeed(leaseToy, { ...options, trace: (line) => lines.push(line) });
  return lines;
}

test('the same seed gives the same trace, another one another', () => {
  const options = { seed: 7, lengthMs: 20_000 };
  const trace = traceOf(options);
  assert.ok(trace.length > 1000);
  assert.deepEqual(traceOf(options), trace);
  assert.notDeepEqual(traceOf({ ...options, seed: 8 }), trace);
});

test('tracing and freezing change nothing of a run', () => {
  for (const seed of SEEDS) {
    const plain = runSeed(leaseToy, { seed, lengthMs: 20_000 });
    const watched = runSeed(leaseToy, { seed, lengthMs: 20_000, isStrict: true, trace: () => {} });
    assert.equal(watched.fingerprint, plain.fingerprint);
    assert.equal(watched.events, plain.events);
    assert.deepEqual([...watched.marks], [...plain.marks]);
  }
});

test('the faults that began, named one by one, give the same run; none of them a run without faults', () => {
  for (const seed of SEEDS) {
    const all = runSeed(leaseToy, { seed, lengthMs: 20_000 });
    const chosen = new Set(all.faults.map(({ id }) => id));
    const named = runSeed(leaseToy, { seed, lengthMs: 20_000, chosen });
    assert.equal(named.fingerprint, all.fingerprint);
    const none = runSeed(leaseToy, { seed, lengthMs: 20_000, chosen: nothing });
    assert.deepEqual(none.faults, []);
  }
});

test('over some seeds every kind of fault happens, of the plan and aimed at marks', () => {
  const kinds = new Set<string>();
  let aimed = 0;
  for (let seed = 1; seed <= 60; seed++) {
    for (const { id, kind } of runSeed(leaseToy, { seed, lengthMs: 30_000 }).faults) {
      kinds.add(kind);
      if (id.includes('@')) aimed++;
    }
  }
  assert.equal(kinds.size, 16);
  assert.ok(aimed > 20);
});

test('faults are left out by kind, and the number of nodes can be set', () => {
  for (const seed of SEEDS) {
    const outcome = runSeed(leaseToy, { seed, lengthMs: 20_000, nodes: 4, without: ['crash', 'cut'] });
    assert.equal(outcome.settings.nodes, 4);
    assert.ok(outcome.faults.every(({ kind }) => kind !== 'crash' && kind !== 'cut'));
  }
});

test('a run tells who objected and when, and what a program threw', () => {
  const withChecker = (onFact: () => void): Experiment<LeaseMessage, LeaseState, LeaseFact> => ({
    ...leaseToy,
    begin: (setup) => ({ ...leaseToy.begin(setup), checkers: [{ name: 'nobody-works', onFact }] }),
  });
  const objecting = withChecker(() => {
    throw new Violation('somebody works');
  });
  const { violation, simulatedMs } = runSeed(objecting, { seed: 1, lengthMs: 20_000 });
  assert.deepEqual(violation, { checker: 'nobody-works', words: 'somebody works', atMs: simulatedMs });
  const broken = withChecker(() => {
    throw new RangeError('7 is too many');
  });
  const outcome = runSeed(broken, { seed: 1, lengthMs: 20_000 });
  assert.equal(outcome.violation?.checker, 'program');
  assert.equal(outcome.violation.words, 'RangeError: 7 is too many');
  assert.match(outcome.violation.stack ?? '', /run\.test/);
});
