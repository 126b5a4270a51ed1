/** Bytes that were given to another thread, and of which it says in shared memory how many it has taken: so that no more wait there than there is room for. */
export class UntakenBytes {
  readonly #maxBytes: number;
  readonly #taken: () => number;
  /** Wraps around, as what is taken does. */
  #given = 0;

  constructor(maxBytes: number, taken: () => number) {
    this.#maxBytes = maxBytes;
    this.#taken = taken;
  }

  /** Whether there is room; so many more are given then. One that is larger than all the room is given when little waits. */
  give(bytes: number): boolean {
    if ((this.#given - this.#taken()) >>> 0 > this.#maxBytes) return false;
    this.#given = (this.#given + bytes) | 0;
    return true;
  }
}
