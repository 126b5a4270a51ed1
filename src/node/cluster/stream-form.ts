/**
 * What travels between nodes on streams of its own, and what each kind may take: of the thread of the bus, of memory, of the time between two
 * heartbeats.
 *
 *   replication    to a primary or some replicas; must not be lost for nothing, and may be as large as a value
 *   publications   to every node that has clients; may be lost, and is small beside that
 *
 * They share nothing: not a connection, not a queue, not a turn. So many publications hold up no replication, and neither holds up heartbeats, which
 * have the links of the bus.
 */
import { MAX_TOPOLOGY_NODES } from '../../ring/index.js';
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from '../../store/index.js';
import type { StreamPurpose } from '../bus/handshake.js';

const KIB = 1024;
const MIB = 1024 * KIB;

export interface StreamForm {
  /** For people. */
  readonly name: string;
  readonly purpose: StreamPurpose;
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
  purpose: 'stream',
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

/** A channel and a message. By default a subscriber that would have more to read is closed. */
export const MAX_PUBLICATION_BYTES = 32 * MIB;
/** Gathered in one turn of the loop and sent as one; a larger publication is a batch by itself. */
export const PUBLICATION_BATCH_BYTES = 64 * KIB;

export const PUBLICATIONS: StreamForm = Object.freeze({
  name: 'publications',
  purpose: 'publications',
  maxStreams: MAX_TOPOLOGY_NODES,
  maxMessageBytes: MAX_PUBLICATION_BYTES + PUBLICATION_BATCH_BYTES,
  // As for messages: a tenth of a second of what a thread can send to one node.
  maxQueuedBytes: 16 * MIB,
  maxGatheredBytes: 2 * (MAX_PUBLICATION_BYTES + PUBLICATION_BATCH_BYTES),
  maxUntakenBytes: 16 * MIB,
  turnBytes: 256 * KIB,
});
