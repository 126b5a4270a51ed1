/**
 * The cluster that is tortured, in a process of its own: two shards with a replica each. Every KILL_MS a node ends as a crash would end it, most often a
 * primary, and comes back, empty, when another one has taken over.
 */

import { startTestCluster, type TestCluster, type TestNode } from '#layers/testing';
import { Seeded } from '../kit/seeded.js';

export interface ClusterHostReport {
  readonly urls?: readonly string[];
  readonly kills: number;
}

const KILL_MS = 5_000;
/** Of so many kills one is of any node. */
const ANY_EVERY = 4;

async function run(seed: number): Promise<void> {
  const random = new Seeded(seed);
  const cluster = await startTestCluster({ shards: 2, replicas: 1, maxMemoryBytes: 64 * 2 ** 20 });
  const report = (told: ClusterHostReport): void => void process.send?.(told);
  report({ urls: cluster.urls, kills: 0 });
  for (let kills = 1; ; kills++) {
    await new Promise((resolve) => setTimeout(resolve, KILL_MS));
    // One whose replica is out of sync would be waited for.
    await cluster.ready();
    const node = kills % ANY_EVERY === 0 ? random.pick(cluster.nodes) : primaryOf(cluster, random);
    await node.kill();
    report({ kills });
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await cluster.writable(key);
    await node.start();
    await cluster.ready();
  }
}

function primaryOf(cluster: TestCluster, random: Seeded): TestNode {
  return cluster.primaryOf(`key:${random.below(1_000)}`);
}

process.once('disconnect', () => process.exit(0));
process.once('message', (seed: number) => {
  run(seed).catch((error: unknown) => {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  });
});
