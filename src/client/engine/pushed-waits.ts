/**
 * Waits on a connection that is told of changes (RESP3, CLIENT TRACKING).
 *
 * The server tells of a key that was read under tracking, once. If the connection tracks all it reads, the answer
 * that said `wait` has seen to that. Else (OPTIN) the key is read once more, by `watch`, under tracking: a change between
 * the two reads is what that one finds.
 *
 * The server tells of an expired key only when it gets round to it, which may be never: so each key has a timer for the end
 * of its lease.
 */
import type { TimeSource } from '../time.js';
import { KeyTimers } from './key-timers.js';
import type { LeaseWaits, Watch } from './lease-waits.js';

export class PushedWaits implements LeaseWaits {
  readonly #timers: KeyTimers;
  readonly #woken: (key: string) => void;
  readonly #watch: Watch | undefined;

  /** `watch` reads a key under tracking; undefined: whatever is read is tracked. */
  constructor(time: TimeSource, woken: (key: string) => void, watch: Watch | undefined) {
    this.#timers = new KeyTimers(time, woken);
    this.#woken = woken;
    this.#watch = watch;
  }

  begin(key: string, leaseMs: number): void {
    const isNew = !this.#timers.has(key);
    this.#timers.set(key, leaseMs);
    if (!isNew || this.#watch === undefined) return;
    this.#watch(key).then(
      (leftMs) => {
        if (leftMs <= 0) this.changed(key);
        else if (this.#timers.has(key)) this.#timers.set(key, leftMs);
      },
      // The timer stays.
      () => {},
    );
  }

  changed(key: string | undefined): void {
    if (key === undefined) for (const each of this.#timers.takeAll()) this.#woken(each);
    else if (this.#timers.take(key)) this.#woken(key);
  }

  close(): void {
    this.#timers.close();
  }
}
