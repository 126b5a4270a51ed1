/**
 * The lease in its small world. NUTHATCH_LEASE_SEEDS=1-1000 runs these seeds, and gives each mutant as many to be caught in. Without it
 * each mutant begins with a seed that is known to catch it, so that this takes seconds.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOLDER_CLOCK_MUTANTS } from './holder-clock.js';
import { runLeaseWorld } from './lease-world.testkit.js';
import { PROMISE_MUTANTS } from './promises.js';
import { WRITE_LEASE_MUTANTS } from './write-lease.js';

const GIVEN = /^(\d+)-(\d+)$/.exec(process.env['NUTHATCH_LEASE_SEEDS'] ?? '');
const FIRST_SEED = Number(GIVEN?.[1] ?? 1);
const LAST_SEED = Number(GIVEN?.[2] ?? 20);

/** A seed that catches it. A change of the world moves these. */
const CAUGHT_BY = new Map<string, number>([
  ['no-acceptor-check', 5],
  ['one-voter', 15],
  ['timer-lease', 2],
  ['receive-time', 22],
  ['grace-short', 16],
  ['no-silence', 91],
  ['no-voter-silence', 23],
  ['no-drift', 49],
  ['no-voter-version', 166],
  ['grants-during-persist', 1],
  ['resumed-release', 24],
  ['voter-wall-clock', 150],
  ['holder-monotonic-only', 18],
]);

/** Kept in office by its own heartbeats, a primary that hears nothing is no writer for as long as the cut lasts. */
const ONE_WAY_MUTANT = 'heartbeat-without-lease-extends';
const ONE_WAY_GAP_MS = 5000;

/** Whether one of these seeds finds two writers. */
function isCaught(mutant: string, firstSeed: number, lastSeed: number): boolean {
  const mutants = new Set([mutant]);
  for (let seed = firstSeed; seed <= lastSeed; seed++) {
    if (runLeaseWorld({ seed, mutants }).violation?.includes(' wrote ')) return true;
  }
  return false;
}

test(`one writer, one history, and a writer again when all is healed: seeds ${FIRST_SEED} to ${LAST_SEED}`, () => {
  let [epochs, voterVersions] = [0, 0];
  for (let seed = FIRST_SEED; seed <= LAST_SEED; seed++) {
    const verdict = runLeaseWorld({ seed });
    assert.equal(verdict.violation, undefined, `seed ${seed}`);
    epochs += verdict.epochs;
    voterVersions += verdict.voterVersions;
  }
  assert.ok(epochs > 100 && voterVersions > 100, 'primaries and voters changed');
});

test('the same seed is the same run', () => {
  assert.deepEqual(runLeaseWorld({ seed: 7 }), runLeaseWorld({ seed: 7 }));
});

test('every mutant is tried', () => {
  const all = [...PROMISE_MUTANTS, ...WRITE_LEASE_MUTANTS, ...HOLDER_CLOCK_MUTANTS];
  assert.deepEqual([...new Set(all)].sort(), [...CAUGHT_BY.keys(), ONE_WAY_MUTANT].sort());
});

for (const [mutant, seed] of CAUGHT_BY) {
  test(`without its rule two write: ${mutant}`, () => {
    const isFound = GIVEN ? isCaught(mutant, FIRST_SEED, LAST_SEED) : isCaught(mutant, seed, seed);
    assert.ok(isFound, 'no seed catches it any more: look for another with NUTHATCH_LEASE_SEEDS');
  });
}

test('when the answers to a primary are cut off, another writes soon; with the mutant nobody does', () => {
  for (let seed = 1; seed <= 3; seed++) {
    assert.ok(runLeaseWorld({ seed, isOneWayCut: true }).longestGapMs < ONE_WAY_GAP_MS);
    const mutants = new Set([ONE_WAY_MUTANT]);
    assert.ok(runLeaseWorld({ seed, mutants, isOneWayCut: true }).longestGapMs > 15_000);
  }
});
