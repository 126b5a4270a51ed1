/**
 * An LRU cache of strings or bytes, bounded in bytes, outside the JavaScript heap.
 *
 *   key 'user:7' --LATIN1--> database 0 \
 *   key 'Zoë→7'  --UTF16 --> database 1 --> Store: arena, index, LRU links, lifetimes (see src/store)
 *   value        --LATIN1, UTF8 or UTF16, the form is the entry's type--/
 *
 * `maxBytes` bounds all of it: keys, values, headers, index, free space. What no longer fits makes the oldest
 * entries go. Nothing per entry is an object, so the garbage collector has nothing to walk: a cache of
 * many gigabytes costs it what an empty one does. The price is a copy of the value at each `get` and `set`.
 *
 * That keys are kept in two forms is seen by nobody: a form has its own database of the store, so that equal
 * bytes of different strings never meet. A key whose chars are all below 256 is always LATIN1.
 *
 * Limits: a key takes at most 65,536 bytes, a value 512 MB; what is larger is not stored, like what is
 * larger than the budget.
 */
import { randomFillSync } from 'node:crypto';
import { KeyHash, Random } from '../base/index.js';
import { MAX_KEY_BYTES, MAX_VALUE_BYTES, type Ref, Store } from '../store/index.js';
import { Evictions } from './evictions.js';
import { hitRatio, type Lru, type LruStats, type SetOptions } from './lru.js';
import {
  type ResolvedByteOptions,
  refuseUndefined,
  ttlOfEntry,
  type ValueKind,
  type ValueOfKind,
} from './options.js';
import { decodeText, LATIN1, TextBytes, UTF16 } from './text-bytes.js';
import { type Sweeper, Upkeep } from './upkeep.js';
import { type ValueCodec, valueCodecs } from './value-codec.js';

/** The databases in use, and the form of the keys in each. */
const KEY_FORMS = [LATIN1, UTF16] as const;
const LATIN1_KEYS = 0;
const UTF16_KEYS = 1;

/**
 * An expiry of 0 means none to the store. A lifetime may end at 0 all the same, on a clock that begins below it; its
 * entry is given the next expiry there is.
 */
const NO_EXPIRY = 0;
const EXPIRY_AT_ZERO = Number.MIN_VALUE;

/** Time of one slice of the sampler. */
const SLICE_MS = 1;

// Room for what is on its way, shared by all caches: each use ends within the call that began it.
const keyRoom = new TextBytes();
const valueRoom = new TextBytes();
/** For reading, which happens also while a `set` has its key and value in the rooms above and evicts. */
const readRoom = new TextBytes();

export class ByteLru<Kind extends ValueKind> implements Lru<ValueOfKind[Kind]>, Sweeper {
  readonly #store: Store;
  readonly #codec: ValueCodec<ValueOfKind[Kind]>;
  readonly #ttlMs: number;
  readonly #now: () => number;
  readonly #evictions: Evictions<ValueOfKind[Kind], string> | undefined;
  readonly #upkeep: Upkeep;
  /** Reads of keys that are too long to be stored. */
  #hopelessReads = 0;

  constructor(options: ResolvedByteOptions<Kind>) {
    this.#store = newStore(options.maxBytes);
    this.#codec = valueCodecs[options.values];
    this.#ttlMs = options.ttlMs;
    this.#now = options.now;
    this.#upkeep = new Upkeep(this, options.later);
    if (options.onEvict === undefined) return;
    const evictions = new Evictions(options.onEvict);
    this.#evictions = evictions;
    this.#store.onRemove = (ref, reason) => evictions.note(this.#keyOf(ref), this.#valueOf(ref), reason);
  }

  get size(): number {
    return this.#store.count(LATIN1_KEYS) + this.#store.count(UTF16_KEYS);
  }

  get bytes(): number {
    return this.#store.usedBytes;
  }

  get(key: string): ValueOfKind[Kind] | undefined {
    const database = encodeKey(key);
    if (database < 0) {
      this.#hopelessReads++;
      return undefined;
    }
    this.#store.now = this.#now();
    const ref = this.#store.read(database, keyRoom.block, 0, keyRoom.length);
    const value = ref === 0 ? undefined : this.#valueOf(ref);
    this.#evictions?.tell();
    return value;
  }

  set(key: string, value: ValueOfKind[Kind], options?: SetOptions): boolean {
    this.#evictions?.refuseWithin();
    refuseUndefined(key, value);
    const ttlMs = options?.ttl === undefined ? this.#ttlMs : ttlOfEntry(options.ttl);
    const isSmall = this.#codec.encode(value, valueRoom, MAX_VALUE_BYTES);
    const isStored = isSmall && ttlMs > 0 && this.#put(key, ttlMs);
    valueRoom.release();
    // Whatever the reason: the old value is outdated and must not be found any more.
    if (!isStored) this.#drop(key);
    this.#evictions?.tell();
    return isStored;
  }

  has(key: string): boolean {
    const isThere = this.#find(key) !== 0;
    this.#evictions?.tell();
    return isThere;
  }

  peek(key: string): ValueOfKind[Kind] | undefined {
    const ref = this.#find(key);
    const value = ref === 0 ? undefined : this.#valueOf(ref);
    this.#evictions?.tell();
    return value;
  }

  delete(key: string): boolean {
    const wasThere = this.#drop(key);
    this.#evictions?.tell();
    return wasThere;
  }

  clear(): void {
    this.#store.flushAll();
  }

  remainingTtl(key: string): number | undefined {
    const ref = this.#find(key);
    // Before `onEvict` is told: it may read, by a later clock.
    const remainingMs = ref === 0 ? undefined : endOf(this.#store.expiry(ref)) - this.#store.now;
    this.#evictions?.tell();
    return remainingMs;
  }

  keys(): Generator<string> {
    return this.#walk((ref) => this.#keyOf(ref));
  }

  values(): Generator<ValueOfKind[Kind]> {
    return this.#walk((ref) => this.#valueOf(ref));
  }

  entries(): Generator<[string, ValueOfKind[Kind]]> {
    return this.#walk((ref) => [this.#keyOf(ref), this.#valueOf(ref)]);
  }

  [Symbol.iterator](): Generator<[string, ValueOfKind[Kind]]> {
    return this.entries();
  }

  sweep(): boolean {
    const end = performance.now() + SLICE_MS;
    let hadTime = true;
    this.#store.now = this.#now();
    this.#store.expireSome(() => {
      hadTime = performance.now() < end;
      return hadTime;
    });
    this.#evictions?.tell();
    return !hadTime;
  }

  needsUpkeep(): boolean {
    return this.#store.expiringCount(LATIN1_KEYS) + this.#store.expiringCount(UTF16_KEYS) > 0;
  }

  stats(): LruStats {
    const { hits, misses, evicted, expired } = this.#store.stats;
    const allMisses = misses + this.#hopelessReads;
    const { size, bytes } = this;
    return { hits, misses: allMisses, hitRatio: hitRatio(hits, allMisses), evicted, expired, size, bytes };
  }

  /** Walks every structure and throws where two of them disagree. */
  verify(): void {
    this.#store.verify();
  }

  /** The live entry of a key, untouched, or 0. */
  #find(key: string): Ref {
    const database = encodeKey(key);
    if (database < 0) return 0;
    this.#store.now = this.#now();
    return this.#store.find(database, keyRoom.block, 0, keyRoom.length);
  }

  /** Stores the value that is in `valueRoom`. `false`: it does not fit. */
  #put(key: string, ttlMs: number): boolean {
    const database = encodeKey(key);
    if (database < 0) return false;
    const now = this.#now();
    const expiry = expiryOf(now + ttlMs);
    const store = this.#store;
    store.now = now;
    const { block, length, form } = valueRoom;
    if (store.set(database, keyRoom.block, 0, keyRoom.length, block, 0, length, expiry, form) === 0)
      return false;
    if (expiry !== NO_EXPIRY) this.#upkeep.wake();
    return true;
  }

  #drop(key: string): boolean {
    const ref = this.#find(key);
    if (ref !== 0) this.#store.remove(ref);
    return ref !== 0;
  }

  #keyOf(ref: Ref): string {
    const length = this.#store.keyLength(ref);
    readRoom.reserve(length);
    this.#store.copyKey(ref, readRoom.block, 0);
    return decodeText(readRoom.block, 0, length, KEY_FORMS[this.#store.database(ref)]);
  }

  #valueOf(ref: Ref): ValueOfKind[Kind] {
    const store = this.#store;
    const form = store.type(ref);
    const length = store.valueLength(ref);
    const piece = store.valuePiece(ref);
    if (piece !== undefined) return this.#codec.decode(piece, store.valueStart(ref), length, form);
    readRoom.reserve(length);
    store.copyValue(ref, 0, length, readRoom.block, 0);
    const value = this.#codec.decode(readRoom.block, 0, length, form);
    readRoom.release();
    return value;
  }

  /** Walks both databases, a bucket at a time: what a bucket holds is read at once, since entries move. */
  *#walk<T>(read: (ref: Ref) => T): Generator<T> {
    for (let database = 0; database < KEY_FORMS.length; database++) {
      let cursor = 0;
      do {
        const found: T[] = [];
        this.#store.now = this.#now();
        cursor = this.#store.scan(database, cursor, (ref) => found.push(read(ref)));
        yield* found;
      } while (cursor !== 0);
    }
  }
}

/** Puts the key's bytes into `keyRoom` and returns its database; -1 when the key is too long for any. */
function encodeKey(key: string): number {
  if (typeof key !== 'string') {
    throw new TypeError(
      `the key is of type ${typeof key}, a cache bounded in bytes has strings: convert it first`,
    );
  }
  if (!keyRoom.encodeKey(key, MAX_KEY_BYTES)) return -1;
  return keyRoom.form === LATIN1 ? LATIN1_KEYS : UTF16_KEYS;
}

/** The expiry by which the store keeps the end of a lifetime, which is Infinity when there is none. */
function expiryOf(end: number): number {
  if (end === Number.POSITIVE_INFINITY) return NO_EXPIRY;
  return end === NO_EXPIRY ? EXPIRY_AT_ZERO : end;
}

function endOf(expiry: number): number {
  if (expiry === NO_EXPIRY) return Number.POSITIVE_INFINITY;
  return expiry === EXPIRY_AT_ZERO ? 0 : expiry;
}

function newStore(maxBytes: number): Store {
  const [seed0, seed1, seed2] = randomFillSync(new Uint32Array(3));
  return new Store({ maxBytes, hash: new KeyHash(seed0, seed1), random: new Random(seed2) });
}
