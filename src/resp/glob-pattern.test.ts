import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Block } from '../base/index.js';
import { GlobPattern } from './index.js';

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  const glob = new GlobPattern(Block.of(`<${pattern}>`), 1, pattern.length, ignoreCase);
  return glob.matches(Block.of(`<<${text}>>`), 2, text.length);
}

const cases: readonly (readonly [pattern: string, matching: string[], others: string[]])[] = [
  ['', [''], ['a']],
  ['*', ['a', 'abc', '\0'], ['']],
  ['**', ['a'], ['']],
  ['?', ['a', '*'], ['', 'ab']],
  ['h?llo', ['hello', 'hallo'], ['hllo', 'heello']],
  ['h*llo', ['hllo', 'heeeello', 'hllollo'], ['hell', 'ello']],
  ['*llo', ['llo', 'hello'], ['lo', 'llox']],
  ['a*', ['a', 'ab'], ['', 'b']],
  ['a***b*', ['ab', 'axbx'], ['a', 'ba']],
  ['*a*b*c*', ['abc', 'xaxbxcx', 'aabbcc'], ['acb', 'ab']],
  ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'hllo']],
  ['h[^e]llo', ['hallo', 'h^llo'], ['hello']],
  ['h[a-c]llo', ['hallo', 'hbllo', 'hcllo'], ['hdllo', 'h-llo']],
  ['h[c-a]llo', ['hallo', 'hbllo'], ['hdllo']],
  ['[a-cx-z]', ['b', 'y'], ['d', '-']],
  ['[]', [], ['', ']', '[']],
  ['[]a]', [], [']', 'a', ']a]']],
  ['[^]', ['a', ']', '^'], ['']],
  ['[a', ['a'], ['[a', 'b']],
  ['[', [], ['[', 'a']],
  ['[^', ['a', '^'], ['']],
  ['[a-', ['a', '-'], ['b']],
  ['[a-]', ['a', ']', '^', '`'], ['-', 'b', ']x']],
  ['[\\]]', [']'], ['\\', 'x']],
  ['[\\', ['\\'], ['[']],
  ['[\\-a]', ['-', 'a'], ['\\']],
  ['\\*', ['*'], ['a', '\\*']],
  ['\\', ['\\'], ['']],
  ['a\\', ['a\\'], ['a']],
  ['\\a', ['a'], ['\\a']],
  ['*\\*', ['*', 'a*'], ['a']],
  ['\xe4*', ['\xe4', '\xe4\xff'], ['a']],
  ['[\x00-\x7f]', ['a'], ['\xe4']],
  ['[\x00-\xff]', ['\0', '\xff'], ['a', '\x80']],
  ['[\xe0-\xef]', ['\xe4'], ['a', '\xf0']],
];

describe('a glob pattern', () => {
  for (const [pattern, matching, others] of cases) {
    test(JSON.stringify(pattern), () => {
      for (const text of matching) assert.ok(matches(pattern, text), JSON.stringify(text));
      for (const text of others) assert.ok(!matches(pattern, text), JSON.stringify(text));
    });
  }

  test('may ignore the case of letters', () => {
    assert.ok(matches('MaxMem*', 'maxMEMory', true));
    assert.ok(!matches('MaxMem*', 'maxMEMory'));
    assert.ok(matches('[A-C]?', 'bX', true));
    assert.ok(matches('[x]', 'X', true));
    assert.ok(!matches('[\\x]', 'X', true), 'an escaped byte in a class is itself');
    assert.ok(matches('\\X', 'x', true));
    assert.ok(!matches('[', '{', true));
    assert.ok(!matches('@', '`', true));
  });

  test('knows the pattern for all', () => {
    const isAll = (pattern: string) => new GlobPattern(Block.of(pattern), 0, pattern.length).isAll;
    assert.deepEqual(['*', '**', '', 'a', '\\*', '?'].map(isAll), [true, false, false, false, false, false]);
  });

  test('matches as the plain recursion does', () => {
    const pattern = fc.string({ unit: fc.constantFrom(...'ab*?[]^-\\\xe4*a'), maxLength: 12 });
    const text = fc.string({ unit: fc.constantFrom(...'aab-]\\^\xe4B'), maxLength: 10 });
    fc.assert(
      fc.property(pattern, text, (glob, subject) => {
        assert.equal(matches(glob, subject), plainMatch(glob, subject));
      }),
      { numRuns: 5000 },
    );
  });

  test('bounds its steps', () => {
    const text = 'a'.repeat(65_536);
    const half = 'a'.repeat(32_768);
    // All of these match, but only after a thousand million steps.
    for (const pattern of [`*${half}b`, `*${'?'.repeat(32_768)}b`, `*${'[ab]'.repeat(25_000)}b`]) {
      assert.ok(!matches(pattern, `${text}b`), pattern.slice(0, 5));
    }
    assert.ok(matches(`*${'a'.repeat(200)}b`, `${text}b`), 'what takes 200 steps a byte is found');
    assert.ok(matches(`*${half}*`, text), 'no bound is met by what matches at once');
    assert.ok(!matches(`${'a*'.repeat(5000)}b`, text), 'many stars cost no more than one');
    assert.ok(matches(`${'a*'.repeat(5000)}a`, text));
    assert.ok(!matches(`${'*'.repeat(100_000)}b`, text));
  });

  test('a pattern of 100 KB compiles', () => {
    for (const part of ['[', '\\', '[^', '*', '[a-z]', '?', 'a']) {
      const pattern = part.repeat(Math.floor(100_000 / part.length));
      const glob = new GlobPattern(Block.of(pattern), 0, pattern.length);
      assert.equal(glob.matches(Block.of('zz'), 0, 2), part === '*');
    }
  });
});

/** The rules one after the other, without any care for cost. */
function plainMatch(pattern: string, text: string): boolean {
  if (text === '') return /^$/.test(pattern);
  return plainMatchRest(pattern, text);
}

function plainMatchRest(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  const head = pattern[0];
  if (head === '*') {
    return Array.from({ length: text.length + 1 }, (_, i) => i).some((i) =>
      plainMatchRest(pattern.slice(1), text.slice(i)),
    );
  }
  if (text === '') return false;
  if (head === '?') return plainMatchRest(pattern.slice(1), text.slice(1));
  if (head === '[') {
    const { takes, length } = plainClass(pattern);
    return takes(text.charCodeAt(0)) && plainMatchRest(pattern.slice(length), text.slice(1));
  }
  const isEscaped = head === '\\' && pattern.length > 1;
  return (
    pattern[isEscaped ? 1 : 0] === text[0] && plainMatchRest(pattern.slice(isEscaped ? 2 : 1), text.slice(1))
  );
}

function plainClass(pattern: string): { takes: (code: number) => boolean; length: number } {
  const isNegated = pattern[1] === '^';
  const ranges: [number, number][] = [];
  let i = isNegated ? 2 : 1;
  while (i < pattern.length && pattern[i] !== ']') {
    if (pattern[i] === '\\' && i + 1 < pattern.length) {
      ranges.push([signed(pattern, i + 1), signed(pattern, i + 1)]);
      i += 2;
    } else if (pattern[i + 1] === '-' && i + 2 < pattern.length) {
      ranges.push([signed(pattern, i), signed(pattern, i + 2)].sort((a, b) => a - b) as [number, number]);
      i += 3;
    } else {
      ranges.push([signed(pattern, i), signed(pattern, i)]);
      i++;
    }
  }
  const isIn = (code: number) => ranges.some(([from, to]) => code >= from && code <= to);
  return { takes: (code) => isIn((code << 24) >> 24) !== isNegated, length: Math.min(i + 1, pattern.length) };
}

function signed(text: string, i: number): number {
  return (text.charCodeAt(i) << 24) >> 24;
}
