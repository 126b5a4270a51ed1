/**
 * An in-process cache with strict LRU eviction and lifetimes, for any Node program.
 */
import { ByteLru } from './byte-lru.js';
import { EntryLru } from './entry-lru.js';
import type { Lru } from './lru.js';
import {
  type ByteLruOptions,
  type EntryLruOptions,
  isByteOptions,
  resolveByteOptions,
  resolveEntryOptions,
  type ValueKind,
  type ValueOfKind,
} from './options.js';

/**
 * Makes a cache.
 *
 * `createLru<User>({ maxEntries: 10_000, ttl: '5m' })` keeps any values, by reference, bounded in entries.
 * `createLru({ maxBytes: '256mb', values: 'string' })` keeps strings (or `'bytes'`) outside the JavaScript
 * heap, where the garbage collector never looks at them, bounded in bytes.
 *
 * Throws `LruOptionsError` with all that is wrong in the options.
 */
export function createLru<Kind extends ValueKind>(options: ByteLruOptions<Kind>): Lru<ValueOfKind[Kind]>;
export function createLru<V extends {} | null, K = string>(options: EntryLruOptions<V, K>): Lru<V, K>;
export function createLru(
  options: ByteLruOptions<ValueKind> | EntryLruOptions<{} | null>,
): Lru<ValueOfKind[ValueKind]> | Lru<{} | null> {
  if (isByteOptions(options)) return new ByteLru(resolveByteOptions(options as ByteLruOptions<ValueKind>));
  return new EntryLru(resolveEntryOptions(options as EntryLruOptions<{} | null>));
}
