/**
 * Publications on their way to other nodes, in the thread of the bus: one array for all of them, held until the last one has it.
 *
 *   send([n2, n3, n4], batch) ─> stream to n2, to n3, to n4      each at its own speed
 *                                 sent or dropped ──> the last one: the batch is let go
 *
 * A slow node makes others wait for nothing; what it does not take is dropped for it alone, and counted. So is, for all, what comes while nodes that are
 * slow at different places hold MAX_HELD_BYTES together.
 */
import { assert } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import { publicationCount } from './publication-codec.js';

/** Of batches that not every node has: what waits for one node, some times over. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

export class PublicationFan {
  readonly #send: (to: NodeId, batch: Uint8Array) => void;
  /** How many ways still need it. */
  readonly #ways = new Map<Uint8Array, number>();
  #heldBytes = 0;
  #dropped = 0;

  /** Each batch that is sent is settled, once. */
  constructor(send: (to: NodeId, batch: Uint8Array) => void) {
    this.#send = send;
  }

  send(nodes: readonly NodeId[], batch: Uint8Array): void {
    if (this.#heldBytes > MAX_HELD_BYTES) {
      this.#dropped += nodes.length * publicationCount(batch);
      return;
    }
    this.#ways.set(batch, nodes.length);
    this.#heldBytes += batch.length;
    for (const node of nodes) this.#send(node, batch);
  }

  /** One node has it, or will not get it. */
  settled(batch: Uint8Array, isSent: boolean): void {
    if (!isSent) this.#dropped += publicationCount(batch);
    const ways = this.#ways.get(batch);
    assert(ways !== undefined, 'a batch that is settled has ways left');
    if (ways > 1) {
      this.#ways.set(batch, ways - 1);
      return;
    }
    this.#ways.delete(batch);
    this.#heldBytes -= batch.length;
  }

  /** Publications that did not go to a node, counted for each node, since it was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
