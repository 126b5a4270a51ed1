/**
 * Carries removals from inside a cache's operation to the user's `onEvict`, after that operation is complete.
 *
 * The user's function may read and delete. If it were called from within an insert that is making room, it
 * would find the structures half changed; so what goes is noted first and told afterwards. `set` is refused
 * meanwhile: an eviction that fills evicts again, without end.
 *
 * Bound: no more notes than entries; they live until the end of the call that caused them.
 */
import type { EvictReason, OnEvict } from './lru.js';

export class Evictions<V, K> {
  readonly #tell: OnEvict<V, K>;
  #notes: [K, V, EvictReason][] = [];
  #telling = false;

  constructor(tell: OnEvict<V, K>) {
    this.#tell = tell;
  }

  note(key: K, value: V, reason: EvictReason): void {
    this.#notes.push([key, value, reason]);
  }

  /** Tells what was noted, in order. An error of the user's function passes; the rest is told next time. */
  tell(): void {
    if (this.#notes.length === 0 || this.#telling) return;
    this.#telling = true;
    let told = 0;
    try {
      // The list may grow on the way: a read within `onEvict` may find another dead entry.
      while (told < this.#notes.length) {
        const [key, value, reason] = this.#notes[told++] as [K, V, EvictReason];
        this.#tell(key, value, reason);
      }
    } finally {
      this.#telling = false;
      this.#notes = this.#notes.slice(told);
    }
  }

  /** Throws when `onEvict` is running. */
  refuseWithin(): void {
    if (this.#telling) {
      throw new Error(
        'set() was called within onEvict: it would evict again, without end. Set after onEvict returns',
      );
    }
  }
}
