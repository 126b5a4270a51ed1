import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, byteString } from '../../base/index.js';
import { writeDecimal } from './decimal.js';

test('writeDecimal writes every safe integer as String does', () => {
  const block = Block.ofLength(24);
  const written = (value: number): string => byteString(block, 3, writeDecimal(block, 3, value));
  const edges = [0, -0, 9, 10, -10, 99, 100, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 1e15, Number.MAX_SAFE_INTEGER];
  for (const value of [...edges, Number.MIN_SAFE_INTEGER]) assert.equal(written(value), String(value));
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => assert.equal(written(value), String(value))));
});
