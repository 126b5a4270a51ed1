/**
 * Who waits for a load of somebody else: a wait ends when the key is woken, or when its time is over.
 *
 *   open(key) --> the read is sent --> "wait" --> sleep(ms) --> woken, or late --> read again
 *                    ^ a wake that comes before the sleep is remembered, so none is lost
 */
import type { Timer, TimeSource } from './time.js';

/** One read that may have to wait. */
export class Wake {
  readonly key: string;
  #woken = false;
  #resolve: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(key: string) {
    this.key = key;
  }

  /** Resolves when woken since the last sleep, at the latest after `ms`. */
  sleep(ms: number, time: TimeSource): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#timer = time.later(() => this.#end(), ms, true);
    });
  }

  wake(): void {
    if (this.#resolve === undefined) this.#woken = true;
    else this.#end();
  }

  #end(): void {
    this.#timer?.cancel();
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.();
  }
}

export class Wakes {
  /** Almost always one for a key: single flight. */
  readonly #byKey = new Map<string, Wake | Set<Wake>>();

  open(key: string): Wake {
    const wake = new Wake(key);
    const there = this.#byKey.get(key);
    if (there === undefined) this.#byKey.set(key, wake);
    else if (there instanceof Wake) this.#byKey.set(key, new Set([there, wake]));
    else there.add(wake);
    return wake;
  }

  close(wake: Wake): void {
    const there = this.#byKey.get(wake.key);
    if (there === wake) this.#byKey.delete(wake.key);
    else if (there instanceof Set) {
      there.delete(wake);
      if (there.size === 0) this.#byKey.delete(wake.key);
    }
  }

  wake(key: string): void {
    const there = this.#byKey.get(key);
    if (there instanceof Wake) there.wake();
    else if (there !== undefined) for (const wake of there) wake.wake();
  }

  /** The node has forgotten who waits. */
  wakeAll(): void {
    for (const key of [...this.#byKey.keys()]) this.wake(key);
  }
}
