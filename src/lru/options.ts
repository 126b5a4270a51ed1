/**
 * Options of a cache: what users write, the defaults, and the check that reports every problem at once.
 */
import {
  BYTE_SIZE_FORMS,
  type ByteSize,
  byteCount,
  DURATION_FORMS,
  type Duration,
  durationMs,
} from '../base/index.js';
import { MAX_STORE_BYTES, MIN_STORE_BYTES } from '../store/index.js';
import { coarseNow } from './coarse-now.js';
import type { OnEvict } from './lru.js';
import { runLater } from './run-later.js';

/** Options that every cache has. */
export interface CommonOptions<V, K> {
  /** Lifetime of an entry from its `set` on: milliseconds or a text such as `'5m'`. Default: `Infinity`, none. */
  ttl?: Duration;
  /** Told of each entry that went for lack of room or because its lifetime was over. Default: nobody is. */
  onEvict?: OnEvict<V, K>;
  /**
   * Milliseconds on a clock that does not go back. Default: a monotonic clock that may be 5 ms late.
   * For tests: a function that returns a variable.
   */
  now?: () => number;
}

/** A cache of any JavaScript values, bounded in entries. */
export interface EntryLruOptions<V, K = string> extends CommonOptions<V, K> {
  /** The most entries it keeps: 1 to 8,388,608, the most that a JavaScript Map can turn over. */
  maxEntries: number;
  maxBytes?: never;
  values?: never;
}

/** What a cache bounded in bytes may hold. */
export type ValueKind = 'bytes' | 'string';

export interface ValueOfKind {
  bytes: Uint8Array;
  string: string;
}

/** A cache of strings or bytes outside the JavaScript heap, bounded in bytes. Its keys are strings. */
export interface ByteLruOptions<Kind extends ValueKind> extends CommonOptions<ValueOfKind[Kind], string> {
  /** The most memory it takes, with all it needs for itself: bytes or a text such as `'64mb'`; 64 KB to 32 GB. */
  maxBytes: ByteSize;
  /** `'string'` for any strings, `'bytes'` for Uint8Array and so Buffer. */
  values: Kind;
  maxEntries?: never;
}

export interface ResolvedCommonOptions<V, K> {
  readonly ttlMs: number;
  readonly onEvict: OnEvict<V, K> | undefined;
  readonly now: () => number;
  /** Runs a function once after some ms: what upkeep is built on. */
  readonly later: (run: () => void, ms: number) => void;
}

export interface ResolvedEntryOptions<V, K> extends ResolvedCommonOptions<V, K> {
  readonly maxEntries: number;
}

export interface ResolvedByteOptions<Kind extends ValueKind>
  extends ResolvedCommonOptions<ValueOfKind[Kind], string> {
  readonly maxBytes: number;
  readonly values: Kind;
}

export const lruDefaults = Object.freeze({ ttl: Number.POSITIVE_INFINITY, now: coarseNow });

/** Half of the most entries a Map can have (2^24): it needs the other half to turn over removed ones. */
export const MAX_ENTRIES = 2 ** 23;

/** The options of a cache are wrong. `problems` has a sentence for each thing to change. */
export class LruOptionsError extends TypeError {
  readonly code = 'LRU_OPTIONS';
  readonly retryable = false;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`createLru: ${problems.join('; ')}`);
    this.name = 'LruOptionsError';
    this.problems = problems;
  }
}

export function resolveEntryOptions<V, K>(options: EntryLruOptions<V, K>): ResolvedEntryOptions<V, K> {
  const problems: string[] = [];
  const { maxEntries } = options;
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > MAX_ENTRIES) {
    problems.push(`maxEntries is ${shown(maxEntries)}: give an integer from 1 to ${MAX_ENTRIES}`);
  }
  const common = resolveCommon(options, ['maxEntries'], problems);
  return finished({ ...common, maxEntries }, problems);
}

export function resolveByteOptions<Kind extends ValueKind>(
  options: ByteLruOptions<Kind>,
): ResolvedByteOptions<Kind> {
  const problems: string[] = [];
  const maxBytes = byteCount(options.maxBytes);
  if (!(maxBytes >= MIN_STORE_BYTES && maxBytes <= MAX_STORE_BYTES)) {
    const range = `from ${MIN_STORE_BYTES} (64kb) to ${MAX_STORE_BYTES} (32gb)`;
    problems.push(`maxBytes is ${shown(options.maxBytes)}: give a size ${range}, as ${BYTE_SIZE_FORMS}`);
  }
  const { values } = options;
  if (values !== 'bytes' && values !== 'string') {
    problems.push(
      `values is ${shown(values)}: say 'string' or 'bytes', or bound the cache by maxEntries to keep other values`,
    );
  }
  const common = resolveCommon(options, ['maxBytes', 'values'], problems);
  return finished({ ...common, maxBytes, values }, problems);
}

/** Which of the two caches the options ask for. */
export function isByteOptions(options: object): boolean {
  if (typeof options !== 'object' || options === null) {
    throw new LruOptionsError([`options are ${shown(options)}: give { maxEntries } or { maxBytes, values }`]);
  }
  const { maxEntries, maxBytes } = options as { maxEntries?: unknown; maxBytes?: unknown };
  if ((maxEntries === undefined) === (maxBytes === undefined)) {
    const both = maxEntries === undefined ? 'neither' : 'both';
    throw new LruOptionsError([
      `${both} of maxEntries and maxBytes is given: give maxEntries to keep any values, or maxBytes to keep strings or bytes`,
    ]);
  }
  return maxBytes !== undefined;
}

/** The lifetime of one entry in ms, which may be over already. */
export function ttlOfEntry(ttl: Duration): number {
  const ttlMs = durationMs(ttl);
  if (Number.isNaN(ttlMs))
    throw new RangeError(`ttl is ${shown(ttl)}: give ${DURATION_FORMS}, or Infinity for none`);
  return ttlMs;
}

export function refuseUndefined(key: unknown, value: unknown): void {
  if (value !== undefined) return;
  throw new TypeError(
    `the value for key ${shown(key)} is undefined, which means a miss: set null, or delete the key`,
  );
}

function resolveCommon<V, K>(
  options: CommonOptions<V, K>,
  others: readonly string[],
  problems: string[],
): ResolvedCommonOptions<V, K> {
  const { ttl = lruDefaults.ttl, now = lruDefaults.now, onEvict } = options;
  const ttlMs = durationMs(ttl);
  if (!(ttlMs > 0))
    problems.push(`ttl is ${shown(ttl)}: give a duration above 0, as ${DURATION_FORMS}, or leave it out`);
  if (typeof now !== 'function')
    problems.push(`now is ${shown(now)}: give a function that returns milliseconds`);
  if (onEvict !== undefined && typeof onEvict !== 'function') {
    problems.push(`onEvict is ${shown(onEvict)}: give a function, or leave it out`);
  }
  const known = new Set(['ttl', 'now', 'onEvict', ...others]);
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !known.has(name)) {
      problems.push(`${name} is no option here: take it out (known are ${[...known].sort().join(', ')})`);
    }
  }
  return { ttlMs, now, onEvict, later: runLater };
}

function finished<T extends object>(resolved: T, problems: readonly string[]): T {
  if (problems.length > 0) throw new LruOptionsError(problems);
  return Object.freeze(resolved);
}

/** A value as a message shows it: short, and strings in quotes. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `'${value.slice(0, 40)}...'` : `'${value}'`;
  if (typeof value === 'function' || (typeof value === 'object' && value !== null))
    return `a ${typeof value}`;
  return String(value);
}
