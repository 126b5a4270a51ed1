/** Where randomness comes from: handed in, so that a run can be repeated. */
export interface RandomSource {
  /** A uniform integer from 0 to 2^32 - 1. */
  uint32(): number;
  /** A uniform integer from 0 to limit - 1; `limit` from 1 to 2^32. */
  below(limit: number): number;
}

/**
 * xoshiro128**: a small, fast generator for simulation, sampling and jitter. Not for secrets.
 * The state is filled from the seed by splitmix32, as its authors advise.
 * Source: D. Blackman and S. Vigna, Scrambled Linear Pseudorandom Number Generators (2018).
 */
export class Random implements RandomSource {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** Any number; its low 32 bits are the seed. */
  constructor(seed: number) {
    let state = seed | 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  uint32(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** A uniform number from 0 (included) to 1 (excluded), in steps of 2^-32. */
  fraction(): number {
    return this.uint32() / 4294967296;
  }
}
