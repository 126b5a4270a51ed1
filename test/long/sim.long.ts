/**
 * The short form of `npm run sim`, for each world: no violation over many seeds, all marks reached, the same trace twice, and each
 * mutant found out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeeds, type SeedsOptions } from '../sim/seeds.js';
import { describeTally } from '../sim/tally.js';
import { worldNamed, worldNames } from '../sim/worlds.js';

const SEEDS = { from: 1, to: 501 };
const TWICE = { from: 1, to: 21 };
/** Within so many seeds a mutant is found out. */
const MUTANT_SEEDS = { from: 1, to: 4001 };
const PROCESSES = 2;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

for (const world of worldNames) {
  const options: SeedsOptions = {
    ...{ world, lengthMs: 60_000, mutants: [], without: [], nodes: undefined },
    ...{ isTwice: false, endsWithViolation: false },
  };
  const { marks, mutants } = worldNamed(world);

  test(`${world}: no violation, and every mark is reached`, async () => {
    const tally = await runSeeds(SEEDS, options, PROCESSES, print);
    for (const line of describeTally(tally, marks)) print(line);
    assert.deepEqual(tally.violations, []);
    assert.equal(tally.seeds, SEEDS.to - SEEDS.from);
    assert.deepEqual(
      marks.filter((name) => tally.marks[name] === undefined),
      [],
    );
  });

  test(`${world}: the same seed gives the same trace`, async () => {
    const tally = await runSeeds(TWICE, { ...options, isTwice: true }, PROCESSES, print);
    assert.deepEqual(tally.violations, []);
  });

  for (const mutant of mutants) {
    test(`${world}: ${mutant} is found out`, async () => {
      const mutated = { ...options, mutants: [mutant], endsWithViolation: true };
      const { violations } = await runSeeds(MUTANT_SEEDS, mutated, PROCESSES, print);
      assert.ok(violations.length > 0);
      print(`seed ${violations[0].seed}: ${violations[0].words}`);
    });
  }
}
