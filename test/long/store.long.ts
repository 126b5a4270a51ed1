/**
 * The store at sizes that a unit test has no time for: a budget beyond 4 GiB, and the largest value and key.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block, KeyHash, Random } from '#layers/base';
import { MAX_KEY_BYTES, MAX_VALUE_BYTES, Store } from '#layers/store';

const MB = 2 ** 20;

function newStore(maxBytes: number): Store {
  return new Store({ maxBytes, hash: new KeyHash(1, 2), random: new Random(3) });
}

/** Fills a block with a pattern that differs by seed and place. */
function paint(block: Block, seed: number): void {
  const words = new Uint32Array(block.bytes.buffer, block.bytes.byteOffset, block.bytes.length >>> 2);
  for (let i = 0; i < words.length; i++)
    words[i] = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
}

test('a budget of 5 GiB is used whole, evicts the oldest, and keeps every value apart', () => {
  const store = newStore(5 * 1024 * MB);
  const value = Block.ofLength(MB);
  const count = 5400;
  for (let i = 0; i < count; i++) {
    paint(value, i);
    const key = Block.of(`value:${i}`);
    assert.notEqual(store.set(0, key, 0, key.bytes.length, value, 0, MB, 0), 0);
  }
  assert.ok(store.liveBytes > 0.97 * store.maxBytes, `${store.liveBytes} live bytes`);
  assert.ok(store.usedBytes <= store.maxBytes);
  const found = Block.ofLength(MB);
  const kept = count - store.stats.evicted;
  assert.equal(store.count(0), kept);
  for (let i = 0; i < count; i++) {
    const key = Block.of(`value:${i}`);
    const ref = store.find(0, key, 0, key.bytes.length);
    assert.equal(ref !== 0, i >= count - kept, `value:${i} of ${count}, ${kept} kept`);
    if (ref === 0) continue;
    paint(value, i);
    store.copyValue(ref, 0, MB, found, 0);
    assert.ok(Buffer.compare(value.bytes, found.bytes) === 0, `value:${i} is what was set`);
  }
  store.verify();
});

test('a value of 512 MB under a key of 64 KB, among small ones', () => {
  const store = newStore(640 * MB);
  const small = Block.ofLength(100);
  const setSmall = (i: number): void => {
    const key = Block.of(`small:${i}`);
    assert.notEqual(store.set(0, key, 0, key.bytes.length, small, 0, 100, 0), 0);
  };
  for (let i = 0; i < 2_000_000; i++) setSmall(i);
  const before = store.count(0);
  const value = Block.ofLength(MAX_VALUE_BYTES);
  paint(value, 1);
  const key = Block.of('k'.repeat(MAX_KEY_BYTES));
  assert.notEqual(store.set(0, key, 0, MAX_KEY_BYTES, value, 0, MAX_VALUE_BYTES, 0), 0);
  store.verify();
  assert.ok(store.count(0) > before * 0.3, 'no more was evicted than the value needs');
  const found = Block.ofLength(MAX_VALUE_BYTES);
  store.copyValue(store.find(0, key, 0, MAX_KEY_BYTES), 0, MAX_VALUE_BYTES, found, 0);
  assert.ok(Buffer.compare(value.bytes, found.bytes) === 0);
  for (let i = 2_000_000; i < 6_500_000; i++) setSmall(i);
  assert.equal(store.find(0, key, 0, MAX_KEY_BYTES), 0, 'it was the oldest, and went');
  assert.ok(store.count(0) > before, 'its memory serves small values');
  store.verify();
});
