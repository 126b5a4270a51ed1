/** What early refresh and jitter are for, in virtual time: no reader of a busy key waits, and no wave of loads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../../base/index.js';
import { drawRefreshAt, jitteredTtl, refreshesEarly, refreshLeadMs, TTL_JITTER } from './early-refresh.js';

/** Whether a read at a moment refreshes; made anew for each value that arrives. */
type Refreshing = (expiresAtMs: number, ttlMs: number, loadMs: number) => (nowMs: number) => boolean;

const perRead =
  (random: Random): Refreshing =>
  (expiresAtMs, ttlMs, loadMs) =>
  (nowMs) =>
    refreshesEarly(expiresAtMs - nowMs, refreshLeadMs(loadMs, ttlMs), random);

const drawnOnce =
  (random: Random): Refreshing =>
  (expiresAtMs, ttlMs, loadMs) => {
    const refreshAtMs = drawRefreshAt(expiresAtMs, refreshLeadMs(loadMs, ttlMs), random);
    return (nowMs) => nowMs >= refreshAtMs;
  };

/** XFetch as the paper has it. */
const paperAlone =
  (random: Random): Refreshing =>
  (expiresAtMs, _ttlMs, loadMs) =>
  (nowMs) =>
    expiresAtMs - nowMs <= -Math.log(1 - random.fraction()) * loadMs;

/** The most of a lifetime that nothing can refresh in: skipped, to save the reads in it. */
const QUIET_SHARE = 0.5;

/**
 * Reads a key once in every interval, at a random place in it, over many lifetimes. Each load takes 0.7 to 1.4 of
 * `loadMs`. Returns how many readers found no live value, and how many loads there were.
 */
function readBusily(
  [ttlMs, loadMs]: readonly [number, number],
  intervalMs: number,
  lifetimes: number,
  random: Random,
  refreshing: Refreshing,
): { waited: number; loads: number } {
  let waited = 0;
  let loads = 0;
  let slotMs = 0;
  while (loads < lifetimes) {
    const lastLoadMs = loadMs * (0.7 + 0.7 * random.fraction());
    const lifetimeMs = jitteredTtl(ttlMs, TTL_JITTER, random);
    const filledAtMs = slotMs;
    const expiresAtMs = filledAtMs + lifetimeMs;
    const refreshes = refreshing(expiresAtMs, lifetimeMs, lastLoadMs);
    slotMs += Math.floor((lifetimeMs * QUIET_SHARE) / intervalMs) * intervalMs;
    let readAtMs = slotMs + intervalMs * random.fraction();
    while (readAtMs < expiresAtMs && !refreshes(readAtMs)) {
      slotMs += intervalMs;
      readAtMs = slotMs + intervalMs * random.fraction();
    }
    loads++;
    const arrivesAtMs = readAtMs + loadMs * (0.7 + 0.7 * random.fraction());
    for (; readAtMs < arrivesAtMs; readAtMs = slotMs + intervalMs * random.fraction()) {
      if (readAtMs >= expiresAtMs) waited++;
      slotMs += intervalMs;
    }
  }
  return { waited, loads };
}

const busyKeys: readonly (readonly [ttlMs: number, loadMs: number])[] = [
  [1_000, 2],
  [1_000, 90],
  [10_000, 1],
  [10_000, 900],
  [60_000, 20],
  [60_000, 5_500],
  [300_000, 50],
];

test('a key read 100 times a second is never found expired in 1,000 lifetimes', () => {
  for (const key of busyKeys) {
    for (const decide of [perRead, drawnOnce]) {
      const random = new Random(key[0] + key[1]);
      const { waited } = readBusily(key, 10, 1_000, random, decide(random));
      assert.equal(waited, 0, `${decide.name}, lifetime ${key[0]} ms, load ${key[1]} ms`);
    }
  }
});

test('the same with any lifetime and any load below a tenth of it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 800, max: 60_000 }),
      fc.double({ min: 0, max: 0.0999, noNaN: true }),
      fc.integer(),
      fc.boolean(),
      (ttlMs, loadShare, seed, isDrawnOnce) => {
        const random = new Random(seed);
        const decide = isDrawnOnce ? drawnOnce(random) : perRead(random);
        assert.equal(readBusily([ttlMs, ttlMs * loadShare], 10, 20, random, decide).waited, 0);
      },
    ),
  );
});

test('with the random part alone readers would wait, where loads are short', () => {
  for (const key of busyKeys.filter(([, loadMs]) => loadMs <= 100)) {
    const random = new Random(1);
    const { waited } = readBusily(key, 10, 1_000, random, paperAlone(random));
    assert.ok(waited > 0, `lifetime ${key[0]} ms, load ${key[1]} ms`);
  }
});

/**
 * The most loads in one of `windowMs`, after 10,000 keys were loaded at time 0. Each key is read at random moments,
 * `readsPerS` on average; a load takes 20 ms.
 */
function peakOfWave(ttlMs: number, readsPerS: number, windowMs: number, hasCounterMeasures: boolean): number {
  const random = new Random(4);
  const horizonMs = 2 * ttlMs;
  const loads = new Array<number>(Math.ceil(horizonMs / windowMs)).fill(0);
  const pauseMs = () => (-Math.log(1 - random.fraction()) * 1_000) / readsPerS;
  for (let key = 0; key < 10_000; key++) {
    let filledAtMs = 0;
    while (true) {
      const lifetimeMs = hasCounterMeasures ? jitteredTtl(ttlMs, TTL_JITTER, random) : ttlMs;
      const expiresAtMs = filledAtMs + lifetimeMs;
      // The moments have no memory: of reads that change nothing none need be drawn.
      let nowMs = filledAtMs + lifetimeMs * (hasCounterMeasures ? QUIET_SHARE : 1) + pauseMs();
      while (
        nowMs < expiresAtMs &&
        !(hasCounterMeasures && refreshesEarly(expiresAtMs - nowMs, refreshLeadMs(20, lifetimeMs), random))
      ) {
        nowMs += pauseMs();
      }
      if (nowMs >= horizonMs) break;
      loads[Math.floor(nowMs / windowMs)]++;
      filledAtMs = nowMs + 20;
    }
  }
  return Math.max(...loads);
}

test('10,000 keys loaded at once come back at no more than a fifth of the rate', () => {
  for (const [ttlMs, readsPerS, windowMs] of [
    [300_000, 1, 1_000],
    [60_000, 10, 100],
  ] as const) {
    const before = peakOfWave(ttlMs, readsPerS, windowMs, false);
    const after = peakOfWave(ttlMs, readsPerS, windowMs, true);
    assert.ok(before > 5_000, `the wave is there: ${before} loads in ${windowMs} ms`);
    assert.ok(after <= before / 5, `lifetime ${ttlMs} ms, ${readsPerS} reads/s: ${after} against ${before}`);
  }
});
