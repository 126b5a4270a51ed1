import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Block } from '../base/index.js';
import { Request } from './index.js';

function requestOf(...words: string[]): Request {
  const request = new Request();
  request.block = Block.of(`..${words.join('')}`);
  let at = 2;
  for (const word of words) {
    request.push(at, word.length);
    at += word.length;
  }
  return request;
}

describe('a request', () => {
  test('gives its arguments as byte strings', () => {
    const request = requestOf('SET', '', '\xff\0\x80');
    assert.equal(request.count, 3);
    assert.deepEqual([request.text(0), request.text(1), request.text(2)], ['SET', '', '\xff\0\x80']);
  });

  test('compares with a word in any case', () => {
    const request = requestOf('get', 'GeT', 'GET', 'GE', 'GETS', 'no-Evict', 'G\xc5T', 'ge\x34', '');
    const found = Array.from({ length: request.count }, (_, i) => request.is(i, 'GET'));
    assert.deepEqual(found, [true, true, true, false, false, false, false, false, false]);
    assert.ok(request.is(5, 'NO-EVICT'));
    assert.ok(!requestOf('[').is(0, '{'), 'only letters have a case');
    assert.ok(!requestOf('{').is(0, '['));
    assert.ok(!requestOf('@').is(0, '`'));
    assert.ok(request.is(8, ''));
  });

  test('a copy outlives the block', () => {
    const request = requestOf('SET', 'key', 'value');
    const copy = request.copy();
    request.block.bytes.fill(0);
    request.count = 0;
    assert.deepEqual([copy.count, copy.text(0), copy.text(1), copy.text(2)], [3, 'SET', 'key', 'value']);
    assert.equal(copy.block.bytes.length, 11);
  });

  test('holds any number of arguments', () => {
    const request = new Request();
    for (let i = 0; i < 1000; i++) request.push(i, 2 * i);
    assert.equal(request.count, 1000);
    assert.deepEqual([request.starts[999], request.lengths[999]], [999, 1998]);
    assert.ok(request.starts.length < 2100);
    request.release();
    assert.deepEqual([request.count, request.starts.length], [0, 0]);
  });
});

describe('integers', () => {
  const integers = [
    ['0', 0],
    ['7', 7],
    ['-1', -1],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
  ] as const;
  const bigIntegers = [
    '9007199254740992',
    '9007199254740993',
    '-9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
  ];
  const none = [
    '',
    '-',
    '+5',
    ' 1',
    '1 ',
    '-0',
    '00',
    '01',
    '-01',
    '0x10',
    '1e3',
    '1.0',
    'NaN',
    'inf',
    '1\0',
    '--1',
    '９',
  ];
  const beyond = ['9223372036854775808', '-9223372036854775809', '18446744073709551616', '9'.repeat(100)];

  for (const [text, value] of integers) {
    test(`'${text}' is one`, () => {
      assert.equal(requestOf(text).integer(0), value);
      assert.equal(requestOf(text).bigInteger(0), BigInt(value));
    });
  }
  for (const text of bigIntegers) {
    test(`${text} is one of 64 bits only`, () => {
      assert.equal(requestOf(text).integer(0), undefined);
      assert.equal(requestOf(text).bigInteger(0), BigInt(text));
    });
  }
  for (const text of [...none, ...beyond]) {
    test(`'${text.slice(0, 30)}' is none`, () => {
      assert.equal(requestOf(text).integer(0), undefined);
      assert.equal(requestOf(text).bigInteger(0), undefined);
    });
  }

  test('are what reads and prints alike', () => {
    const anything = fc.oneof(
      fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
      fc.maxSafeInteger().map(String),
      fc.string({ unit: fc.constantFrom(...'0123456789-+ e.'), maxLength: 22 }),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const isCanonical =
          /^(0|-?[1-9][0-9]*)$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
        const expected = isCanonical ? BigInt(text) : undefined;
        assert.equal(requestOf(text).bigInteger(0), expected);
        const isSafe = expected !== undefined && Number.isSafeInteger(Number(expected));
        assert.equal(requestOf(text).integer(0), isSafe ? Number(expected) : undefined);
      }),
      { numRuns: 1000 },
    );
  });
});
