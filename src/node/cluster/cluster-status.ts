/**
 * What a node says of itself and of the cluster as it sees it: the answer to CLUSTER STATUS, as JSON, for `nuthatch cluster` and for
 * who writes such a tool. What all agree on is in the topology (CLUSTER TOPOLOGY); here is what each knows for itself.
 */
import type { Incarnation, NodeId } from '../../ring/index.js';
import type { TimelineEntry } from './timeline.js';

export interface ClusterStatus {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  /** HOST:PORT for clients. */
  readonly address: string;
  /** Of Nuthatch. */
  readonly nuthatch: string;
  readonly zone: string;
  readonly holdsData: boolean;
  /** Undefined while it belongs to no cluster. */
  readonly clusterId?: string;
  /** Its clock, to be compared with others, in ms since 1970. */
  readonly wallMs: number;
  /** What it is in the register. */
  readonly role: 'follower' | 'asking' | 'standing' | 'leader';
  /** Of the register. */
  readonly term: number;
  /** Of the newest topology that it knows to be committed; 0 for none. */
  readonly version: number;
  /** Of the newest that it accepted. Above `version`: a change is under way. */
  readonly acceptedVersion: number;
  /** What it believes of all nodes, itself among them. */
  readonly members: readonly MemberStatus[];
  readonly copy?: CopyStatus;
  /** What happened, as this node saw it, the newest last. Bounded. */
  readonly timeline: readonly TimelineEntry[];
}

export interface MemberStatus {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  /** HOST:PORT for clients. */
  readonly address: string;
  readonly state: 'alive' | 'suspect' | 'dead' | 'left';
}

export interface CopyStatus {
  readonly shard: number;
  readonly epoch: number;
  readonly role: 'primary' | 'replica';
  /** Of a primary: for how long it may still write, in ms; 0 if it may not. */
  readonly leaseLeftMs: number;
  readonly offset: number;
  /** Of a primary: everything up to here is held by the whole in-sync set. */
  readonly confirmed: number;
  /** For how long it may have been without what was acknowledged elsewhere, in ms. */
  readonly staleMs: number;
  /** Of a primary: who follows it. */
  readonly followers: readonly FollowerStatus[];
}

export interface FollowerStatus {
  readonly node: NodeId;
  readonly offset: number;
  readonly lagMs: number;
  readonly isInSync: boolean;
}
