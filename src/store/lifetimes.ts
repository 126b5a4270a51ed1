/**
 * The entries that expire, in a dense list without order, for the active sampler.
 *
 *   list   [ref][ref][ref]...         in segments of one arena page
 *   entry  POSITION = its place there; the last one fills the place of one that goes
 *
 * So adding and removing is O(1), a random entry with a lifetime is one look, and an entry without a
 * lifetime pays nothing. 4 bytes here and 12 in the entry.
 */
import { assert, type RandomSource } from '../base/index.js';
import type { Arena } from './arena.js';
import { EXPIRES, EXPIRY_AT, POSITION, type Ref, STATE } from './layout.js';

export class Lifetimes {
  /** Entries that expire. */
  count = 0;
  readonly #arena: Arena;
  readonly #segmentShift: number;
  readonly #segmentMask: number;
  readonly #segments: Int32Array[] = [];
  readonly #pages: number[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#segmentShift = Math.log2(arena.pageBytes >>> 2);
    this.#segmentMask = (arena.pageBytes >>> 2) - 1;
  }

  /** Pages the list takes. */
  get pages(): number {
    return this.#pages.length;
  }

  /** Whether adding one needs a page. */
  get growsBySegment(): boolean {
    return this.count >>> this.#segmentShift === this.#segments.length;
  }

  add(ref: Ref): void {
    if (this.growsBySegment) {
      const page = this.#arena.takePage();
      this.#pages.push(page);
      this.#segments.push(this.#arena.pageWords(page));
    }
    this.#put(this.count++, ref);
  }

  remove(ref: Ref): void {
    const place = this.#arena.wordsOf(ref)[this.#arena.wordAt(ref) + POSITION];
    const last = this.at(--this.count);
    if (last !== ref) this.#put(place, last);
    // One segment is kept spare up to half, so that a count around the border takes no page in turn.
    if ((this.#segments.length - 1) * (this.#segmentMask + 1) >= this.count + (this.#segmentMask + 1) / 2) {
      this.#segments.pop();
      this.#arena.returnPage(this.#pages.pop() as number);
    }
  }

  /** The entry stands elsewhere now: its words were copied before. */
  replace(to: Ref): void {
    this.#put(this.#arena.wordsOf(to)[this.#arena.wordAt(to) + POSITION], to);
  }

  at(place: number): Ref {
    return this.#segments[place >>> this.#segmentShift][place & this.#segmentMask];
  }

  /** A random one; there must be one. */
  sample(random: RandomSource): Ref {
    return this.at(random.below(this.count));
  }

  /** When an entry expires, in ms since the epoch; 0 when it does not. */
  expiry(ref: Ref): number {
    const words = this.#arena.wordsOf(ref);
    if ((words[this.#arena.wordAt(ref) + STATE] & EXPIRES) === 0) return 0;
    return this.#arena.blockOf(ref).view.getFloat64(this.#arena.byteAt(ref) + EXPIRY_AT, true);
  }

  setExpiry(ref: Ref, expiry: number): void {
    this.#arena.blockOf(ref).view.setFloat64(this.#arena.byteAt(ref) + EXPIRY_AT, expiry, true);
  }

  clear(): void {
    this.#segments.length = 0;
    this.#pages.length = 0;
    this.count = 0;
  }

  verify(): void {
    for (let place = 0; place < this.count; place++) {
      const ref = this.at(place);
      const words = this.#arena.wordsOf(ref);
      const at = this.#arena.wordAt(ref);
      assert((words[at + STATE] & EXPIRES) !== 0, 'what is in the list of lifetimes expires');
      assert(words[at + POSITION] === place, 'an entry knows its place in the list of lifetimes');
    }
  }

  #put(place: number, ref: Ref): void {
    this.#segments[place >>> this.#segmentShift][place & this.#segmentMask] = ref;
    this.#arena.wordsOf(ref)[this.#arena.wordAt(ref) + POSITION] = place;
  }
}
