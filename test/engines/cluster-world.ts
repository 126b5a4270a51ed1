/** A world for the suite of engines: a cluster in this process, of two shards with a replica each. */
import { Random } from '#layers/base';
import { ClusterEngine, hostTime } from '#layers/client';
import { ClusterInProcess } from '../kit/cluster-in-process.js';
import { DEADLINE_MS, type EngineWorld } from './world.js';

export async function startClusterWorld(): Promise<EngineWorld> {
  let passedMs = 0;
  const clock = {
    wallMs: () => Date.now() + passedMs,
    monotonicMs: () => performance.now() + passedMs,
  };
  const cluster = await ClusterInProcess.start({ shards: 2, replicas: 1 }, { clock });
  const seeds = cluster.ports.map((port) => ({ port, connectDeadlineMs: DEADLINE_MS, maxRetryMs: 50 }));
  let seed = 1;
  return {
    connect: (options, host) =>
      new ClusterEngine(
        { ...options, seeds, reads: 'primary', time: hostTime, random: new Random(seed++) },
        host,
      ),
    async pass(ms) {
      passedMs += ms;
    },
    plain: (...words) => cluster.plain(...words),
    stop: () => cluster.stop(),
  };
}
