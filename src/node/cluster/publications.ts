/**
 * PUBLISH over the cluster: what is published here goes to every other node that has clients, and what they publish to the subscribers here.
 *
 *   PUBLISH ── forward ──> batch ── end of the turn ──> thread of the bus ──> the others      never further than one hop
 *   from another node ── receive ──> subscribers of this node
 *
 * At most once, and nothing is kept: what cannot be sent is dropped and counted. What a node publishes comes in order, with gaps where it was
 * dropped. All of one turn goes as one array: a message costs the threads as much as some hundred copies do.
 */
import type { NodeId } from '../../ring/index.js';
import { BusTrouble } from '../bus/trouble.js';
import type { CacheNode } from '../cache-node.js';
import { decodePublications, type Publication, PublicationBatch } from './publication-codec.js';
import { MAX_PUBLICATION_BYTES } from './stream-form.js';

/** Gives a batch away to these nodes; false: there is no room for it. */
export type SendPublications = (to: readonly NodeId[], batch: Uint8Array<ArrayBuffer>) => boolean;

export class Publications {
  /** To whom they go. */
  nodes: readonly NodeId[] = [];
  readonly #node: CacheNode;
  readonly #send: SendPublications;
  readonly #batch = new PublicationBatch();
  #isFlushDue = false;

  constructor(node: CacheNode, send: SendPublications) {
    this.#node = node;
    this.#send = send;
  }

  forward(publication: Publication): void {
    const { nodes } = this;
    if (nodes.length === 0) return;
    if (publication.channelLength + publication.messageLength > MAX_PUBLICATION_BYTES) {
      this.#node.stats.publicationsDropped += nodes.length;
      return;
    }
    if (!this.#batch.add(publication)) {
      this.#flush();
      this.#batch.add(publication);
    }
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  /** Within an event. */
  receive(from: NodeId, batch: Uint8Array): void {
    let publications: readonly Publication[];
    try {
      publications = decodePublications(batch);
    } catch (error) {
      if (!(error instanceof BusTrouble)) throw error;
      this.#node.log.warn(`publications of ${from} are dropped: ${error.message}`);
      return;
    }
    const { pubsub, stats } = this.#node;
    stats.publicationsReceived += publications.length;
    for (const publication of publications) pubsub.publish('channel', publication);
  }

  #flush(): void {
    const { count } = this.#batch;
    if (count === 0) return;
    const { nodes } = this;
    const { stats } = this.#node;
    const batch = this.#batch.take();
    // The last one may be gone since.
    const isSent = nodes.length === 0 || this.#send(nodes, batch);
    if (isSent) stats.publicationsSent += count * nodes.length;
    else stats.publicationsDropped += count * nodes.length;
  }
}
