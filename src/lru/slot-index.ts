/**
 * From a key to its slot: one Map, or for large caches many of them.
 *
 * A Map that grows, or that has seen as many removals as it holds entries, moves all of its entries at once:
 * 2.6 s in one `set` at 8 million keys (Node 20). So the keys of a large cache are dealt out to as many Maps
 * as make each one small, by a few of their characters. A Map then moves some ten thousand entries, and the
 * Maps do so at different times. The dealing needs not be fair: keys that all agree in the characters looked
 * at share a Map, which is then no worse than the single one.
 *
 * Keys that are neither strings nor numbers have nothing to be dealt by; they share the first Map.
 */

/** Entries a Map should have at most: moving them takes a few milliseconds. */
const ENTRIES_PER_MAP = 65_536;
const MAX_MAPS = 256;

export class SlotIndex<K> {
  readonly #maps: Map<K, number>[];
  readonly #mask: number;

  constructor(maxEntries: number) {
    let maps = 1;
    while (maps < MAX_MAPS && maps * ENTRIES_PER_MAP < maxEntries) maps *= 2;
    this.#maps = Array.from({ length: maps }, () => new Map());
    this.#mask = maps - 1;
  }

  get size(): number {
    let size = 0;
    for (const map of this.#maps) size += map.size;
    return size;
  }

  /** Entries of the fullest Map, for checks. */
  get largestMap(): number {
    return Math.max(...this.#maps.map((map) => map.size));
  }

  get(key: K): number | undefined {
    return this.#mapOf(key).get(key);
  }

  set(key: K, slot: number): void {
    this.#mapOf(key).set(key, slot);
  }

  delete(key: K): void {
    this.#mapOf(key).delete(key);
  }

  clear(): void {
    for (const map of this.#maps) map.clear();
  }

  /** Keys with their slots, in no order. The index may change meanwhile. */
  *entries(): Generator<[K, number]> {
    for (const map of this.#maps) yield* map;
  }

  #mapOf(key: K): Map<K, number> {
    return this.#mask === 0 ? this.#maps[0] : this.#maps[spread(key) & this.#mask];
  }
}

/**
 * An integer that differs between most keys, from seven characters: the last three, where ids mostly are, the one
 * before an ending such as `.html`, and three of the inside. Looking at all would cost more than the Map itself.
 */
function spread(key: unknown): number {
  if (typeof key === 'number') return key | 0;
  if (typeof key !== 'string') return 0;
  const length = key.length;
  if (length < 6) return length === 0 ? 0 : key.charCodeAt(length - 1) + key.charCodeAt(length >> 1) * 31;
  let sum =
    key.charCodeAt(length - 1) + key.charCodeAt(length - 2) * 31 + key.charCodeAt(length - 3) * 31 ** 2;
  sum += key.charCodeAt(length - 6) * 31 ** 3;
  sum = Math.imul(sum, 31) + key.charCodeAt(length >> 1);
  sum = Math.imul(sum, 31) + key.charCodeAt(length >> 2);
  sum = Math.imul(sum, 31) + key.charCodeAt((length * 3) >> 2);
  return sum ^ (sum >>> 8);
}
