export { isAnyAddress, isLoopback } from './addresses.js';
export { MIN_SECRET_LENGTH } from './bus/cluster-secret.js';
export {
  BUS_PORT_OFFSET,
  type ClusterOptions,
  clusterDefaults,
  type ResolvedClusterOptions,
} from './cluster/cluster-options.js';
export type {
  ClusterStatus,
  CopyStatus,
  FollowerStatus,
  MemberStatus,
} from './cluster/cluster-status.js';
export { JoinError } from './cluster/join-cluster.js';
export type { TimelineEntry } from './cluster/timeline.js';
export type { Parameter } from './config-parameter.js';
export { parameters as configParameters } from './config-table.js';
export { DEFAULT_MEMORY_SHARE, defaultMemoryBytes, type MemoryLimit, memoryLimit } from './memory-limit.js';
export { type ClusterControl, type NodeTraffic, type RunningNode, startNode } from './node.js';
export {
  type AckWrites,
  ackWrites,
  type Clock,
  defaults,
  type Log,
  type NodeOptions,
  OptionsError,
  type OutputLimit,
  type OutputLimits,
  optionRanges,
  type ResolvedNodeOptions,
  resolve,
  systemClock,
} from './options.js';
export {
  type ClientCertificates,
  clientCertificates,
  type TlsOptions,
  type TlsProblem,
  tlsProblems,
} from './tls-options.js';
