import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Group } from './group.testkit.js';

const SEEDS = 300;
const STEPS = 1_500;

test('through loss, restarts and failovers every copy is a point of the history, and nothing acknowledged is lost', () => {
  let [promotions, fullSyncs, confirmed] = [0, 0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const group = new Group(seed);
    group.run(STEPS);
    group.heal();
    promotions += group.promotions;
    fullSyncs += group.fullSyncs;
    confirmed += group.confirmedWrites;
  }
  assert.ok(
    promotions > SEEDS && fullSyncs > SEEDS && confirmed > 100 * SEEDS,
    `${promotions} ${fullSyncs} ${confirmed}`,
  );
});

for (const mutant of [
  'continue-beyond-takeover',
  'full-sync-in-set',
  'apply-over-gap',
  'keep-before-full-sync',
  'ack-of-one',
  'late-slice',
]) {
  test(`a mistake is found: ${mutant}`, () => {
    const mutants = new Set([mutant]);
    const isFound = (seed: number): boolean => {
      try {
        const group = new Group(seed, mutants);
        group.run(STEPS);
        group.heal();
        return false;
      } catch {
        return true;
      }
    };
    assert.ok(Array.from({ length: SEEDS }, (_, seed) => seed + 1).some(isFound));
  });
}
