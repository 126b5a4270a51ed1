/**
 * The time of the client: a clock that never steps, and timers. Handed in, so that tests can move it.
 *
 * A timer of the host runs after the sockets were read once more: setTimeout, then setImmediate. When the
 * event loop was held up (a long computation, a collection), answers that lie in the kernel would else meet
 * deadlines which passed only because nobody looked.
 */
import { AsyncResource } from 'node:async_hooks';

export interface Timer {
  cancel(): void;
}

export interface TimeSource {
  /** Milliseconds since some fixed instant, never going back. */
  now(): number;
  /** Runs a function once after some ms. Only a timer that `keepsAlive` keeps the process from ending. */
  later(run: () => void, ms: number, keepsAlive: boolean): Timer;
  /** Runs a function once before the next event is handled. Without it what is to end then ends some ms later. */
  endOfEvent?(run: () => void): void;
}

/** Timers belong to nobody: they must not hold the context of the request that happened to start them. */
const nobody = new AsyncResource('nuthatch/client');

class HostTimer implements Timer {
  #timeout: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(run: () => void, ms: number, keepsAlive: boolean) {
    this.#timeout = setTimeout(() => {
      this.#timeout = undefined;
      this.#immediate = setImmediate(run);
    }, ms);
    if (!keepsAlive) this.#timeout.unref();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
  }
}

export const hostTime: TimeSource = Object.freeze({
  now: () => performance.now(),
  later: (run: () => void, ms: number, keepsAlive: boolean): Timer =>
    nobody.runInAsyncScope(() => new HostTimer(run, ms, keepsAlive)),
  // Behind the promises of this event as well.
  endOfEvent: (run: () => void): void => process.nextTick(run),
});
