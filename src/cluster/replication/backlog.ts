/**
 * The last writes of a shard, for copies that were away for a moment.
 *
 *   first ──────────────────────────── last        offsets; older ones are dropped when the bytes are too many
 *
 * Writes come in the order of their offsets, without gaps. It keeps at least the newest, however large that is.
 */
import { assert } from '../../base/index.js';

export class Backlog<W> {
  #maxBytes: number;
  readonly #memoryOf: (write: W) => number;
  /** The writes at `#start` and after it; the places before it are empty, and are given back from time to time. */
  #writes: (W | undefined)[] = [];
  #start = 0;
  #bytes = 0;
  #last: number;

  /** Empty behind this offset. */
  constructor(last: number, maxBytes: number, memoryOf: (write: W) => number) {
    this.#last = last;
    this.#maxBytes = maxBytes;
    this.#memoryOf = memoryOf;
  }

  /** The offset of the newest write. */
  get last(): number {
    return this.#last;
  }

  /** How many writes it holds. */
  get count(): number {
    return this.#writes.length - this.#start;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How much it may keep. Of what is too much then the oldest goes. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  set maxBytes(bytes: number) {
    this.#maxBytes = bytes;
    this.#drop();
  }

  add(write: W): number {
    this.#writes.push(write);
    this.#bytes += this.#memoryOf(write);
    this.#drop();
    return ++this.#last;
  }

  /** Forgets everything; what comes next has the offset behind this one. */
  restart(last: number): void {
    this.#writes = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#last = last;
  }

  /** Whether all writes behind this offset are here. */
  reaches(offset: number): boolean {
    return offset <= this.#last && this.#last - offset <= this.#writes.length - this.#start;
  }

  /** The write at an offset that it reaches. */
  at(offset: number): W {
    const place = this.#writes.length - 1 - (this.#last - offset);
    assert(offset <= this.#last && place >= this.#start, 'the backlog has that write');
    return this.#writes[place] as W;
  }

  #drop(): void {
    while (this.#bytes > this.#maxBytes && this.#start < this.#writes.length - 1) {
      this.#bytes -= this.#memoryOf(this.#writes[this.#start] as W);
      this.#writes[this.#start++] = undefined;
    }
    if (this.#start > 1024 && this.#start * 2 > this.#writes.length) {
      this.#writes = this.#writes.slice(this.#start);
      this.#start = 0;
    }
  }
}
