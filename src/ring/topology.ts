/**
 * The topology: everything that the nodes of a cluster must agree on, as one immutable value.
 *
 *   nodes    who belongs to the cluster, and in which life
 *   shards   for each its epoch, its primary and its replicas, and who of them is in sync
 *   slots    which shard each of the 16,384 hash slots belongs to: the truth, whatever the ring planned
 *   voters   who agrees on all this, and on the terms of the write lease
 *
 * A version follows another by one change; a version that was committed never changes. A *life* is a node between two of
 * its starts: it is empty at its start, so what is said of one life says nothing of the next.
 */

/** Given to a node at its first start, for good: 1 to 40 of a-z, 0-9 and '-'. */
export type NodeId = string;

/** Names one life of a node: a counter kept on its disk and a random number, '7-9f3a01c2'. Compared for equality; see incarnation.ts. */
export type Incarnation = string;

export interface NodeLife {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

export interface TopologyNode extends NodeLife {
  /** Where clients and other nodes reach it. */
  readonly host: string;
  readonly port: number;
  readonly busPort: number;
  /** Copies and voters are spread over zones; '' if it has none. */
  readonly zone: string;
  /** False of a witness, which only votes. */
  readonly holdsData: boolean;
}

export interface Replica extends NodeLife {
  /** Has everything that was acknowledged, so that it may be promoted. The primary is always in sync. */
  readonly isInSync: boolean;
}

export interface Shard {
  readonly id: number;
  /** Share of the slots beside other shards, above 0. */
  readonly weight: number;
  /** Raised with each primary, and when the same one begins anew. */
  readonly epoch: number;
  /** The epoch in which its history began, empty: what was held in an earlier one is void. */
  readonly beganEpoch: number;
  /** Raised with each change of who is in sync, and when a replica is taken away: what was asked for before is void. */
  readonly syncVersion: number;
  /** Undefined: nobody has it until it is re-homed. */
  readonly primary: NodeLife | undefined;
  /** In the order of their nodes. */
  readonly replicas: readonly Replica[];
  /** Its points on the ring: chosen positions, 0 to 2^32 - 1, in order. */
  readonly vnodes: readonly number[];
}

/** Slots `first` to `last`, both included. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly shard: number;
}

/** What the write lease is made of; agreed, since a node that reckons with another length would be a second writer. */
export interface LeaseTerms {
  /** L: a primary may write while a majority granted what it sent less than so long ago, in ms. */
  readonly leaseMs: number;
  /** rho: by so much may clocks run fast or slow, in parts of a thousand. */
  readonly driftPermille: number;
  /** eps: on top, in ms. */
  readonly slackMs: number;
}

export interface Topology {
  /** Drawn at random when the cluster is begun. */
  readonly clusterId: string;
  /** Counted from 1. */
  readonly version: number;
  readonly lease: LeaseTerms;
  /** A primary acknowledges nothing when its in-sync set has been silent for so long, in ms. */
  readonly maxUnreplicatedMs: number;
  /** So many a shard is to have, if there are nodes for them. */
  readonly replicasPerShard: number;
  /** In order. */
  readonly voters: readonly NodeId[];
  /** The voters before the change that is under way; the same as `voters` when none is. A quorum is a majority of both. */
  readonly previousVoters: readonly NodeId[];
  /** Raised with each change of either. */
  readonly voterVersion: number;
  /** In the order of their ids. */
  readonly nodes: readonly TopologyNode[];
  /** In the order of their ids. */
  readonly shards: readonly Shard[];
  /** All slots, in order, without gaps; what is beside each other and has one owner is one range. */
  readonly slots: readonly SlotRange[];
}

/** Whether both name the same life. */
export function isSameLife(a: NodeLife | undefined, b: NodeLife | undefined): boolean {
  return a?.node === b?.node && a?.incarnation === b?.incarnation;
}

/** G: a voter keeps a promise for so long, in ms of its own clock: L(1 + rho)/(1 - rho) + eps. */
export function graceMs({ leaseMs, driftPermille, slackMs }: LeaseTerms): number {
  return Math.ceil((leaseMs * (1000 + driftPermille)) / (1000 - driftPermille)) + slackMs;
}

/** Whether these are a majority of every one of the voter sets. */
export function isQuorum(given: ReadonlySet<NodeId>, voterSets: readonly (readonly NodeId[])[]): boolean {
  return voterSets.every((voters) => 2 * voters.filter((id) => given.has(id)).length > voters.length);
}
