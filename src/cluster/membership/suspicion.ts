/**
 * How long a suspected node may take to refute it: long while one node alone suspects it, short when several do so by
 * themselves.
 *
 *   longest ┤●                            after n confirmations, n = 0 .. confirmationsWanted:
 *           │   ●                         longest - (longest - shortest) * log(n + 1) / log(wanted + 1)
 *  shortest ┤        ●
 *           └─0──1───2── confirmations
 *
 * One slow node thus does not condemn the others: it suspects them all, and nobody confirms it.
 *
 * Source: A. Dadgar et al., Lifeguard (2017), local health aware suspicion.
 */
import type { NodeId } from '../../ring/index.js';

/** Longest over shortest. */
const LONGEST_FACTOR = 6;

export class Suspicion {
  readonly #startMs: number;
  readonly #shortestMs: number;
  readonly #wanted: number;
  readonly #by: Set<NodeId>;

  /** `members`: how many there are. Fewer than wanted cannot confirm, so then fewer are wanted. */
  constructor(nowMs: number, by: NodeId, members: number, suspicionFactor: number, periodMs: number) {
    this.#startMs = nowMs;
    this.#shortestMs = suspicionFactor * Math.max(1, Math.log10(Math.max(1, members))) * periodMs;
    // Besides the first who suspects, the suspected node and, often, who just hears of it.
    this.#wanted = Math.max(0, Math.min(suspicionFactor - 2, members - 2));
    this.#by = new Set([by]);
  }

  /** Somebody else suspects it too. Returns whether that is news. */
  confirm(by: NodeId): boolean {
    if (this.#by.has(by) || this.#by.size > this.#wanted) return false;
    this.#by.add(by);
    return true;
  }

  /** When it is certain. */
  get endMs(): number {
    const longestMs = this.#wanted === 0 ? this.#shortestMs : LONGEST_FACTOR * this.#shortestMs;
    const share = this.#wanted === 0 ? 1 : Math.log(this.#by.size) / Math.log(this.#wanted + 1);
    return this.#startMs + Math.max(this.#shortestMs, longestMs - (longestMs - this.#shortestMs) * share);
  }
}
