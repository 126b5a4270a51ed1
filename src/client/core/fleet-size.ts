/**
 * How many processes share something, from what is heard of them now and then: too many rather than too few, since the
 * shares of all together must not exceed the whole.
 *
 *   heard    8     8     2     5     8          8     5 ......... 5       -         5
 *   size     8     8     8     8     8          8     8           5       5         5
 *                        '-- not for long: they come back         |       '-- nothing is heard: as it was
 *                                             fewer for FEWER_AFTER_MS
 *
 * More are believed at once. Fewer only when none more were heard for a while: after a server was away its clients come
 * back one by one, and each that asks meanwhile would believe itself alone, just when there is most to load.
 */
import { assert } from '../../base/index.js';

/** Longer than the longest wait before connecting again, so that everybody had the time to come back. */
export const FEWER_AFTER_MS = 5_000;

export class FleetSize {
  #size: number;
  /** Since when fewer are heard; undefined: they are not. */
  #fewerSinceMs: number | undefined;
  /** The most that were heard since then. */
  #most = 0;

  /** As long as nothing is heard there are so many. */
  constructor(size: number) {
    assert(size >= 1, `a fleet has at least one process, not ${size}`);
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Returns whether the size has changed. */
  heard(count: number, nowMs: number): boolean {
    const before = this.#size;
    if (count >= before) {
      this.#fewerSinceMs = undefined;
      this.#size = count;
      return count !== before;
    }
    if (this.#fewerSinceMs === undefined) {
      this.#fewerSinceMs = nowMs;
      this.#most = 0;
    }
    this.#most = Math.max(this.#most, count, 1);
    if (nowMs - this.#fewerSinceMs < FEWER_AFTER_MS) return false;
    this.#fewerSinceMs = undefined;
    this.#size = this.#most;
    return this.#size !== before;
  }

  /** Nobody can be asked: what was heard last says nothing about now. */
  silence(): void {
    this.#fewerSinceMs = undefined;
  }
}
