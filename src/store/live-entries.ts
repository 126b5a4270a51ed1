/**
 * What is alive: the entries as the databases see them.
 *
 *   in the arena = alive + expired but not met yet + flushed but not swept yet
 *
 * Only here an entry is added, dropped, reshaped or stamped with a version, so that the counts per database
 * and per slot always hold. An entry whose lifetime has passed, or whose database was flushed after its last
 * change, is gone for everybody at once; it is buried when it is met.
 */
import { assert, Block, keySlot, SLOT_COUNT } from '../base/index.js';
import { DATABASE_COUNT, Databases } from './databases.js';
import { Entries } from './entries.js';
import {
  ATTRIBUTED,
  attributesAt,
  DATABASE_MASK,
  DATABASE_SHIFT,
  EXPIRES,
  LARGE,
  MAX_TYPE,
  type Ref,
  STATE,
  TYPE_MASK,
  TYPE_SHIFT,
  VERSION,
  VERSION_HIGH_MASK,
} from './layout.js';
import type { PagesOptions } from './pages.js';

/** Keys up to this length are copied to one buffer to find their slot. */
const SLOT_KEY_BYTES = 1024;

export type RemovalReason = 'evicted' | 'expired';

export class LiveEntries {
  /** The time, in ms since the epoch. */
  now = 0;
  readonly stats = { hits: 0, misses: 0, expired: 0, evicted: 0 };
  /** Called before an entry goes by itself. */
  onRemove: ((ref: Ref, reason: RemovalReason) => void) | undefined;
  readonly entries: Entries;
  readonly databases = new Databases();
  /** Grows with every change. */
  version = 0;
  /** Whether what has expired is buried when it is met; else it is hidden, and stays until it is dropped or overwritten. */
  buriesExpired = true;
  readonly #keysInSlot: Int32Array | undefined;
  readonly #slotKey = Block.ofLength(SLOT_KEY_BYTES);

  constructor(pages: PagesOptions, pageLimit: number, countSlots: boolean) {
    this.entries = new Entries(pages, pageLimit, () => this.#evictOldest());
    this.#keysInSlot = countSlots ? new Int32Array(SLOT_COUNT) : undefined;
  }

  state(ref: Ref): number {
    const { arena } = this.entries;
    return arena.wordsOf(ref)[arena.wordAt(ref) + STATE];
  }

  /** The inner database of an entry. */
  databaseOf(ref: Ref): number {
    return (this.state(ref) & DATABASE_MASK) >>> DATABASE_SHIFT;
  }

  versionOf(ref: Ref): number {
    const { arena } = this.entries;
    const words = arena.wordsOf(ref);
    const at = arena.wordAt(ref);
    return (words[at + STATE] & VERSION_HIGH_MASK) * 2 ** 32 + (words[at + VERSION] >>> 0);
  }

  slotOf(ref: Ref): number {
    const { bodies } = this.entries;
    const length = bodies.keyLength(ref);
    const key = length <= SLOT_KEY_BYTES ? this.#slotKey : Block.ofLength(length);
    bodies.read(ref, 0, length, key, 0);
    return keySlot(key, 0, length);
  }

  keysInSlot(slot: number): number {
    assert(this.#keysInSlot !== undefined, 'keys per slot are counted with the option slots');
    return this.#keysInSlot[slot];
  }

  /** The live entry of a key in an inner database, or 0. Buries one that is gone. */
  locate(hash: number, inner: number, key: Block, at: number, length: number): Ref {
    const ref = this.entries.find(hash, inner << DATABASE_SHIFT, key, at, length);
    if (ref !== 0 && this.isGone(ref)) {
      this.met(ref);
      return 0;
    }
    return ref;
  }

  /** `locate` of what is to be replaced: also one that is expired and not to be buried. */
  standing(hash: number, inner: number, key: Block, at: number, length: number): Ref {
    const ref = this.entries.find(hash, inner << DATABASE_SHIFT, key, at, length);
    return ref !== 0 && this.isGone(ref) && this.met(ref) ? 0 : ref;
  }

  /** The entry of a key, expired or not, or 0; changes nothing. */
  peek(hash: number, inner: number, key: Block, at: number, length: number): Ref {
    const ref = this.entries.find(hash, inner << DATABASE_SHIFT, key, at, length);
    return ref !== 0 && this.isFlushed(ref) ? 0 : ref;
  }

  /** An entry that is gone was met. Returns whether it was buried. */
  met(ref: Ref): boolean {
    if (!this.buriesExpired && !this.isFlushed(ref)) return false;
    this.bury(ref);
    return true;
  }

  /** Whether an entry is expired or flushed, though it still takes memory. */
  isGone(ref: Ref): boolean {
    if (this.state(ref) & EXPIRES && this.entries.lifetimes.expiry(ref) < this.now) return true;
    return this.isFlushed(ref);
  }

  isFlushed(ref: Ref): boolean {
    if (this.databases.flushedEntries === 0) return false;
    return this.versionOf(ref) <= this.databases.flushedUpTo[this.databaseOf(ref)];
  }

  /** Drops an entry that is gone already. */
  bury(ref: Ref): void {
    if (!this.isFlushed(ref)) {
      this.stats.expired++;
      this.onRemove?.(ref, 'expired');
    }
    this.drop(ref);
  }

  /** A new entry, its value and (if ATTRIBUTED) its attributes not yet written; it must fit. */
  add(
    hash: number,
    inner: number,
    key: Block,
    keyAt: number,
    keyLength: number,
    valueLength: number,
    expiry: number,
    attributed: number,
  ): Ref {
    const state = (inner << DATABASE_SHIFT) | attributed;
    const ref = this.entries.add(hash, state, key, keyAt, keyLength, valueLength, expiry);
    this.#count(ref, 1);
    return ref;
  }

  /** Writes the lengths and the expiry of a value of the same shape over an entry, and puts it in front. */
  overwrite(ref: Ref, keyLength: number, valueLength: number, expiry: number): void {
    const { bodies, lifetimes, recency } = this.entries;
    this.databases.bytes[this.databaseOf(ref)] += valueLength - bodies.valueLength(ref);
    bodies.setLengths(ref, keyLength, valueLength);
    if (expiry !== 0) lifetimes.setExpiry(ref, expiry);
    recency.touch(ref);
  }

  /** Whether a body of this length, with this expiry, can be written over an entry: same cell, as many fragments. */
  hasShapeOf(ref: Ref, bodyLength: number, expiry: number, attributed: number): boolean {
    const { arena, bodies } = this.entries;
    const state = this.state(ref);
    const header = attributed | (expiry !== 0 ? EXPIRES : 0);
    if ((state & (EXPIRES | ATTRIBUTED)) !== header) return false;
    if (bodies.shapeOf(bodyLength, header) !== (state & LARGE)) return false;
    const { fragments } = bodies;
    if (arena.classes.classOf(bodies.cellBytes) !== arena.classAt(ref)) return false;
    return fragments === 0 || fragments === bodies.fragmentsOf(ref);
  }

  /** See Entries.reshape; stamped anew. */
  reshape(ref: Ref, valueLength: number, expiry: number, attributed: number): Ref {
    const type = (this.state(ref) & TYPE_MASK) >>> TYPE_SHIFT;
    const keyLength = this.entries.bodies.keyLength(ref);
    const grows = valueLength > this.entries.bodies.valueLength(ref);
    if (grows && !this.entries.fits(keyLength, valueLength)) return 0;
    this.#count(ref, -1);
    const to = this.entries.reshape(ref, valueLength, expiry, attributed);
    if (to === 0) {
      // Alone in a budget that was made smaller than itself.
      this.#count(this.entries.recency.newest, 1);
      return 0;
    }
    this.#count(to, 1);
    this.stamp(to, type);
    return to;
  }

  /** A copy of an entry, its expiry, attributes and type under another key, which must not exist; it must fit beside it. */
  duplicate(ref: Ref, hash: number, inner: number, key: Block, keyAt: number, keyLength: number): Ref {
    const type = (this.state(ref) & TYPE_MASK) >>> TYPE_SHIFT;
    const expiry = this.entries.lifetimes.expiry(ref);
    const state = (inner << DATABASE_SHIFT) | (this.state(ref) & ATTRIBUTED);
    const to = this.entries.duplicate(ref, hash, state, key, keyAt, keyLength, expiry);
    assert(to !== 0, 'what fits twice finds room');
    this.#count(to, 1);
    this.stamp(to, type);
    return to;
  }

  drop(ref: Ref): void {
    if (this.isFlushed(ref)) this.databases.flushedEntries--;
    else this.#count(ref, -1);
    this.entries.drop(ref);
  }

  clear(): void {
    this.entries.clear();
    this.databases.clear();
    this.#keysInSlot?.fill(0);
  }

  /** Until when the value is fresh, in ms since the epoch; 0: as long as it lives. */
  freshUntil(ref: Ref): number {
    const state = this.state(ref);
    if ((state & ATTRIBUTED) === 0) return 0;
    const { arena } = this.entries;
    return arena.blockOf(ref).view.getFloat64(arena.byteAt(ref) + attributesAt(state) + 4, true);
  }

  /** How long the value took to load, in ms; its sign bit: what was loaded is that there is nothing. */
  load(ref: Ref): number {
    const state = this.state(ref);
    if ((state & ATTRIBUTED) === 0) return 0;
    const { arena } = this.entries;
    return arena.blockOf(ref).view.getInt32(arena.byteAt(ref) + attributesAt(state), true);
  }

  /** Writes the attributes of an entry that has room for them. */
  setAttributes(ref: Ref, freshUntil: number, load: number): void {
    const { arena } = this.entries;
    const { view } = arena.blockOf(ref);
    const at = arena.byteAt(ref) + attributesAt(this.state(ref));
    view.setInt32(at, load, true);
    view.setFloat64(at + 4, freshUntil, true);
  }

  /** A new version, and the type. */
  stamp(ref: Ref, type: number): void {
    assert(type >= 0 && type <= MAX_TYPE, 'a type has four bits');
    const version = ++this.version;
    const words = this.entries.arena.wordsOf(ref);
    const at = this.entries.arena.wordAt(ref);
    words[at + VERSION] = version | 0;
    const high = (version / 2 ** 32) & VERSION_HIGH_MASK;
    words[at + STATE] = (words[at + STATE] & ~(VERSION_HIGH_MASK | TYPE_MASK)) | high | (type << TYPE_SHIFT);
  }

  #evictOldest(): void {
    const ref = this.entries.recency.oldest;
    if (this.isGone(ref)) {
      this.bury(ref);
      return;
    }
    this.stats.evicted++;
    this.onRemove?.(ref, 'evicted');
    this.drop(ref);
  }

  #count(ref: Ref, sign: number): void {
    const { bodies } = this.entries;
    const inner = this.databaseOf(ref);
    const databases = this.databases;
    databases.entries[inner] += sign;
    databases.bytes[inner] += sign * (bodies.keyLength(ref) + bodies.valueLength(ref));
    if (this.state(ref) & EXPIRES) databases.expiring[inner] += sign;
    if (this.#keysInSlot !== undefined) this.#keysInSlot[this.slotOf(ref)] += sign;
  }

  /** Checks every structure against every other, and the counts. */
  verify(): void {
    const entries = new Float64Array(DATABASE_COUNT);
    const expiring = new Float64Array(DATABASE_COUNT);
    const bytes = new Float64Array(DATABASE_COUNT);
    const slots = new Int32Array(SLOT_COUNT);
    const { bodies } = this.entries;
    let flushed = 0;
    this.entries.verify((ref) => {
      if (this.isFlushed(ref)) {
        flushed++;
        return;
      }
      const inner = this.databaseOf(ref);
      entries[inner]++;
      if (this.state(ref) & EXPIRES) expiring[inner]++;
      bytes[inner] += bodies.keyLength(ref) + bodies.valueLength(ref);
      if (this.#keysInSlot !== undefined) slots[this.slotOf(ref)]++;
    });
    const { databases } = this;
    assert(flushed === databases.flushedEntries, 'flushed entries are counted');
    for (let inner = 0; inner < DATABASE_COUNT; inner++) {
      assert(entries[inner] === databases.entries[inner], 'entries of a database are counted');
      assert(expiring[inner] === databases.expiring[inner], 'entries that expire are counted');
      assert(bytes[inner] === databases.bytes[inner], 'bytes of a database are counted');
    }
    for (let slot = 0; this.#keysInSlot !== undefined && slot < SLOT_COUNT; slot++) {
      assert(slots[slot] === this.#keysInSlot[slot], 'keys of a slot are counted');
    }
  }
}
