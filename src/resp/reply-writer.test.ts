import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Block, byteString } from '../base/index.js';
import { type BlockSource, freshBlocks, ReplyWriter } from './index.js';

function writer(protocol: 2 | 3, initialBytes = 16): ReplyWriter {
  const made = new ReplyWriter(freshBlocks, initialBytes);
  made.protocol = protocol;
  return made;
}

function written(from: ReplyWriter): string {
  return byteString(from.block, 0, from.length);
}

function both(write: (to: ReplyWriter) => void): [resp2: string, resp3: string] {
  const [two, three] = [writer(2), writer(3)];
  write(two);
  write(three);
  return [written(two), written(three)];
}

const value = Block.of('..value..');

/** What is written, in RESP2 and, where it differs, in RESP3. */
const cases: readonly (readonly [
  what: string,
  write: (to: ReplyWriter) => void,
  resp2: string,
  resp3?: string,
])[] = [
  ['ok', (to) => to.ok(), '+OK\r\n'],
  ['pong', (to) => to.pong(), '+PONG\r\n'],
  ['queued', (to) => to.queued(), '+QUEUED\r\n'],
  ['nil', (to) => to.nil(), '$-1\r\n', '_\r\n'],
  ['nilArray', (to) => to.nilArray(), '*-1\r\n', '_\r\n'],
  ['simple', (to) => to.simple('Background'), '+Background\r\n'],
  ['error', (to) => to.error('ERR syntax error'), '-ERR syntax error\r\n'],
  [
    'error with CR LF',
    (to) => to.error("ERR unknown command 'a\r\n+OK'"),
    "-ERR unknown command 'a  +OK'\r\n",
  ],
  ['error that ends in CR LF', (to) => to.error('\r\nERR a\n\r\n'), '-ERR a\r\n'],
  ['error with bytes', (to) => to.error('ERR \xff\0'), '-ERR \xff\0\r\n'],
  ['integer', (to) => to.integer(-42), ':-42\r\n'],
  ['bigInteger', (to) => to.bigInteger(-(2n ** 63n)), ':-9223372036854775808\r\n'],
  ['bulk', (to) => to.bulk(value, 2, 5), '$5\r\nvalue\r\n'],
  ['empty bulk', (to) => to.bulk(value, 9, 0), '$0\r\n\r\n'],
  ['bulkText', (to) => to.bulkText('\xe4\r\n'), '$3\r\n\xe4\r\n\r\n'],
  ['array', (to) => to.array(12), '*12\r\n'],
  ['map', (to) => to.map(7), '*14\r\n', '%7\r\n'],
  ['set', (to) => to.set(2), '*2\r\n', '~2\r\n'],
  ['push', (to) => to.push(3), '*3\r\n', '>3\r\n'],
  ['boolean', (to) => to.boolean(true), ':1\r\n', '#t\r\n'],
  ['boolean', (to) => to.boolean(false), ':0\r\n', '#f\r\n'],
  [
    'bigNumber',
    (to) => to.bigNumber(10n ** 20n),
    '$21\r\n100000000000000000000\r\n',
    '(100000000000000000000\r\n',
  ],
  ['verbatim', (to) => to.verbatim('txt', 'a\nb'), '$3\r\na\nb\r\n', '=7\r\ntxt:a\nb\r\n'],
  ['raw', (to) => to.raw(Block.of('+OK\r\n:1\r\n'), 5, 4), ':1\r\n'],
];

describe('the reply writer', () => {
  for (const [what, write, resp2, resp3 = resp2] of cases) {
    test(`${what}: ${JSON.stringify(resp2)}`, () => {
      assert.deepEqual(both(write), [resp2, resp3]);
    });
  }

  test('integers of every length', () => {
    const powers = Array.from({ length: 16 }, (_, i) => 10 ** i);
    const around = powers.flatMap((power) => [power - 1, power, power + 1, -power, 1 - power]);
    const corners = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 1 - 2 ** 53];
    for (const integer of [...around, ...corners]) {
      const to = writer(2);
      to.integer(integer);
      assert.equal(written(to), `:${integer === 0 ? 0 : integer}\r\n`);
    }
    fc.assert(
      fc.property(fc.maxSafeInteger(), (integer) => {
        const to = writer(2);
        to.integer(integer);
        assert.equal(written(to), `:${integer}\r\n`);
      }),
    );
  });

  test('doubles with 17 digits, as C prints them', () => {
    const doubles: readonly (readonly [number, string])[] = [
      [0, '0'],
      [-0, '-0'],
      [1, '1'],
      [-1.5, '-1.5'],
      [0.1, '0.10000000000000001'],
      [3.14, '3.1400000000000001'],
      [100, '100'],
      [1e16, '10000000000000000'],
      [1e17, '1e+17'],
      [1e22, '1e+22'],
      [1.2e100, '1.2000000000000001e+100'],
      [0.0001, '0.0001'],
      [0.00001, '1.0000000000000001e-05'],
      [5e-324, '4.9406564584124654e-324'],
      [Number.MAX_VALUE, '1.7976931348623157e+308'],
      [Number.POSITIVE_INFINITY, 'inf'],
      [Number.NEGATIVE_INFINITY, '-inf'],
      [Number.NaN, 'nan'],
    ];
    for (const [double, text] of doubles) {
      assert.deepEqual(
        both((to) => to.double(double)),
        [`$${text.length}\r\n${text}\r\n`, `,${text}\r\n`],
      );
    }
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
        const to = writer(3);
        to.double(double);
        assert.ok(Object.is(Number(written(to).slice(1)), double));
      }),
    );
  });

  test('a value may be written in place', () => {
    const to = writer(2);
    to.bulkHeader(5);
    const at = to.reserve(5);
    value.bytes.subarray(2, 7).forEach((byte, i) => {
      to.block.bytes[at + i] = byte;
    });
    to.advance(5);
    to.crlf();
    assert.equal(written(to), '$5\r\nvalue\r\n');
  });

  test('grows by doubling and keeps what was written', () => {
    let allocations = 0;
    let returned = 0;
    const counting: BlockSource = {
      take: (bytes) => {
        allocations++;
        return Block.ofLength(bytes);
      },
      give: () => {
        returned++;
      },
    };
    const to = new ReplyWriter(counting, 8);
    for (let i = 0; i < 10_000; i++) to.integer(i);
    to.bulkText('x'.repeat(300_000));
    const expected = Array.from({ length: 10_000 }, (_, i) => `:${i}\r\n`).join('');
    assert.equal(written(to), `${expected}$300000\r\n${'x'.repeat(300_000)}\r\n`);
    assert.ok(allocations < 20, `${allocations} allocations`);
    assert.equal(returned, allocations - 1, 'all but the last are given back');
  });

  test('any sequence of replies is the replies in sequence, whatever the first size', () => {
    const reply = fc.oneof(
      fc.constantFrom(...cases.map(([, write, resp2]) => ({ write, text: resp2 }))),
      fc.maxSafeInteger().map((n) => ({ write: (to: ReplyWriter) => to.integer(n), text: `:${n}\r\n` })),
      fc.nat(200).map((n) => ({
        write: (to: ReplyWriter) => to.bulkText('y'.repeat(n)),
        text: `$${n}\r\n${'y'.repeat(n)}\r\n`,
      })),
    );
    fc.assert(
      fc.property(fc.array(reply), fc.integer({ min: 1, max: 64 }), (replies, initialBytes) => {
        const to = writer(2, initialBytes);
        for (const { write } of replies) write(to);
        assert.equal(written(to), replies.map(({ text }) => text).join(''));
      }),
    );
  });

  test('is used again', () => {
    const to = writer(2, 64);
    const { block } = to;
    to.ok();
    assert.equal(Buffer.from(to.written()).toString(), '+OK\r\n');
    assert.equal(to.written().buffer, block.bytes.buffer);
    to.integer(1);
    to.truncate(5);
    assert.equal(written(to), '+OK\r\n');
    to.reset();
    assert.equal(to.length, 0);
    assert.equal(to.block, block);
    to.pong();
    to.renew();
    assert.notEqual(to.block, block);
    assert.equal(byteString(block, 0, 7), '+PONG\r\n', 'the old buffer is left to whoever sends it');
    to.bulkText('x'.repeat(10_000));
    to.reset();
    assert.equal(to.block.bytes.length, 64, 'a buffer that has grown is given up');
  });
});
