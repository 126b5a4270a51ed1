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

test('keys that a Map takes for one are one in many Maps too', () => {
  const index = new SlotIndex<number>(5_000_000);
  const [otherNan] = new Float64Array(BigUint64Array.of(0x7ff8_0000_1234_5678n).buffer);
  index.set(Number.NaN, 1);
  assert.equal(index.get(otherNan), 1);
  assert.equal(index.get(-otherNan), 1);
  index.set(0, 2);
  assert.equal(index.get(-0), 2);
});

test('numbers and bigints are dealt out evenly, whatever their steps', () => {
  const shapes: ((n: number) => number | bigint)[] = [
    (n) => n,
    (n) => n * 256,
    (n) => -n * 2 ** 16,
    (n) => n * 2 ** 40,
    (n) => n / 1000,
    (n) => 1_700_000_000_000 + n,
    (n) => BigInt(n),
    (n) => BigInt(n) * 256n,
    (n) => -BigInt(n) - 2n ** 80n,
  ];
  for (const shape of shapes) {
    // 16 Maps, of which each has a sixteenth at best.
    const index = new SlotIndex<number | bigint>(1_000_000);
    const keys = 30_000;
    for (let n = 1; n <= keys; n++) index.set(shape(n), n);
    const share = index.largestMap / keys;
    assert.ok(share < 0.08, `${shape(1)}, ${shape(2)}, ...: ${share} of all keys in one Map of 16`);
  }
});

test('a walk ends though each visit sets new keys, and visits what stays once', () => {
  for (const maxEntries of [10, 5_000_000]) {
    const index = new SlotIndex<number>(maxEntries);
    for (let n = 0; n < 1000; n++) index.set(n, n + 1);
    const seen: number[] = [];
    for (const [key, slot] of index.entries()) {
      assert.equal(slot, key + 1);
      seen.push(key);
      assert.ok(seen.length <= 1000, 'no more visits than there were entries');
      for (let more = 0; more < 3; more++)
        index.set(1000 * seen.length + more, 1000 * seen.length + more + 1);
      if (seen.length % 3 === 0) index.delete(seen.length);
    }
    for (let n = 0; n < 1000; n++) {
      if (index.get(n) !== undefined) assert.equal(seen.filter((key) => key === n).length, 1, `${n}`);
    }
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
