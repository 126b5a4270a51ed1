import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Argument, BAD_ARGUMENT, CommandEncoder, TOO_LARGE } from './command-encoder.js';

const NO_LIMIT = 2 ** 30;

/** RESP written down without care for speed. */
function plain(args: readonly Argument[]): Buffer {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? Buffer.from(arg) : Buffer.from(String(arg), 'utf8');
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

const text = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 130 }),
  fc.string({ unit: 'binary', maxLength: 130 }),
  // Halves of surrogate pairs, which UTF-8 cannot say.
  fc
    .array(fc.constantFrom('a', 'ä', '€', '\ud83d', '\ude00'), { maxLength: 70 })
    .map((parts) => parts.join('')),
);
const argument: fc.Arbitrary<Argument> = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 200 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const command = fc.array(argument, { minLength: 1, maxLength: 12 });

test('commands are what a plain encoder writes, one behind the other', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
      const encoder = new CommandEncoder();
      for (const args of commands) assert.equal(encoder.encode(args, NO_LIMIT), plain(args).length);
      assert.deepEqual(Buffer.from(encoder.view()), Buffer.concat(commands.map(plain)));
      encoder.clear();
      assert.equal(encoder.length, 0);
    }),
    { numRuns: 300 },
  );
});

test('a command that is one byte too long leaves no trace', () => {
  fc.assert(
    fc.property(command, command, (first, second) => {
      const encoder = new CommandEncoder();
      encoder.encode(first, NO_LIMIT);
      const { length } = plain(second);
      assert.equal(encoder.encode(second, length - 1), TOO_LARGE);
      assert.deepEqual(Buffer.from(encoder.view()), plain(first));
      assert.equal(encoder.encode(second, length), length);
      assert.deepEqual(Buffer.from(encoder.view()), Buffer.concat([plain(first), plain(second)]));
    }),
    { numRuns: 300 },
  );
});

test('lengths of every number of digits are right, and large commands do not stay', () => {
  const encoder = new CommandEncoder();
  for (const length of [0, 1, 9, 10, 63, 64, 65, 99, 100, 999, 1000, 65_535, 99_999, 100_000, 3_000_000]) {
    for (const value of ['x'.repeat(length), 'é'.repeat(length), new Uint8Array(length)]) {
      encoder.clear();
      const args = ['SET', 'k', value];
      encoder.encode(args, NO_LIMIT);
      assert.ok(plain(args).equals(encoder.view()), `${length} of ${typeof value}`);
    }
  }
  encoder.clear();
  encoder.encode(['PING'], NO_LIMIT);
  assert.equal(encoder.view().buffer.byteLength, 16 * 1024);
  const many = Array.from({ length: 12_345 }, (_, i) => i);
  encoder.clear();
  encoder.encode(many, NO_LIMIT);
  assert.ok(plain(many).equals(encoder.view()));
});

test('what is no argument is refused and leaves no trace', () => {
  const encoder = new CommandEncoder();
  for (const bad of [undefined, null, {}, [], true, Number.NaN, Number.POSITIVE_INFINITY, 1n, new Date(0)]) {
    assert.equal(encoder.encode(['SET', 'k', bad as unknown as Argument], NO_LIMIT), BAD_ARGUMENT);
  }
  assert.equal(encoder.encode([], NO_LIMIT), BAD_ARGUMENT);
  assert.equal(encoder.length, 0);
});
