/**
 * What replication carries: the effects of commands, as bytes that are written once and go to the backlog and to every replica
 * as they are.
 *
 *   word  bits 0-2 what, 3 expires, 4 attributed, 5-8 type, from 9 on the length of the key; little endian, as all here
 *   of an entry:  word length of the value; if it expires: float64 expiry; if it is attributed: word load time in ms (its
 *                 sign bit: what was loaded is that there is nothing), float64 fresh until
 *   of a part:    word length of the whole value, word where the part begins, word its length
 *   of lifetimes: float64 expiry (0: none), float64 fresh until (of what is attributed)
 *   then the key, and of an entry the value, of a part its bytes
 *
 * An effect says how a key is, not what became of it, so that doing it again changes nothing. All are of database 0.
 *
 * A group is some effects in a row, what replication counts as one write: all that was changed between two looks at the
 * stream, at most BLOCK_BYTES of it, or what is large. So an offset costs one small object for many changes.
 * Groups lie side by side in blocks; a block goes when the backlog has dropped the last of its groups. What is large has a block of its
 * own, of its length, so that no more than a quarter of a block stays empty.
 *
 * What one command or transaction changed is in one group, up to WHOLE_BYTES of it: so a replica has all of it or nothing, also one
 * that is promoted.
 */
import { Block, copyBytes } from '../../base/index.js';
import { EntryFacts, MAX_KEY_BYTES, MAX_VALUE_BYTES, type Ref, type Store } from '../../store/index.js';

export const EffectKind = {
  /** The key is not there. */
  GONE: 0,
  /** No key is there. */
  ALL_GONE: 1,
  /** The key has this value, until then. */
  ENTRY: 2,
  /** The key, if it is there, was used just now: only the order of eviction changes. */
  USED: 3,
  /** The key, if it is there, has a value of this length, with these bytes at that place; else all is as it was. */
  PART: 4,
  /** The key, if it is there, expires then, and is fresh until then if that is known; else all is as it was. */
  LIFETIMES: 5,
} as const;

const KIND_MASK = 7;
const EXPIRES = 1 << 3;
const ATTRIBUTED = 1 << 4;
const TYPE_SHIFT = 5;
const TYPE_MASK = 15 << TYPE_SHIFT;
const LENGTH_SHIFT = 9;

const HEAD_BYTES = 4;
const ENTRY_HEAD_BYTES = 8;
const EXPIRY_BYTES = 8;
const ATTRIBUTES_BYTES = 12;
const PART_HEAD_BYTES = 16;
const LIFETIMES_HEAD_BYTES = 20;
const LOAD_MASK = 2 ** 31 - 1;

/** Groups are gathered in blocks of this size, in bytes: what a batch of the stream holds. */
export const BLOCK_BYTES = 64 * 1024;
/** What is longer has a block of its own, in bytes. */
const MAX_SHARED_BYTES = BLOCK_BYTES / 4;
/** What belongs together and is larger comes in several groups: each time it grows it is copied. */
const WHOLE_BYTES = 16 * 1024 * 1024;
/** Nothing belongs together. */
const NOTHING_WHOLE = -1;
/** What a group takes in the backlog beside its bytes, and a block. Measured are 50 to 60, and 350 to 450. */
const GROUP_BYTES = 64;
const BLOCK_OBJECT_BYTES = 512;

/** Effects in a row. Nobody changes them. */
export interface EffectGroup {
  readonly block: Block;
  readonly at: number;
  readonly length: number;
}

/** What a group takes on its way. */
export function groupBytes({ length }: EffectGroup): number {
  return length + GROUP_BYTES;
}

/** What it takes in the backlog: a block counts with the first of its groups. See UNCOUNTED_BYTES. */
export function groupMemory({ block, at }: EffectGroup): number {
  return GROUP_BYTES + (at === 0 ? block.bytes.length + BLOCK_OBJECT_BYTES : 0);
}

/**
 * What `groupMemory` does not count, at most: the oldest block, of which the first group was dropped, and the open blocks of a writer and
 * of a decoder, each of which may have no group in the backlog. What is large is in an open block until the next look at the stream only.
 */
export const UNCOUNTED_BYTES = 3 * (BLOCK_BYTES + BLOCK_OBJECT_BYTES);

/** Gathers effects in groups. */
export class EffectWriter {
  /** Takes a group that is closed. */
  readonly #take: (group: EffectGroup) => void;
  readonly #facts = new EntryFacts();
  #block = Block.ofLength(0);
  #start = 0;
  #end = 0;
  /** Where what belongs together begins. */
  #wholeAt = NOTHING_WHOLE;
  /** Set while something large has a block of its own: where the others go on. */
  #shared: { readonly block: Block; readonly end: number } | undefined;

  constructor(take: (group: EffectGroup) => void) {
    this.#take = take;
  }

  /** Whether there are effects in the open group. */
  get isOpen(): boolean {
    return this.#end > this.#start;
  }

  /** Bytes of the open group. */
  get openBytes(): number {
    return this.#end - this.#start;
  }

  /** The key is as this entry is. */
  entry(store: Store, ref: Ref): void {
    const facts = this.#facts;
    store.readFacts(ref, facts);
    const { keyLength, valueLength, expiry, isAttributed, piece } = facts;
    const headBytes =
      ENTRY_HEAD_BYTES + (expiry === 0 ? 0 : EXPIRY_BYTES) + (isAttributed ? ATTRIBUTES_BYTES : 0);
    let place = this.#room(headBytes + keyLength + valueLength);
    const block = this.#block;
    const { view } = block;
    const flags = (expiry === 0 ? 0 : EXPIRES) | (isAttributed ? ATTRIBUTED : 0);
    const what = EffectKind.ENTRY | flags | (facts.type << TYPE_SHIFT);
    view.setInt32(place, what | (keyLength << LENGTH_SHIFT), true);
    view.setInt32(place + HEAD_BYTES, valueLength, true);
    place += ENTRY_HEAD_BYTES;
    if (expiry !== 0) {
      view.setFloat64(place, expiry, true);
      place += EXPIRY_BYTES;
    }
    if (isAttributed) {
      view.setInt32(place, facts.load, true);
      view.setFloat64(place + 4, facts.freshUntil, true);
      place += ATTRIBUTES_BYTES;
    }
    if (piece === undefined) store.copyBody(ref, block, place);
    else copyBytes(block, place, piece, facts.bodyAt, keyLength + valueLength);
  }

  /** Of the entry's value so many bytes from `from` on have changed, and the length perhaps. */
  part(store: Store, ref: Ref, from: number, length: number): void {
    const keyLength = store.keyLength(ref);
    const place = this.#room(PART_HEAD_BYTES + keyLength + length);
    const { view } = this.#block;
    view.setUint32(place, EffectKind.PART | (keyLength << LENGTH_SHIFT), true);
    view.setUint32(place + 4, store.valueLength(ref), true);
    view.setUint32(place + 8, from, true);
    view.setUint32(place + 12, length, true);
    store.copyKey(ref, this.#block, place + PART_HEAD_BYTES);
    store.copyValue(ref, from, length, this.#block, place + PART_HEAD_BYTES + keyLength);
  }

  /** Of the entry nothing has changed but its lifetimes. */
  lifetimes(store: Store, ref: Ref): void {
    const facts = this.#facts;
    store.readFacts(ref, facts);
    const { keyLength, expiry, isAttributed, freshUntil } = facts;
    const place = this.#room(LIFETIMES_HEAD_BYTES + keyLength);
    const { view } = this.#block;
    const what = EffectKind.LIFETIMES | (isAttributed ? ATTRIBUTED : 0);
    view.setUint32(place, what | (keyLength << LENGTH_SHIFT), true);
    view.setFloat64(place + 4, expiry, true);
    view.setFloat64(place + 12, freshUntil, true);
    store.copyKey(ref, this.#block, place + LIFETIMES_HEAD_BYTES);
  }

  gone(key: Block, at: number, length: number): void {
    this.#keyOnly(EffectKind.GONE, key, at, length);
  }

  used(key: Block, at: number, length: number): void {
    this.#keyOnly(EffectKind.USED, key, at, length);
  }

  allGone(): void {
    const at = this.#room(HEAD_BYTES);
    this.#block.view.setUint32(at, EffectKind.ALL_GONE, true);
  }

  /** Effects that were written elsewhere. */
  copy({ block, at, length }: EffectGroup): void {
    const to = this.#room(length);
    copyBytes(this.#block, to, block, at, length);
  }

  /** What is written from here to `endWhole` belongs together, unless it is closed. */
  beginWhole(): void {
    this.#wholeAt = this.#end;
  }

  endWhole(): void {
    this.#wholeAt = NOTHING_WHOLE;
  }

  /** Closes the open group and hands it over. */
  close(): void {
    let block = this.#block;
    const at = this.#start;
    const length = this.#end - at;
    this.#start = this.#end;
    if (this.#shared !== undefined) {
      if (length < block.bytes.length) block = copyOf(block, 0, length, length);
      this.#block = this.#shared.block;
      this.#start = this.#end = this.#shared.end;
      this.#shared = undefined;
    }
    if (this.#wholeAt !== NOTHING_WHOLE) this.#wholeAt = this.#end;
    if (length > 0) this.#take({ block, at, length });
  }

  #keyOnly(kind: number, key: Block, keyAt: number, length: number): void {
    const at = this.#room(HEAD_BYTES + length);
    this.#block.view.setUint32(at, kind | (length << LENGTH_SHIFT), true);
    copyBytes(this.#block, at + HEAD_BYTES, key, keyAt, length);
  }

  /** Where `bytes` of an effect are to be written, behind those of the open group. */
  #room(bytes: number): number {
    // What belongs together, and goes along to another block.
    let kept = this.#wholeAt === NOTHING_WHOLE ? 0 : this.#end - this.#wholeAt;
    if (kept + bytes > WHOLE_BYTES) kept = 0;
    const isLarge = kept + bytes > MAX_SHARED_BYTES;
    if (this.#shared !== undefined && (!isLarge || kept === 0)) this.close();
    if (this.#shared !== undefined) this.#growOwn(bytes);
    else if (isLarge) this.#begin(kept, kept + bytes, true);
    else if (this.#end + bytes > this.#block.bytes.length) this.#begin(kept, BLOCK_BYTES, false);
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  /** Goes on in another block, with the last `kept` bytes of this one. */
  #begin(kept: number, blockBytes: number, isOwn: boolean): void {
    const block = copyOf(this.#block, this.#end - kept, kept, blockBytes);
    this.#end -= kept;
    this.close();
    if (isOwn) this.#shared = { block: this.#block, end: this.#end };
    this.#block = block;
    this.#start = 0;
    this.#end = kept;
    if (this.#wholeAt !== NOTHING_WHOLE) this.#wholeAt = 0;
  }

  /** All of its own block belongs together. */
  #growOwn(bytes: number): void {
    const length = this.#end + bytes;
    if (length > this.#block.bytes.length)
      this.#block = copyOf(this.#block, 0, this.#end, Math.min(WHOLE_BYTES, 2 * length));
  }
}

/** Some bytes of a block, in a block of that length. */
function copyOf(from: Block, at: number, bytes: number, blockBytes: number): Block {
  const block = Block.ofLength(blockBytes);
  copyBytes(block, 0, from, at, bytes);
  return block;
}

/** One effect, as it stands in a block: read into the same fields again and again. */
export class EffectReader {
  kind: number = EffectKind.GONE;
  keyAt = 0;
  keyLength = 0;
  /** Of an entry, and of a part. */
  valueAt = 0;
  valueLength = 0;
  /** Of a part: its place in the value, and its length; its bytes are at `valueAt`. */
  partAt = 0;
  partLength = 0;
  /** Of an entry, and of lifetimes. What it does not have is 0 or false. */
  expiry = 0;
  isAttributed = false;
  freshUntil = 0;
  /** Of an entry. */
  type = 0;
  loadMs = 0;
  isAbsent = false;

  /** Reads the effect at `at`. Returns where the next one begins; -1 when there is none that ends at or before `end`. */
  read(block: Block, at: number, end: number): number {
    if (at + HEAD_BYTES > end) return -1;
    const word = block.view.getUint32(at, true);
    this.kind = word & KIND_MASK;
    this.keyLength = word >>> LENGTH_SHIFT;
    if (this.kind === EffectKind.ENTRY) return this.#readEntry(block, at, end, word);
    const isKeyless = this.kind === EffectKind.ALL_GONE;
    const isOfLifetimes = this.kind === EffectKind.LIFETIMES;
    const flags = EXPIRES | TYPE_MASK | (isOfLifetimes ? 0 : ATTRIBUTED);
    if (this.kind > EffectKind.LIFETIMES || (word & flags) !== 0) return -1;
    if (this.keyLength > (isKeyless ? 0 : MAX_KEY_BYTES)) return -1;
    if (this.kind === EffectKind.PART) return this.#readPart(block, at, end);
    if (isOfLifetimes) return this.#readLifetimes(block, at, end, word);
    this.keyAt = at + HEAD_BYTES;
    return this.keyAt + this.keyLength <= end ? this.keyAt + this.keyLength : -1;
  }

  #readPart({ view }: Block, at: number, end: number): number {
    if (at + PART_HEAD_BYTES > end) return -1;
    this.valueLength = view.getUint32(at + 4, true);
    this.partAt = view.getUint32(at + 8, true);
    this.partLength = view.getUint32(at + 12, true);
    if (this.valueLength > MAX_VALUE_BYTES || this.partAt + this.partLength > this.valueLength) return -1;
    this.keyAt = at + PART_HEAD_BYTES;
    this.valueAt = this.keyAt + this.keyLength;
    const next = this.valueAt + this.partLength;
    return next <= end ? next : -1;
  }

  #readLifetimes({ view }: Block, at: number, end: number, word: number): number {
    if (at + LIFETIMES_HEAD_BYTES > end) return -1;
    this.isAttributed = (word & ATTRIBUTED) !== 0;
    this.expiry = view.getFloat64(at + 4, true);
    this.freshUntil = view.getFloat64(at + 12, true);
    if (!isTime(this.expiry) || !isTime(this.freshUntil)) return -1;
    this.keyAt = at + LIFETIMES_HEAD_BYTES;
    const next = this.keyAt + this.keyLength;
    return next <= end ? next : -1;
  }

  #readEntry(block: Block, at: number, end: number, word: number): number {
    const { view } = block;
    const expires = (word & EXPIRES) !== 0;
    this.isAttributed = (word & ATTRIBUTED) !== 0;
    this.type = (word & TYPE_MASK) >>> TYPE_SHIFT;
    let place = at + ENTRY_HEAD_BYTES;
    const bodyAt = place + (expires ? EXPIRY_BYTES : 0) + (this.isAttributed ? ATTRIBUTES_BYTES : 0);
    if (bodyAt > end) return -1;
    this.valueLength = view.getUint32(at + HEAD_BYTES, true);
    this.expiry = 0;
    if (expires) {
      this.expiry = view.getFloat64(place, true);
      place += EXPIRY_BYTES;
      if (!isTime(this.expiry) || this.expiry === 0) return -1;
    }
    this.freshUntil = 0;
    this.loadMs = 0;
    this.isAbsent = false;
    if (this.isAttributed) {
      const load = view.getInt32(place, true);
      this.loadMs = load & LOAD_MASK;
      this.isAbsent = load < 0;
      this.freshUntil = view.getFloat64(place + 4, true);
      if (!isTime(this.freshUntil)) return -1;
    }
    if (this.keyLength > MAX_KEY_BYTES || this.valueLength > MAX_VALUE_BYTES) return -1;
    this.keyAt = bodyAt;
    this.valueAt = bodyAt + this.keyLength;
    const next = this.valueAt + this.valueLength;
    return next <= end ? next : -1;
  }
}

/** Points in time may lie before the epoch, and far beyond every calendar; they are numbers. */
function isTime(ms: number): boolean {
  return Number.isFinite(ms);
}
