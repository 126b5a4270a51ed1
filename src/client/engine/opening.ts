/**
 * The first calls of a process wait until it is known whether what they ask can be reached, for OPENING_MS at most: else each process
 * that starts would load what the others have.
 */
import type { Timer, TimeSource } from '../time.js';

/** As long as a usual deadline: a cache that is not there delays a process that starts by no more. */
const OPENING_MS = 200;

export class Opening {
  readonly #time: TimeSource;
  #waiting: Promise<void> | undefined;
  /** Keeps the process alive while somebody waits. */
  #vigil: Timer | undefined;
  #resolve: () => void = () => {};

  constructor(time: TimeSource) {
    this.#time = time;
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
    if (this.#waiting === undefined) return call();
    this.#vigil ??= this.#time.later(() => {}, OPENING_MS, true);
    return this.#waiting.then(call);
  }

  over(): void {
    this.#waiting = undefined;
    this.#vigil?.cancel();
    this.#resolve();
  }
}
