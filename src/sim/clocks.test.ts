import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../base/index.js';
import { SimClocks } from './clocks.js';

const SECOND_US = 1_000_000;
/** Sums of fractions of a ms. */
const close = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) < 1e-3, `${actual} is not ${expected}`);
};

test('without drift all clocks run alike', () => {
  const clocks = new SimClocks(new Random(1), 0);
  const before = clocks.read(0);
  const after = clocks.read(5 * SECOND_US);
  close(after.monotonicMs - before.monotonicMs, 5000);
  close(after.wallMs - before.wallMs, 5000);
  close(after.holderMs - before.holderMs, 5000);
});

test('a suspend stops the monotonic clock alone, and the holder counts it', () => {
  const clocks = new SimClocks(new Random(1), 0);
  const before = clocks.read(0);
  clocks.suspend(SECOND_US);
  clocks.resume(4 * SECOND_US);
  const after = clocks.read(5 * SECOND_US);
  close(after.monotonicMs - before.monotonicMs, 2000);
  close(after.wallMs - before.wallMs, 5000);
  close(after.holderMs - before.holderMs, 5000);
});

test('a wall clock that is set back takes nothing from the others, one set forward brings the holder on', () => {
  const clocks = new SimClocks(new Random(1), 0);
  const before = clocks.read(0);
  clocks.jump(SECOND_US, -60_000);
  const back = clocks.read(2 * SECOND_US);
  close(back.wallMs - before.wallMs, -58_000);
  close(back.monotonicMs - before.monotonicMs, 2000);
  close(back.holderMs - before.holderMs, 2000);
  clocks.jump(2 * SECOND_US, 10_000);
  const forward = clocks.read(2 * SECOND_US);
  close(forward.monotonicMs - back.monotonicMs, 0);
  close(forward.holderMs - back.holderMs, 10_000);
});

test('no wall clock is set back before a suspend was seen, which it would hide', () => {
  const clocks = new SimClocks(new Random(1), 0);
  const before = clocks.read(0);
  clocks.suspend(SECOND_US);
  clocks.jump(2 * SECOND_US, -3_000);
  clocks.resume(4 * SECOND_US);
  clocks.jump(5 * SECOND_US, -3_000);
  const after = clocks.read(6 * SECOND_US);
  close(after.wallMs - before.wallMs, 6000);
  clocks.jump(6 * SECOND_US, -3_000);
  close(clocks.read(6 * SECOND_US).wallMs - before.wallMs, 3000);
});

test('rates stay within the drift, and reach its ends', () => {
  const clocks = new SimClocks(new Random(1), 0.05);
  const advances: number[] = [];
  let before = clocks.read(0);
  for (let second = 1; second <= 200; second++) {
    const after = clocks.read(second * SECOND_US);
    advances.push(after.monotonicMs - before.monotonicMs);
    assert.ok(after.holderMs - before.holderMs >= after.monotonicMs - before.monotonicMs);
    clocks.changeRates(second * SECOND_US);
    before = after;
  }
  close(Math.min(...advances), 950);
  close(Math.max(...advances), 1050);
});

test('a reboot begins the monotonic clock anew', () => {
  const clocks = new SimClocks(new Random(1), 0);
  clocks.begin(100 * SECOND_US, true);
  assert.ok(clocks.read(100 * SECOND_US).monotonicMs < 1000);
});
