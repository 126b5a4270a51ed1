import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Block } from '../base/index.js';
import { Request } from './index.js';
import { splitInline } from './inline.js';

function split(line: string): string[] | undefined {
  const block = Block.of(`<<${line}>>`);
  const before = block.bytes.slice();
  const request = new Request();
  const isBalanced = splitInline(request, block, 2, 2 + line.length);
  assert.deepEqual(block.bytes, before, 'the line is left as it was');
  return isBalanced ? Array.from({ length: request.count }, (_, i) => request.text(i)) : undefined;
}

const cases: readonly (readonly [line: string, words: string[] | undefined])[] = [
  ['', []],
  [' \t\r\v\f ', []],
  ['get key', ['get', 'key']],
  ['  get\t\tkey  ', ['get', 'key']],
  ['a\rb', ['a', 'b']],
  ['a\vb\fc', ['a\vb\fc']],
  ['\va', ['a']],
  ['back\\slash \\"', undefined],
  ['back\\slash', ['back\\slash']],
  ['""', ['']],
  ["''", ['']],
  ['set "a b" \'c d\'', ['set', 'a b', 'c d']],
  ['a"b c"', ['ab c']],
  ["a'b c' d", ['ab c', 'd']],
  ['"a"b', undefined],
  ["'a'b", undefined],
  ['"a""b"', undefined],
  ['"a"\tb', ['a', 'b']],
  ['"a"\vb', ['a', 'b']],
  ['"', undefined],
  ["'", undefined],
  ['"a', undefined],
  ['"a\\"', undefined],
  ['"a\\', undefined],
  ["'a\\'", undefined],
  ['"\\n\\r\\t\\b\\a\\q\\\\\\""', ['\n\r\t\b\x07q\\"']],
  ['"\\x00\\xff\\xAb"', ['\0\xff\xab']],
  ['"\\xZZ\\x4\\x"', ['xZZx4x']],
  ['"\\x4', undefined],
  ["'\\n\\'\\\\'", undefined],
  ["'\\n\\'\\\\ '", ["\\n'\\\\ "]],
  ['"it\'s" \'"\'', ["it's", '"']],
  ['\xef\xbb\xbfPING', ['\xef\xbb\xbfPING']],
];

describe('an inline command', () => {
  for (const [line, words] of cases) {
    test(JSON.stringify(line), () => {
      assert.deepEqual(split(line), words);
    });
  }

  test('any words can be quoted and come back', () => {
    const bytes = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 20 });
    const quoted = (word: string) =>
      `"${[...word].map((char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')}"`;
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (words) => {
        assert.deepEqual(split(words.map(quoted).join(' ')), words);
      }),
    );
  });

  test('no line goes wrong', () => {
    const line = fc.string({ unit: fc.constantFrom(...'ab \\x4"\'\t\vn'), maxLength: 30 });
    fc.assert(
      fc.property(line, (text) => {
        const words = split(text);
        if (words !== undefined) assert.ok(words.join('').length <= text.length);
      }),
      { numRuns: 500 },
    );
  });
});
