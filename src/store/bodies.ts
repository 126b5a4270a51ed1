/**
 * The bytes of entries: key, then value, as one body.
 *
 *   small:  [header][key][value]                                     one cell
 *   large:  [header][rest of the body]  FIRST -> [fragment] -> [fragment] -> ...
 *            the front of the body fills the fragments in order, what remains stands in the entry's own cell
 *
 * `shapeOf` says, from the lengths alone, which of both an entry is and how many fragments it has; everything
 * else follows from it. Reading or writing at an offset of a large entry hops over the fragments before it:
 * one hop per page/4 bytes.
 */
import { Block, copyBytes, equalBytes } from '../base/index.js';
import type { Arena } from './arena.js';
import {
  ATTRIBUTED,
  BEFORE,
  EXPIRES,
  FRAGMENT,
  FRAGMENT_HEADER_BYTES,
  HEADER_BYTES,
  headerBytes,
  LARGE,
  LARGE_BYTES,
  LENGTHS,
  LIVE,
  NEXT,
  type Ref,
  STATE,
} from './layout.js';

/** How many fragments' worth of bytes `copy` moves at once. */
const FRAGMENTS_AT_ONCE = 64;

/** Where a walk through a large body was last: a fragment, and its offset in the body. Nothing may move meanwhile. */
interface Place {
  fragment: Ref;
  start: number;
}

export class Bodies {
  /** Bytes of a body that one fragment holds. */
  readonly fragmentBytes: number;
  /** Result of the last `shapeOf`: bytes of the entry's own cell, and fragments. */
  cellBytes = 0;
  fragments = 0;
  readonly #arena: Arena;
  readonly #maxCellBytes: number;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#maxCellBytes = arena.classes.maxCellBytes;
    this.fragmentBytes = this.#maxCellBytes - FRAGMENT_HEADER_BYTES;
  }

  /** Sets `cellBytes` and `fragments` for a body of this length; `bits` say what its header has. Returns LARGE or 0. */
  shapeOf(bodyLength: number, bits: number): number {
    const header = headerBytes(bits & (EXPIRES | ATTRIBUTED));
    if (header + bodyLength <= this.#maxCellBytes) {
      this.cellBytes = header + bodyLength;
      this.fragments = 0;
      return 0;
    }
    this.fragments = Math.floor(bodyLength / this.fragmentBytes);
    this.cellBytes = header + LARGE_BYTES + bodyLength - this.fragments * this.fragmentBytes;
    if (this.cellBytes > this.#maxCellBytes) {
      this.fragments++;
      this.cellBytes = header + LARGE_BYTES;
    }
    return LARGE;
  }

  keyLength(ref: Ref): number {
    const words = this.#arena.wordsOf(ref);
    const at = this.#arena.wordAt(ref);
    return words[at + STATE] & LARGE ? words[at + LENGTHS] : words[at + LENGTHS] & 0xffff;
  }

  valueLength(ref: Ref): number {
    const words = this.#arena.wordsOf(ref);
    const at = this.#arena.wordAt(ref);
    const state = words[at + STATE];
    return state & LARGE ? words[largeAt(at, state)] : words[at + LENGTHS] >>> 16;
  }

  /** Writes both lengths; STATE must be written. */
  setLengths(ref: Ref, keyLength: number, valueLength: number): void {
    const words = this.#arena.wordsOf(ref);
    const at = this.#arena.wordAt(ref);
    const state = words[at + STATE];
    if (state & LARGE) {
      words[at + LENGTHS] = keyLength;
      words[largeAt(at, state)] = valueLength;
    } else {
      words[at + LENGTHS] = keyLength | (valueLength << 16);
    }
  }

  firstFragment(ref: Ref): Ref {
    const words = this.#arena.wordsOf(ref);
    const at = this.#arena.wordAt(ref);
    return words[largeAt(at, words[at + STATE]) + 1];
  }

  setFirstFragment(ref: Ref, fragment: Ref): void {
    const words = this.#arena.wordsOf(ref);
    const at = this.#arena.wordAt(ref);
    words[largeAt(at, words[at + STATE]) + 1] = fragment;
  }

  /** Links new fragments behind `last` (a fragment, or the entry itself), which the arena must have. */
  appendFragments(ref: Ref, last: Ref, count: number): void {
    let before = last;
    for (let i = 0; i < count; i++) {
      const fragment = this.#arena.allocate(this.#arena.classes.largest);
      const words = this.#arena.wordsOf(fragment);
      const at = this.#arena.wordAt(fragment);
      words[at + NEXT] = 0;
      words[at + BEFORE] = before;
      words[at + STATE] = LIVE | FRAGMENT;
      if (before === ref) this.setFirstFragment(ref, fragment);
      else this.#arena.wordsOf(before)[this.#arena.wordAt(before) + NEXT] = fragment;
      before = fragment;
    }
  }

  /** Frees the fragments from this one on. */
  freeFragments(first: Ref): void {
    let fragment = first;
    while (fragment !== 0) {
      const next = this.next(fragment);
      this.#arena.free(fragment);
      fragment = next;
    }
  }

  next(fragment: Ref): Ref {
    return this.#arena.wordsOf(fragment)[this.#arena.wordAt(fragment) + NEXT];
  }

  /** A fragment stands elsewhere now: mends what is beside it. */
  fragmentMoved(to: Ref): void {
    const words = this.#arena.wordsOf(to);
    const at = this.#arena.wordAt(to);
    const before = words[at + BEFORE];
    const beforeWords = this.#arena.wordsOf(before);
    const beforeAt = this.#arena.wordAt(before);
    if (beforeWords[beforeAt + STATE] & FRAGMENT) beforeWords[beforeAt + NEXT] = to;
    else this.setFirstFragment(before, to);
    const next = words[at + NEXT];
    if (next !== 0) this.#arena.wordsOf(next)[this.#arena.wordAt(next) + BEFORE] = to;
  }

  /** A large entry's own cell stands elsewhere now. */
  largeMoved(to: Ref): void {
    const first = this.firstFragment(to);
    this.#arena.wordsOf(first)[this.#arena.wordAt(first) + BEFORE] = to;
  }

  keyEquals(ref: Ref, key: Block, at: number, length: number): boolean {
    const words = this.#arena.wordsOf(ref);
    const wordAt = this.#arena.wordAt(ref);
    const state = words[wordAt + STATE];
    if (state & LARGE) return words[wordAt + LENGTHS] === length && this.#largeEquals(ref, key, at, length);
    if ((words[wordAt + LENGTHS] & 0xffff) !== length) return false;
    const start = (wordAt << 2) + (state & (EXPIRES | ATTRIBUTED) ? headerBytes(state) : HEADER_BYTES);
    return equalBytes(this.#arena.blockOf(ref), start, key, at, length);
  }

  /** Fragments of an entry; 0 when it is small. */
  fragmentsOf(ref: Ref): number {
    const state = this.#stateOf(ref);
    if ((state & LARGE) === 0) return 0;
    this.shapeOf(this.keyLength(ref) + this.valueLength(ref), state);
    return this.fragments;
  }

  /** The block in which the body of a small entry lies, from `startOf` on; a large one lies in no single piece. */
  pieceOf(ref: Ref): Block | undefined {
    return this.#stateOf(ref) & LARGE ? undefined : this.#arena.blockOf(ref);
  }

  /** Where the body of a small entry begins in its block. */
  startOf(ref: Ref): number {
    return this.#arena.byteAt(ref) + headerBytes(this.#stateOf(ref));
  }

  /** Copies `length` bytes of the body from `from` on to a block. */
  read(ref: Ref, from: number, length: number, to: Block, toAt: number, place?: Place): void {
    const state = this.#stateOf(ref);
    if ((state & LARGE) === 0) {
      copyBytes(
        to,
        toAt,
        this.#arena.blockOf(ref),
        this.#arena.byteAt(ref) + headerBytes(state) + from,
        length,
      );
      return;
    }
    this.#spans(
      ref,
      from,
      length,
      (block, at, count, done) => copyBytes(to, toAt + done, block, at, count),
      place,
    );
  }

  /** Copies bytes of a block over the body from `at` on. */
  write(ref: Ref, at: number, from: Block, fromAt: number, length: number, place?: Place): void {
    const state = this.#stateOf(ref);
    if ((state & LARGE) === 0) {
      copyBytes(
        this.#arena.blockOf(ref),
        this.#arena.byteAt(ref) + headerBytes(state) + at,
        from,
        fromAt,
        length,
      );
      return;
    }
    this.#spans(
      ref,
      at,
      length,
      (block, to, count, done) => copyBytes(block, to, from, fromAt + done, count),
      place,
    );
  }

  /** Sets `length` bytes of the body to zero. */
  clear(ref: Ref, at: number, length: number): void {
    this.#spans(ref, at, length, (block, start, count) => block.bytes.fill(0, start, start + count));
  }

  /**
   * Copies a range of one entry's body into another's, through a buffer: what one entry splits at the other need
   * not. Each goes on at the fragment where it stopped.
   */
  copy(from: Ref, fromAt: number, to: Ref, toAt: number, length: number): void {
    const buffer = Block.ofLength(Math.min(length, this.fragmentBytes * FRAGMENTS_AT_ONCE));
    const source: Place = { fragment: 0, start: 0 };
    const target: Place = { fragment: 0, start: 0 };
    for (let done = 0; done < length; done += buffer.bytes.length) {
      const count = Math.min(buffer.bytes.length, length - done);
      this.read(from, fromAt + done, count, buffer, 0, source);
      this.write(to, toAt + done, buffer, 0, count, target);
    }
  }

  /** Calls back with each contiguous piece of a range of the body. */
  #spans(
    ref: Ref,
    from: number,
    length: number,
    visit: (block: Block, at: number, count: number, done: number) => void,
    place?: Place,
  ): void {
    const state = this.#stateOf(ref);
    let done = 0;
    let start = 0;
    if (state & LARGE) {
      const body = this.keyLength(ref) + this.valueLength(ref);
      this.shapeOf(body, state);
      const inFragments = this.fragments * this.fragmentBytes;
      let fragment = from < inFragments ? this.firstFragment(ref) : 0;
      if (place !== undefined && place.fragment !== 0 && fragment !== 0) {
        fragment = place.fragment;
        start = place.start;
      }
      for (; fragment !== 0 && done < length; start += this.fragmentBytes) {
        const offset = from + done - start;
        if (offset < this.fragmentBytes) {
          const count = Math.min(length - done, this.fragmentBytes - offset);
          const at = this.#arena.byteAt(fragment) + FRAGMENT_HEADER_BYTES + offset;
          visit(this.#arena.blockOf(fragment), at, count, done);
          done += count;
          if (place !== undefined) {
            place.fragment = fragment;
            place.start = start;
          }
        }
        fragment = this.next(fragment);
      }
      start = inFragments;
    }
    if (done < length) {
      const at = this.#arena.byteAt(ref) + headerBytes(state) + from + done - start;
      visit(this.#arena.blockOf(ref), at, length - done, done);
    }
  }

  #largeEquals(ref: Ref, key: Block, at: number, length: number): boolean {
    let equal = true;
    this.#spans(ref, 0, length, (block, start, count, done) => {
      if (equal) equal = equalBytes(block, start, key, at + done, count);
    });
    return equal;
  }

  #stateOf(ref: Ref): number {
    return this.#arena.wordsOf(ref)[this.#arena.wordAt(ref) + STATE];
  }
}

/** Where a large entry's VALUE_LENGTH stands; FIRST is behind it. */
function largeAt(wordAt: number, state: number): number {
  return wordAt + (headerBytes(state) - LARGE_BYTES) / 4;
}
