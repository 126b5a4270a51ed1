/**
 * The disk of one host, which keeps one record, replaced as a whole: a temporary file, synced, then renamed.
 *
 *   begin ──> write after write, in order, each takes its time ──> complete: kept, and confirmed
 *     └ a crash: the one under way was lost, torn, or kept and never confirmed; those behind it were not begun
 *
 * What was confirmed is never lost, unless the whole disk is (`wipe`) or a bit of it flips, which the checksum shows.
 */
import { assert, type Random } from '../base/index.js';
import { chance } from './draws.js';
import type { DiskContents } from './program.js';

const SLOW_FACTOR = 10;
/** Of writes that are slower than the others. */
const TAIL_PERMILLE = 100;
const TAIL_FACTOR = 10;
/** A slower disk is one that fails. */
const MAX_WRITE_US = 3_000_000;
/** After faults have ended the disk is not slower than that. */
const HEALED_US = 5000;
/** A write whose error came after the rename is found by the next start. */
const KEPT_IN_ERROR = 0.25;
/** Writes under way; more are a program that does not wait for its disk. */
const MAX_WRITES = 10_000;

interface Write<D> {
  readonly number: number;
  readonly state: D;
}

/** What became of the write that was under way at a crash. */
export type CrashedWrite = 'none' | 'lost' | 'torn' | 'kept';

export class SimDisk<D> {
  readonly #random: Random;
  #diskUs: number;
  #kept: D | undefined;
  #isDamaged = false;
  #hasTornWrite = false;
  #writes: Write<D>[] = [];
  #busyUntilUs = 0;
  #slow = 0;
  #full = 0;
  #errors = 0;
  #lastNumber = 0;

  constructor(random: Random, diskUs: number) {
    this.#random = random;
    this.#diskUs = diskUs;
  }

  /** When the write is over, for better or worse. */
  begin(state: D, number: number, nowUs: number): number {
    assert(number > this.#lastNumber, `persist ${number} after ${this.#lastNumber}: numbers must rise`);
    assert(this.#writes.length < MAX_WRITES, `${MAX_WRITES} writes wait for the disk`);
    this.#lastNumber = number;
    this.#writes.push({ number, state });
    let writeUs = 1 + this.#random.below(this.#diskUs);
    if (this.#random.below(1000) < TAIL_PERMILLE) writeUs *= TAIL_FACTOR;
    if (this.#slow > 0) writeUs *= SLOW_FACTOR;
    this.#busyUntilUs = Math.max(nowUs, this.#busyUntilUs) + Math.min(writeUs, MAX_WRITE_US);
    return this.#busyUntilUs;
  }

  /** The oldest write is over. Whether it was kept, so that it may be confirmed. */
  complete(number: number): boolean {
    const write = this.#writes.shift();
    assert(write?.number === number, `persist ${number} is not the one under way`);
    if (this.#full > 0) return false;
    if (this.#errors > 0) {
      this.#errors--;
      if (chance(this.#random, KEPT_IN_ERROR)) this.#kept = write.state;
      return false;
    }
    this.#kept = write.state;
    return true;
  }

  /** The life has ended. */
  crash(nowUs: number): CrashedWrite {
    const write = this.#writes.at(0);
    this.#writes = [];
    this.#busyUntilUs = nowUs;
    this.#lastNumber = 0;
    this.#hasTornWrite = false;
    if (write === undefined) return 'none';
    const fate = this.#random.below(3);
    if (fate === 0) return 'lost';
    if (fate === 1) {
      this.#hasTornWrite = true;
      return 'torn';
    }
    if (this.#full === 0) this.#kept = write.state;
    return this.#full === 0 ? 'kept' : 'lost';
  }

  /** Another disk, empty. */
  wipe(): void {
    this.#kept = undefined;
    this.#isDamaged = false;
    this.#hasTornWrite = false;
  }

  /** A bit of what is kept flips; the next start will see it. */
  flip(): void {
    this.#isDamaged = true;
  }

  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  contents(): DiskContents<D> {
    if (this.#isDamaged) return { kind: 'damaged' };
    const hasTornWrite = this.#hasTornWrite;
    return this.#kept === undefined
      ? { kind: 'empty', hasTornWrite }
      : { kind: 'kept', state: this.#kept, hasTornWrite };
  }

  slow(by: 1 | -1): void {
    this.#slow += by;
  }

  full(by: 1 | -1): void {
    this.#full += by;
  }

  /** The next write ends in an error. */
  error(): void {
    this.#errors++;
  }

  heal(): void {
    this.#slow = 0;
    this.#full = 0;
    this.#errors = 0;
    this.#diskUs = Math.min(this.#diskUs, HEALED_US);
  }
}
