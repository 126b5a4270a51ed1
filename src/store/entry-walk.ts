/**
 * A walk over all entries of database 0, by their use: for a copy that shall hold them in the same order of eviction.
 *
 *   1  the list of use, from the oldest entry to the one that was the newest when the walk began
 *   2  the index, for the entries that were used since then
 *
 * Each entry that stands from the beginning to the end is met: one that is not used meanwhile keeps its place in the list and
 * is met in the first part; one that is used is marked, and met in the second, perhaps for the second time. So the last
 * ones met are the last ones used, and the walk ends however much is read meanwhile. What is added meanwhile may be met.
 *
 * Between two calls anything may change: entries are moved, the index grows, everything is flushed. A mark that another walk
 * leaves behind costs one needless meeting.
 */
import { type Ref, STATE, USED_IN_WALK } from './layout.js';
import type { LiveEntries } from './live-entries.js';
import type { RecencyWalk } from './recency.js';

/** Entries, or buckets, that one call looks at. */
const STEPS_AT_ONCE = 1024;

export class EntryWalk {
  readonly #live: LiveEntries;
  readonly #byUse: RecencyWalk;
  /** Where the second part is; undefined: it has not begun. */
  #cursor: number | undefined;
  #isOver = false;

  constructor(live: LiveEntries) {
    this.#live = live;
    this.#byUse = live.entries.recency.beginWalk();
  }

  /** Whether all were met. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Meets some further entries, expired ones too. `visit` must not change the store; it returns whether it wants more, and may get
   * those of the same bucket in spite of that.
   */
  next(visit: (ref: Ref) => boolean): void {
    let wantsMore = true;
    for (let step = 0; step < STEPS_AT_ONCE && wantsMore && !this.#isOver; step++) {
      wantsMore = this.#cursor === undefined ? this.#meetNext(visit) : this.#meetUsed(this.#cursor, visit);
    }
  }

  /** Gives up what is left. */
  end(): void {
    this.#isOver = true;
    this.#live.entries.recency.endWalk(this.#byUse);
  }

  #meetNext(visit: (ref: Ref) => boolean): boolean {
    const ref = this.#byUse.next;
    if (ref === 0) {
      this.#cursor = 0;
      return true;
    }
    this.#live.entries.recency.goOn(this.#byUse);
    return this.#isMet(ref) ? visit(ref) : true;
  }

  #meetUsed(cursor: number, visit: (ref: Ref) => boolean): boolean {
    const { arena, index, recency } = this.#live.entries;
    // Another walk may still need the marks.
    const clears = recency.walks === 1;
    let wantsMore = true;
    this.#cursor = index.walk(cursor, (ref) => {
      const words = arena.wordsOf(ref);
      const at = arena.wordAt(ref);
      if ((words[at + STATE] & USED_IN_WALK) === 0) return;
      if (clears) words[at + STATE] &= ~USED_IN_WALK;
      if (this.#isMet(ref) && !visit(ref)) wantsMore = false;
    });
    if (this.#cursor === 0) this.end();
    return wantsMore;
  }

  #isMet(ref: Ref): boolean {
    const { databases } = this.#live;
    return this.#live.databaseOf(ref) === databases.inner[0] && !this.#live.isFlushed(ref);
  }
}
