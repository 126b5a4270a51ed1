/**
 * Looks at random entries: to bury what is dead, to estimate lifetimes, to draw one.
 *
 * The active sampler works in the manner of Redis: a sample of the entries that expire, again and again while many
 * of them were dead and time is left. So dead entries stay a small share of the memory, however many there are.
 */
import type { RandomSource } from '../base/index.js';
import type { Ref } from './layout.js';
import type { LiveEntries } from './live-entries.js';

/** Entries with a lifetime that are looked at before the time is asked for. */
const SAMPLE = 64;
/** It goes on while more than this share of a sample was dead, */
const MANY_DEAD = 1 / 4;
/** or more than this share of the last samples together: one sample alone may be lucky. */
const DEAD_SHARE = 1 / 16;
/** The weight of a new sample in that share. */
const SAMPLE_WEIGHT = 1 / 8;
/** Cells of dead entries that are freed before the time is asked for. */
const EXPIRE_CELLS = 2048;
const TTL_SAMPLE = 64;

export class Sampler {
  readonly #live: LiveEntries;
  readonly #random: RandomSource;
  /** The share of dead entries in the last samples. */
  #deadShare = 0;

  constructor(live: LiveEntries, random: RandomSource) {
    this.#live = live;
    this.#random = random;
  }

  /** Removes expired entries while there are many and `hasTime`. Returns how many. */
  expireSome(hasTime: () => boolean): number {
    const { entries, buriesExpired } = this.#live;
    if (!buriesExpired) return 0;
    const { lifetimes } = entries;
    let removed = 0;
    let goesOn: boolean;
    do {
      let dead = 0;
      let cells = 0;
      let looked = 0;
      for (; looked < SAMPLE && lifetimes.count > 0 && cells < EXPIRE_CELLS; looked++) {
        const ref = lifetimes.sample(this.#random);
        if (!this.#live.isGone(ref)) continue;
        cells += entries.cellsOf(ref);
        this.#live.bury(ref);
        dead++;
      }
      removed += dead;
      const share = looked === 0 ? 0 : dead / looked;
      this.#deadShare += (share - this.#deadShare) * SAMPLE_WEIGHT;
      goesOn = share > MANY_DEAD || this.#deadShare > DEAD_SHARE;
    } while (goesOn && hasTime());
    return removed;
  }

  /** The mean lifetime left, in ms, of a sample of an inner database's entries that expire; 0 when there is none. */
  averageTtl(inner: number): number {
    const { lifetimes } = this.#live.entries;
    let sum = 0;
    let counted = 0;
    for (let i = 0; i < TTL_SAMPLE && lifetimes.count > 0; i++) {
      const ref = lifetimes.sample(this.#random);
      if (this.#live.databaseOf(ref) !== inner || this.#live.isGone(ref)) continue;
      sum += lifetimes.expiry(ref) - this.#live.now;
      counted++;
    }
    return counted === 0 ? 0 : Math.round(sum / counted);
  }

  /**
   * A random live entry of an inner database, or 0. Entries of crowded buckets are drawn a little less often. Buckets
   * are walked until one has an entry of the database: O(1) where it has its share of all, O(all / its own) where it
   * has few. What is gone is dropped on the way, so that is paid for once.
   */
  random(inner: number): Ref {
    const { databases } = this.#live;
    const { index } = this.#live.entries;
    let cursor = this.#random.uint32();
    const buckets = index.buckets + 1;
    for (let i = 0; i <= buckets && databases.entries[inner] > 0; i++) {
      const live: Ref[] = [];
      const gone: Ref[] = [];
      cursor = index.walk(cursor, (ref) => {
        if (this.#live.isGone(ref)) gone.push(ref);
        else if (this.#live.databaseOf(ref) === inner) live.push(ref);
      });
      // No cell moves when others are freed: the refs stay what they are.
      for (const ref of gone) this.#live.met(ref);
      if (live.length > 0) return live[this.#random.below(live.length)];
    }
    return 0;
  }
}
