export {
  addShard,
  type PlacedShard,
  type Placement,
  placeFirst,
  placementOf,
  removeShard,
  reweighShard,
  type WeighedShard,
} from './placement.js';
export { Ring } from './ring.js';
export { type RingNode, RingNodesError } from './ring-nodes.js';
export { MAX_SHARD_ID, SlotTable } from './slots.js';
export {
  graceMs,
  type Incarnation,
  isQuorum,
  isSameLife,
  type LeaseTerms,
  type NodeId,
  type NodeLife,
  type Replica,
  type Shard,
  type SlotRange,
  type Topology,
  type TopologyNode,
} from './topology.js';
