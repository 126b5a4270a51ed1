import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, ratioSpread, spread } from './statistics.js';

test('median of odd and even counts, in any order', () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('spread has the extremes beside the median', () => {
  assert.deepEqual(spread([2, 9, 4]), { min: 2, median: 4, max: 9 });
});

test('ratios are taken round by round: a slow round for both does not move them', () => {
  assert.deepEqual(ratioSpread([1, 10, 1], [2, 20, 2]), { min: 0.5, median: 0.5, max: 0.5 });
  assert.throws(() => ratioSpread([1], [1, 2]), /1 rounds against 2/);
});
