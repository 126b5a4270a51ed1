import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashTagEnd, hashTagStart } from './index.js';

function tagOf(key: string): string {
  const start = hashTagStart(key, 0, key.length);
  return key.slice(start, hashTagEnd(key, 0, key.length, start));
}

test('the tag is what stands between the first open brace and the first closing one after it', () => {
  assert.equal(tagOf('user:{42}:name'), '42');
  assert.equal(tagOf('foo{{bar}}zap'), '{bar');
  assert.equal(tagOf('foo{bar}{zap}'), 'bar');
  assert.equal(tagOf('}a{b}'), 'b');
  assert.equal(tagOf('{käse}'), 'käse');
});

test('a key without a tag, or with an empty or open one, counts whole', () => {
  for (const key of ['', 'a', '{', '}', '{}', 'a}b', 'a{b', '}{', 'foo{}{bar}'])
    assert.equal(tagOf(key), key);
});

test('the tag is the one that a regular expression finds', () => {
  const key = fc.string({ unit: fc.constantFrom('{', '}', 'a', 'é', '😀'), maxLength: 12 });
  fc.assert(
    fc.property(key, (key) => {
      assert.equal(tagOf(key), /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key);
    }),
  );
});

test('bytes have the same tag as the string, and what is around them does not count', () => {
  const key = fc.string({ unit: fc.constantFrom('{', '}', 'a', 'é', '😀'), maxLength: 12 });
  fc.assert(
    fc.property(key, fc.nat(3), (key, at) => {
      const bytes = Buffer.from('}{}'.slice(0, at) + key + '}{}');
      const end = at + Buffer.byteLength(key);
      const start = hashTagStart(bytes, at, end);
      assert.equal(bytes.toString('utf8', start, hashTagEnd(bytes, at, end, start)), tagOf(key));
    }),
  );
});
