import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff, backoffMs, InvariantError, Random, type RandomSource } from './index.js';

const always = (value: number): RandomSource => ({ uint32: () => value, below: () => 0 });
const lowest = always(0);
const highest = always(2 ** 32 - 1);

const waits = (backoff: Backoff, count: number): number[] =>
  Array.from({ length: count }, () => backoff.nextMs());

test('ceilings double up to the longest wait and stay there', () => {
  const shape = { firstMs: 50, maxMs: 500 };
  assert.deepEqual(
    waits(new Backoff({ ...shape, jitter: 'full' }, highest), 6),
    [50, 100, 200, 400, 500, 500],
  );
  assert.deepEqual(waits(new Backoff({ ...shape, jitter: 'full' }, lowest), 3), [0, 0, 0]);
  assert.deepEqual(waits(new Backoff({ ...shape, jitter: 'equal' }, highest), 3), [50, 100, 200]);
  assert.deepEqual(
    waits(new Backoff({ ...shape, jitter: 'equal' }, lowest), 6),
    [25, 50, 100, 200, 250, 250],
  );
});

test('after a success waits are short again', () => {
  const backoff = new Backoff({ firstMs: 50, maxMs: 500, jitter: 'full' }, highest);
  assert.deepEqual(waits(backoff, 5), [50, 100, 200, 400, 500]);
  backoff.reset();
  assert.deepEqual(waits(backoff, 2), [50, 100]);
});

test('waits of many clients are spread evenly', () => {
  const random = new Random(3);
  const quarters = [0, 0, 0, 0];
  for (let client = 0; client < 4000; client++) {
    const waitMs = new Backoff({ firstMs: 100, maxMs: 100, jitter: 'full' }, random).nextMs();
    quarters[Math.min(3, Math.floor(waitMs / 25))]++;
  }
  for (const count of quarters) assert.ok(count > 850 && count < 1150, `${quarters.join()} of 4000`);
});

test('shapes that make no sense are refused', () => {
  for (const [firstMs, maxMs] of [
    [0, 10],
    [20, 10],
    [Number.NaN, 10],
    [1, Number.POSITIVE_INFINITY],
  ]) {
    assert.throws(() => new Backoff({ firstMs, maxMs, jitter: 'full' }, lowest), InvariantError);
  }
});

test('a pause doubles with each failure up to the most, and half of it is jitter', () => {
  const random = new Random(3);
  for (const [failures, wholeMs] of [
    [0, 100],
    [1, 100],
    [2, 200],
    [3, 400],
    [6, 3_200],
    [7, 5_000],
    [2_000, 5_000],
  ] as const) {
    const draws = Array.from({ length: 500 }, () =>
      backoffMs(failures, { firstMs: 100, maxMs: 5_000, jitter: 'equal' }, random),
    );
    assert.ok(
      draws.every((ms) => ms >= wholeMs / 2 && ms <= wholeMs),
      `${failures} failures`,
    );
    assert.ok(Math.min(...draws) < wholeMs * 0.55, 'down to a half');
    assert.ok(Math.max(...draws) > wholeMs * 0.95, 'up to all of it');
  }
});
