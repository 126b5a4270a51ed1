export { applyChange, assertRight, changeTopology } from './apply-change.js';
export { readChange } from './change-shape.js';
export type {
  AddReplica,
  HandOver,
  NodeChange,
  NodeJoined,
  NodeLeft,
  NodeMoved,
  NodeReturned,
  Promote,
  Rehome,
  RemoveReplica,
  RenewEpoch,
  ReplicaInSync,
  ReplicaOutOfSync,
  SetLeaseTerms,
  SettleVoters,
  SetVoters,
  ShardChange,
  TopologyChange,
  VoterChange,
} from './changes.js';
export {
  aBoolean,
  aNumber,
  aString,
  fields,
  list,
  optional,
  readData,
  type Shape,
  textOfAtMost,
} from './data-shape.js';
export { type Deposal, deposals } from './deposals.js';
export { type ClusterPlan, firstTopology, topologyDefaults } from './first-topology.js';
export { isIncarnation, isLaterLife, lifeNumber } from './incarnation.js';
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
export { isRefusal, type Refusal } from './refusal.js';
export { Ring } from './ring.js';
export { type RingNode, RingNodesError } from './ring-nodes.js';
export { sealText, unsealText } from './sealed-text.js';
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
export {
  decodeTopology,
  encodeTopology,
  MAX_TOPOLOGY_BYTES,
  readTopology,
  TOPOLOGY_FORMAT,
} from './topology-codec.js';
export { describeChanges } from './topology-description.js';
export {
  applyDiff,
  diffTopologies,
  readDiff,
  type TopologyDiff,
  type TopologyName,
  topologyName,
} from './topology-diff.js';
export { topologyHash } from './topology-hash.js';
export {
  isNodeId,
  MAX_REPLICAS,
  MAX_SHARDS,
  MAX_TOPOLOGY_NODES,
  MAX_VOTERS,
  MAX_ZONE_LENGTH,
  nodeProblems,
  topologyProblems,
} from './topology-problems.js';
export { nodeShape } from './topology-shape.js';
export { chooseVoters, voterCount } from './voter-choice.js';
