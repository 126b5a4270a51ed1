/**
 * Changes of a topology, as data: what a node or a plan asks for, sent to the leader of the register, which applies a batch of them to the
 * newest topology. On the way that topology may have become another one, so every change says what it was meant for: the
 * epoch of its shard, the life of its node, the version of the voters. If that is over it is refused, never bent to what is now.
 *
 * What is raised by what:
 *
 *   the version      by each batch
 *   a shard's epoch  by each new primary, and when the same one begins anew
 *   voterVersion     when a change of voters begins, and when it is over
 *
 *   voters A, A ──set-voters──> B, before A ──settle-voters──> B, B       a quorum is a majority of both
 */
import type { LeaseTerms, NodeId, NodeLife, TopologyNode } from './topology.js';

interface Reasoned {
  /** Why, in words, for people. */
  readonly reason: string;
}

interface OfShard extends Reasoned {
  readonly shard: number;
  /** Its epoch when the change was asked for. */
  readonly epoch: number;
}

/** A node that nobody knew belongs to the cluster. It has no copy yet. */
export interface NodeJoined extends Reasoned {
  readonly kind: 'node-joined';
  readonly node: TopologyNode;
}

/** A known node began a new life, empty. Its replicas of former lives are gone; a primary is named until another is promoted. */
export interface NodeReturned extends Reasoned {
  readonly kind: 'node-returned';
  /** The life that was known. */
  readonly former: NodeLife;
  readonly node: TopologyNode;
}

/** A node is reached elsewhere, in the same life. */
export interface NodeMoved extends Reasoned {
  readonly kind: 'node-moved';
  readonly node: TopologyNode;
}

/** A node that is gone belongs to the cluster no more. It serves nothing and does not vote; if it comes back it is new. */
export interface NodeLeft extends Reasoned {
  readonly kind: 'node-left';
  readonly life: NodeLife;
}

/** An in-sync replica becomes the primary, since the primary is gone. It becomes a replica that is not in sync if it lives. */
export interface Promote extends OfShard {
  readonly kind: 'promote';
  readonly to: NodeLife;
}

/** The same, asked for by the primary itself. */
export interface HandOver extends OfShard {
  readonly kind: 'hand-over';
  readonly from: NodeLife;
  readonly to: NodeLife;
}

/** The primary, which gave its lease back, begins anew. */
export interface RenewEpoch extends OfShard {
  readonly kind: 'renew-epoch';
  readonly primary: NodeLife;
}

/** Asked for by the primary: this replica has everything that was acknowledged. */
export interface ReplicaInSync extends OfShard {
  readonly kind: 'replica-in-sync';
  readonly replica: NodeLife;
  /** That of the shard when it was asked for. */
  readonly syncVersion: number;
}

/** Asked for by the primary: it will acknowledge without this replica. Done also if it is not in sync: older wishes for it are void then. */
export interface ReplicaOutOfSync extends OfShard {
  readonly kind: 'replica-out-of-sync';
  readonly replica: NodeLife;
}

/** A node that serves nothing gets a copy, not in sync. */
export interface AddReplica extends OfShard {
  readonly kind: 'add-replica';
  readonly replica: NodeLife;
}

export interface RemoveReplica extends OfShard {
  readonly kind: 'remove-replica';
  readonly replica: NodeLife;
}

/** A shard whose copies are gone begins anew, empty, on a node that serves nothing else. Copies that live become replicas not in sync. */
export interface Rehome extends OfShard {
  readonly kind: 'rehome';
  readonly to: NodeLife;
}

/** Begins a change of voters. */
export interface SetVoters extends Reasoned {
  readonly kind: 'set-voters';
  readonly voterVersion: number;
  readonly voters: readonly NodeId[];
}

/** Ends it: the voters before it are asked no more. */
export interface SettleVoters extends Reasoned {
  readonly kind: 'settle-voters';
  readonly voterVersion: number;
}

/** Neither the lease nor the promise may become shorter: somebody may rely on the longer one. */
export interface SetLeaseTerms extends Reasoned {
  readonly kind: 'set-lease-terms';
  readonly former: LeaseTerms;
  readonly lease: LeaseTerms;
}

export type ShardChange =
  | Promote
  | HandOver
  | RenewEpoch
  | ReplicaInSync
  | ReplicaOutOfSync
  | AddReplica
  | RemoveReplica
  | Rehome;

export type NodeChange = NodeJoined | NodeReturned | NodeMoved | NodeLeft;

export type VoterChange = SetVoters | SettleVoters;

export type TopologyChange = NodeChange | ShardChange | VoterChange | SetLeaseTerms;
