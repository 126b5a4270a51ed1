import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './index.js';

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number) =>
    Array.from(
      { length: 50 },
      (
        (random) => () =>
          random.uint32()
      )(new Random(seed)),
    );
  assert.deepEqual(draw(5), draw(5));
  assert.notDeepEqual(draw(5), draw(6));
});

test('numbers below a limit are uniform', () => {
  const random = new Random(1);
  for (const limit of [1, 2, 7, 100]) {
    const counts = new Array<number>(limit).fill(0);
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const value = random.below(limit);
      assert.ok(Number.isInteger(value) && value >= 0 && value < limit);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    // Six standard deviations: the seed is fixed, so this either always holds or never.
    const spread = 6 * Math.sqrt(draws / limit);
    for (const count of counts)
      assert.ok(Math.abs(count - draws / limit) < spread, `${count} of ${draws} at limit ${limit}`);
  }
});

test('the whole range of 32 bits is reached', () => {
  const random = new Random(9);
  let ones = 0;
  let zeros = 0;
  for (let i = 0; i < 1000; i++) {
    const value = random.uint32();
    ones |= value;
    zeros |= ~value;
  }
  assert.equal(ones >>> 0, 0xffffffff);
  assert.equal(zeros >>> 0, 0xffffffff);
});
