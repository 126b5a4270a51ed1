/**
 * Deadlines around promises of others: a call that is not settled in time is rejected, whatever becomes of it.
 *
 * One wheel and one timer for all calls; the timer runs while calls wait, and keeps the process alive as they do.
 */
import { NOT_IN_WHEEL, TimerWheel, type WheelItem } from '../../base/index.js';
import type { Timer, TimeSource } from '../time.js';

const TICK_MS = 10;
/** One round is 5 s, longer than usual deadlines. */
const WHEEL = { tickMs: TICK_MS, slots: 512 };

class Deadline implements WheelItem<Deadline> {
  wheelSlot = NOT_IN_WHEEL;
  wheelTick = 0;
  wheelPrevious: Deadline | undefined = undefined;
  wheelNext: Deadline | undefined = undefined;
  readonly passed: () => void;

  constructor(passed: () => void) {
    this.passed = passed;
  }
}

export class CallDeadlines {
  readonly #time: TimeSource;
  readonly #wheel: TimerWheel<Deadline>;
  #timer: Timer | undefined;
  #end: Error | undefined;

  constructor(time: TimeSource) {
    this.#time = time;
    this.#wheel = new TimerWheel(WHEEL, time.now());
  }

  /** Why nothing is waited for any more. */
  get end(): Error | undefined {
    return this.#end;
  }

  /** Rejects all that wait, for good. */
  close(error: Error): void {
    this.#end ??= error;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wheel.advance(Number.MAX_SAFE_INTEGER, fire);
  }

  /** Settles as `use` makes of the promise's outcome, or rejects with `late()` after `ms`; then `use` is not called. */
  within<T, R>(
    promise: Promise<T>,
    ms: number,
    use: { resolved: (value: T) => R; rejected: (error: unknown) => unknown; late: () => Error },
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      const deadline = new Deadline(() => reject(this.#end ?? use.late()));
      if (this.#wheel.size === 0) this.#wheel.advance(this.#time.now(), fire);
      this.#wheel.add(deadline, this.#time.now() + ms);
      this.#timer ??= this.#time.later(this.#tick, TICK_MS, true);
      promise.then(
        (value) => {
          if (!this.#isInTime(deadline)) return;
          try {
            resolve(use.resolved(value));
          } catch (error) {
            reject(error);
          }
        },
        (error: unknown) => {
          if (this.#isInTime(deadline)) reject(use.rejected(error));
        },
      );
    });
  }

  #isInTime(deadline: Deadline): boolean {
    const isInTime = deadline.wheelSlot !== NOT_IN_WHEEL;
    this.#wheel.remove(deadline);
    return isInTime;
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    this.#wheel.advance(this.#time.now(), fire);
    if (this.#wheel.size > 0) this.#timer = this.#time.later(this.#tick, TICK_MS, true);
  };
}

function fire(deadline: Deadline): void {
  deadline.passed();
}
