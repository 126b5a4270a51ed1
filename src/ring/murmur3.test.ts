import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block } from '../base/index.js';
import { murmur3, murmur3Text } from './murmur3.js';
import { plainMurmur3 } from './plain-murmur3.testkit.js';

/** What other libraries for MurmurHash3_x86_32 answer with seed 0. */
const golden: [text: string, hash: number][] = [
  ['', 0x00000000],
  ['a', 0x3c2569b2],
  ['ab', 0x9bbfd75f],
  ['abc', 0xb3dd93fa],
  ['abcd', 0x43ed676a],
  ['abcde', 0xe89b9af6],
  ['123456789', 0xb4fef382],
  ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
  ['käse', 0x751afb52],
  ['中文', 0xdb267197],
  ['😀', 0xbeb42efa],
  ['\ufffd', 0xb69ca6c1],
];

test('the hash is MurmurHash3_x86_32, of strings as UTF-8', () => {
  for (const [text, hash] of golden) {
    const bytes = Buffer.from(text);
    assert.equal(murmur3(new Block(bytes), 0, bytes.length) >>> 0, hash, text);
    assert.equal(murmur3Text(text, 0, text.length) >>> 0, hash, text);
    assert.equal(plainMurmur3(bytes), hash, text);
  }
});

test('of bytes it is what its definition says, at every place of a block', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40, size: 'max' }), fc.nat(3), (message, at) => {
      const block = new Block(Uint8Array.from([...new Uint8Array(at).fill(0xee), ...message, 0xee, 0xee]));
      const hash = murmur3(block, at, message.length);
      assert.equal(hash >>> 0, plainMurmur3(message));
      assert.equal(hash, hash | 0, 'an int32');
    }),
  );
});

test('of any part of any string it is that of the bytes which Node.js sends for it', () => {
  const unit = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', '~', '\x00', '\x7f') },
    fc.constantFrom('\x80', 'é', '\u07ff', '\u0800', '中', '\ufffd', '\uffff', '😀', '\u{10ffff}'),
    fc.constantFrom('\ud800', '\udbff', '\udc00', '\udfff'),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 20, size: 'max' }), fc.nat(), fc.nat(), (text, a, b) => {
      const from = a % (text.length + 1);
      const to = from + (b % (text.length + 1 - from));
      const hash = murmur3Text(text, from, to);
      assert.equal(hash >>> 0, plainMurmur3(Buffer.from(text.slice(from, to))));
      assert.equal(hash, hash | 0, 'an int32');
    }),
    { numRuns: 2000 },
  );
});
