/**
 * The short form of `npm run sim`, for each world: no violation over many seeds, all marks reached, the same trace twice, and each
 * mutant found out.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runSeeds, type SeedsOptions } from '../sim/seeds.js';
import { describeTally } from '../sim/tally.js';
import { mutantsFoundBy, worldNamed, worldNames } from '../sim/worlds.js';

const SEEDS = { from: 1, to: 501 };
const TWICE = { from: 1, to: 21 };
/** Within so many seeds a mutant is found out. */
const MUTANT_SEEDS = { from: 1, to: 2001 };
const PROCESSES = 2;
/** Two processes of one core each need no longer for the seeds of a world. */
const SEEDS_CPU_MS = 2 * 3 * 60_000;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Of lines like 'cluster 572  what it found'. */
function regressionSeedsOf(world: string): number[] {
  const file = fileURLToPath(new URL('../../../test/sim/regression-seeds.txt', import.meta.url));
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [name, seed] = line.split(/\s+/);
    return name === world ? [Number(seed)] : [];
  });
}

for (const world of worldNames) {
  const options: SeedsOptions = {
    ...{ world, lengthMs: 60_000, mutants: [], without: [], nodes: undefined },
    ...{ isTwice: false, endsWithViolation: false },
  };
  const { marks } = worldNamed(world);

  test(`${world}: no violation, and every mark is reached`, async () => {
    const tally = await runSeeds(SEEDS, options, PROCESSES, print);
    for (const line of describeTally(tally, marks)) print(line);
    assert.deepEqual(tally.violations, []);
    assert.equal(tally.seeds, SEEDS.to - SEEDS.from);
    assert.ok(tally.cpuMs < SEEDS_CPU_MS, `took ${Math.round(tally.cpuMs)} ms of processor`);
    assert.deepEqual(
      marks.filter((name) => tally.marks[name] === undefined),
      [],
    );
  });

  test(`${world}: seeds that once found something`, async () => {
    for (const seed of regressionSeedsOf(world)) {
      const tally = await runSeeds({ from: seed, to: seed + 1 }, options, 1, print);
      assert.deepEqual(tally.violations, []);
    }
  });

  test(`${world}: the same seed gives the same trace`, async () => {
    const tally = await runSeeds(TWICE, { ...options, isTwice: true }, PROCESSES, print);
    assert.deepEqual(tally.violations, []);
  });

  for (const mutant of mutantsFoundBy(worldNamed(world))) {
    test(`${world}: ${mutant} is found out`, async () => {
      const mutated = { ...options, mutants: [mutant], endsWithViolation: true };
      const { violations } = await runSeeds(MUTANT_SEEDS, mutated, PROCESSES, print);
      assert.ok(violations.length > 0);
      print(`seed ${violations[0].seed}: ${violations[0].words}`);
    });
  }
}
