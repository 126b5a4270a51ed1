/**
 * A monotonic clock that costs a nanosecond or two instead of the 46 of the host's.
 *
 *   read --> [ budget left? ] --yes--> the time kept
 *                  | no
 *                  v
 *            the host's clock, kept for 64 reads or 5 ms, whatever ends first
 *
 * Both ends are needed. A timer alone never fires in a loop that only awaits settled promises: such a loop
 * would see the same instant for ever. A count alone would serve minutes-old time after an idle spell. The
 * timer is a one-shot that does not keep the process alive, and none runs while nobody reads the clock.
 *
 * The time is late by at most 5 ms while the event loop turns, and by at most 64 reads within one turn of it.
 * It never goes back. Like every monotonic clock on Linux it stands still while the machine is suspended.
 */

const READS_PER_REFRESH = 64;
const KEPT_MS = 5;

export class CoarseClock {
  readonly #read: () => number;
  readonly #later: (run: () => void, ms: number) => void;
  #keptMs = 0;
  #readsLeft = 0;
  #timerRuns = false;

  /** `read` is the exact clock; `later` runs a function once after some ms. */
  constructor(read: () => number, later: (run: () => void, ms: number) => void) {
    this.#read = read;
    this.#later = later;
  }

  now(): number {
    if (this.#readsLeft > 0) {
      this.#readsLeft--;
      return this.#keptMs;
    }
    return this.#refresh();
  }

  #refresh(): number {
    this.#keptMs = this.#read();
    this.#readsLeft = READS_PER_REFRESH - 1;
    if (!this.#timerRuns) {
      this.#timerRuns = true;
      this.#later(() => this.#forget(), KEPT_MS);
    }
    return this.#keptMs;
  }

  #forget(): void {
    this.#timerRuns = false;
    this.#readsLeft = 0;
  }
}
