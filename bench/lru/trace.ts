/**
 * The traffic of the bench: which key comes next, and what its value is.
 *
 * A key's rank (1 is the most frequent) gives its name and the size of its value; so all contenders see the
 * same keys with the same sizes. Names and values are made afresh at each use, as they are in a program that
 * reads them from a socket: a cache that keeps a value keeps memory of its own.
 */
import { Zipf } from '../load/zipf.js';
import { SeededRandom } from '../random.js';

const EXPONENT = 0.9;
const LEAST_BYTES = 64;
const MOST_BYTES = 4096;
const POOL_BYTES = 1 << 20;

/** Mean size of a value: log-uniform from 64 B to 4 KB. */
export const MEAN_VALUE_BYTES = (MOST_BYTES - LEAST_BYTES) / Math.log(MOST_BYTES / LEAST_BYTES);

export class Trace {
  /** Distinct keys. */
  readonly keys: number;
  readonly #all: Zipf;
  readonly #frequent: Zipf;
  /** Apart from what draws the keys: a cache that misses more often draws more values, and the same keys. */
  readonly #random: SeededRandom;
  readonly #pool: Buffer;

  constructor(keys: number, seed: number) {
    this.keys = keys;
    this.#random = new SeededRandom(seed);
    this.#all = new Zipf(keys, EXPONENT, new SeededRandom(seed + 1));
    this.#frequent = new Zipf(Math.ceil(keys / 20), EXPONENT, new SeededRandom(seed + 2));
    this.#pool = Buffer.alloc(POOL_BYTES);
    // Printable ASCII, as JSON and HTML mostly are.
    for (let i = 0; i < POOL_BYTES; i++) this.#pool[i] = 32 + this.#random.below(95);
  }

  nextRank(): number {
    return this.#all.rank();
  }

  /** One of the most frequent twentieth of all keys: a tenth of what a cache of half of them holds. */
  nextFrequentRank(): number {
    return this.#frequent.rank();
  }

  key(rank: number): string {
    return `item:${scrambled(rank)}`;
  }

  valueBytes(rank: number): number {
    const share = scrambled(rank ^ 0x5bd1e995) / 2 ** 32;
    return Math.floor(LEAST_BYTES * (MOST_BYTES / LEAST_BYTES) ** share);
  }

  text(rank: number): string {
    const length = this.valueBytes(rank);
    const at = this.#random.below(POOL_BYTES - length);
    return this.#pool.toString('latin1', at, at + length);
  }

  bytes(rank: number): Uint8Array {
    const length = this.valueBytes(rank);
    const at = this.#random.below(POOL_BYTES - length);
    return Uint8Array.prototype.slice.call(this.#pool, at, at + length);
  }
}

/** Another 32-bit number for each: multiplication by an odd number loses nothing. */
function scrambled(rank: number): number {
  return Math.imul(rank, 0x9e3779b1) >>> 0;
}
