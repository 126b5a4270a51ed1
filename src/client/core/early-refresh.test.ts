import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random, type RandomSource } from '../../base/index.js';
import {
  drawRefreshAt,
  earlyRefreshDefaults,
  jitteredTtl,
  refreshesEarly,
  TTL_JITTER,
} from './early-refresh.js';

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

test('a read refreshes in two load times and a twentieth of the lifetime before the end, whatever is drawn', () => {
  // 2 * 100 + 0.05 * 10,000
  assert.equal(refreshesEarly(700, 10_000, 100, least), true);
  assert.equal(refreshesEarly(701, 10_000, 100, least), false);
  assert.equal(refreshesEarly(701, 10_000, 100, most), true);
  assert.equal(refreshesEarly(0, 10_000, 0, least), true);
});

test('no read refreshes in the first half of a lifetime, nor a value that does not expire', () => {
  assert.equal(refreshesEarly(5_000, 10_000, 9_000, least), true);
  assert.equal(refreshesEarly(5_001, 10_000, 9_000, most), false);
  const forEver = Number.POSITIVE_INFINITY;
  assert.equal(refreshesEarly(forEver, forEver, 9_000, most), false);
  assert.equal(refreshesEarly(forEver, 10_000, 9_000, most), false);
  assert.equal(drawRefreshAt(forEver, forEver, 9_000, most), forEver);
});

test('beyond the certain part, the share of reads that refresh falls by e with each load time', () => {
  const random = new Random(2);
  for (const loadTimes of [0.5, 1, 2, 3]) {
    const draws = 20_000;
    let refreshes = 0;
    for (let i = 0; i < draws; i++)
      if (refreshesEarly(700 + loadTimes * 100, 10_000, 100, random)) refreshes++;
    const expected = draws * Math.exp(-loadTimes);
    assert.ok(Math.abs(refreshes - expected) < 6 * Math.sqrt(expected), `${refreshes}, expected ${expected}`);
  }
});

test('a moment drawn at insertion is distributed as the reads are', () => {
  assert.equal(drawRefreshAt(60_000, 10_000, 100, least), 59_300);
  assert.equal(drawRefreshAt(60_000, 10_000, 4_000, least), 55_000, 'at most half of the lifetime');
  assert.equal(drawRefreshAt(60_000, 10_000, 4_000, most), 55_000);
  const random = new Random(3);
  let sumMs = 0;
  for (let i = 0; i < 20_000; i++) sumMs += drawRefreshAt(60_000, 10_000, 100, random);
  assert.ok(Math.abs(sumMs / 20_000 - 59_200) < 5, `on average one load time earlier: ${sumMs / 20_000}`);
});

test('beta 0 draws nothing, a larger share begins earlier', () => {
  const early = { ...earlyRefreshDefaults, beta: 0, earlyShare: 0.2 };
  assert.equal(refreshesEarly(2_200, 10_000, 100, most, early), true);
  assert.equal(refreshesEarly(2_201, 10_000, 100, most, early), false);
  assert.equal(drawRefreshAt(60_000, 10_000, 100, most, early), 57_800);
});
