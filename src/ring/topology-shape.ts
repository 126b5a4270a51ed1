/** The fields of a topology in the order of its text. What their values must be is said in topology-problems.ts. */
import { SLOT_COUNT } from '../base/index.js';
import { aBoolean, aNumber, aString, fields, list, optional } from './data-shape.js';
import type { LeaseTerms, NodeLife, Replica, Shard, SlotRange, TopologyNode } from './topology.js';
import { MAX_REPLICAS, MAX_SHARDS, MAX_TOPOLOGY_NODES, MAX_VOTERS } from './topology-problems.js';

export const lifeShape = fields<NodeLife>({ node: aString, incarnation: aString });

export const leaseShape = fields<LeaseTerms>({
  leaseMs: aNumber,
  driftPermille: aNumber,
  slackMs: aNumber,
});

export const nodeShape = fields<TopologyNode>({
  node: aString,
  incarnation: aString,
  host: aString,
  port: aNumber,
  busPort: aNumber,
  zone: aString,
  holdsData: aBoolean,
});

const replicaShape = fields<Replica>({ node: aString, incarnation: aString, isInSync: aBoolean });

export const shardShape = fields<Shard>({
  id: aNumber,
  weight: aNumber,
  epoch: aNumber,
  beganEpoch: aNumber,
  syncVersion: aNumber,
  primary: optional(lifeShape),
  replicas: list(replicaShape, MAX_REPLICAS),
  vnodes: list(aNumber, SLOT_COUNT),
});

export const slotsShape = list(
  fields<SlotRange>({ first: aNumber, last: aNumber, shard: aNumber }),
  SLOT_COUNT,
);

export const votersShape = list(aString, MAX_VOTERS);

export const topologyFields = {
  clusterId: aString,
  version: aNumber,
  lease: leaseShape,
  maxUnreplicatedMs: aNumber,
  replicasPerShard: aNumber,
  voters: votersShape,
  previousVoters: votersShape,
  voterVersion: aNumber,
  nodes: list(nodeShape, MAX_TOPOLOGY_NODES),
  shards: list(shardShape, MAX_SHARDS),
  slots: slotsShape,
};
