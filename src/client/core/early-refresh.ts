/**
 * When a value is loaded again before its lifetime is over, so that no reader ever waits for an expired key.
 *
 *   filled                                                        window        expires
 *   |------------------------- lifetime (jittered) -----------------[=============|
 *                                                                   ^ a read here refreshes in the background
 *
 *   window = load * (2 + beta * Exp(1)) + earlyShare * ttl,  at most half of the lifetime
 *
 * The term `beta * Exp(1) * load` is XFetch, probabilistic early expiration: readers that do not know of each other
 * spread over the time before the end, few of them refresh at once, and a slow load begins earlier than a fast one.
 * XFetch alone needs many reads per load time, or the first that draws long enough comes less than a load before the
 * end: of 1,000 lifetimes of 10 s, read 100 times a second, so many ended with a waiting reader:
 *
 *   load     10 ms   50 ms   100 ms   200 ms
 *   XFetch     455     129       40        8      with the two terms below: 0, 0, 0, 0
 *
 * - `2 * load`: the new value must have *arrived* by the end. Twice, because the next load may take longer than the
 *   last one.
 * - `earlyShare * ttl`: a read must fall into the window. Two loads of 2 ms may pass between two reads; a share of the
 *   lifetime holds many reads of any key that is read at all often, whatever its load costs.
 *
 * At most half of the lifetime, so that a load slower than a quarter of it is not begun anew as soon as it has
 * ended: it costs no more than two loads a lifetime.
 *
 * Jitter makes lifetimes up to a tenth shorter, so that keys which were filled together do not expire together.
 * Shorter and never longer: the lifetime that the user wrote is a promise about the age of what is served.
 *
 * Source: A. Vattani, F. Chierichetti, K. Lowenstein, Optimal Probabilistic Cache Stampede Prevention, VLDB 2015.
 */
import { assert, type RandomSource } from '../../base/index.js';

/** How early values are refreshed. */
export interface EarlyRefresh {
  /** Weight of the random part, in load times: 1 is what the paper finds best; 0 leaves it out. */
  readonly beta: number;
  /** The share of its lifetime by which every value is refreshed early; 0 to 0.5. */
  readonly earlyShare: number;
}

export const earlyRefreshDefaults: EarlyRefresh = Object.freeze({ beta: 1, earlyShare: 0.05 });

/** The share of a lifetime that jitter takes away at most. */
export const TTL_JITTER = 0.1;

/** The largest window, as a share of the lifetime. */
const MOST_OF_TTL = 0.5;

/**
 * A lifetime up to the share `jitter` (0 to 1) shorter than `ttlMs`, never longer, never 0: whole milliseconds, and
 * at least one of them. Infinity stays.
 */
export function jitteredTtl(ttlMs: number, jitter: number, random: RandomSource): number {
  assert(ttlMs > 0, `a lifetime is above 0 ms, not ${ttlMs}`);
  assert(jitter >= 0 && jitter <= 1, `jitter is a share from 0 to 1, not ${jitter}`);
  if (ttlMs === Number.POSITIVE_INFINITY) return ttlMs;
  const drawnMs = Math.floor(ttlMs * (1 - jitter * fraction(random)));
  return Math.max(drawnMs, Math.min(ttlMs, 1));
}

/**
 * Whether this read of a live value, which has `remainingMs` of its lifetime `ttlMs` left and took `loadMs` to load,
 * should refresh it. Draws anew at each read that is neither clearly early nor clearly late.
 */
export function refreshesEarly(
  remainingMs: number,
  ttlMs: number,
  loadMs: number,
  random: RandomSource,
  early: EarlyRefresh = earlyRefreshDefaults,
): boolean {
  if (!(remainingMs <= ttlMs * MOST_OF_TTL) || ttlMs === Number.POSITIVE_INFINITY) return false;
  const surelyMs = certainWindow(ttlMs, loadMs, early);
  return remainingMs <= surelyMs || remainingMs <= surelyMs + loadMs * early.beta * exponential(random);
}

/**
 * The moment from which a read of this value refreshes it, drawn once: for near entries, whose hits must cost no more
 * than a comparison. Infinity for a value that does not expire.
 */
export function drawRefreshAt(
  expiresAtMs: number,
  ttlMs: number,
  loadMs: number,
  random: RandomSource,
  early: EarlyRefresh = earlyRefreshDefaults,
): number {
  if (expiresAtMs === Number.POSITIVE_INFINITY) return expiresAtMs;
  const windowMs = certainWindow(ttlMs, loadMs, early) + loadMs * early.beta * exponential(random);
  return expiresAtMs - Math.min(windowMs, ttlMs * MOST_OF_TTL);
}

/** The part of the window that is not drawn. */
function certainWindow(ttlMs: number, loadMs: number, early: EarlyRefresh): number {
  return 2 * loadMs + early.earlyShare * ttlMs;
}

/** Exponentially distributed, with mean 1. */
function exponential(random: RandomSource): number {
  return -Math.log(1 - fraction(random));
}

/** Uniform from 0 (included) to 1 (excluded). */
function fraction(random: RandomSource): number {
  return random.uint32() / 2 ** 32;
}
