/**
 * The entries and everything that holds them together: cells and bodies, index, recency, lifetimes.
 *
 *   add      reserve space, take a cell, write it, link it into index, recency, lifetimes
 *   reshape  the same entry in another cell (longer value, a lifetime more or less), contents kept
 *   drop     unlink and free
 *
 * Space is reserved whole before anything is taken, since making room moves cells: first by emptying a page
 * of a class that has a page's worth of free cells (never cells that this request needs, or it would
 * take pages from itself for ever), else by evicting the oldest. So nothing is evicted while a class can spare
 * a page. Worst case of one reservation: evictions until some class has a page's worth of free cells, and one page of moves; for
 * large entries as many times that as they have pages. The evictions may fall on all classes in turn before one is so
 * far: fewer than the sum over all classes of the cells of a page (20,768 with pages of 64 KB), a page's worth of
 * the class in use where one size prevails.
 */
import { assert, type Block, copyBytes } from '../base/index.js';
import { Arena } from './arena.js';
import { Bodies } from './bodies.js';
import { KeyIndex } from './key-index.js';
import {
  ATTRIBUTED,
  ATTRIBUTES_BYTES,
  attributesAt,
  BEFORE,
  CHAIN,
  DATABASE_MASK,
  EXPIRES,
  FRAGMENT,
  HASH,
  HEADER_BYTES,
  LARGE,
  LIVE,
  NEXT,
  POSITION,
  type Ref,
  STATE,
} from './layout.js';
import { Lifetimes } from './lifetimes.js';
import type { PagesOptions } from './pages.js';
import { Recency } from './recency.js';

/** The longest header an entry can have. */
const LONGEST = EXPIRES | ATTRIBUTED;
/** Pages that tables and a half-filled class may need beside one large entry. */
const SPARE_PAGES = 4;
/** The bits that decide what stands before the key, and where the body lies. */
const SHAPE = EXPIRES | ATTRIBUTED | LARGE;

export class Entries {
  readonly arena: Arena;
  readonly bodies: Bodies;
  readonly index: KeyIndex;
  readonly recency: Recency;
  readonly lifetimes: Lifetimes;
  /** Cells moved to empty pages, since the start. */
  cellsMoved = 0;
  readonly #evictOldest: () => void;
  /** Bound once: `compact` calls it for each cell. */
  readonly #moved = (from: Ref, to: Ref): void => this.#cellMoved(from, to);
  /** The entry that a reservation must not evict, followed when it is moved; 0 is none. */
  #pinned: Ref = 0;

  /** `evictOldest` must drop the oldest entry. */
  constructor(options: PagesOptions, pageLimit: number, evictOldest: () => void) {
    this.arena = new Arena(options);
    this.arena.pages.limit = pageLimit;
    this.bodies = new Bodies(this.arena);
    this.index = new KeyIndex(this.arena);
    this.recency = new Recency(this.arena);
    this.lifetimes = new Lifetimes(this.arena);
    this.#evictOldest = evictOldest;
  }

  /** The entry of a key, or 0. `database` as the bits of STATE. */
  find(hash: number, database: number, key: Block, at: number, length: number): Ref {
    let ref = this.index.chainOf(hash);
    while (ref !== 0) {
      const words = this.arena.wordsOf(ref);
      const wordAt = this.arena.wordAt(ref);
      if (
        words[wordAt + HASH] === hash &&
        (words[wordAt + STATE] & DATABASE_MASK) === database &&
        this.bodies.keyEquals(ref, key, at, length)
      ) {
        return ref;
      }
      ref = words[wordAt + CHAIN];
    }
    return 0;
  }

  /** Whether an entry of these lengths fits when all others are evicted. */
  fits(keyLength: number, valueLength: number): boolean {
    this.bodies.shapeOf(keyLength + valueLength, LONGEST);
    const { perPage, largest } = this.arena.classes;
    return Math.ceil(this.bodies.fragments / perPage[largest]) + SPARE_PAGES <= this.arena.pages.limit;
  }

  /** Whether bodies of these lengths, of two entries or of one before and after, fit when all others are evicted. */
  fitBoth(bodyLength: number, otherLength: number): boolean {
    const { perPage, largest } = this.arena.classes;
    this.bodies.shapeOf(bodyLength, LONGEST);
    const fragments = this.bodies.fragments;
    this.bodies.shapeOf(otherLength, LONGEST);
    const pages = Math.ceil((fragments + this.bodies.fragments) / perPage[largest]);
    return pages + 2 * SPARE_PAGES <= this.arena.pages.limit;
  }

  /** A new entry in front, its value not yet written; `state` are the bits of database, and ATTRIBUTED. It must fit. */
  add(
    hash: number,
    state: number,
    key: Block,
    keyAt: number,
    keyLength: number,
    valueLength: number,
    expiry: number,
  ): Ref {
    const { arena, bodies } = this;
    const expires = expiry !== 0;
    const bits = state | (expires ? EXPIRES : 0);
    const large = bodies.shapeOf(keyLength + valueLength, bits);
    const cellClass = arena.classes.classOf(bodies.cellBytes);
    const fragments = bodies.fragments;
    assert(this.#reserve(cellClass, fragments, true, expires), 'what fits finds room');
    const ref = arena.allocate(cellClass);
    const words = arena.wordsOf(ref);
    const at = arena.wordAt(ref);
    words[at + HASH] = hash;
    words[at + STATE] = LIVE | bits | large;
    bodies.setLengths(ref, keyLength, valueLength);
    if (large) bodies.appendFragments(ref, ref, fragments);
    bodies.write(ref, 0, key, keyAt, keyLength);
    this.index.insert(ref);
    this.recency.add(ref);
    if (expires) {
      this.lifetimes.add(ref);
      this.lifetimes.setExpiry(ref, expiry);
    }
    return ref;
  }

  /**
   * Gives an entry another length of value (cut, or filled with zeros), another expiry (0: none), room for attributes
   * or none, and puts it in front. Returns where it is now; 0, with the entry unchanged, when it does not fit.
   */
  reshape(ref: Ref, valueLength: number, expiry: number, attributed: number): Ref {
    const { arena, bodies } = this;
    this.recency.touch(ref);
    const state = arena.wordsOf(ref)[arena.wordAt(ref) + STATE];
    const keyLength = bodies.keyLength(ref);
    const oldBody = keyLength + bodies.valueLength(ref);
    const body = keyLength + valueLength;
    bodies.shapeOf(oldBody, state);
    const oldFragments = bodies.fragments;
    const header = attributed | (expiry !== 0 ? EXPIRES : 0);
    const newBits = header | bodies.shapeOf(body, header);
    const fragments = bodies.fragments;
    const cellClass = arena.classes.classOf(bodies.cellBytes);
    const sameBits = (state & SHAPE) === newBits;
    let to = ref;
    if (sameBits && fragments === oldFragments && cellClass === arena.classAt(ref)) {
      bodies.setLengths(ref, keyLength, valueLength);
    } else {
      this.#pinned = ref;
      const needsPlace = expiry !== 0 && (state & EXPIRES) === 0;
      const reserved = this.#reserve(cellClass, Math.max(0, fragments - oldFragments), false, needsPlace);
      const from = this.#pinned;
      this.#pinned = 0;
      if (!reserved) return 0;
      to = arena.allocate(cellClass);
      const newState = (state & ~SHAPE) | newBits;
      this.#transfer(from, to, newState, keyLength, valueLength, oldFragments, fragments);
    }
    if (body > oldBody) bodies.clear(to, oldBody, body - oldBody);
    if (expiry !== 0) this.lifetimes.setExpiry(to, expiry);
    return to;
  }

  /** A copy of an entry's value under another key, which must not exist; 0 when it does not fit beside it. */
  duplicate(
    ref: Ref,
    hash: number,
    state: number,
    key: Block,
    keyAt: number,
    keyLength: number,
    expiry: number,
  ): Ref {
    const valueLength = this.bodies.valueLength(ref);
    const large = this.bodies.shapeOf(keyLength + valueLength, state | (expiry !== 0 ? EXPIRES : 0));
    const cellClass = this.arena.classes.classOf(this.bodies.cellBytes);
    const fragments = large ? this.bodies.fragments : 0;
    this.recency.touch(ref);
    this.#pinned = ref;
    const reserved = this.#reserve(cellClass, fragments, true, expiry !== 0);
    const from = this.#pinned;
    this.#pinned = 0;
    if (!reserved) return 0;
    const to = this.add(hash, state, key, keyAt, keyLength, valueLength, expiry);
    this.bodies.copy(from, this.bodies.keyLength(from), to, keyLength, valueLength);
    this.#copyAttributes(from, to);
    return to;
  }

  drop(ref: Ref): void {
    const state = this.arena.wordsOf(ref)[this.arena.wordAt(ref) + STATE];
    this.index.remove(ref);
    this.recency.remove(ref);
    if (state & EXPIRES) this.lifetimes.remove(ref);
    if (state & LARGE) this.bodies.freeFragments(this.bodies.firstFragment(ref));
    this.arena.free(ref);
  }

  /** Drops all at once: the work does not depend on how many there are. */
  clear(): void {
    this.arena.clear();
    this.recency.clear();
    this.lifetimes.clear();
    this.index.clear();
  }

  /** A step towards a free page: a page of moves, or an eviction. Returns its cost in cells; 0: nothing is left. */
  releaseSome(): number {
    const rich = this.arena.richClass(-1, -1);
    if (rich >= 0) {
      const moved = this.arena.compact(rich, this.#moved);
      this.cellsMoved += moved;
      return 1 + moved;
    }
    const { oldest } = this.recency;
    if (oldest === 0) return 0;
    const cells = this.cellsOf(oldest);
    this.#evictOldest();
    return cells;
  }

  /** Cells an entry takes. */
  cellsOf(ref: Ref): number {
    const { bodies } = this;
    return 1 + bodies.fragmentsOf(ref);
  }

  #reserve(cellClass: number, fragments: number, inserts: boolean, expires: boolean): boolean {
    const { arena, index, lifetimes } = this;
    const largest = arena.classes.largest;
    for (;;) {
      let pages = (inserts && index.growsBySegment ? 1 : 0) + (expires && lifetimes.growsBySegment ? 1 : 0);
      if (cellClass === largest) pages += arena.pagesFor(largest, fragments + 1);
      else pages += arena.pagesFor(cellClass, 1) + (fragments === 0 ? 0 : arena.pagesFor(largest, fragments));
      if (pages === 0 || pages <= arena.pagesLeft) return true;
      let rich = arena.richClass(cellClass, fragments === 0 ? cellClass : largest);
      if (rich < 0 && this.#canSpare(largest, cellClass === largest ? fragments + 1 : fragments))
        rich = largest;
      if (rich < 0 && cellClass !== largest && this.#canSpare(cellClass, 1)) rich = cellClass;
      if (rich >= 0) this.cellsMoved += arena.compact(rich, this.#moved);
      else if (this.recency.oldest === this.#pinned) return false;
      else this.#evictOldest();
    }
  }

  /** Whether a class has a page's worth of free cells beyond those that are needed of it. */
  #canSpare(cellClass: number, cells: number): boolean {
    return this.arena.freeCells[cellClass] >= this.arena.classes.perPage[cellClass] + cells;
  }

  /** Moves an entry into a cell of another shape: fragments both have are handed over, the rest is copied. */
  #transfer(
    from: Ref,
    to: Ref,
    state: number,
    keyLength: number,
    valueLength: number,
    oldFragments: number,
    fragments: number,
  ): void {
    const { arena, bodies, lifetimes } = this;
    copyBytes(arena.blockOf(to), arena.byteAt(to), arena.blockOf(from), arena.byteAt(from), HEADER_BYTES);
    const words = arena.wordsOf(to);
    const at = arena.wordAt(to);
    const oldState = words[at + STATE];
    words[at + STATE] = state;
    const oldBody = keyLength + bodies.valueLength(from);
    bodies.setLengths(to, keyLength, valueLength);
    const shared = Math.min(oldFragments, fragments);
    const first = oldFragments > 0 ? bodies.firstFragment(from) : 0;
    let last = to;
    if (shared > 0) {
      last = first;
      for (let i = 1; i < shared; i++) last = bodies.next(last);
      bodies.setFirstFragment(to, first);
    }
    this.#copyAttributes(from, to);
    const surplus = shared === 0 ? first : bodies.next(last);
    const kept = shared * bodies.fragmentBytes;
    if (fragments > oldFragments) bodies.appendFragments(to, last, fragments - oldFragments);
    const copied = Math.min(oldBody, keyLength + valueLength) - kept;
    if (copied > 0) bodies.copy(from, kept, to, kept, copied);
    if (shared > 0) {
      bodies.largeMoved(to);
      if (oldFragments > fragments) arena.wordsOf(last)[arena.wordAt(last) + NEXT] = 0;
    }
    if (oldFragments > fragments) bodies.freeFragments(surplus);
    this.index.replace(from, to);
    this.recency.replace(from, to);
    if (oldState & state & EXPIRES) {
      words[at + POSITION] = arena.wordsOf(from)[arena.wordAt(from) + POSITION];
      lifetimes.replace(to);
    } else if (state & EXPIRES) {
      lifetimes.add(to);
    } else if (oldState & EXPIRES) {
      lifetimes.remove(from);
    }
    arena.free(from);
  }

  /** What `from` knows of its value, if both have room for it. */
  #copyAttributes(from: Ref, to: Ref): void {
    const { arena } = this;
    const fromState = arena.wordsOf(from)[arena.wordAt(from) + STATE];
    const toState = arena.wordsOf(to)[arena.wordAt(to) + STATE];
    if ((fromState & toState & ATTRIBUTED) === 0) return;
    const at = arena.byteAt(to) + attributesAt(toState);
    copyBytes(
      arena.blockOf(to),
      at,
      arena.blockOf(from),
      arena.byteAt(from) + attributesAt(fromState),
      ATTRIBUTES_BYTES,
    );
  }

  #cellMoved(from: Ref, to: Ref): void {
    const state = this.arena.wordsOf(to)[this.arena.wordAt(to) + STATE];
    if (state & FRAGMENT) {
      this.bodies.fragmentMoved(to);
      return;
    }
    this.index.replace(from, to);
    this.recency.replace(from, to);
    if (state & EXPIRES) this.lifetimes.replace(to);
    if (state & LARGE) this.bodies.largeMoved(to);
    if (this.#pinned === from) this.#pinned = to;
  }

  /** Checks all structures against each other; calls back with each entry. */
  verify(visit: (ref: Ref) => void): void {
    const { arena, bodies, index, recency, lifetimes } = this;
    let cells = 0;
    let expiring = 0;
    index.verify((ref) => {
      const state = arena.wordsOf(ref)[arena.wordAt(ref) + STATE];
      assert((state & LIVE) !== 0 && (state & FRAGMENT) === 0, 'the index holds live entries');
      bodies.shapeOf(bodies.keyLength(ref) + bodies.valueLength(ref), state);
      assert(
        arena.classes.classOf(bodies.cellBytes) === arena.classAt(ref),
        'a cell is of the class it needs',
      );
      cells += 1 + bodies.fragments;
      if (state & EXPIRES) expiring++;
      if (state & LARGE) this.#verifyFragments(ref, bodies.fragments);
      visit(ref);
    });
    assert(recency.verify(index.entries) === index.entries, 'recency holds every entry');
    assert(lifetimes.count === expiring, 'the list of lifetimes holds what expires');
    lifetimes.verify();
    arena.verify(cells, index.pages + lifetimes.pages);
  }

  #verifyFragments(ref: Ref, count: number): void {
    let before = ref;
    let fragment = this.bodies.firstFragment(ref);
    for (let i = 0; i < count; i++) {
      assert(fragment !== 0, 'a large entry has the fragments it needs');
      const words = this.arena.wordsOf(fragment);
      const at = this.arena.wordAt(fragment);
      assert(words[at + STATE] === (LIVE | FRAGMENT), 'a fragment is live');
      assert(words[at + BEFORE] === before, 'a fragment points back');
      before = fragment;
      fragment = words[at + NEXT];
    }
    assert(fragment === 0, 'a large entry has no more fragments than it needs');
  }
}
