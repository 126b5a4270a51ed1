/**
 * The short form of `npm run torture`: some seconds on each engine, from a seed that is always the same; and whether the same
 * torture finds out the mutant which has no fence.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installed } from '../kit/servers.js';
import { runTorture, type TortureVerdict } from '../torture/run.js';
import type { EngineName } from '../torture/server.js';

const SEED = 1;
const INTERLEAVINGS = 30_000;
/** Also a machine that is busy with other things does some in that time. */
const SECONDS = 60;
/** A node of a cluster is killed, another one stopped and one cut off in that time. */
const CLUSTER_SECONDS = 20;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function torture(engine: EngineName, near: boolean, hasFence: boolean): Promise<TortureVerdict> {
  const verdict = await runTorture({
    engine,
    interleavings: INTERLEAVINGS,
    seconds: engine === 'cluster' && hasFence ? CLUSTER_SECONDS : SECONDS,
    seed: SEED,
    near,
    hasFence,
    endsWithViolation: !hasFence,
    print,
  });
  for (const line of verdict.lines) print(line);
  assert.ok(verdict.interleavings > 0);
  return verdict;
}

for (const engine of ['nuthatch', 'cluster', 'redis', 'memory'] as const) {
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
