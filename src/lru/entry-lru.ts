/**
 * An LRU cache of any JavaScript values, bounded in entries.
 *
 *   index   key -> slot                      (Maps, see base/slot-index.ts)
 *   slot    |  1   |  2   |  3   | ...
 *   keys    | 'b'  | 'a'  |  -   |           arrays
 *   values  |  {}  |  7   |  -   |
 *   order   newest <-> ... <-> oldest        (two Uint32Arrays, see base/slot-order.ts)
 *   ends    | 5020 | Inf  | Inf  |           a Float64Array, made when the first entry has a lifetime
 *
 * No object per entry besides what the Map keeps. `get`, `set` and `delete` are O(1), but for the moment
 * when arrays or a Map double. Arrays grow with the entries, up to `maxEntries`; they do not shrink.
 *
 * Lifetimes end on access, and by a hand that goes around the slots: a slice looks at up to 100,000 of
 * them in memory order, which is faster than any sample and finds every dead entry within one turn.
 */
import { assert, SlotIndex, SlotOrder } from '../base/index.js';
import { Evictions } from './evictions.js';
import { hitRatio, type Lru, type LruStats, type SetOptions } from './lru.js';
import { type ResolvedEntryOptions, refuseUndefined, ttlOfEntry } from './options.js';
import { type Sweeper, Upkeep } from './upkeep.js';

/** Slots the arrays begin with. */
const FIRST_SLOTS = 64;
/** Work of one slice of the hand: a slot looked at is 1, an entry removed is `REMOVAL_COST`; about 0.5 ms. */
const SLICE_WORK = 100_000;
const REMOVAL_COST = 100;
/** The next slice comes soon when more than a tenth of the slots looked at was dead. */
const BUSY_SHARE = 10;

export class EntryLru<V extends {} | null, K = string> implements Lru<V, K>, Sweeper {
  readonly #maxEntries: number;
  readonly #ttlMs: number;
  readonly #now: () => number;
  readonly #evictions: Evictions<V, K> | undefined;
  readonly #upkeep: Upkeep;

  readonly #index: SlotIndex<K>;
  readonly #order: SlotOrder;
  // Slot 0 holds no entry.
  readonly #keys: (K | undefined)[] = [undefined];
  readonly #values: (V | undefined)[] = [undefined];
  /** When each slot's lifetime is over; Infinity for never. */
  #ends: Float64Array | undefined;
  /** Entries with a lifetime. */
  #mortals = 0;
  #size = 0;
  #hand = 0;

  #hits = 0;
  #misses = 0;
  #evicted = 0;
  #expired = 0;

  constructor(options: ResolvedEntryOptions<V, K>) {
    this.#maxEntries = options.maxEntries;
    this.#ttlMs = options.ttlMs;
    this.#now = options.now;
    this.#evictions = options.onEvict === undefined ? undefined : new Evictions(options.onEvict);
    this.#upkeep = new Upkeep(this, options.later);
    this.#index = new SlotIndex(options.maxEntries);
    this.#order = new SlotOrder(Math.min(FIRST_SLOTS, options.maxEntries));
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#order.bytes + (this.#ends?.byteLength ?? 0);
  }

  get(key: K): V | undefined {
    const slot = this.#index.get(key);
    if (slot !== undefined && !this.#isOver(slot)) {
      this.#hits++;
      this.#order.touch(slot);
      return this.#values[slot];
    }
    this.#misses++;
    if (slot !== undefined) this.#expire(slot);
    this.#evictions?.tell();
    return undefined;
  }

  set(key: K, value: V, options?: SetOptions): boolean {
    this.#evictions?.refuseWithin();
    refuseUndefined(key, value);
    const ttlMs = options?.ttl === undefined ? this.#ttlMs : ttlOfEntry(options.ttl);
    const isStored = ttlMs > 0;
    if (isStored) this.#store(key, value, ttlMs);
    else this.#drop(key);
    this.#evictions?.tell();
    return isStored;
  }

  has(key: K): boolean {
    return this.#peekSlot(key) !== 0;
  }

  peek(key: K): V | undefined {
    return this.#values[this.#peekSlot(key)];
  }

  delete(key: K): boolean {
    const wasLive = this.#drop(key);
    this.#evictions?.tell();
    return wasLive;
  }

  clear(): void {
    this.#index.clear();
    this.#order.clear();
    this.#keys.length = 1;
    this.#values.length = 1;
    this.#ends = undefined;
    this.#mortals = 0;
    this.#size = 0;
  }

  remainingTtl(key: K): number | undefined {
    const slot = this.#index.get(key);
    if (slot === undefined) return undefined;
    const end = this.#endOf(slot);
    if (end === Number.POSITIVE_INFINITY) return end;
    // One look at the clock, for whether it lives and for how long: between two the lifetime may end.
    const remainingMs = end - this.#now();
    return remainingMs < 0 ? undefined : remainingMs;
  }

  *keys(): Generator<K> {
    for (const [key, slot] of this.#index.entries()) if (!this.#isOver(slot)) yield key;
  }

  *values(): Generator<V> {
    for (const [, slot] of this.#index.entries()) if (!this.#isOver(slot)) yield this.#values[slot] as V;
  }

  *entries(): Generator<[K, V]> {
    for (const [key, slot] of this.#index.entries()) {
      if (!this.#isOver(slot)) yield [key, this.#values[slot] as V];
    }
  }

  [Symbol.iterator](): Generator<[K, V]> {
    return this.entries();
  }

  sweep(): boolean {
    const highest = this.#order.highest;
    let removed = 0;
    let looked = 0;
    while (looked < highest && looked + removed * REMOVAL_COST < SLICE_WORK) {
      this.#hand = this.#hand < highest ? this.#hand + 1 : 1;
      looked++;
      if (!this.#isOver(this.#hand)) continue;
      this.#expire(this.#hand);
      removed++;
    }
    this.#evictions?.tell();
    return removed * BUSY_SHARE > looked;
  }

  needsUpkeep(): boolean {
    return this.#mortals > 0;
  }

  stats(): LruStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      hitRatio: hitRatio(this.#hits, this.#misses),
      evicted: this.#evicted,
      expired: this.#expired,
      size: this.#size,
      bytes: this.bytes,
    };
  }

  /** Walks every structure and throws where two of them disagree. */
  verify(): void {
    let linked = 0;
    let mortals = 0;
    for (const slot of this.#order.newestFirst()) {
      linked++;
      assert(this.#index.get(this.#keys[slot] as K) === slot, `the key of slot ${slot} leads to it`);
      assert(this.#values[slot] !== undefined, `slot ${slot} has a value`);
      if (this.#endOf(slot) !== Number.POSITIVE_INFINITY) mortals++;
    }
    assert(linked === this.#size && this.#index.size === this.#size, 'order, index and size agree');
    assert(mortals === this.#mortals, 'entries with a lifetime are counted');
    assert(this.#size <= this.#maxEntries, 'there are at most maxEntries');
    assert(this.#ends === undefined || this.#ends.length === this.#order.slots + 1, 'every slot has an end');
    assert(this.#keys.length === this.#order.highest + 1, 'every used slot has a place for its key');
    const held = this.#values.reduce((count: number, value) => count + (value === undefined ? 0 : 1), 0);
    assert(held === this.#size, 'a free slot holds no value');
  }

  /** The slot of a live entry, or 0. */
  #peekSlot(key: K): number {
    const slot = this.#index.get(key);
    return slot === undefined || this.#isOver(slot) ? 0 : slot;
  }

  #endOf(slot: number): number {
    return this.#ends === undefined ? Number.POSITIVE_INFINITY : this.#ends[slot];
  }

  #isOver(slot: number): boolean {
    if (this.#mortals === 0) return false;
    const end = this.#endOf(slot);
    return end !== Number.POSITIVE_INFINITY && end < this.#now();
  }

  #store(key: K, value: V, ttlMs: number): void {
    let slot = this.#index.get(key);
    if (slot !== undefined && this.#isOver(slot)) {
      this.#expire(slot);
      slot = undefined;
    }
    if (slot === undefined) slot = this.#add(key);
    else this.#order.touch(slot);
    this.#values[slot] = value;
    this.#setEnd(slot, ttlMs);
  }

  #add(key: K): number {
    if (this.#size === this.#maxEntries) this.#evict(this.#order.oldest);
    if (this.#order.isFull) this.#grow();
    const slot = this.#order.add();
    this.#index.set(key, slot);
    this.#keys[slot] = key;
    this.#size++;
    return slot;
  }

  #grow(): void {
    const slots = Math.min(this.#order.slots * 2, this.#maxEntries);
    this.#order.grow(slots);
    if (this.#ends !== undefined) this.#ends = endsOf(slots, this.#ends);
  }

  #setEnd(slot: number, ttlMs: number): void {
    const hadEnd = this.#endOf(slot) !== Number.POSITIVE_INFINITY;
    const hasEnd = ttlMs !== Number.POSITIVE_INFINITY;
    if (!hadEnd && !hasEnd) return;
    this.#ends ??= endsOf(this.#order.slots);
    this.#ends[slot] = hasEnd ? this.#now() + ttlMs : Number.POSITIVE_INFINITY;
    this.#mortals += Number(hasEnd) - Number(hadEnd);
    if (hasEnd) this.#upkeep.wake();
  }

  /** Deletes an entry; one that is dead has expired instead. Returns whether it was live. */
  #drop(key: K): boolean {
    const slot = this.#index.get(key);
    if (slot === undefined) return false;
    const isLive = !this.#isOver(slot);
    if (isLive) this.#remove(slot);
    else this.#expire(slot);
    return isLive;
  }

  #evict(slot: number): void {
    // A dead entry at the end was not pushed out: its time was over.
    if (this.#isOver(slot)) {
      this.#expire(slot);
      return;
    }
    this.#evicted++;
    this.#evictions?.note(this.#keys[slot] as K, this.#values[slot] as V, 'evicted');
    this.#remove(slot);
  }

  #expire(slot: number): void {
    this.#expired++;
    this.#evictions?.note(this.#keys[slot] as K, this.#values[slot] as V, 'expired');
    this.#remove(slot);
  }

  #remove(slot: number): void {
    this.#index.delete(this.#keys[slot] as K);
    this.#order.remove(slot);
    this.#keys[slot] = undefined;
    this.#values[slot] = undefined;
    this.#setEnd(slot, Number.POSITIVE_INFINITY);
    this.#size--;
  }
}

/** Ends for so many slots and slot 0, with those of a smaller array kept. */
function endsOf(slots: number, from?: Float64Array): Float64Array {
  const ends = new Float64Array(slots + 1).fill(Number.POSITIVE_INFINITY, from?.length ?? 0);
  if (from !== undefined) ends.set(from);
  return ends;
}
