/**
 * From a key to its slot: one Map, or for large caches many of them.
 *
 * A Map that grows, or that has seen as many removals as it holds entries, moves all of its entries at once:
 * 2.6 s in one `set` at 8 million keys (Node 20). So the keys of a large cache are dealt out to as many Maps
 * as make each one small: strings by a few of their characters, numbers by all of their bits, bigints by the
 * lowest 32. A Map then moves some ten thousand entries, and the Maps do so at different times. The dealing needs
 * not be fair: keys that all agree in what is looked at share a Map, which is then no worse than the single one.
 *
 * Objects, functions and symbols have nothing that is cheap to deal by; they share the first Map, and its pauses are
 * theirs.
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

  /**
   * Keys with their slots, in no order. The index may change meanwhile: what stays is visited once, and there are
   * no more visits than there were entries at the start.
   */
  *entries(): Generator<[K, number]> {
    // A Map shows its walker also what is set on the way, without end when each visit sets a new key. What was there
    // at the start comes first in it, so that nothing which stays is behind this many.
    const sizes = this.#maps.map((map) => map.size);
    for (const [at, map] of this.#maps.entries()) {
      let left = sizes[at];
      if (left === 0) continue;
      for (const entry of map) {
        yield entry;
        if (--left === 0) break;
      }
    }
  }

  #mapOf(key: K): Map<K, number> {
    return this.#mask === 0 ? this.#maps[0] : this.#maps[spread(key) & this.#mask];
  }
}

/** An integer whose lowest bits differ between most keys; the same for keys that a Map takes for one. */
function spread(key: unknown): number {
  switch (typeof key) {
    case 'string':
      return spreadText(key);
    case 'number':
      return spreadNumber(key);
    case 'bigint':
      return mixed(Number(BigInt.asIntN(32, key)));
    default:
      return 0;
  }
}

/**
 * From seven characters: the last three, where ids mostly are, the one before an ending such as `.html`, and three of
 * the inside. Looking at all would cost more than the Map itself.
 */
function spreadText(key: string): number {
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

const float = new Float64Array(1);
const floatWords = new Uint32Array(float.buffer);

function spreadNumber(key: number): number {
  // Also -0, which a Map takes for 0.
  if ((key | 0) === key) return mixed(key);
  // Every NaN is one key, whatever its bits are.
  if (Number.isNaN(key)) return 0;
  float[0] = key;
  return mixed(floatWords[0] ^ Math.imul(floatWords[1], 31));
}

/**
 * Brings every bit of an int32 down to the lowest ones: ids in steps of 256 agree in those.
 * It is the finalizer of MurmurHash3 by A. Appleby.
 */
function mixed(bits: number): number {
  let mix = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return mix ^ (mix >>> 16);
}
