/**
 * From a key's hash to its entry: linear hashing.
 *
 *   buckets 0 .. count-1, each the head of a chain through the entries (word CHAIN)
 *   count = 2^level + split; a hash belongs to bucket  h mod 2^level, or, when that bucket
 *   is split already (below `split`), to  h mod 2^(level+1)
 *
 * An insert that makes more entries than buckets splits *one* bucket, a removal that leaves less than half as
 * many merges at most two. So there is no doubling, no second table and no pause, and the memory follows
 * the entries: 4 bytes each. Buckets lie in segments of one arena page.
 *
 * The walk. Turn the bits of a hash around, and the buckets become intervals of [0, 2^32), whatever the level:
 * a split cuts one interval in two, a merge joins two. The cursor is a point of that line: all entries below it
 * were visited. So every entry that stays is visited exactly once, however the table changes meanwhile.
 *
 * Source: W. Litwin, Linear Hashing (1980); the reversed cursor is that of Redis' SCAN, made exact.
 */
import { assert } from '../base/index.js';
import type { Arena } from './arena.js';
import { CHAIN, HASH, type Ref } from './layout.js';

const MIN_LEVEL = 4;
const MERGES_AT_ONCE = 2;

export class KeyIndex {
  /** Entries in the index. */
  entries = 0;
  /** Always 2^level + split. */
  buckets = 2 ** MIN_LEVEL;
  readonly #arena: Arena;
  readonly #segmentShift: number;
  readonly #segmentMask: number;
  readonly #segments: Int32Array[] = [];
  readonly #pages: number[] = [];
  #level = MIN_LEVEL;
  #split = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#segmentShift = Math.log2(arena.pageBytes >>> 2);
    this.#segmentMask = (arena.pageBytes >>> 2) - 1;
    assert(this.#segmentMask >= 2 ** MIN_LEVEL - 1, 'the first buckets fit in one segment');
    this.#addSegment();
  }

  /** Pages the index takes. */
  get pages(): number {
    return this.#pages.length;
  }

  /** The first entry of the chain in which an entry of this hash would be. */
  chainOf(hash: number): Ref {
    const bucket = this.#bucketOf(hash);
    return this.#segments[bucket >>> this.#segmentShift][bucket & this.#segmentMask];
  }

  /** Whether the next insert needs a page for a new segment. */
  get growsBySegment(): boolean {
    return this.entries >= this.buckets && (this.buckets & this.#segmentMask) === 0;
  }

  /** Puts an entry, whose HASH is written, in front of its chain. */
  insert(ref: Ref): void {
    if (++this.entries > this.buckets) this.#splitBucket();
    const words = this.#arena.wordsOf(ref);
    const at = this.#arena.wordAt(ref);
    this.#push(this.#bucketOf(words[at + HASH]), ref, words, at);
  }

  remove(ref: Ref): void {
    const words = this.#arena.wordsOf(ref);
    const at = this.#arena.wordAt(ref);
    this.#relink(words[at + HASH], ref, words[at + CHAIN]);
    this.entries--;
    for (let i = 0; i < MERGES_AT_ONCE && this.entries * 2 < this.buckets; i++) {
      if (this.buckets > 2 ** MIN_LEVEL) this.#mergeBucket();
    }
  }

  /** The entry stands elsewhere now: its words were copied before. */
  replace(from: Ref, to: Ref): void {
    this.#relink(this.#arena.wordsOf(to)[this.#arena.wordAt(to) + HASH], from, to);
  }

  /**
   * Visits the entries of one bucket that lie at or beyond the cursor, and returns the next cursor; 0 begins
   * and ends. `visit` must not change the store.
   */
  walk(cursor: number, visit: (ref: Ref) => void): number {
    const bucket = this.#bucketOf(reverseBits(cursor));
    for (let ref = this.#segments[bucket >>> this.#segmentShift][bucket & this.#segmentMask]; ref !== 0; ) {
      const words = this.#arena.wordsOf(ref);
      const at = this.#arena.wordAt(ref);
      const next = words[at + CHAIN];
      if (reverseBits(words[at + HASH]) >= cursor) visit(ref);
      ref = next;
    }
    const low = bucket & (2 ** this.#level - 1);
    const width = 2 ** (32 - (low < this.#split ? this.#level + 1 : this.#level));
    const end = cursor - (cursor % width) + width;
    return end === 2 ** 32 ? 0 : end;
  }

  clear(): void {
    this.#segments.length = 0;
    this.#pages.length = 0;
    this.entries = 0;
    this.#level = MIN_LEVEL;
    this.#split = 0;
    this.buckets = 2 ** MIN_LEVEL;
    this.#addSegment();
  }

  /** Checks that every entry is in the chain of its hash; calls back with each. */
  verify(visit: (ref: Ref) => void): void {
    let count = 0;
    for (let bucket = 0; bucket < this.buckets; bucket++) {
      let ref = this.#segments[bucket >>> this.#segmentShift][bucket & this.#segmentMask];
      while (ref !== 0) {
        const words = this.#arena.wordsOf(ref);
        const at = this.#arena.wordAt(ref);
        assert(this.#bucketOf(words[at + HASH]) === bucket, 'an entry is in the bucket of its hash');
        assert(++count <= this.entries, 'chains have no cycle');
        visit(ref);
        ref = words[at + CHAIN];
      }
    }
    assert(count === this.entries, 'the index holds the entries it counts');
    const segments = Math.ceil(this.buckets / (this.#segmentMask + 1));
    assert(this.#segments.length === segments, 'the index holds the segments it needs');
  }

  #bucketOf(hash: number): number {
    const mask = (1 << this.#level) - 1;
    const bucket = hash & mask;
    return bucket < this.#split ? hash & (mask * 2 + 1) : bucket;
  }

  #push(bucket: number, ref: Ref, words: Int32Array, at: number): void {
    const segment = this.#segments[bucket >>> this.#segmentShift];
    words[at + CHAIN] = segment[bucket & this.#segmentMask];
    segment[bucket & this.#segmentMask] = ref;
  }

  /** Makes what points at `ref`, bucket or chain, point at `target`. */
  #relink(hash: number, ref: Ref, target: Ref): void {
    const bucket = this.#bucketOf(hash);
    let words = this.#segments[bucket >>> this.#segmentShift];
    let at = bucket & this.#segmentMask;
    while (words[at] !== ref) {
      const next = words[at];
      assert(next !== 0, 'an entry is in the chain of its hash');
      words = this.#arena.wordsOf(next);
      at = this.#arena.wordAt(next) + CHAIN;
    }
    words[at] = target;
  }

  #splitBucket(): void {
    const fresh = this.buckets;
    const old = this.#split;
    if ((fresh & this.#segmentMask) === 0) this.#addSegment();
    const segment = this.#segments[old >>> this.#segmentShift];
    let ref = segment[old & this.#segmentMask];
    segment[old & this.#segmentMask] = 0;
    this.#segments[fresh >>> this.#segmentShift][fresh & this.#segmentMask] = 0;
    const bit = 1 << this.#level;
    this.buckets++;
    this.#split++;
    if (this.#split === bit) {
      this.#level++;
      this.#split = 0;
    }
    while (ref !== 0) {
      const words = this.#arena.wordsOf(ref);
      const at = this.#arena.wordAt(ref);
      const next = words[at + CHAIN];
      this.#push(words[at + HASH] & bit ? fresh : old, ref, words, at);
      ref = next;
    }
  }

  #mergeBucket(): void {
    if (this.#split === 0) {
      this.#level--;
      this.#split = 1 << this.#level;
    }
    this.#split--;
    const kept = this.#split;
    const gone = --this.buckets;
    let ref = this.#segments[gone >>> this.#segmentShift][gone & this.#segmentMask];
    while (ref !== 0) {
      const words = this.#arena.wordsOf(ref);
      const at = this.#arena.wordAt(ref);
      const next = words[at + CHAIN];
      this.#push(kept, ref, words, at);
      ref = next;
    }
    if ((gone & this.#segmentMask) === 0) {
      this.#segments.pop();
      this.#arena.returnPage(this.#pages.pop() as number);
    }
  }

  #addSegment(): void {
    const page = this.#arena.takePage();
    this.#pages.push(page);
    const words = this.#arena.pageWords(page);
    if (this.#segments.length === 0) words.fill(0, 0, 2 ** MIN_LEVEL);
    this.#segments.push(words);
  }
}

/** The 32 bits of a number in reverse order, as a number from 0 to 2^32 - 1. */
function reverseBits(value: number): number {
  let bits = value | 0;
  bits = ((bits >>> 1) & 0x55555555) | ((bits & 0x55555555) << 1);
  bits = ((bits >>> 2) & 0x33333333) | ((bits & 0x33333333) << 2);
  bits = ((bits >>> 4) & 0x0f0f0f0f) | ((bits & 0x0f0f0f0f) << 4);
  bits = ((bits >>> 8) & 0x00ff00ff) | ((bits & 0x00ff00ff) << 8);
  return ((bits >>> 16) | (bits << 16)) >>> 0;
}
