/**
 * The first calls of a process wait until it is known whether what they ask can be reached, for OPENING_MS at most: else each process
 * that starts would load what the others have.
 */
import type { TimeSource } from '../time.js';

/** As long as a usual deadline: a cache that is not there delays a process that starts by no more. */
const OPENING_MS = 200;

export class Opening {
  #waiting: Promise<void> | undefined;
  #resolve: () => void = () => {};

  constructor(time: TimeSource) {
    this.#waiting = new Promise<void>((resolve) => {
      const timer = time.later(() => this.over(), OPENING_MS, false);
      this.#resolve = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** Calls are to wait. */
  get isOn(): boolean {
    return this.#waiting !== undefined;
  }

  /** Calls again when it is over. */
  wait<T>(call: () => Promise<T>): Promise<T> {
    return (this.#waiting ?? Promise.resolve()).then(call);
  }

  over(): void {
    this.#waiting = undefined;
    this.#resolve();
  }
}
