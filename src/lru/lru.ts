/**
 * What every cache of this package offers, whatever it is bounded in.
 *
 * The same rules hold for all:
 * - a miss is `undefined`; `null` is a value; `undefined` cannot be stored;
 * - the entry that goes first is the one that was read or written longest ago (strict LRU);
 * - `get` and `set` make an entry the newest; `has`, `peek`, `remainingTtl` and iterating do not;
 * - an entry whose lifetime is over is never returned, whether or not it is still in memory.
 */
import type { Duration } from '../base/index.js';

export interface Lru<V, K = string> extends Iterable<[K, V]> {
  /** The value, which becomes the newest entry; `undefined` when there is none. Counts a hit or a miss. */
  get(key: K): V | undefined;

  /**
   * Stores a value as the newest entry, with the lifetime given here or else the cache's own.
   * `false`: it was not stored, since it does not fit even in an empty cache, or its lifetime is already
   * over. What the key held before is gone in that case too: a cache never answers with an outdated value.
   */
  set(key: K, value: V, options?: SetOptions): boolean;

  /** Whether the key has a live value. Does not touch the entry and counts nothing. */
  has(key: K): boolean;

  /** The value without touching the entry and without counting. */
  peek(key: K): V | undefined;

  /** Removes an entry. `false`: there was no live one. `onEvict` is not called. */
  delete(key: K): boolean;

  /** Removes every entry. `onEvict` is not called. Statistics go on. */
  clear(): void;

  /** Milliseconds until the entry's lifetime is over; `Infinity` when it has none; `undefined` for a miss. */
  remainingTtl(key: K): number | undefined;

  /** Entries in memory. It may count some whose lifetime is over and which nobody has looked at since. */
  readonly size: number;

  /** Bytes held outside the JavaScript heap. For a cache bounded in bytes that is everything it holds. */
  readonly bytes: number;

  /**
   * Live keys, values or both, in no particular order. The cache may be changed meanwhile: what stays is
   * visited, what is set or deleted on the way may or may not be. It ends, however much is set meanwhile.
   */
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
  entries(): IterableIterator<[K, V]>;

  /**
   * Removes some entries whose lifetime is over: one slice of the work that a timer does otherwise.
   * `true`: there is more to do right now.
   */
  sweep(): boolean;

  /** Counters since the cache was made. */
  stats(): LruStats;
}

export interface SetOptions {
  /** Lifetime of this entry: milliseconds, or a text such as `'5m'`; `Infinity` for none. Zero or less: it is over. */
  ttl?: Duration;
}

/** Why an entry went that nobody had deleted: for lack of room, or because its lifetime was over. */
export type EvictReason = 'evicted' | 'expired';

/**
 * Told of every entry that the cache removed by itself, once the removal is complete.
 * It may read from the cache and delete, but `set` throws there: an eviction that fills would never end.
 */
export type OnEvict<V, K = string> = (key: K, value: V, reason: EvictReason) => void;

export interface LruStats {
  /** Calls of `get` that found a value, and those that did not. */
  readonly hits: number;
  readonly misses: number;
  /** hits / (hits + misses); 0 before the first `get`. */
  readonly hitRatio: number;
  /** Entries removed for lack of room, and because their lifetime was over. */
  readonly evicted: number;
  readonly expired: number;
  /** As the properties of the same names. */
  readonly size: number;
  readonly bytes: number;
}

export function hitRatio(hits: number, misses: number): number {
  return hits + misses === 0 ? 0 : hits / (hits + misses);
}
