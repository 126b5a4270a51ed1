/**
 * How far behind its nodes a near cache may be: the staleness bound.
 *
 *   node     ........ k changes ... answers, behind the push of k
 *   here     t0 asks ........................ answered ...... hit of k
 *                                             all until t0 has been told: this hit is at most now - t0 behind
 *
 *   bound of a node = min(ttl, now - t0)     t0: when the newest question was sent that it has answered
 *   bound           = the largest of those that are sound; 0 for a node of which no question is known, which tells of
 *                     changes before it acknowledges them (memory of this process)
 *
 * The bound of a node grows until the next answer. So it is measured there, or where the node turns unsound and its entries go:
 * no hit in between was further behind. It counts only if there was a hit, of whichever node.
 *
 * Invariant: while a node is not sound nothing of it is near. Its entries were flushed, and `isSound` keeps others out: what it still
 * answers may be older than any bound.
 *
 * Cost: nothing for a hit; a few words a node.
 */

/** See the head of near-staleness.ts. In ms. */
export interface StalenessStats {
  /**
   * How far behind the last change at its node a near hit can be at this moment: min(near.ttl, now - t0), where t0 is when
   * the newest heartbeat that was answered had been sent; of several nodes the largest. 0 over memory.
   */
  readonly stalenessMs: number;
  /** The largest that bound has been, since the start, while near values were served. */
  readonly largestStalenessMs: number;
}

interface SoundNode {
  readonly sinceMs: number;
  /** Hits of the near cache when that was known. */
  readonly hits: number;
}

export class NearStaleness {
  readonly #ttlMs: number;
  /** Undefined: nothing was told of the node, which is sound then. */
  readonly #nodes: (SoundNode | 'unsound' | undefined)[] = [];
  #largestMs = 0;

  /** No entry is older than `ttlMs`. */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /** Whether what the node answers may be kept. */
  isSound(node: number): boolean {
    return this.#nodes[node] !== 'unsound';
  }

  /** All changes on the node before `sinceMs` have been told. `hits`: of the near cache, until now. */
  sound(node: number, sinceMs: number, nowMs: number, hits: number): void {
    this.#measure(this.#nodes[node], nowMs, hits);
    this.#nodes[node] = { sinceMs, hits };
  }

  /** The entries of the node go. */
  unsound(node: number, nowMs: number, hits: number): void {
    this.#measure(this.#nodes[node], nowMs, hits);
    this.#nodes[node] = 'unsound';
  }

  stats(nowMs: number, hits: number): StalenessStats {
    let stalenessMs = 0;
    for (const known of this.#nodes) {
      stalenessMs = Math.max(stalenessMs, this.#boundOf(known, nowMs));
      this.#measure(known, nowMs, hits);
    }
    return { stalenessMs, largestStalenessMs: this.#largestMs };
  }

  #measure(known: SoundNode | 'unsound' | undefined, nowMs: number, hits: number): void {
    if (typeof known !== 'object' || hits === known.hits) return;
    this.#largestMs = Math.max(this.#largestMs, this.#boundOf(known, nowMs));
  }

  #boundOf(known: SoundNode | 'unsound' | undefined, nowMs: number): number {
    return typeof known === 'object' ? Math.min(this.#ttlMs, nowMs - known.sinceMs) : 0;
  }
}
