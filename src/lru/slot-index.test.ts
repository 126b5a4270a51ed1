import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotIndex } from './slot-index.js';

test('a key of any kind leads to its slot, in one Map and in many', () => {
  for (const maxEntries of [10, 5_000_000]) {
    const index = new SlotIndex<unknown>(maxEntries);
    const object = {};
    const keys = [
      '',
      'a',
      'user:1',
      'user:2',
      'x'.repeat(1000),
      0,
      -1,
      1.5,
      Number.NaN,
      2 ** 40,
      null,
      true,
      object,
      Symbol('s'),
      7n,
    ];
    for (const [at, key] of keys.entries()) index.set(key, at + 1);
    assert.deepEqual(
      keys.map((key) => index.get(key)),
      keys.map((_, at) => at + 1),
    );
    assert.equal(index.size, keys.length);
    assert.equal(new Set([...index.entries()].map(([, slot]) => slot)).size, keys.length);
    for (const key of keys) index.delete(key);
    assert.equal(index.size, 0);
    assert.equal(index.get(object), undefined);
  }
});

test('keys with an id in them are dealt out: evenly when it stands at the end, well enough elsewhere', () => {
  const shapes: [shape: (n: number) => string, mostOfAll: number][] = [
    [(n) => `user:${n}`, 0.15],
    [(n) => (n * 2654435761).toString(16).padStart(12, '0'), 0.15],
    [(n) => `/products/${n.toString(36)}.html`, 0.2],
    [(n) => `${n}:profile`, 0.3],
  ];
  for (const [shape, mostOfAll] of shapes) {
    // 16 Maps.
    const index = new SlotIndex<string>(1_000_000);
    const keys = 30_000;
    for (let n = 0; n < keys; n++) index.set(shape(n), n);
    const share = index.largestMap / keys;
    assert.ok(share < mostOfAll, `${shape(12345)}: ${share} of all keys in one Map of 16`);
  }
});
