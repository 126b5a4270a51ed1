/** A first topology of shards on nodes n01, n02 ... */
import assert from 'node:assert/strict';
import { firstTopology, isRefusal, type Topology, type TopologyNode } from '../ring/index.js';

export const LEASE = { leaseMs: 1500, driftPermille: 50, slackMs: 20 };

export function nodeOf(id: string, incarnation = '1-a'): TopologyNode {
  return { node: id, incarnation, host: id, port: 1, busPort: 2, zone: '', holdsData: true };
}

export function clusterOf(shards: number, replicasPerShard: number, nodes: number): Topology {
  const first = firstTopology({
    clusterId: 'c1',
    nodes: Array.from({ length: nodes }, (_, i) => nodeOf(`n${String(i + 1).padStart(2, '0')}`)),
    lease: LEASE,
    maxUnreplicatedMs: 1000,
    shards,
    replicasPerShard,
  });
  assert.ok(!isRefusal(first), 'it is a right topology');
  return first;
}
