/**
 * What the part of a node that serves clients knows of the cluster: all that it asks, and all that it is told.
 *
 *   commands ── gate ──asks──> ClusterMember ──asks──> mind (worker thread), copy
 *                 <──changed, confirmed───────────────────┘
 *
 * Everything is asked on the main thread and answered at once, from what is known there. `changed` and `confirmed` are
 * told between two requests, never within one.
 *
 * - A lease once lost is not had again in the same epoch. So who held it before a write and holds it afterwards, in one epoch, held
 *   it meanwhile.
 * - `changed` comes in the tick in which `role`, `shard` or `topology` change, before anything more is executed. So what waits
 *   for the in-sync set is always of the epoch at hand.
 */
import type { Topology, TopologyNode } from '../../ring/index.js';
import type { Publication } from './publication-codec.js';

export interface ClusterMember {
  /** This node, in this life, as the topology names it. */
  readonly self: TopologyNode;
  /** The newest that is committed and was heard of. */
  readonly topology: Topology | undefined;
  /** Of its copy: what it may do with clients. */
  readonly role: 'none' | 'primary' | 'replica';
  /** The shard whose copy it holds; undefined while it holds none. */
  readonly shard: { readonly id: number; readonly epoch: number } | undefined;
  /** Nodes that membership takes for dead. Another set each time it changes, and `changed` is told. */
  readonly deadNodes: ReadonlySet<string>;

  /** Whether it is primary and holds the write lease of its shard and epoch. Reads the clocks: asked at each use. */
  holdsLease(): boolean;
  /** Why it may not write: it is no primary under its lease, or its in-sync set is silent. Reads the clocks: asked at each use. */
  writeProblem(): 'lease' | 'replicas' | undefined;
  /**
   * For how long what is read here may have been without what was acknowledged elsewhere, in ms. 0 for a primary under its lease; the time since
   * the lease ended for one that is cut off; for a replica since it had everything of its primary. Infinity while it holds no whole copy.
   */
  staleMs(): number;

  /** The offset of what was written last, by a command also before it has returned; of a replica, what it has. */
  readonly offset: number;
  /** Somebody waits until what was written last is confirmed: it is sent without delay. */
  hurry(): void;
  /** Everything up to this offset is held by the whole in-sync set. Of a primary. */
  readonly confirmed: number;
  /** Of a primary, those that follow it; for WAIT, ROLE and INFO. */
  readonly followers: readonly Follower[];

  /** The subscribers of all other nodes are sent it too, if they are reached; at most once. */
  forward(publication: Publication): void;

  /** Told what changes. The gate sets it. */
  listener: MemberListener;
}

export interface Follower {
  readonly node: string;
  /** Up to here it has everything. */
  readonly offset: number;
  /** For how long it may have been without what was written, in ms. */
  readonly lagMs: number;
  readonly isInSync: boolean;
}

export interface MemberListener {
  /** `confirmed` has grown, or a follower has more than before. */
  confirmed(): void;
  /** Another topology, role, shard or set of dead nodes; or the lease was found to be lost. */
  changed(): void;
}
