/**
 * `nuthatch/server`: a node inside of an application, for who wants to start it by code.
 *
 *   const node = await startNode({ port: 0, maxMemoryBytes: 64 * 2 ** 20 });
 *   createCache(`redis://127.0.0.1:${node.port}`)
 *   await node.drain();
 *
 * It works on the thread of the application: what keeps that thread busy keeps the clients of the node waiting.
 */
export type { ClusterOptions } from './cluster/cluster-options.js';
export type {
  ClusterStatus,
  CopyStatus,
  FollowerStatus,
  MemberStatus,
} from './cluster/cluster-status.js';
export { JoinError } from './cluster/join-cluster.js';
export type { FirstPlan } from './cluster/orders.js';
export type { TimelineEntry } from './cluster/timeline.js';
export { type ClusterControl, type NodeTraffic, type RunningNode, startNode } from './node.js';
export {
  type AckWrites,
  type Clock,
  type Log,
  type NodeOptions,
  OptionsError,
  type OutputLimit,
  type OutputLimits,
} from './options.js';
export type { ClientCertificates, TlsOptions } from './tls-options.js';
