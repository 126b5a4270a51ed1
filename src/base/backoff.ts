/**
 * Waits between attempts: exponential, bounded, and spread by chance, so that clients which lost the same
 * server at the same moment do not come back at the same moment.
 *
 *   ceiling = min(firstMs * 2^attempts, maxMs)
 *   full:   0 .......................... ceiling    spreads best; may try again at once
 *   equal:           ceiling/2 ......... ceiling    never sooner than half
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
export class Backoff {
  readonly #shape: BackoffShape;
  readonly #random: RandomSource;
  #ceilingMs: number;
  constructor(shape: BackoffShape, random: RandomSource) {
    assert(shape.firstMs > 0, `Backoff: firstMs is ${shape.firstMs}; it must be above 0`);
    assert(
      shape.maxMs >= shape.firstMs && shape.maxMs < Number.POSITIVE_INFINITY,
      `Backoff: maxMs is ${shape.maxMs}; it must be finite and at least firstMs`,
    );
    this.#shape = shape;
    this.#random = random;
    this.#ceilingMs = shape.firstMs;
  }
  /** The next wait in ms. */
  nextMs(): number {
    const ceilingMs = this.#ceilingMs;
    this.#ceilingMs = Math.min(ceilingMs * 2, this.#shape.maxMs);
    const leastMs = this.#shape.jitter === 'equal' ? ceilingMs / 2 : 0;
    return leastMs + (ceilingMs - leastMs) * (this.#random.uint32() / UINT32_MAX);
  /** An attempt has succeeded: begins again with short waits. */
  reset(): void {
    this.#ceilingMs = this.#shape.firstMs;
const UINT32_MAX = 2 ** 32 - 1;
/** The shortest of what jitter may leave of a pause, as a share of it. */
const SHORTEST_SHARE = 0.5;
 * How long to pause after the given failure in a row (1 is the first): `firstMs` doubled with each, at most
 * `mostMs`, of which a random 50 to 100 %, so that those who failed together do not come back together.
export function backoffMs(failures: number, firstMs: number, mostMs: number, random: RandomSource): number {
  const pauseMs = Math.min(mostMs, firstMs * 2 ** Math.max(0, failures - 1));
  return pauseMs * (SHORTEST_SHARE + (1 - SHORTEST_SHARE) * (random.uint32() / 2 ** 32));
