/**
 * Waits between attempts: exponential, bounded, and spread by chance, so that clients which lost the same
 * server at the same moment do not come back at the same moment.
 *
 *   ceiling = min(firstMs * 2^attempts, maxMs)
 *   full:   0 .......................... ceiling    spreads best; may try again at once
 *   equal:           ceiling/2 ......... ceiling    never sooner than half
 *
 * Source: M. Brooker, Exponential Backoff And Jitter (AWS Architecture Blog, 2015).
 */
import { assert } from './assert.js';
import type { RandomSource } from './random.js';

export interface BackoffShape {
  /** Ceiling of the first wait. Above 0. */
  readonly firstMs: number;
  /** Ceiling of all waits. At least `firstMs`. */
  readonly maxMs: number;
  readonly jitter: 'full' | 'equal';
}

/** The longest wait that counts as doubling: beyond it the ceiling stands anyway. */
const MAX_DOUBLINGS = 1_000;

/** How long to wait after the given failure in a row (1 is the first). */
export function backoffMs(failures: number, shape: BackoffShape, random: RandomSource): number {
  const doublings = Math.min(Math.max(0, failures - 1), MAX_DOUBLINGS);
  const ceilingMs = Math.min(shape.firstMs * 2 ** doublings, shape.maxMs);
  const leastMs = shape.jitter === 'equal' ? ceilingMs / 2 : 0;
  return leastMs + (ceilingMs - leastMs) * (random.uint32() / UINT32_MAX);
}

/** The waits of one who counts its failures. */
export class Backoff {
  readonly #shape: BackoffShape;
  readonly #random: RandomSource;
  #failures = 0;

  constructor(shape: BackoffShape, random: RandomSource) {
    assert(shape.firstMs > 0, `Backoff: firstMs is ${shape.firstMs}; it must be above 0`);
    assert(
      shape.maxMs >= shape.firstMs && shape.maxMs < Number.POSITIVE_INFINITY,
      `Backoff: maxMs is ${shape.maxMs}; it must be finite and at least firstMs`,
    );
    this.#shape = shape;
    this.#random = random;
  }

  /** The next wait in ms. */
  nextMs(): number {
    return backoffMs(++this.#failures, this.#shape, this.#random);
  }

  /** An attempt has succeeded: begins again with short waits. */
  reset(): void {
    this.#failures = 0;
  }
}

const UINT32_MAX = 2 ** 32 - 1;
