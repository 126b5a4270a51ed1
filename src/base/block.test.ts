import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, byteString, copyBytes, equalBytes, writeByteString } from './index.js';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength, size: 'max' });

test('copyBytes copies the range and nothing beside it, at every length and alignment', () => {
  for (let length = 0; length < 300; length++) {
    for (const [fromAt, toAt] of [
      [0, 0],
      [1, 0],
      [0, 3],
      [5, 7],
    ] as const) {
      const from = Block.ofLength(length + 8);
      for (let i = 0; i < from.bytes.length; i++) from.bytes[i] = i * 37 + 11;
      const to = Block.ofLength(length + 16);
      to.bytes.fill(0xee);
      copyBytes(to, toAt, from, fromAt, length);
      const expected = new Uint8Array(length + 16).fill(0xee);
      expected.set(from.bytes.subarray(fromAt, fromAt + length), toAt);
      assert.deepEqual(to.bytes, expected);
    }
  }
});

test('equalBytes tells two ranges apart by any one byte', () => {
  fc.assert(
    fc.property(bytes(70), fc.nat(), fc.integer({ min: 1, max: 255 }), (content, place, change) => {
      const a = new Block(content);
      const b = new Block(Uint8Array.from([9, 9, 9, ...content]));
      assert.ok(equalBytes(a, 0, b, 3, content.length));
      if (content.length === 0) return;
      b.bytes[3 + (place % content.length)] ^= change;
      assert.ok(!equalBytes(a, 0, b, 3, content.length));
    }),
  );
});

test('a byte string has one char per byte, both ways', () => {
  fc.assert(
    fc.property(bytes(10_000), (content) => {
      const text = byteString(new Block(content), 0, content.length);
      assert.equal(text.length, content.length);
      assert.deepEqual(Block.of(text).bytes, content);
    }),
    { numRuns: 20 },
  );
  const block = Block.ofLength(3);
  writeByteString(block, 1, '\u0141\u00ff');
  assert.deepEqual([...block.bytes], [0, 0x41, 0xff], 'of a char beyond a byte the low 8 bits');
});
