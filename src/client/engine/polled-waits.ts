/**
 * Waits on a connection that is told of nothing: the key is looked at again and again until nobody holds its lease.
 *
 *   25 ms, 50, 100, 200, 250, 250 ...   between two looks, the second half of each by chance
 *
 * A look moves no value. One who cannot look wakes its waiters when the lease that was last heard of is over.
 */
import { backoffMs, type RandomSource } from '../../base/index.js';
import type { TimeSource } from '../time.js';
import { KeyTimers } from './key-timers.js';
import type { LeaseWaits, Watch } from './lease-waits.js';

const BETWEEN_LOOKS = { firstMs: 25, maxMs: 250, jitter: 'equal' } as const;

interface Polled {
  looks: number;
  /** When the lease is over, as last heard. */
  endsMs: number;
}

export class PolledWaits implements LeaseWaits {
  readonly #time: TimeSource;
  readonly #random: RandomSource;
  readonly #woken: (key: string) => void;
  readonly #watch: Watch;
  readonly #timers: KeyTimers;
  /** All that are waited for; those not in the timers are being looked at. */
  readonly #polled = new Map<string, Polled>();

  constructor(time: TimeSource, random: RandomSource, woken: (key: string) => void, watch: Watch) {
    this.#time = time;
    this.#random = random;
    this.#woken = woken;
    this.#watch = watch;
    this.#timers = new KeyTimers(time, (key) => this.#look(key));
  }

  begin(key: string, leaseMs: number): void {
    const endsMs = this.#time.now() + leaseMs;
    const polled = this.#polled.get(key);
    if (polled !== undefined) {
      polled.endsMs = endsMs;
      return;
    }
    const fresh = { looks: 0, endsMs };
    this.#polled.set(key, fresh);
    this.#lookLater(key, fresh);
  }

  changed(key: string | undefined): void {
    if (key === undefined) for (const each of [...this.#polled.keys()]) this.#end(each);
    else this.#end(key);
  }

  close(): void {
    this.#timers.close();
    this.#polled.clear();
  }

  #lookLater(key: string, polled: Polled): void {
    polled.looks++;
    const leftMs = Math.max(0, polled.endsMs - this.#time.now());
    this.#timers.set(key, Math.min(leftMs, backoffMs(polled.looks, BETWEEN_LOOKS, this.#random)));
  }

  #look(key: string): void {
    const polled = this.#polled.get(key);
    if (polled === undefined) return;
    this.#watch(key).then(
      (leftMs) => {
        polled.endsMs = this.#time.now() + leftMs;
        this.#goOn(key, polled);
      },
      () => this.#goOn(key, polled),
    );
  }

  #goOn(key: string, polled: Polled): void {
    // Closed, or woken and begun anew meanwhile.
    if (this.#polled.get(key) !== polled) return;
    if (polled.endsMs <= this.#time.now()) this.#end(key);
    else this.#lookLater(key, polled);
  }

  #end(key: string): void {
    if (!this.#polled.delete(key)) return;
    this.#timers.take(key);
    this.#woken(key);
  }
}
