/**
 * So many bytes of work in one turn of the loop, for all who share them; who finds none left goes on in a later turn, in the order of asking.
 *
 *   take ─ take ─ take │ none left: wait, wait        the loop does all else
 *   ───────────────────┴──────────── next turn ──> the first of those who wait goes on, then the second, ...
 *
 * Who has many bytes to do holds up nobody for longer than one turn's. Cost: a turn of the loop for each `bytes`.
 */
export class Turns {
  readonly #bytes: number;
  #left: number;
  readonly #waiting = new Set<() => void>();
  #isDue = false;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#left = bytes;
  }

  get hasLeft(): boolean {
    return this.#left > 0;
  }

  take(bytes: number): void {
    this.#left -= bytes;
  }

  /** Calls it in a later turn, once. */
  wait(resume: () => void): void {
    this.#waiting.add(resume);
    this.#nextTurn();
  }

  #nextTurn(): void {
    if (this.#isDue || this.#waiting.size === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#left = this.#bytes;
      for (const resume of this.#waiting) {
        if (!this.hasLeft) break;
        // Who wants still more is behind all others then.
        this.#waiting.delete(resume);
        resume();
      }
      this.#nextTurn();
    });
  }
}
