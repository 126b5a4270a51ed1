/**
 * The short form of `npm run torture`: some seconds on each engine, from a seed that is always the same, and as long as it
 * takes to see that the same torture finds the mutant which has no fence.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installed } from '../kit/servers.js';
import { type EngineName, runTorture, type TortureVerdict } from '../torture/run.js';

const SEED = 1;
const SECONDS = 5;
const MUTANT_SECONDS = 3;
/** Also a machine that is busy with other things does so many. */
const LEAST_INTERLEAVINGS = 500;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function torture(engine: EngineName, near: boolean, hasFence: boolean): Promise<TortureVerdict> {
  const seconds = hasFence ? SECONDS : MUTANT_SECONDS;
  const interleavings = Number.POSITIVE_INFINITY;
  const verdict = await runTorture({ engine, interleavings, seconds, seed: SEED, near, hasFence, print });
  for (const line of verdict.lines) print(line);
  assert.ok(verdict.interleavings >= LEAST_INTERLEAVINGS, `only ${verdict.interleavings} interleavings`);
  return verdict;
}

for (const engine of ['nuthatch', 'redis', 'memory'] as const) {
  const isMissing = engine === 'redis' && !installed('redis-server');
  const skip = isMissing && 'redis-server is missing: apt-get install redis-server';

  test(`${engine}: no read after an invalidation sees what was before it`, { skip }, async () => {
    const { violations, problems } = await torture(engine, false, true);
    assert.deepEqual(problems, []);
    assert.equal(violations, 0);
  });

  test(`${engine}: near values are within their bound`, { skip }, async () => {
    const { violations, problems } = await torture(engine, true, true);
    assert.deepEqual(problems, []);
    assert.equal(violations, 0);
  });

  test(`${engine}: without the fence it is found out`, { skip }, async () => {
    const { violations } = await torture(engine, false, false);
    assert.ok(violations > 0);
  });
}
