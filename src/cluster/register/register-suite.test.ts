/**
 * The embedded register keeps the promises of a register in the small world, whatever is drawn; and the world finds the rules that are left
 * out, each within so many seeds. What happens too seldom by chance is told in register-rules.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/index.js';
import { REGISTER_MUTANTS } from './options.js';
import { runRegisterSuite, type SuiteFigures } from './register-suite.testkit.js';
import { RegisterWorld } from './register-world.testkit.js';

const SEEDS = 2000;
const MUTANT_SEEDS = 3000;

const FOUND_BY_CHANCE: readonly string[] = [
  'vote-twice',
  'ignore-last-accepted',
  'accept-older-term',
  'no-quorum-of-base',
  'elect-by-one-set',
  'derive-uncommitted',
  'patch-on-any-base',
  'repeat-applies-twice',
];

const TOLD_BY_HAND: readonly string[] = [
  'persist-after-answer',
  'commit-by-one-set',
  'pending-outlives-term',
  'answer-of-any-term',
  'committed-by-term',
  'no-prevote',
  'prevote-despite-leader',
  'no-check-quorum',
  'no-gate',
  'publish-without-asking',
  'any-cluster',
  'learner-stands',
  'proposal-of-any-term',
  'no-handover',
  'broken-disk-promises',
];

/** One in so many proposals changes the voters: in some of the runs, or in all of them. */
function runSeed(seed: number, mutants: ReadonlySet<string>): SuiteFigures {
  const random = new Random(seed);
  const voters = [1, 3, 3, 3, 5][random.below(5)]!;
  const learners = 1 + random.below(2);
  const world = new RegisterWorld(random.uint32(), { voters, learners, mutants });
  const isChanging = random.below(2) === 0 || mutants.size > 0;
  const voterChanges = isChanging ? 2 + random.below(12) : 0;
  return runRegisterSuite(world, random, { disturbedMs: 22_000, healedMs: 8000, voterChanges });
}

test(`the promises hold in ${SEEDS} seeds of 30 simulated seconds`, () => {
  const sum = { done: 0, refused: 0, unknown: 0, notLeader: 0, versions: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const figures = runSeed(seed, new Set());
      for (const key of Object.keys(sum) as (keyof SuiteFigures)[]) sum[key] += figures[key];
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  // The world is neither so quiet that nothing is tried, nor so wild that nothing is done.
  for (const key of Object.keys(sum) as (keyof SuiteFigures)[])
    assert.ok(sum[key] > SEEDS, `${key}: ${sum[key]}`);
});

test('the same seed gives the same run', () => {
  for (let seed = 1; seed <= 5; seed++) assert.deepEqual(runSeed(seed, new Set()), runSeed(seed, new Set()));
});

test('every rule is either found by chance or told by hand', () => {
  assert.deepEqual([...FOUND_BY_CHANCE, ...TOLD_BY_HAND].toSorted(), [...REGISTER_MUTANTS].toSorted());
});

for (const mutant of FOUND_BY_CHANCE) {
  test(`without ${mutant} some seed breaks a promise`, () => {
    const mutants = new Set([mutant]);
    assert.throws(
      () => {
        for (let seed = 1; seed <= MUTANT_SEEDS; seed++) runSeed(seed, mutants);
      },
      { name: /^(BrokenPromise|InvariantError)$/ },
    );
  });
}
