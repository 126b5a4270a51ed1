import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeText, LATIN1, TextBytes, UTF8, UTF16 } from './text-bytes.js';

const chars = fc.constantFrom(
  'a',
  'Z',
  '\0',
  '\x7f',
  '\x80',
  'é',
  'ÿ',
  '\u0100',
  '→',
  '中',
  '😀',
  '\ud800',
  '\udfff',
  '\ufeff',
);
const text = fc
  .tuple(fc.array(chars, { maxLength: 40, size: 'max' }), fc.constantFrom(1, 3, 2000))
  .map(([parts, times]) => parts.join('').repeat(times));

test('every string comes back char by char, as a key and as a value', () => {
  const room = new TextBytes();
  fc.assert(
    fc.property(text, (string) => {
      assert.equal(room.encode(string, 1e9), true);
      assert.equal(decodeText(room.block, 0, room.length, room.form), string);
      assert.ok(room.length <= string.length * 2, 'never more than UTF-16');
      assert.equal(room.encodeKey(string, 1e9), true);
      assert.equal(decodeText(room.block, 0, room.length, room.form), string);
    }),
    { numRuns: 500 },
  );
});

test('different keys differ in form or bytes', () => {
  const room = new TextBytes();
  const identity = (key: string): string => {
    room.encodeKey(key, 1e9);
    return `${room.form} ${Buffer.from(room.block.bytes.subarray(0, room.length)).toString('hex')}`;
  };
  fc.assert(fc.property(text, text, (a, b) => assert.equal(identity(a) === identity(b), a === b)));
  assert.notEqual(identity('\u6161'), identity('aa'));
});

test('each string takes the smallest form that keeps it', () => {
  const room = new TextBytes();
  const cases: [string, number, number][] = [
    ['', LATIN1, 0],
    ['plain', LATIN1, 5],
    ['é'.repeat(100), LATIN1, 100],
    [`${'a'.repeat(100)}→`, UTF8, 103],
    ['中'.repeat(100), UTF16, 200],
    [`${'a'.repeat(100)}\ud800`, UTF16, 202],
  ];
  for (const [string, form, length] of cases) {
    room.encode(string, 1e9);
    assert.deepEqual([room.form, room.length], [form, length], string);
  }
});

test('what is longer than allowed is refused, whatever its form', () => {
  const room = new TextBytes();
  for (const string of ['abcde', 'a'.repeat(100), `${'a'.repeat(100)}→`, '中'.repeat(100)]) {
    room.encode(string, 1e9);
    const { length } = room;
    assert.equal(room.encode(string, length), true);
    assert.equal(room.encode(string, length - 1), false);
  }
});
