import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random, type RandomSource } from '../../base/index.js';
import { drawRefreshAt, jitteredTtl, refreshesEarly, refreshLeadMs, TTL_JITTER } from './early-refresh.js';

/** A source that gives the same number for ever: 0 draws the least, 2^32 - 1 the most. */
const always = (word: number): RandomSource => ({ uint32: () => word, below: () => 0 });
const least = always(0);
const most = always(2 ** 32 - 1);

test('a lifetime is jittered downwards only, and evenly', () => {
  assert.equal(jitteredTtl(1000, 0.1, least), 1000);
  assert.equal(jitteredTtl(1000, 0.1, most), 900);
  assert.equal(jitteredTtl(1000, 0, most), 1000);
  assert.equal(jitteredTtl(1, 1, most), 1);
  assert.equal(jitteredTtl(0.25, 1, most), 0.25);
  assert.equal(jitteredTtl(Number.POSITIVE_INFINITY, TTL_JITTER, most), Number.POSITIVE_INFINITY);
  const random = new Random(1);
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    tenths[Math.min(9, Math.floor((1_000_000 - jitteredTtl(1_000_000, 0.1, random)) / 10_000))]++;
  }
  for (const count of tenths) assert.ok(count > 850 && count < 1150, `${tenths}`);
});

test('a lifetime of nothing and a jitter beyond all of it are refused', () => {
  for (const ttlMs of [0, -1, Number.NaN])
    assert.throws(() => jitteredTtl(ttlMs, 0.1, least), /lifetime is above 0/);
  for (const jitter of [-0.1, 1.1, Number.NaN])
    assert.throws(() => jitteredTtl(1, jitter, least), /share from 0 to 1/);
});

test('the lead is the load and half a twentieth of the lifetime, at most an eighth of it', () => {
  assert.equal(refreshLeadMs(100, 10_000), 350);
  assert.equal(refreshLeadMs(0, 10_000), 250);
  assert.equal(refreshLeadMs(9_000, 10_000), 1_250);
  assert.equal(refreshLeadMs(100, 10_000, 0), 100);
});

test('a read refreshes in two leads before the end, whatever is drawn, and never before four', () => {
  assert.equal(refreshesEarly(700, 350, least), true);
  assert.equal(refreshesEarly(701, 350, least), false);
  assert.equal(refreshesEarly(1_400, 350, most), true);
  assert.equal(refreshesEarly(1_401, 350, most), false);
  assert.equal(refreshesEarly(0, 0, least), true);
  assert.equal(refreshesEarly(1, 0, most), false);
});

test('no read refreshes in the first half of a lifetime, nor a value that does not expire', () => {
  const leadMs = refreshLeadMs(9_000, 10_000);
  assert.equal(refreshesEarly(5_001, leadMs, most), false);
  const forEver = Number.POSITIVE_INFINITY;
  assert.equal(refreshesEarly(forEver, 9_000, most), false);
  assert.equal(drawRefreshAt(forEver, 9_000, most), forEver);
});

test('beyond the certain part, the share of reads that refresh falls by e with each lead', () => {
  const random = new Random(2);
  for (const leads of [0.5, 1, 1.5]) {
    const draws = 20_000;
    let refreshes = 0;
    for (let i = 0; i < draws; i++) if (refreshesEarly(200 + leads * 100, 100, random)) refreshes++;
    const expected = draws * Math.exp(-leads);
    assert.ok(Math.abs(refreshes - expected) < 6 * Math.sqrt(expected), `${refreshes}, expected ${expected}`);
  }
});

test('a moment drawn at insertion is distributed as the reads are', () => {
  assert.equal(drawRefreshAt(60_000, 350, least), 59_300);
  assert.equal(drawRefreshAt(60_000, 350, most), 58_600);
  const random = new Random(3);
  let sumMs = 0;
  for (let i = 0; i < 20_000; i++) sumMs += drawRefreshAt(60_000, 100, random);
  // The mean of an exponential that is cut at 2.
  const mean = 60_000 - 200 - 100 * (1 - Math.exp(-2));
  assert.ok(Math.abs(sumMs / 20_000 - mean) < 5, `${sumMs / 20_000}, expected ${mean}`);
});

test('beta 0 draws nothing', () => {
  assert.equal(refreshesEarly(700, 350, most, 0), true);
  assert.equal(refreshesEarly(701, 350, most, 0), false);
  assert.equal(drawRefreshAt(60_000, 350, most, 0), 59_300);
});
