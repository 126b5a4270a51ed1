import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../random.js';
import { Zipf } from './zipf.js';

for (const exponent of [0.5, 0.99, 1, 1.5]) {
  test(`Zipf ${exponent}: ranks come as often as 1 / k^s says`, () => {
    const count = 50;
    const draws = 400_000;
    const zipf = new Zipf(count, exponent, new SeededRandom(42));
    const seen = new Float64Array(count + 1);
    for (let draw = 0; draw < draws; draw++) seen[zipf.rank()]++;
    const weights = Array.from({ length: count }, (_, index) => (index + 1) ** -exponent);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    weights.forEach((weight, index) => {
      const expected = (draws * weight) / total;
      const off = Math.abs((seen[index + 1] as number) - expected) / Math.sqrt(expected);
      assert.ok(off < 5, `rank ${index + 1}: ${seen[index + 1]} draws, ${expected.toFixed(0)} expected`);
    });
  });
}

test('Zipf: every rank is in range, also for a single key and for millions', () => {
  for (const count of [1, 2, 5_000_000]) {
    const zipf = new Zipf(count, 0.99, new SeededRandom(1));
    for (let draw = 0; draw < 2000; draw++) {
      const rank = zipf.rank();
      assert.ok(Number.isInteger(rank) && rank >= 1 && rank <= count, `${rank} of ${count}`);
    }
  }
});
