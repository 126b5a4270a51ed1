/**
 * An order of slots from newest to oldest: a doubly linked ring in two typed arrays.
 *
 *        +-------------------------------------------+
 *        v                                           |
 *   [0: anchor] -next-> newest -next-> ... -next-> oldest
 *
 * Slot 0 is the anchor and never holds an entry, so that linking and unlinking have no special cases: the
 * newest is `next[0]`, the oldest `previous[0]`. Free slots are a stack through `next`. Every operation is
 * O(1); growing copies the two arrays. 8 bytes a slot and no object.
 */

const ANCHOR = 0;

export class SlotOrder {
  #next: Uint32Array;
  #previous: Uint32Array;
  /** Head of the stack of free slots; 0 is none. */
  #free = 0;
  /** Slots from this on were never used. */
  #unused = 1;

  constructor(slots: number) {
    this.#next = new Uint32Array(slots + 1);
    this.#previous = new Uint32Array(slots + 1);
  }

  get oldest(): number {
    return this.#previous[ANCHOR];
  }

  /** How many slots exist, free ones included. */
  get slots(): number {
    return this.#next.length - 1;
  }

  /** Slots that were ever used are 1 to this. */
  get highest(): number {
    return this.#unused - 1;
  }

  get bytes(): number {
    return this.#next.byteLength + this.#previous.byteLength;
  }

  get isFull(): boolean {
    return this.#free === 0 && this.#unused === this.#next.length;
  }

  grow(slots: number): void {
    this.#next = copied(this.#next, slots + 1);
    this.#previous = copied(this.#previous, slots + 1);
  }

  /** Takes a free slot, of which there must be one, as the newest. */
  add(): number {
    let slot = this.#free;
    if (slot === 0) slot = this.#unused++;
    else this.#free = this.#next[slot];
    this.#linkNewest(slot);
    return slot;
  }

  /** Makes a used slot the newest. */
  touch(slot: number): void {
    if (this.#next[ANCHOR] === slot) return;
    this.#unlink(slot);
    this.#linkNewest(slot);
  }

  remove(slot: number): void {
    this.#unlink(slot);
    this.#next[slot] = this.#free;
    this.#free = slot;
  }

  clear(): void {
    this.#next[ANCHOR] = ANCHOR;
    this.#previous[ANCHOR] = ANCHOR;
    this.#free = 0;
    this.#unused = 1;
  }

  /** The used slots from newest to oldest, for checks. */
  *newestFirst(): Generator<number> {
    for (let slot = this.#next[ANCHOR]; slot !== ANCHOR; slot = this.#next[slot]) yield slot;
  }

  #linkNewest(slot: number): void {
    const second = this.#next[ANCHOR];
    this.#next[slot] = second;
    this.#previous[slot] = ANCHOR;
    this.#previous[second] = slot;
    this.#next[ANCHOR] = slot;
  }

  #unlink(slot: number): void {
    const next = this.#next[slot];
    const previous = this.#previous[slot];
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }
}

function copied(from: Uint32Array, length: number): Uint32Array {
  const to = new Uint32Array(length);
  to.set(from);
  return to;
}
