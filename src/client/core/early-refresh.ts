/**
 * When a value is loaded again before its lifetime is over, so that no reader ever waits for an expired key.
 *
 *   filled                                                        window        expires
 *   |------------------------- lifetime (jittered) -----------------[=============|
 *                                                                   ^ a read here refreshes in the background
 *
 *   lead   = load + earlyShare / 2 * lifetime, at most an eighth of the lifetime      stored with the value
 *   window = lead * (2 + beta * Exp(1)), Exp cut at 2; so at most half of the lifetime
 *
 * The random part is XFetch, probabilistic early expiration: readers that do not know of each other spread over the
 * time before the end, few of them refresh at once, and a slow load begins earlier than a fast one. XFetch alone needs
 * many reads per load time, or the first that draws long enough comes less than a load before the end: of 1,000
 * lifetimes of 10 s, read 100 times a second, so many ended with a waiting reader:
 *
 *   load     10 ms   50 ms   100 ms   200 ms
 *   XFetch     455     129       40        8      with the two terms below: 0, 0, 0, 0
 *
 * - twice the load: the new value must have *arrived* by the end, and the next load may take longer than the last one.
 * - the share of the lifetime: a read must fall into the window. Two loads of 2 ms may pass between two reads; a share of
 *   the lifetime holds many reads of any key that is read at all often, whatever its load costs.
 *
 * The lead is worked out by who fills, who alone knows the lifetime that the loader chose; readers need no more than
 * it. At most half of the lifetime, so that a slow load is not begun anew as soon as it has ended: it costs no more
 * than two loads a lifetime.
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

/** The largest lead, as a share of the lifetime. */
const LARGEST_LEAD = 1 / 8;
/** The window has this many leads for certain, and as many by chance at most. */
const CERTAIN_LEADS = 2;

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

/** The lead of a value that took `loadMs` to load and lives for `ttlMs`. */
export function refreshLeadMs(
  loadMs: number,
  ttlMs: number,
  earlyShare: number = earlyRefreshDefaults.earlyShare,
): number {
  return Math.min(loadMs + (earlyShare / CERTAIN_LEADS) * ttlMs, LARGEST_LEAD * ttlMs);
}

/**
 * Whether this read of a live value, which has `remainingMs` left, should refresh it. Draws anew at each read that is
 * not clearly late.
 */
export function refreshesEarly(
  remainingMs: number,
  leadMs: number,
  random: RandomSource,
  beta: number = earlyRefreshDefaults.beta,
): boolean {
  if (!(remainingMs <= 2 * CERTAIN_LEADS * leadMs)) return false;
  return remainingMs <= CERTAIN_LEADS * leadMs || remainingMs <= drawWindow(leadMs, random, beta);
}

/**
 * The moment from which a read of this value refreshes it, drawn once: for near entries, whose hits must cost no more
 * than a comparison. Infinity for a value that does not expire.
 */
export function drawRefreshAt(
  expiresAtMs: number,
  leadMs: number,
  random: RandomSource,
  beta: number = earlyRefreshDefaults.beta,
): number {
  return expiresAtMs === Number.POSITIVE_INFINITY
    ? expiresAtMs
    : expiresAtMs - drawWindow(leadMs, random, beta);
}

function drawWindow(leadMs: number, random: RandomSource, beta: number): number {
  return leadMs * (CERTAIN_LEADS + Math.min(CERTAIN_LEADS, beta * exponential(random)));
}

/** Exponentially distributed, with mean 1. */
function exponential(random: RandomSource): number {
  return -Math.log(1 - fraction(random));
}

/** Uniform from 0 (included) to 1 (excluded). */
function fraction(random: RandomSource): number {
  return random.uint32() / 2 ** 32;
}
