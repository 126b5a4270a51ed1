import type { SeededRandom } from '../random.js';

/**
 * Zipf-distributed ranks 1..count: rank k is drawn with probability proportional to 1 / k^exponent.
 *
 * Rejection-inversion: O(1) a draw, no tables, so that it works for millions of keys.
 * Source: W. Hörmann, G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
 * distributions", 1996; the arrangement follows Apache Commons RNG.
 */
export class Zipf {
  readonly count: number;
  readonly exponent: number;
  readonly #random: SeededRandom;
  readonly #integralFirst: number;
  readonly #integralLast: number;
  readonly #shortcut: number;

  constructor(count: number, exponent: number, random: SeededRandom) {
    this.count = count;
    this.exponent = exponent;
    this.#random = random;
    this.#integralFirst = this.#integral(1.5) - 1;
    this.#integralLast = this.#integral(count + 0.5);
    this.#shortcut = 2 - this.#integralInverse(this.#integral(2.5) - this.#density(2));
  }

  rank(): number {
    for (;;) {
      const at = this.#integralLast + this.#random.fraction() * (this.#integralFirst - this.#integralLast);
      const x = this.#integralInverse(at);
      const rank = Math.min(this.count, Math.max(1, Math.floor(x + 0.5)));
      if (rank - x <= this.#shortcut || at >= this.#integral(rank + 0.5) - this.#density(rank)) return rank;
    }
  }

  #density(x: number): number {
    return Math.exp(-this.exponent * Math.log(x));
  }

  #integral(x: number): number {
    const log = Math.log(x);
    return expm1Ratio((1 - this.exponent) * log) * log;
  }

  #integralInverse(y: number): number {
    return Math.exp(log1pRatio(Math.max(-1, y * (1 - this.exponent))) * y);
  }
}

function expm1Ratio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x / 2;
}

function log1pRatio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x / 2;
}
