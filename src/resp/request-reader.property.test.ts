import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cutAt, encode, ReaderHarness, readAll } from './request-reader.testkit.js';

const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const word = fc.oneof(bytes, fc.constantFrom('', 'GET', 'x'.repeat(300), '\r\n', '*1\r\n', '$5\r\n'));
const request = fc.array(word, { minLength: 1, maxLength: 14 });
const cuts = fc.array(fc.nat(100_000), { maxLength: 30 });

/** What is sent between requests and means nothing. */
const filler = fc.constantFrom('', '', '', '\r\n', '\n', '*0\r\n', '*-1\r\n', '  \r\n');
const stream = fc.array(fc.tuple(filler, request), { maxLength: 12 });

/** Whole requests, broken ones, and pieces of protocol. */
const fragment = fc.oneof(
  request.map(encode),
  bytes,
  fc.constantFrom(
    '*',
    '$',
    '\r',
    '\n',
    '\r\n',
    '\0',
    '*2\r\n',
    '$3\r\n',
    '*-1\r\n',
    '$-1\r\n',
    '"',
    "'",
    '\\',
    '\\x4',
    'PING\r\n',
    'a "b\\x20c" \'d\'\r\n',
  ),
  fc
    .tuple(fc.constantFrom('*', '$'), fc.integer(), fc.constantFrom('\r\n', '\r', '\n', ' \r\n'))
    .map((parts) => parts.join('')),
);
const garbage = fc.array(fragment, { maxLength: 25 }).map((fragments) => fragments.join(''));

/** Requests with some bytes changed, added or left out. */
const mutated = fc
  .tuple(
    fc.array(request, { minLength: 1, maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(5000), fc.nat(2), fc.nat(255)), { minLength: 1, maxLength: 4 }),
  )
  .map(([requests, mutations]) => {
    let text = requests.map(encode).join('');
    for (const [position, kind, byte] of mutations) {
      const at = position % (text.length + 1);
      text =
        text.slice(0, at) +
        (kind === 0 ? '' : String.fromCharCode(byte)) +
        text.slice(kind === 2 ? at : at + 1);
    }
    return text;
  });

describe('the request reader', () => {
  test('reads what was sent, however it is cut', () => {
    fc.assert(
      fc.property(stream, cuts, (parts, offsets) => {
        const text = parts.map(([between, words]) => between + encode(words)).join('');
        const expected = { requests: parts.map(([, words]) => words), failure: undefined };
        assert.deepEqual(readAll(cutAt(text, offsets)), expected);
      }),
      { numRuns: 400 },
    );
  });

  test('reads what was sent when it pauses at any place', () => {
    fc.assert(
      fc.property(
        stream,
        cuts,
        fc.array(fc.nat(3), { minLength: 1, maxLength: 10 }),
        (parts, offsets, limits) => {
          const text = parts.map(([between, words]) => between + encode(words)).join('');
          const harness = new ReaderHarness();
          cutAt(text, offsets).forEach((piece, i) => {
            harness.feed(piece, limits[i % limits.length]);
          });
          harness.read();
          assert.deepEqual(
            harness.requests,
            parts.map(([, words]) => words),
          );
        },
      ),
      { numRuns: 400 },
    );
  });

  test('understands or refuses garbage alike, however it is cut, and takes no more memory than arrived', () => {
    fc.assert(
      fc.property(fc.oneof(garbage, mutated), cuts, (text, offsets) => {
        const whole = readAll([text]);
        assert.deepEqual(readAll(cutAt(text, offsets)), whole);
        const harness = new ReaderHarness();
        for (const byte of text) {
          harness.feed(byte);
          assert.ok(harness.reader.pendingBytes <= harness.arrivedBytes);
        }
        assert.deepEqual({ requests: harness.requests, failure: harness.failure }, whole);
        assert.ok(harness.worstGrowth <= 2, `${harness.worstGrowth} times what arrived`);
      }),
      { numRuns: 1000 },
    );
  });
});
