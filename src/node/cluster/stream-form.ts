/**
 * What a kind of messages between nodes, which has streams of its own, may take: of the thread of the bus, of memory, of the time between two heartbeats.
 * Heartbeats have the links of the bus.
 */
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from '../../store/index.js';

const KIB = 1024;
const MIB = 1024 * KIB;

export interface StreamForm {
  /** For people. */
  readonly name: string;
  /** Nodes that are sent to, and nodes that send. */
  readonly maxStreams: number;
  readonly maxMessageBytes: number;
  /** When more waits for a node, what comes is dropped, and not what is on its way. */
  readonly maxQueuedBytes: number;
  /** What has come of messages that are not whole, of all nodes. */
  readonly maxGatheredBytes: number;
  /** Given from one thread to the other and not taken yet. Beyond it that thread stands still, or a node floods this one. */
  readonly maxUntakenBytes: number;
  /** Sealed in one turn of the loop, for all nodes: in less than a millisecond. */
  readonly turnBytes: number;
}

/** The largest write, in one batch with the largest entry of a full sync, and what stands around them. */
const MAX_REPLICATION_BYTES = 2 * (MAX_VALUE_BYTES + MAX_KEY_BYTES) + MIB;

export const REPLICATION: StreamForm = Object.freeze({
  name: 'replication',
  // A node has a primary or some replicas; after changes of roles some more for a while.
  maxStreams: 64,
  maxMessageBytes: MAX_REPLICATION_BYTES,
  // Some windows, of sessions one after the other.
  maxQueuedBytes: 8 * MIB,
  // One whole message of somebody fits; all together may wait for no more than that.
  maxGatheredBytes: MAX_REPLICATION_BYTES,
  // One of them, and some windows of some replicas.
  maxUntakenBytes: MAX_REPLICATION_BYTES + 64 * MIB,
  turnBytes: 256 * KIB,
});
