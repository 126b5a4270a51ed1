/**
 * What is to come in the simulated world, soonest first; of the same time, in the order in which it was added.
 *
 * A binary heap of slot numbers over flat arrays: an event is no object. `pop` puts the fields of the soonest into the
 * properties of the heap itself.
 *
 * Cost: O(log n) for each, no allocation but when it grows, which doubles it.
 */
const FIRST_CAPACITY = 1024;
const NO_EVENT = 0;

export class EventHeap {
  /** The fields of the event popped last. */
  timeUs = 0;
  kind = NO_EVENT;
  host = 0;
  first = 0;
  second = 0;
  payload: unknown;

  #length = 0;
  /** Of slots ever used; those given back are in #free. */
  #used = 0;
  #added = 0;
  #capacity = FIRST_CAPACITY;
  readonly #free: number[] = [];
  #slots = new Int32Array(FIRST_CAPACITY);
  #times = new Float64Array(FIRST_CAPACITY);
  #orders = new Float64Array(FIRST_CAPACITY);
  #kinds = new Uint8Array(FIRST_CAPACITY);
  #hosts = new Int32Array(FIRST_CAPACITY);
  #firsts = new Float64Array(FIRST_CAPACITY);
  #seconds = new Float64Array(FIRST_CAPACITY);
  readonly #payloads: unknown[] = [];

  get length(): number {
    return this.#length;
  }

  /** `first`, `second` and `payload` mean what the kind says. */
  push(timeUs: number, kind: number, host: number, first: number, second: number, payload: unknown): void {
    if (this.#length === this.#capacity) this.#grow();
    const slot = this.#free.pop() ?? this.#used++;
    this.#times[slot] = timeUs;
    this.#orders[slot] = this.#added++;
    this.#kinds[slot] = kind;
    this.#hosts[slot] = host;
    this.#firsts[slot] = first;
    this.#seconds[slot] = second;
    this.#payloads[slot] = payload;
    this.#rise(this.#length++, slot);
  }

  /** False if there is none. */
  pop(): boolean {
    if (this.#length === 0) return false;
    const slot = this.#slots[0];
    this.timeUs = this.#times[slot];
    this.kind = this.#kinds[slot];
    this.host = this.#hosts[slot];
    this.first = this.#firsts[slot];
    this.second = this.#seconds[slot];
    this.payload = this.#payloads[slot];
    this.#payloads[slot] = undefined;
    this.#free.push(slot);
    const last = this.#slots[--this.#length];
    if (this.#length > 0) this.#sink(last);
    return true;
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#times[a] - this.#times[b];
    return difference < 0 || (difference === 0 && this.#orders[a] < this.#orders[b]);
  }

  #rise(at: number, slot: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(slot, this.#slots[parent])) break;
      this.#slots[at] = this.#slots[parent];
      at = parent;
    }
    this.#slots[at] = slot;
  }

  /** Puts a slot in from the top. */
  #sink(slot: number): void {
    let at = 0;
    for (let child = 1; child < this.#length; child = 2 * at + 1) {
      if (child + 1 < this.#length && this.#isBefore(this.#slots[child + 1], this.#slots[child])) child++;
      if (!this.#isBefore(this.#slots[child], slot)) break;
      this.#slots[at] = this.#slots[child];
      at = child;
    }
    this.#slots[at] = slot;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#slots = grown(this.#slots, new Int32Array(this.#capacity));
    this.#times = grown(this.#times, new Float64Array(this.#capacity));
    this.#orders = grown(this.#orders, new Float64Array(this.#capacity));
    this.#kinds = grown(this.#kinds, new Uint8Array(this.#capacity));
    this.#hosts = grown(this.#hosts, new Int32Array(this.#capacity));
    this.#firsts = grown(this.#firsts, new Float64Array(this.#capacity));
    this.#seconds = grown(this.#seconds, new Float64Array(this.#capacity));
  }
}

function grown<A extends Int32Array | Float64Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
