/** What people are told of a cluster, and of where in it a key is. */
import { textSlot } from '../../base/index.js';
import type { ClusterRoutes } from '../core/index.js';
import type { ClusterStats, KeyPlace } from './engine.js';
import { addressOf } from './engine-connection.js';

type Counts = Pick<ClusterStats, 'changes' | 'redirections' | 'unleasedHits' | 'largestStaleMs'>;

/** Undefined before a topology was learnt. */
export function clusterStats(routes: ClusterRoutes, counts: Counts): ClusterStats | undefined {
  const { topology } = routes;
  if (topology === undefined) return undefined;
  const nodes = [...routes.nodes];
  return {
    clusterId: topology.clusterId,
    version: topology.version,
    shards: topology.shards.length,
    nodes: nodes.map(addressOf),
    away: nodes.filter(({ number }) => routes.isAway(number)).map(addressOf),
    ...counts,
  };
}

export function keyPlace(routes: ClusterRoutes, key: string): KeyPlace | undefined {
  const slot = textSlot(key);
  const route = routes.shardOf(slot);
  if (route === undefined) return undefined;
  const { shard, primary } = route;
  const addressAt = (number: number): string => addressOf(routes.node(number) ?? {});
  return {
    slot,
    shard: shard.id,
    epoch: shard.epoch,
    primary: primary === undefined ? undefined : addressAt(primary),
    readers: routes.readersOf(slot, 0).map(addressAt),
  };
}
