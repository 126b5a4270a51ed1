/**
 * What the main thread and the worker of the mind share without messages: some words of memory.
 *
 *   worker writes   the write lease        number ─ slot 0: shard, epoch, deadline, jumps heard ─ slot 1: the same
 *   main writes     jumps, beats           its clocks jumped so often; it was alive so often
 *   both write      taken                  so much of what the other sent has arrived here: of replication, of publications
 *
 * The lease has two slots. The one that stands is never written to: the worker fills the other, then raises the number, which
 * says which one stands. Who reads looks at the number again behind it: if it is another, the worker may have begun to write over what was
 * read, and it is read again. So nobody reads halves of two leases, and no thread waits for another.
 *
 *   number 6: slot 0 stands     worker: fills slot 1 ─ number 7     reader: 6 ─ slot 0 ─ still 6
 *
 * All words are read and written by Atomics, whose order all threads agree on. Cost of a look at what is known already: one load.
 */

/** A row of words of 32 bits that threads agree on. A test gives its own and looks in between. */
export interface SharedWords {
  load(word: number): number;
  store(word: number, value: number): void;
}

/** The write lease as it goes from the thread that has it to the one that writes under it. */
export interface SharedLease {
  readonly shard: number;
  readonly epoch: number;
  /** On the monotonic clock (holder-clock.ts). */
  readonly deadlineMs: number;
}

const NUMBER = 0;
const SLOTS = 1;
const SLOT_WORDS = 6;
const JUMPS = SLOTS + 2 * SLOT_WORDS;
const BEATS = JUMPS + 1;
const TAKEN_BY_MAIN = BEATS + 1;
const TAKEN_BY_WORKER = TAKEN_BY_MAIN + 1;
const PUBLICATIONS_TAKEN_BY_MAIN = TAKEN_BY_WORKER + 1;
const PUBLICATIONS_TAKEN_BY_WORKER = PUBLICATIONS_TAKEN_BY_MAIN + 1;
const WORDS = PUBLICATIONS_TAKEN_BY_WORKER + 1;

/** A worker writes some leases a second. Who finds another one at each of so many looks is not to wait for an end of that. */
const MAX_LOOKS = 8;

const NEVER = Number.NEGATIVE_INFINITY;

class AtomicWords implements SharedWords {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  load(word: number): number {
    return Atomics.load(this.#words, word);
  }

  store(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }
}

export function newSharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
}

/** One thread's view of the cell. What it read last stands in the fields. */
export class SharedCell {
  readonly #words: SharedWords;
  readonly #double = new Float64Array(1);
  readonly #halves = new Int32Array(this.#double.buffer);
  /** Of the lease that was read or written last. */
  number = 0;
  shard = 0;
  epoch = 0;
  /** -Infinity: there is none. */
  deadlineMs = NEVER;
  /** So many jumps of the main thread's clocks were known to who wrote it. */
  jumpsHeard = 0;

  constructor(memory: SharedArrayBuffer | SharedWords) {
    this.#words = memory instanceof SharedArrayBuffer ? new AtomicWords(memory) : memory;
  }

  // -- the lease

  /** By the worker alone. Undefined: there is none. */
  writeLease(lease: SharedLease | undefined, jumpsHeard: number): void {
    this.shard = lease?.shard ?? 0;
    this.epoch = lease?.epoch ?? 0;
    this.deadlineMs = lease?.deadlineMs ?? NEVER;
    this.jumpsHeard = jumpsHeard;
    this.number = (this.number + 1) | 0;
    const slot = slotOf(this.number);
    this.#words.store(slot, this.shard);
    this.#storeDouble(slot + 1, this.epoch);
    this.#storeDouble(slot + 3, this.deadlineMs);
    this.#words.store(slot + 5, this.jumpsHeard);
    this.#words.store(NUMBER, this.number);
  }

  /** Whether the fields are those of the lease that stands, known before or not; false: it changed too often to be read. */
  readLease(): boolean {
    for (let look = 0; look < MAX_LOOKS; look++) {
      const number = this.#words.load(NUMBER);
      if (number === this.number) return true;
      const slot = slotOf(number);
      const shard = this.#words.load(slot);
      const epoch = this.#loadDouble(slot + 1);
      const deadlineMs = this.#loadDouble(slot + 3);
      const jumpsHeard = this.#words.load(slot + 5);
      if (this.#words.load(NUMBER) !== number) continue;
      this.number = number;
      this.shard = shard;
      this.epoch = epoch;
      this.deadlineMs = deadlineMs;
      this.jumpsHeard = jumpsHeard;
      return true;
    }
    return false;
  }

  // -- what the main thread says

  /** Counts from 0, and may wrap around: to be compared for equality. */
  get jumps(): number {
    return this.#words.load(JUMPS);
  }

  set jumps(count: number) {
    this.#words.store(JUMPS, count);
  }

  get beats(): number {
    return this.#words.load(BEATS);
  }

  /** By the main thread alone. */
  beat(): void {
    this.#words.store(BEATS, (this.beats + 1) | 0);
  }

  // -- how much has arrived

  get takenByMain(): number {
    return this.#words.load(TAKEN_BY_MAIN);
  }

  set takenByMain(count: number) {
    this.#words.store(TAKEN_BY_MAIN, count);
  }

  get takenByWorker(): number {
    return this.#words.load(TAKEN_BY_WORKER);
  }

  set takenByWorker(count: number) {
    this.#words.store(TAKEN_BY_WORKER, count);
  }

  get publicationsTakenByMain(): number {
    return this.#words.load(PUBLICATIONS_TAKEN_BY_MAIN);
  }

  set publicationsTakenByMain(count: number) {
    this.#words.store(PUBLICATIONS_TAKEN_BY_MAIN, count);
  }

  get publicationsTakenByWorker(): number {
    return this.#words.load(PUBLICATIONS_TAKEN_BY_WORKER);
  }

  set publicationsTakenByWorker(count: number) {
    this.#words.store(PUBLICATIONS_TAKEN_BY_WORKER, count);
  }

  #storeDouble(word: number, value: number): void {
    this.#double[0] = value;
    this.#words.store(word, this.#halves[0] as number);
    this.#words.store(word + 1, this.#halves[1] as number);
  }

  #loadDouble(word: number): number {
    this.#halves[0] = this.#words.load(word);
    this.#halves[1] = this.#words.load(word + 1);
    return this.#double[0] as number;
  }
}

function slotOf(number: number): number {
  return SLOTS + (number & 1) * SLOT_WORDS;
}
