/**
 * The single node's store: an O(1) LRU map from keys to values with lifetimes, outside the JavaScript heap.
 *
 *        key --hash--> KeyIndex --> entry in the Arena <-- Recency (strict LRU, through the entries)
 *                                        ^------------- Lifetimes (what expires, for the sampler)
 *
 * All memory is counted in pages against `maxBytes`: entries, free cells, index, lists. When a page is needed
 * and none is left, room is made first by emptying a page of a class with many free cells, then by evicting
 * what was used longest ago. So `maxBytes` is never exceeded; after it was made smaller, or outside memory
 * grew, `reclaim` works off the difference in slices.
 *
 * Lifetimes are checked on access (an expired entry is as good as absent, and goes), and by the active
 * sampler: random entries that expire, again while many of them are dead and time is left.
 *
 * A Ref is an entry's address and void after any changing call, since entries move. Time is handed in: set
 * `now` before a group of calls. What an entry looks like: `layout.ts`.
 */
import { assert, type Block, type KeyHash, type RandomSource } from '../base/index.js';
import type { Databases } from './databases.js';
import type { Entries } from './entries.js';
import type { EntryFacts } from './entry-facts.js';
import { EntryWalk } from './entry-walk.js';
import { ATTRIBUTED, EXPIRES, LARGE, type Ref, TYPE_MASK, TYPE_SHIFT } from './layout.js';
import { LiveEntries, type RemovalReason } from './live-entries.js';
import { MAX_ARENA_BYTES, PAGE_TABLE_BYTES } from './pages.js';
import { Sampler } from './sampler.js';

/** The type of an entry's value. */
export const STRING = 0;

/** Longer loads count as so long, in ms: 12 days. */
const MAX_LOAD_MS = 2 ** 30 - 1;
/** The bit of LOAD that says: what was loaded is that there is nothing. */
const ABSENT = 1 << 31;

export const MAX_KEY_BYTES = 65_536;
export const MAX_VALUE_BYTES = 512 * 2 ** 20;

/** The least that a store can work with. */
export const MIN_STORE_BYTES = 64 * 1024;
/** The most: what refs reach. */
export const MAX_STORE_BYTES = MAX_ARENA_BYTES;

const MAX_PAGE_BYTES = 64 * 1024;
const MIN_PAGE_BYTES = 1024;
const PAGES_OF_BUDGET = 4096;
const MAX_CHUNK_BYTES = 64 * 2 ** 20;
/** A smaller budget and outside memory never take the last of these. */
const MIN_PAGES = 16;

/** Work of one call of `reclaim`: cells moved or freed, and again buckets swept. */
const RECLAIM_CELLS = 2048;
const RECLAIM_BUCKETS = 64;
/** A budget given later is at most so many times the first one, unless the pages are large already. */
const MAX_GROWTH = 64;

export interface StoreOptions {
  /** All memory the store may take, in bytes: 64 KB to 32 GiB. */
  readonly maxBytes: number;
  /** Hashes keys; its secret is drawn per process. */
  readonly hash: KeyHash;
  /** Draws the sampler's entries. */
  readonly random: RandomSource;
  /** A power of two. Default: 1/4096 of `maxBytes`, from 1 KB to 64 KB. */
  readonly pageBytes?: number;
  /** A power of two. Default: 64 MB, less when `maxBytes` is less. */
  readonly chunkBytes?: number;
  /** Whether to count keys per hash slot, as a cluster needs, which has database 0 alone. Default: no. */
  readonly slots?: boolean;
  /** The number of the first page; tests begin at high addresses with it. Default: 1. */
  readonly firstPage?: number;
}

/** What was loaded. */
export interface Loaded {
  readonly value: Block;
  readonly at: number;
  readonly length: number;
  /** When it is gone, in ms since the epoch; 0: never. */
  readonly expiry: number;
  /** When it is stale, in ms since the epoch; 0: not before it is gone. */
  readonly freshUntil: number;
  /** How long the load took. */
  readonly loadMs: number;
  /** What was loaded is that there is nothing. */
  readonly isAbsent: boolean;
}

export class Store {
  readonly #live: LiveEntries;
  readonly #entries: Entries;
  readonly #databases: Databases;
  readonly #hash: KeyHash;
  readonly #sampler: Sampler;
  readonly #firstMaxBytes: number;
  /** Of so many reads one is told to `#onRead`; 0: none. */
  #toldReads = 0;
  #readsLeft = 0;
  #onRead: (ref: Ref) => void = () => {};
  #maxBytes: number;
  #externalBytes = 0;
  #sweepCursor = 0;

  constructor(options: StoreOptions) {
    const pageBytes = options.pageBytes ?? pageBytesFor(options.maxBytes);
    const chunkBytes = options.chunkBytes ?? chunkBytesFor(options.maxBytes, pageBytes);
    assert(options.maxBytes <= MAX_STORE_BYTES, `a store is at most ${MAX_STORE_BYTES} bytes`);
    assert(options.maxBytes >= MIN_PAGES * pageBytes, `a store has at least ${MIN_PAGES} pages`);
    this.#maxBytes = options.maxBytes;
    this.#firstMaxBytes = options.maxBytes;
    this.#hash = options.hash;
    const pageLimit = Math.floor(options.maxBytes / (pageBytes + PAGE_TABLE_BYTES));
    const pages = { pageBytes, chunkBytes, firstPage: options.firstPage ?? 1 };
    this.#live = new LiveEntries(pages, pageLimit, options.slots ?? false);
    this.#entries = this.#live.entries;
    this.#databases = this.#live.databases;
    this.#sampler = new Sampler(this.#live, options.random);
  }

  /** The time, in ms since the epoch. */
  get now(): number {
    return this.#live.now;
  }

  set now(ms: number) {
    this.#live.now = ms;
  }

  /** Counts since the start. */
  get stats(): { hits: number; misses: number; expired: number; evicted: number } {
    return this.#live.stats;
  }

  /** Called before an entry goes by itself; the ref may be read, the store must not be changed. */
  get onRemove(): ((ref: Ref, reason: RemovalReason) => void) | undefined {
    return this.#live.onRemove;
  }

  set onRemove(listener: ((ref: Ref, reason: RemovalReason) => void) | undefined) {
    this.#live.onRemove = listener;
  }

  /**
   * Whether this store decides what has expired: it removes that when it meets it, and samples for it. If not, what has expired is
   * hidden and stays, until it is overwritten or removed: a copy does as it is told.
   */
  get decidesExpiry(): boolean {
    return this.#live.buriesExpired;
  }

  set decidesExpiry(decides: boolean) {
    this.#live.buriesExpired = decides;
  }

  // -- reading

  /** The live entry of a key, or 0. Removes an expired one. Neither touches nor counts. */
  find(database: number, key: Block, at: number, length: number): Ref {
    const inner = this.#databases.inner[database];
    return this.#live.locate(this.#hash.hash(key, at, length, inner), inner, key, at, length);
  }

  /** The entry of a key, even if it has expired, or 0. Changes nothing. */
  peek(database: number, key: Block, at: number, length: number): Ref {
    const inner = this.#databases.inner[database];
    return this.#live.peek(this.#hash.hash(key, at, length, inner), inner, key, at, length);
  }

  /** `find`, and the entry becomes the newest; counts a hit or a miss. */
  read(database: number, key: Block, at: number, length: number): Ref {
    const ref = this.find(database, key, at, length);
    if (ref === 0) {
      this.stats.misses++;
      return 0;
    }
    this.stats.hits++;
    this.#entries.recency.touch(ref);
    if (this.#toldReads !== 0 && --this.#readsLeft === 0) {
      this.#readsLeft = this.#toldReads;
      this.#onRead(ref);
    }
    return ref;
  }

  /** Of so many reads that find something, one is told; 0: none. The ref may be read, the store must not be changed. */
  tellReads(oneOf: number, onRead: (ref: Ref) => void): void {
    this.#toldReads = oneOf;
    this.#readsLeft = oneOf;
    this.#onRead = onRead;
  }

  touch(ref: Ref): void {
    this.#entries.recency.touch(ref);
  }

  type(ref: Ref): number {
    return (this.#live.state(ref) & TYPE_MASK) >>> TYPE_SHIFT;
  }

  database(ref: Ref): number {
    return this.#databases.nameOf(this.#live.databaseOf(ref));
  }

  keyLength(ref: Ref): number {
    return this.#entries.bodies.keyLength(ref);
  }

  valueLength(ref: Ref): number {
    return this.#entries.bodies.valueLength(ref);
  }

  /** When the entry expires, in ms since the epoch; 0: never. */
  expiry(ref: Ref): number {
    return this.#entries.lifetimes.expiry(ref);
  }

  /** Until when the value is fresh, in ms since the epoch; 0: as long as the entry lives. */
  freshUntil(ref: Ref): number {
    return this.#live.freshUntil(ref);
  }

  /** How long the value took to load, in ms; 0: unknown. */
  loadMs(ref: Ref): number {
    return this.#live.load(ref) & MAX_LOAD_MS;
  }

  /** Whether what was loaded is that there is nothing. */
  isAbsent(ref: Ref): boolean {
    return this.#live.load(ref) < 0;
  }

  /** Grows with every change of any entry: no two states of the store share one. Below 2^48. */
  version(ref: Ref): number {
    return this.#live.versionOf(ref);
  }

  /** Memory the entry takes: its cells, and its places in index and list of lifetimes. */
  entryBytes(ref: Ref): number {
    const { arena, bodies } = this.#entries;
    const state = this.#live.state(ref);
    let bytes = arena.classes.cellBytes[arena.classAt(ref)] + (state & EXPIRES ? 8 : 4);
    if (state & LARGE) {
      bodies.shapeOf(bodies.keyLength(ref) + bodies.valueLength(ref), state);
      bytes += bodies.fragments * arena.classes.maxCellBytes;
    }
    return bytes;
  }

  copyKey(ref: Ref, to: Block, toAt: number): void {
    this.#entries.bodies.read(ref, 0, this.keyLength(ref), to, toAt);
  }

  /** All that is known of an entry. */
  readFacts(ref: Ref, facts: EntryFacts): void {
    facts.read(this.#live, ref);
  }

  /** Copies the key and, behind it, the value. */
  copyBody(ref: Ref, to: Block, toAt: number): void {
    const bodies = this.#entries.bodies;
    bodies.read(ref, 0, bodies.keyLength(ref) + bodies.valueLength(ref), to, toAt);
  }

  /** Copies `length` bytes of the value from `from` on; they must exist. */
  copyValue(ref: Ref, from: number, length: number, to: Block, toAt: number): void {
    const bodies = this.#entries.bodies;
    bodies.read(ref, bodies.keyLength(ref) + from, length, to, toAt);
  }

  /** The block in which the value lies in one piece, for reading in place until the next change; else undefined. */
  valuePiece(ref: Ref): Block | undefined {
    return this.#entries.bodies.pieceOf(ref);
  }

  /** Where the value begins in its `valuePiece`. */
  valueStart(ref: Ref): number {
    const bodies = this.#entries.bodies;
    return bodies.startOf(ref) + bodies.keyLength(ref);
  }

  // -- changing

  /**
   * Sets a key, in front; `expiry` in ms since the epoch, 0 for none. Returns the entry, or 0 when it would
   * not fit if all others were evicted; an old value then stays. It has no attributes.
   */
  set(
    database: number,
    key: Block,
    keyAt: number,
    keyLength: number,
    value: Block,
    valueAt: number,
    valueLength: number,
    expiry: number,
    type = STRING,
  ): Ref {
    const ref = this.#place(database, key, keyAt, keyLength, valueLength, expiry, 0);
    if (ref === 0) return 0;
    this.#entries.bodies.write(ref, keyLength, value, valueAt, valueLength);
    this.#live.stamp(ref, type);
    return ref;
  }

  /** `set` for what was loaded. */
  setLoaded(
    database: number,
    key: Block,
    keyAt: number,
    keyLength: number,
    loaded: Loaded,
    type = STRING,
  ): Ref {
    const { length, freshUntil, loadMs, isAbsent } = loaded;
    const ref = this.#place(database, key, keyAt, keyLength, length, loaded.expiry, ATTRIBUTED);
    if (ref === 0) return 0;
    this.#entries.bodies.write(ref, keyLength, loaded.value, loaded.at, length);
    this.#live.setAttributes(ref, freshUntil, Math.min(loadMs, MAX_LOAD_MS) | (isAbsent ? ABSENT : 0));
    this.#live.stamp(ref, type);
    return ref;
  }

  /** Makes an entry fresh until then (ms since the epoch). Returns where it is now; 0 when it does not fit, and is as it was. */
  setFreshUntil(ref: Ref, freshUntil: number): Ref {
    const load = this.#live.load(ref);
    const to = this.#live.reshape(ref, this.valueLength(ref), this.expiry(ref), ATTRIBUTED);
    if (to !== 0) this.#live.setAttributes(to, freshUntil, load);
    return to;
  }

  /** Whether an entry of these lengths would fit if all others were evicted: then `set` does not return 0. */
  fits(keyLength: number, valueLength: number): boolean {
    return this.#entries.fits(keyLength, valueLength);
  }

  /** Gives an entry another expiry (0: none). Returns where it is now; 0 when it does not fit, and is as it was. */
  setExpiry(ref: Ref, expiry: number): Ref {
    return this.#live.reshape(ref, this.valueLength(ref), expiry, this.#live.state(ref) & ATTRIBUTED);
  }

  /** Cuts the value, or fills it up with zeros. Returns where it is now; 0 when it does not fit, and is as it was. */
  resizeValue(ref: Ref, length: number): Ref {
    const to = this.#live.reshape(ref, length, this.expiry(ref), this.#live.state(ref) & ATTRIBUTED);
    if (to !== 0) this.#clearAbsence(to);
    return to;
  }

  /** Writes over a part of the value, within its length. */
  writeValue(ref: Ref, at: number, from: Block, fromAt: number, length: number): void {
    const bodies = this.#entries.bodies;
    assert(at + length <= bodies.valueLength(ref), 'a write stays within the value');
    bodies.write(ref, bodies.keyLength(ref) + at, from, fromAt, length);
    this.#clearAbsence(ref);
    this.#entries.recency.touch(ref);
    this.#live.stamp(ref, this.type(ref));
  }

  /**
   * Copies value, expiry, attributes and type to another key, which it replaces; not onto itself. Returns the copy; 0 when
   * it does not fit beside the original, and then nothing is changed.
   */
  copyEntry(ref: Ref, database: number, key: Block, keyAt: number, keyLength: number): Ref {
    const inner = this.#databases.inner[database];
    const hash = this.#hash.hash(key, keyAt, keyLength, inner);
    const valueLength = this.valueLength(ref);
    if (!this.#entries.fitBoth(this.keyLength(ref) + valueLength, keyLength + valueLength)) return 0;
    const old = this.#live.standing(hash, inner, key, keyAt, keyLength);
    assert(old !== ref, 'an entry is not copied onto itself');
    if (old !== 0) this.#live.drop(old);
    return this.#live.duplicate(ref, hash, inner, key, keyAt, keyLength);
  }

  remove(ref: Ref): void {
    this.#live.drop(ref);
  }

  // -- databases

  count(database: number): number {
    return this.#databases.entries[this.#databases.inner[database]];
  }

  expiringCount(database: number): number {
    return this.#databases.expiring[this.#databases.inner[database]];
  }

  /** The mean lifetime left, in ms, of a sample of the database's entries that expire; 0 when there is none. */
  averageTtl(database: number): number {
    return this.#sampler.averageTtl(this.#databases.inner[database]);
  }

  /** A random live entry of the database, or 0: see Sampler. */
  random(database: number): Ref {
    return this.#sampler.random(this.#databases.inner[database]);
  }

  /** Empties a database at once; the memory is given back as its entries are met. */
  flush(database: number): void {
    const databases = this.#databases;
    const inner = databases.inner[database];
    if (databases.entries[inner] === databases.total(databases.entries)) {
      this.flushAll();
      return;
    }
    databases.flush(inner, this.#live.version);
    this.#sweepCursor = 0;
  }

  /** Empties everything at once and gives all memory back. */
  flushAll(): void {
    this.#live.clear();
    this.#lowerPageLimit();
  }

  /** Exchanges the contents of two databases. */
  swap(a: number, b: number): void {
    this.#databases.swap(a, b);
  }

  // -- walks

  /**
   * Visits the live entries of one bucket and returns the next cursor; 0 begins, and 0 ends. An entry that is there
   * from the first call to the last is visited exactly once. `visit` must not change the store; between calls
   * anything may change.
   */
  scan(database: number, cursor: number, visit: (ref: Ref) => void): number {
    const inner = this.#databases.inner[database];
    return this.#entries.index.walk(cursor, (ref) => {
      if (this.#live.databaseOf(ref) === inner && !this.#live.isGone(ref)) visit(ref);
    });
  }

  /** `scan` of database 0 for the entries whose hash slot is wanted. */
  scanSlots(cursor: number, wanted: (slot: number) => boolean, visit: (ref: Ref) => void): number {
    return this.scan(0, cursor, (ref) => {
      if (wanted(this.slotOf(ref))) visit(ref);
    });
  }

  /** Begins a walk over the entries of database 0, the least recently used first: see EntryWalk. It must be ended. */
  walkByUse(): EntryWalk {
    return new EntryWalk(this.#live);
  }

  slotOf(ref: Ref): number {
    return this.#live.slotOf(ref);
  }

  /** Keys in a hash slot; only with the option `slots`. */
  countInSlot(slot: number): number {
    return this.#live.keysInSlot(slot);
  }

  // -- upkeep

  /** The active sampler: removes expired entries while there are many and `hasTime`. Returns how many. */
  expireSome(hasTime: () => boolean): number {
    return this.#sampler.expireSome(hasTime);
  }

  /** A slice of what is left to do: shrinking to a smaller `maxBytes`, dropping flushed entries. Whether more is left. */
  reclaim(): boolean {
    for (let cells = 0; cells < RECLAIM_CELLS && this.#lowerPageLimit(); ) {
      const cost = this.#entries.releaseSome();
      if (cost === 0) break;
      cells += cost;
    }
    this.#sweep();
    return this.#lowerPageLimit() || this.#databases.flushedEntries > 0;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** The most that `setMaxBytes` takes: pages were sized for the first budget, and a large store in tiny ones is slow. */
  get mostBytes(): number {
    if (this.#entries.arena.pageBytes >= MAX_PAGE_BYTES) return MAX_STORE_BYTES;
    return Math.min(MAX_STORE_BYTES, MAX_GROWTH * this.#firstMaxBytes);
  }

  /** Another budget, in bytes. A smaller one is reached by `reclaim`; until then nothing more is taken. At least 16 pages stay. */
  setMaxBytes(bytes: number): void {
    assert(
      bytes <= this.mostBytes,
      `a store is at most ${MAX_STORE_BYTES} bytes, and ${MAX_GROWTH} times its first budget`,
    );
    this.#maxBytes = bytes;
    this.#lowerPageLimit();
  }

  get externalBytes(): number {
    return this.#externalBytes;
  }

  /** Memory elsewhere that counts in `maxBytes`. */
  setExternalBytes(bytes: number): void {
    this.#externalBytes = bytes;
    this.#lowerPageLimit();
  }

  /** All memory taken: pages, their tables, and the memory elsewhere. */
  get usedBytes(): number {
    const { arena } = this.#entries;
    return arena.pages.inUse * (arena.pageBytes + PAGE_TABLE_BYTES) + this.#externalBytes;
  }

  /** Bytes of all keys and values. */
  get liveBytes(): number {
    return this.#databases.total(this.#databases.bytes);
  }

  /** Cells moved to make room, since the start. */
  get cellsMoved(): number {
    return this.#entries.cellsMoved;
  }

  /** Checks every structure against every other; for tests. */
  verify(): void {
    this.#live.verify();
    const { arena } = this.#entries;
    const atLeast = MIN_PAGES * (arena.pageBytes + PAGE_TABLE_BYTES) + this.#externalBytes;
    const most = Math.max(this.#maxBytes, atLeast);
    assert(this.#lowerPageLimit() || this.usedBytes <= most, 'maxBytes is never exceeded');
  }

  /** What somebody wrote into is a value, whatever was loaded before. */
  #clearAbsence(ref: Ref): void {
    if (this.isAbsent(ref)) this.#live.setAttributes(ref, this.freshUntil(ref), this.loadMs(ref));
  }

  /** Where the value of a key is to be written; 0 when it would not fit, and an old value then stays. */
  #place(
    database: number,
    key: Block,
    keyAt: number,
    keyLength: number,
    valueLength: number,
    expiry: number,
    attributed: number,
  ): Ref {
    const inner = this.#databases.inner[database];
    const hash = this.#hash.hash(key, keyAt, keyLength, inner);
    const ref = this.#live.standing(hash, inner, key, keyAt, keyLength);
    if (ref !== 0 && this.#live.hasShapeOf(ref, keyLength + valueLength, expiry, attributed)) {
      this.#live.overwrite(ref, keyLength, valueLength, expiry);
      return ref;
    }
    if (!this.#entries.fits(keyLength, valueLength)) return 0;
    if (ref !== 0) this.#live.drop(ref);
    return this.#live.add(hash, inner, key, keyAt, keyLength, valueLength, expiry, attributed);
  }

  /** Brings the arena's limit down to what is allowed, as far as pages are free; whether more must go. */
  #lowerPageLimit(): boolean {
    const { arena } = this.#entries;
    const bytes = this.#maxBytes - this.#externalBytes;
    const allowed = Math.max(MIN_PAGES, Math.floor(bytes / (arena.pageBytes + PAGE_TABLE_BYTES)));
    arena.pages.limit = Math.max(allowed, arena.pages.inUse);
    return arena.pages.limit > allowed;
  }

  /** Drops the flushed entries of some buckets. */
  #sweep(): void {
    const flushed: Ref[] = [];
    for (let i = 0; i < RECLAIM_BUCKETS && this.#databases.flushedEntries > flushed.length; i++) {
      this.#sweepCursor = this.#entries.index.walk(this.#sweepCursor, (ref) => {
        if (this.#live.isFlushed(ref)) flushed.push(ref);
      });
    }
    for (const ref of flushed) this.#live.drop(ref);
  }
}

function pageBytesFor(maxBytes: number): number {
  const share = 2 ** Math.floor(Math.log2(maxBytes / PAGES_OF_BUDGET));
  return Math.min(MAX_PAGE_BYTES, Math.max(MIN_PAGE_BYTES, share));
}

function chunkBytesFor(maxBytes: number, pageBytes: number): number {
  // One page more than the budget: the first is never used.
  return Math.min(MAX_CHUNK_BYTES, 2 ** Math.ceil(Math.log2(maxBytes + pageBytes)));
}
