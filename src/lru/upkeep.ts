/**
 * Background work of a cache in short slices, on a timer that runs only while there is some.
 *
 *              wake()                       sweep() = true: soon again
 *   asleep ------------------> waiting --------------------------------+
 *     ^                          | ^                                   |
 *     |  needed() = false        | +---- sweep() = false: after 250 ms |
 *     +--------------------------+ <-----------------------------------+
 *
 * The timer never keeps the process alive, and it knows the cache by a weak reference only: a cache that
 * the program has dropped is collected like any other object, with no `close()` to forget.
 */
/** Between slices while there is nothing urgent: four wake-ups a second cost nothing one can measure. */
const CALM_MS = 250;
/** Between slices while work is waiting: leaves nine tenths of the time to the program. */
const BUSY_MS = 10;

export interface Sweeper {
  /** Does one slice (about a millisecond at most); `true` when more is waiting. */
  sweep(): boolean;
  /** Whether there may be work later, so that the timer has to go on. */
  needsUpkeep(): boolean;
}

export class Upkeep {
  readonly #sweeper: WeakRef<Sweeper>;
  readonly #later: (run: () => void, ms: number) => void;
  #awake = false;

  constructor(sweeper: Sweeper, later: (run: () => void, ms: number) => void) {
    this.#sweeper = new WeakRef(sweeper);
    this.#later = later;
  }

  /** Says that there may be work from now on. Cheap when it was known already. */
  wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#sleep(CALM_MS);
  }

  #sleep(ms: number): void {
    this.#later(() => this.#slice(), ms);
  }

  #slice(): void {
    const sweeper = this.#sweeper.deref();
    this.#awake = sweeper?.needsUpkeep() === true;
    if (sweeper === undefined || !this.#awake) return;
    let busy = false;
    try {
      busy = sweeper.sweep();
    } finally {
      this.#sleep(busy ? BUSY_MS : CALM_MS);
    }
  }
}
