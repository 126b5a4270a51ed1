/**
 * Who waits for a load of somebody else: a wait ends when the key is woken, or when its time is over.
 *
 *   since = sequence --> the read is sent --> "wait" --> sleep(key, since, ms) --> woken, or late --> read again
 *                           ^ a wake that comes before the sleep is remembered, so none is lost
 *
 * Reads that need not wait, almost all of them, cost nothing here: they note a number. Remembered are the last
 * MAX_REMEMBERED keys that were woken; who has to look further back reads again for nothing.
 */
import type { Timer, TimeSource } from './time.js';

/** Wakes that come between a read and its answer are few; each takes some 100 bytes. */
const MAX_REMEMBERED = 1_024;

class Sleeper {
  readonly #resolve: () => void;
  readonly #timer: Timer;

  constructor(resolve: () => void, ms: number, time: TimeSource, late: (sleeper: Sleeper) => void) {
    this.#resolve = resolve;
    this.#timer = time.later(() => late(this), ms, true);
  }

  wake(): void {
    this.#timer.cancel();
    this.#resolve();
  }
}

export class Wakes {
  #sequence = 0;
  /** Who has read before this has to read again. */
  #forgottenAt = 0;
  readonly #sleepers = new Map<string, Set<Sleeper>>();
  /** When keys were woken last, the oldest first. */
  readonly #remembered = new Map<string, number>();

  /** To be noted before a read is sent. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Resolves when the key is woken, or was since `since`; at the latest after `ms`. */
  sleep(key: string, since: number, ms: number, time: TimeSource): Promise<void> {
    if (since < this.#forgottenAt || (this.#remembered.get(key) ?? 0) > since) return Promise.resolve();
    return new Promise((resolve) => {
      const late = (sleeper: Sleeper): void => {
        const others = this.#sleepers.get(key);
        others?.delete(sleeper);
        if (others?.size === 0) this.#sleepers.delete(key);
        sleeper.wake();
      };
      const sleeper = new Sleeper(resolve, ms, time, late);
      const others = this.#sleepers.get(key);
      if (others === undefined) this.#sleepers.set(key, new Set([sleeper]));
      else others.add(sleeper);
    });
  }

  wake(key: string): void {
    this.#sequence++;
    // Also if somebody sleeps: another read of this key may be on its way.
    this.#remember(key);
    const sleepers = this.#sleepers.get(key);
    if (sleepers === undefined) return;
    this.#sleepers.delete(key);
    for (const sleeper of sleepers) sleeper.wake();
  }

  /** The node has forgotten who waits. */
  wakeAll(): void {
    this.#forgottenAt = ++this.#sequence;
    this.#remembered.clear();
    const all = [...this.#sleepers.values()];
    this.#sleepers.clear();
    for (const sleepers of all) for (const sleeper of sleepers) sleeper.wake();
  }

  #remember(key: string): void {
    this.#remembered.delete(key);
    this.#remembered.set(key, this.#sequence);
    if (this.#remembered.size <= MAX_REMEMBERED) return;
    for (const [oldest, sequence] of this.#remembered) {
      this.#remembered.delete(oldest);
      this.#forgottenAt = Math.max(this.#forgottenAt, sequence);
      return;
    }
  }
}
