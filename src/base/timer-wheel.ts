/**
 * A hashed timer wheel: many deadlines of any length, each O(1) to add, to take back and to let pass.
 *
 *   dueMs / tickMs, rounded up = the tick at which it fires; tick mod slots = the slot where it waits
 *
 *   slots     0      1      2      3  ...  slots-1         due
 *             |             |                               |
 *             a             b <-> c    (a list per slot)     what fires now
 *             due at        due at
 *             tick 512      ticks 2 and 1026: c waits for two rounds more, b does not wait for it
 *
 * The lists run through the items themselves, so nothing is allocated per deadline. Each slot is looked at
 * when its tick has come: what is due goes to the list `due` and is fired from there; the rest stays for a
 * later round. So the order of adding never matters, and a long deadline hides no short one.
 *
 * Promises: an item fires once, not before its time and, if `advance` is called then, less than a tick after
 * it. `fire` may add and remove any items; what it adds waits for a later `advance`. It must not throw. Items
 * fire in the order of their ticks, unless `advance` comes a whole round late; within a tick in none.
 *
 * Cost: add and remove a handful of writes. `advance` one step per tick passed (at most one round, none while
 * the wheel is empty), and one step per item and round that the item waits: choose slots * tickMs not far
 * below the usual deadline.
 *
 * Source: G. Varghese and T. Lauck, Hashed and Hierarchical Timing Wheels (1987), scheme 6.
 */
import { assert, InvariantError } from './assert.js';

/** What waits in a wheel. The fields are the wheel's; a new item has `wheelSlot: NOT_IN_WHEEL`, in one wheel at a time. */
export interface WheelItem<T> {
  /** Where it waits, or NOT_IN_WHEEL. */
  wheelSlot: number;
  /** The tick at which it fires. */
  wheelTick: number;
  wheelPrevious: T | undefined;
  wheelNext: T | undefined;
}

/** The `wheelSlot` of an item that waits for nothing. */
export const NOT_IN_WHEEL = -1;

/** So many slots of so many milliseconds each. The slots are a power of two. */
export interface WheelShape {
  readonly tickMs: number;
  readonly slots: number;
}

export class TimerWheel<T extends WheelItem<T>> {
  readonly #tickMs: number;
  readonly #mask: number;
  /** The first item of each slot, and behind the slots that of the list `due`. */
  readonly #heads: (T | undefined)[];
  readonly #due: number;
  /** The newest tick that has passed. */
  #tick: number;
  #size = 0;

  constructor(shape: WheelShape, nowMs: number) {
    const { tickMs, slots } = shape;
    assert(tickMs > 0, `TimerWheel: a tick of ${tickMs} ms; it must be above 0`);
    assert(
      slots > 0 && (slots & (slots - 1)) === 0,
      `TimerWheel: ${slots} slots; they must be a power of two`,
    );
    this.#tickMs = tickMs;
    this.#mask = slots - 1;
    this.#due = slots;
    this.#heads = new Array<T | undefined>(slots + 1).fill(undefined);
    this.#tick = Math.floor(nowMs / this.#tickMs);
  }

  /** Items that wait. */
  get size(): number {
    return this.#size;
  }

  /** Lets `item` fire at `dueMs`, with the next tick if that has passed; at Infinity never. */
  add(item: T, dueMs: number): void {
    assert(item.wheelSlot === NOT_IN_WHEEL, 'TimerWheel.add: the item waits already, remove it first');
    const tick = Math.max(Math.ceil(dueMs / this.#tickMs), this.#tick + 1);
    // The message costs more than all else here.
    if (!(tick > this.#tick)) throw new InvariantError(`TimerWheel.add: due at ${dueMs}; give a time`);
    item.wheelTick = tick;
    this.#size++;
    this.#link(item, tick & this.#mask);
  }

  /** Takes a deadline back. Does nothing if the item does not wait. */
  remove(item: T): void {
    if (item.wheelSlot === NOT_IN_WHEEL) return;
    this.#size--;
    this.#unlink(item);
    item.wheelSlot = NOT_IN_WHEEL;
  }

  /** Fires what is due at `nowMs`. An earlier time than the last one changes nothing. */
  advance(nowMs: number, fire: (item: T) => void): void {
    const last = Math.floor(nowMs / this.#tickMs);
    // After a pause longer than a round each slot is looked at once.
    let tick = Math.max(this.#tick, last - this.#mask - 1);
    // What `fire` adds must not be met by the same walk, however often it adds.
    if (this.#tick < last) this.#tick = last;
    while (tick < last && this.#size > 0) {
      tick++;
      this.#collect(tick & this.#mask, last);
      this.#fireDue(fire);
    }
  }

  #collect(slot: number, last: number): void {
    let item = this.#heads[slot];
    while (item !== undefined) {
      const next: T | undefined = item.wheelNext;
      if (item.wheelTick <= last) {
        this.#unlink(item);
        this.#link(item, this.#due);
      }
      item = next;
    }
  }

  #fireDue(fire: (item: T) => void): void {
    for (;;) {
      const item = this.#heads[this.#due];
      if (item === undefined) return;
      this.remove(item);
      fire(item);
    }
  }

  #link(item: T, slot: number): void {
    const head = this.#heads[slot];
    item.wheelSlot = slot;
    item.wheelPrevious = undefined;
    item.wheelNext = head;
    if (head !== undefined) head.wheelPrevious = item;
    this.#heads[slot] = item;
  }

  #unlink(item: T): void {
    const { wheelPrevious, wheelNext } = item;
    if (wheelPrevious === undefined) this.#heads[item.wheelSlot] = wheelNext;
    else wheelPrevious.wheelNext = wheelNext;
    if (wheelNext !== undefined) wheelNext.wheelPrevious = wheelPrevious;
    item.wheelPrevious = undefined;
    item.wheelNext = undefined;
  }
}
