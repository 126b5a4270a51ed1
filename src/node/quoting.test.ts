import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block, byteString } from '../base/index.js';
import { quotedLength, writeQuoted } from './quoting.js';

function quoted(text: string): string {
  const from = Block.of(`<${text}>`);
  const length = quotedLength(from, 1, text.length);
  const to = Block.ofLength(length + 2);
  assert.equal(writeQuoted(to, 1, from, 1, text.length), length + 1, 'the length is foretold');
  assert.deepEqual([to.bytes[0], to.bytes[length + 1]], [0, 0], 'nothing is written outside');
  return byteString(to, 1, length);
}

test('bytes are quoted as Redis quotes them', () => {
  const cases: readonly (readonly [text: string, expected: string])[] = [
    ['', ''],
    ['plain text 123 ~', 'plain text 123 ~'],
    ['a"b\\c', 'a\\"b\\\\c'],
    ['\n\r\t\x07\b', '\\n\\r\\t\\a\\b'],
    ['\0\x1f\x7f\x80\xff', '\\x00\\x1f\\x7f\\x80\\xff'],
    ["'", "'"],
  ];
  for (const [text, expected] of cases) assert.equal(quoted(text), expected);
});

test('every byte can be read back', () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  const letters: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };
  const unquoted = quoted(all).replace(
    /\\(?:x([0-9a-f]{2})|(.))/g,
    (_, hex: string | undefined, letter: string) =>
      hex === undefined ? (letters[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  assert.equal(unquoted, all);
});
