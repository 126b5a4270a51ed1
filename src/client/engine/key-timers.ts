/**
 * A bounded set of keys, each with a time at which something is due for it.
 *
 *   set(key, ms) ──> keys ──────────── its time has come ──> due(key), and it is out
 *                     │ └── a key too many: the oldest ──> due
 *                     └── take(key): it is out, and nothing is due
 *
 * One timer of the host while there are keys; it does not keep the process alive.
 */
import { NOT_IN_WHEEL, TimerWheel, type WheelItem } from '../../base/index.js';
import type { Timer, TimeSource } from '../time.js';

/** One who waits need not be told sooner. */
const TICK_MS = 10;
/** One round is 5 s, as long as a lease. */
const WHEEL = { tickMs: TICK_MS, slots: 512 };
/** Keys that are waited for at the same time; some 200 bytes each. Whoever waits for one more too long only asks again. */
const MAX_KEYS = 65_536;

class TimedKey implements WheelItem<TimedKey> {
  wheelSlot = NOT_IN_WHEEL;
  wheelTick = 0;
  wheelPrevious: TimedKey | undefined = undefined;
  wheelNext: TimedKey | undefined = undefined;
  readonly key: string;

  constructor(key: string) {
    this.key = key;
  }
}

export class KeyTimers {
  readonly #time: TimeSource;
  readonly #due: (key: string) => void;
  readonly #keys = new Map<string, TimedKey>();
  readonly #wheel: TimerWheel<TimedKey>;
  #timer: Timer | undefined;

  constructor(time: TimeSource, due: (key: string) => void) {
    this.#time = time;
    this.#due = due;
    this.#wheel = new TimerWheel(WHEEL, time.now());
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Something is due for the key after so many ms, whatever was set before. */
  set(key: string, ms: number): void {
    let item = this.#keys.get(key);
    if (item === undefined) {
      if (this.#keys.size >= MAX_KEYS) this.#fire(this.#keys.values().next().value as TimedKey);
      item = new TimedKey(key);
      this.#keys.set(key, item);
    }
    this.#wheel.remove(item);
    // The wheel counts from its last turn, which is long ago if nothing waited.
    if (this.#wheel.size === 0) this.#wheel.advance(this.#time.now(), this.#fire);
    this.#wheel.add(item, this.#time.now() + ms);
    this.#timer ??= this.#time.later(this.#tick, TICK_MS, false);
  }

  /** Takes a key out. Whether it was in. */
  take(key: string): boolean {
    const item = this.#keys.get(key);
    if (item === undefined) return false;
    this.#wheel.remove(item);
    this.#keys.delete(key);
    return true;
  }

  /** Takes all of them out. */
  takeAll(): string[] {
    const keys = [...this.#keys.keys()];
    for (const item of this.#keys.values()) this.#wheel.remove(item);
    this.#keys.clear();
    return keys;
  }

  close(): void {
    this.takeAll();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    this.#wheel.advance(this.#time.now(), this.#fire);
    if (this.#keys.size > 0) this.#timer ??= this.#time.later(this.#tick, TICK_MS, false);
  };

  readonly #fire = (item: TimedKey): void => {
    this.#wheel.remove(item);
    this.#keys.delete(item.key);
    this.#due(item.key);
  };
}
