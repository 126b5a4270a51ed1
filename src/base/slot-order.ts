/**
 * An order of slots from newest to oldest: a doubly linked ring in a typed array, two words a slot, side by side: a
 * touch goes to three slots that are anywhere in memory.
 *
 *        +-------------------------------------------+
 *        v                                           |
 *   [0: anchor] -next-> newest -next-> ... -next-> oldest
 *
 * Slot 0 is the anchor and never holds an entry, so that linking and unlinking have no special cases: the
 * newest is `next` of 0, the oldest `previous` of 0. Free slots are a stack through `next`. Every operation is
 * O(1); growing copies the array. 8 bytes a slot and no object.
 */

const ANCHOR = 0;
// Where in the links of a slot: its next at 2 * slot, its previous at 2 * slot + 1.
const PREVIOUS = 1;

export class SlotOrder {
  #links: Uint32Array;
  /** Head of the stack of free slots; 0 is none. */
  #free = 0;
  /** Slots from this on were never used. */
  #unused = 1;

  constructor(slots: number) {
    this.#links = new Uint32Array(2 * (slots + 1));
  }

  get oldest(): number {
    return this.#links[ANCHOR + PREVIOUS];
  }

  /** How many slots exist, free ones included. */
  get slots(): number {
    return this.#links.length / 2 - 1;
  }

  /** Slots that were ever used are 1 to this. */
  get highest(): number {
    return this.#unused - 1;
  }

  get bytes(): number {
    return this.#links.byteLength;
  }

  get isFull(): boolean {
    return this.#free === 0 && this.#unused > this.slots;
  }

  grow(slots: number): void {
    const links = new Uint32Array(2 * (slots + 1));
    links.set(this.#links);
    this.#links = links;
  }

  /** Takes a free slot, of which there must be one, as the newest. */
  add(): number {
    let slot = this.#free;
    if (slot === 0) slot = this.#unused++;
    else this.#free = this.#links[2 * slot];
    this.#linkNewest(slot);
    return slot;
  }

  /** Makes a used slot the newest. */
  touch(slot: number): void {
    if (this.#links[ANCHOR] === slot) return;
    this.#unlink(slot);
    this.#linkNewest(slot);
  }

  remove(slot: number): void {
    this.#unlink(slot);
    this.#links[2 * slot] = this.#free;
    this.#free = slot;
  }

  clear(): void {
    this.#links[ANCHOR] = ANCHOR;
    this.#links[ANCHOR + PREVIOUS] = ANCHOR;
    this.#free = 0;
    this.#unused = 1;
  }

  /** The used slots from newest to oldest, for checks. */
  *newestFirst(): Generator<number> {
    for (let slot = this.#links[ANCHOR]; slot !== ANCHOR; slot = this.#links[2 * slot]) yield slot;
  }

  #linkNewest(slot: number): void {
    const links = this.#links;
    const second = links[ANCHOR];
    links[2 * slot] = second;
    links[2 * slot + PREVIOUS] = ANCHOR;
    links[2 * second + PREVIOUS] = slot;
    links[ANCHOR] = slot;
  }

  #unlink(slot: number): void {
    const links = this.#links;
    const next = links[2 * slot];
    const previous = links[2 * slot + PREVIOUS];
    links[2 * previous] = next;
    links[2 * next + PREVIOUS] = previous;
  }
}
