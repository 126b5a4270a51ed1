/** What the mind of a node tells people: `cluster status`, `cluster doctor`, CLUSTER NODES, CLUSTER INFO. A snapshot, safe to send. */
import type { Claim } from '../../cluster/index.js';
import type { NodeId } from '../../ring/index.js';
import type { TimelineEntry } from './timeline.js';

export interface MindStatus {
  /** In the register. */
  readonly role: 'follower' | 'asking' | 'standing' | 'leader';
  readonly term: number;
  /** Who led last, as far as this node has heard. */
  readonly leader: NodeId | undefined;
  /** Undefined: it belongs to no cluster yet. */
  readonly clusterId: string | undefined;
  /** Of the newest topology known to be committed; 0: none is. */
  readonly committedVersion: number;
  /** Of the newest that it accepted. Above `committedVersion`: a change is under way. */
  readonly acceptedVersion: number;
  readonly committedTerm: number;
  /** What is believed of everyone, this node first. */
  readonly members: readonly Claim[];
  /** How much slower than usual this node takes itself to be, 0 to 8. */
  readonly slowness: number;
  /** What it is primary of, and for how long it may write there, if it is not renewed. */
  readonly lease: { readonly shard: number; readonly epoch: number; readonly leftMs: number } | undefined;
  /** The main thread says nothing: no lease is asked for. */
  readonly isHeld: boolean;
  /** Where others were to be found, as was given. */
  readonly seeds: readonly string[];
  readonly links: readonly LinkStatus[];
  /** What waits for all of them. */
  readonly queuedBytes: number;
  readonly streams: readonly StreamStatus[];
  /** What was decided and why, oldest first. */
  readonly timeline: readonly TimelineEntry[];
}

/** The way of messages to another node. */
export interface LinkStatus {
  /** A node, or '@HOST:PORT' until it is known who is there. */
  readonly to: string;
  readonly isOpen: boolean;
  readonly queuedMessages: number;
  /** Messages that had to be dropped since it began. */
  readonly dropped: number;
}

/** The replication to or from another node. */
export interface StreamStatus {
  readonly node: NodeId;
  readonly direction: 'to' | 'from';
  readonly isOpen: boolean;
  /** What waits to be sent, or came of a message that is not whole. */
  readonly queuedBytes: number;
}
