import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed } from './run.js';
import { shrink } from './shrink.js';
import { leaseToy } from './toy/lease-toy.js';

const MUTANTS = new Set(['worker-on-monotonic']);

test('a failing seed becomes small and fails alike', () => {
  let seed = 1;
  const options = { lengthMs: 60_000, mutants: MUTANTS };
  while (runSeed(leaseToy, { ...options, seed }).violation === undefined) seed++;
  const whole = runSeed(leaseToy, { ...options, seed });
  const { options: small, outcome, runs } = shrink(leaseToy, { ...options, seed });
  assert.equal(outcome.violation?.checker, 'one-worker');
  assert.ok(outcome.faults.length < whole.faults.length / 2);
  // A worker on the monotonic clock is wrong only after a suspend.
  assert.ok(outcome.faults.some(({ kind }) => kind === 'suspend'));
  assert.ok(runs <= 400);
  const again = runSeed(leaseToy, small);
  assert.equal(again.fingerprint, outcome.fingerprint);
  assert.deepEqual(again.violation, outcome.violation);
  // None of the faults that are left can be left out.
  for (const { id } of outcome.faults) {
    const chosen = new Set([...(small.chosen ?? [])].filter((one) => one !== id));
    assert.notEqual(runSeed(leaseToy, { ...small, chosen }).violation?.checker, 'one-worker');
  }
});

test('a seed that passes is not shrunk', () => {
  assert.throws(() => shrink(leaseToy, { seed: 1, lengthMs: 20_000 }), /seed 1 does not fail/);
});
