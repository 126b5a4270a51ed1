/**
 * Keeps what is invalid out of the near cache: it knows which answers were under way when an invalidation came.
 *
 *   stream of a connection:    reply of k: old    push: k    reply of k: new
 *                                    |              |             |
 *   tickets and events           drawn: 7        event 8       drawn: 8
 *   decoded, may it enter?            ..................no, 8 > 7     yes
 *
 * Every event (an invalidated key, a node whose pushes may have been lost, everything invalid) has the next number.
 * Kept are the numbers of the last event of each bucket of keys, of each node and of all. A ticket is the number of
 * the last event when it was drawn, so drawing one costs nothing and keeps nothing. It is good for a key read from
 * a node as long as no later event concerns that key's bucket, that node or all.
 *
 * It holds what the stream's order tells, so it must be drawn when the reply is read, at its place among the pushes,
 * and before anything asynchronous begins. One drawn earlier, when the request is sent, is safe too: it is void
 * somewhat more often. One drawn later keeps what was deleted.
 *
 * Keys share buckets by a hash: an event of one voids tickets of the others too, which then do not enter. That costs
 * a read, never a stale entry. Memory is a word a bucket and a word a node, however many keys are invalidated.
 */
import { assert } from '../../base/index.js';

/** A ticket: the number of the last event before it. Numbers do not wrap: 2^53 events last 285 years at 1 M/s. */
export type Ticket = number;

/** Nodes are numbered from 0 to this, exclusive; a number may be used again once its node was noted. */
export const MAX_NODES = 1024;

/** The words of the buckets take at most this share of all bytes. */
const BUCKETS_SHARE = 1 / 64;
/** With so many, 10,000 invalidations a second void one in 65 of the tickets that are held for 0.1 s. */
const MAX_BUCKETS = 65_536;

/** How many buckets suit a near cache of so many bytes. */
export function bucketsWithin(maxBytes: number): number {
  let buckets = 1;
  while (buckets < MAX_BUCKETS && buckets * 2 * 8 <= maxBytes * BUCKETS_SHARE) buckets *= 2;
  return buckets;
}

export class NearTickets {
  readonly #ofBucket: Float64Array;
  readonly #ofNode = new Float64Array(MAX_NODES);
  #ofAll = 0;
  #last = 0;

  /** `buckets` is a power of two. */
  constructor(buckets: number) {
    assert(buckets >= 1 && (buckets & (buckets - 1)) === 0, `${buckets} buckets are a power of two`);
    this.#ofBucket = new Float64Array(buckets);
  }

  get bytes(): number {
    return this.#ofBucket.byteLength + this.#ofNode.byteLength;
  }

  draw(): Ticket {
    return this.#last;
  }

  noteKey(key: string): void {
    this.#ofBucket[this.bucketOf(key)] = ++this.#last;
  }

  noteNode(node: number): void {
    this.#ofNode[node] = ++this.#last;
  }

  noteAll(): void {
    this.#ofAll = ++this.#last;
  }

  /** Whether what was read from the node under this ticket may enter. */
  isGood(ticket: Ticket, key: string, node: number): boolean {
    return (
      this.#ofAll <= ticket && this.#ofNode[node] <= ticket && this.#ofBucket[this.bucketOf(key)] <= ticket
    );
  }

  /** FNV-1a over the code units, with the upper half folded in: its low bits alone are the weaker ones. */
  bucketOf(key: string): number {
    let hash = 0x811c9dc5;
    for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    return (hash ^ (hash >>> 15)) & (this.#ofBucket.length - 1);
  }

  verify(): void {
    const last = this.#last;
    for (const noted of [this.#ofBucket, this.#ofNode]) {
      assert(
        noted.every((event) => event <= last),
        `no event is later than the last, ${last}`,
      );
    }
    assert(this.#ofAll <= last, `no event is later than the last, ${last}`);
  }
}
