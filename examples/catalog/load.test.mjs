import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { customers } from './load.mjs';
import { randomFrom, zipf } from './random.mjs';

const colors = Array.from({ length: 1000 }, (_, i) => ({ name: `${'abcdefghij'[i % 10]}${i} & more` }));

describe('the customers of the load', () => {
  it('ask only for what there is', () => {
    const next = customers(colors, randomFrom(1));
    for (let i = 0; i < 5_000; i++) {
      const url = new URL(next(), 'http://shop');
      const [, kind, what] = url.pathname.split('/');
      if (kind === 'products') assert.ok(Number(what) >= 1 && Number(what) <= colors.length, url.href);
      else if (kind === 'categories') assert.match(url.search, /^\?page=[1-4]$/);
      else assert.match(url.searchParams.get('q') ?? '', /^[a-j]\d[\d &]*$/);
    }
  });

  it('come again to the same products, and are the same in every run', () => {
    const paths = (seed) => {
      const next = customers(colors, randomFrom(seed));
      return Array.from({ length: 3_000 }, next);
    };
    const first = paths(1);
    assert.deepEqual(paths(1), first);
    assert.notDeepEqual(paths(2), first);
    assert.ok(new Set(first).size < first.length / 2);
  });
});

describe('zipf', () => {
  it('draws each rank in proportion to 1 / (rank + 1)', () => {
    const count = 10;
    const draws = 100_000;
    const draw = zipf(count, randomFrom(3));
    const drawn = new Array(count).fill(0);
    for (let i = 0; i < draws; i++) drawn[draw()]++;
    const harmonic = drawn.reduce((sum, _, rank) => sum + 1 / (rank + 1), 0);
    for (const [rank, times] of drawn.entries()) {
      const expected = draws / (rank + 1) / harmonic;
      assert.ok(Math.abs(times - expected) < expected * 0.05, `rank ${rank}: ${times}, not ${expected}`);
    }
  });

  it('has one rank of one, at both ends of chance', () => {
    assert.equal(zipf(1, () => 0.999_999)(), 0);
    assert.equal(zipf(3, () => 0)(), 0);
    assert.equal(zipf(3, () => 0.999_999_999)(), 2);
  });
});
