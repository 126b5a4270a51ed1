import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, KeyHash } from './index.js';

/** HalfSipHash-1-3 written down from its definition, without care for speed. */
function plainHalfSipHash13(key0: number, key1: number, message: Uint8Array): number {
  const v = [key0, key1, key0 ^ 0x6c796765, key1 ^ 0x74656462].map((word) => word >>> 0) as [
    number,
    number,
    number,
    number,
  ];
  const rotate = (word: number, by: number) => ((word << by) | (word >>> (32 - by))) >>> 0;
  const round = () => {
    v[0] = (v[0] + v[1]) >>> 0;
    v[1] = (rotate(v[1], 5) ^ v[0]) >>> 0;
    v[0] = rotate(v[0], 16);
    v[2] = (v[2] + v[3]) >>> 0;
    v[3] = (rotate(v[3], 8) ^ v[2]) >>> 0;
    v[0] = (v[0] + v[3]) >>> 0;
    v[3] = (rotate(v[3], 7) ^ v[0]) >>> 0;
    v[2] = (v[2] + v[1]) >>> 0;
    v[1] = (rotate(v[1], 13) ^ v[2]) >>> 0;
    v[2] = rotate(v[2], 16);
  };
  const words = Math.floor(message.length / 4);
  const padded = new DataView(new ArrayBuffer(words * 4 + 4));
  new Uint8Array(padded.buffer).set(message);
  padded.setUint8(words * 4 + 3, message.length & 0xff);
  for (let i = 0; i <= words; i++) {
    const word = padded.getUint32(i * 4, true);
    v[3] = (v[3] ^ word) >>> 0;
    round();
    v[0] = (v[0] ^ word) >>> 0;
  }
  v[2] = (v[2] ^ 0xff) >>> 0;
  for (let i = 0; i < 3; i++) round();
  return (v[1] ^ v[3]) | 0;
}

test('the hash is HalfSipHash-1-3', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer(),
      fc.uint8Array({ maxLength: 300, size: 'max' }),
      fc.nat(3),
      (key0, key1, message, at) => {
        const block = new Block(Uint8Array.from([...new Uint8Array(at), ...message]));
        const hash = new KeyHash(key0, key1);
        assert.equal(hash.hash(block, at, message.length, 0), plainHalfSipHash13(key0, key1, message));
      },
    ),
    { numRuns: 500 },
  );
});

test('another secret or another salt gives another hash', () => {
  const key = Block.of('user:1000');
  const length = key.bytes.length;
  const hashes = new Set<number>();
  for (let i = 0; i < 100; i++) {
    hashes.add(new KeyHash(i, 0).hash(key, 0, length, 0));
    hashes.add(new KeyHash(-1, i).hash(key, 0, length, 0));
    hashes.add(new KeyHash(-1, -1).hash(key, 0, length, i));
  }
  assert.equal(hashes.size, 300);
});
