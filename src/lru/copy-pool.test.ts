import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CopyPool } from './copy-pool.js';

test('copies stay apart from each other and from what they were copied from, over many pools', () => {
  const pool = new CopyPool();
  const source = new Uint8Array(50_000);
  const lengths = [0, 1, 64, 65, 1000, 4095, 4096, 4097, 40_000];
  const copies = Array.from({ length: 200 }, (_, n) => {
    const length = lengths[n % lengths.length] as number;
    source.fill(n);
    return { n, length, bytes: pool.copyOf(source, n % 2, length) };
  });
  for (const { n, length, bytes } of copies) {
    assert.equal(bytes.constructor, Uint8Array);
    assert.deepEqual(bytes, new Uint8Array(length).fill(n));
  }
});

test('a copy that shares a pool cannot be transferred away with its neighbors', () => {
  const pool = new CopyPool();
  const one = pool.copyOf(new Uint8Array(100).fill(1), 0, 100);
  const other = pool.copyOf(new Uint8Array(100).fill(2), 0, 100);
  assert.equal(one.buffer, other.buffer);
  try {
    structuredClone(one, { transfer: [one.buffer as ArrayBuffer] });
  } catch {
    // Newer versions of Node refuse, older ones copy.
  }
  assert.deepEqual([one.length, one[99], other.length, other[99]], [100, 1, 100, 2]);
});
