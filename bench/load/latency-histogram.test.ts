import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../random.js';
import { LatencyHistogram } from './latency-histogram.js';

test('percentiles are within a 64th of the exact ones, and never below them', () => {
  const random = new SeededRandom(7);
  const histogram = new LatencyHistogram();
  const values = Array.from({ length: 20_000 }, () => Math.floor(10 ** (random.fraction() * 8)));
  for (const value of values) histogram.record(value);
  values.sort((a, b) => a - b);
  for (const share of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.ceil(values.length * share) - 1] as number;
    const found = histogram.percentile(share);
    assert.ok(found >= exact && found <= exact * (1 + 1 / 64) + 1, `${share}: ${found} for ${exact}`);
  }
});

test('the highest percentile is the exact maximum', () => {
  const histogram = new LatencyHistogram();
  for (const us of [3, 1000, 123_456]) histogram.record(us);
  assert.equal(histogram.percentile(1), 123_456);
  assert.equal(histogram.maxUs, 123_456);
});

test('an empty histogram says 0, extremes are kept', () => {
  const histogram = new LatencyHistogram();
  assert.equal(histogram.percentile(0.99), 0);
  histogram.record(-5);
  histogram.record(2 ** 40);
  assert.equal(histogram.count, 2);
  histogram.clear();
  assert.equal(histogram.count, 0);
  assert.equal(histogram.percentile(1), 0);
});
