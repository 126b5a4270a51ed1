import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Block } from '../base/index.js';
import { BlockPool } from './index.js';

describe('the block pool', () => {
  test('lends blocks of at least what was asked, and not twice as much', () => {
    const pool = new BlockPool();
    for (const bytes of [0, 1, 64, 65, 1000, 1024, 1025, 65_535, 65_536, 65_537, 1_000_000]) {
      const { length } = pool.take(bytes).bytes;
      assert.ok(length >= bytes && length <= Math.max(64, 2 * bytes), `${length} for ${bytes}`);
    }
  });

  test('lends again what was given back, sixteen of a size', () => {
    const pool = new BlockPool();
    const lent = Array.from({ length: 20 }, () => pool.take(100));
    assert.equal(new Set(lent).size, 20);
    for (const block of lent) pool.give(block);
    const again = Array.from({ length: 20 }, () => pool.take(128));
    assert.equal(again.filter((block) => lent.includes(block)).length, 16);
    assert.equal(new Set(again).size, 20);
  });

  test('keeps two of each larger size', () => {
    const pool = new BlockPool();
    const lent = Array.from({ length: 3 }, () => pool.take(2 * 1024 * 1024));
    for (const block of lent) pool.give(block);
    const again = Array.from({ length: 3 }, () => pool.take(2 * 1024 * 1024));
    assert.equal(again.filter((block) => lent.includes(block)).length, 2);
  });

  test('keeps neither what is larger still nor what is odd', () => {
    const pool = new BlockPool();
    const [large, odd] = [pool.take(3_000_000), Block.ofLength(100)];
    pool.give(large);
    pool.give(odd);
    assert.notEqual(pool.take(3_000_000), large);
    assert.notEqual(pool.take(100), odd);
  });
});
