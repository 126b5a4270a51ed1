/** Commands at random, for tests that compare a node with something else. */
import fc from 'fast-check';

/** So many ms pass. */
export function passingMs(): fc.Arbitrary<number> {
  return fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 3000 }));
}

/** A command on a few keys of these databases, SELECT and SWAPDB among them. A word `@5` is the time in 5 ms. */
export function anyCommand(databases: readonly string[]): fc.Arbitrary<readonly string[]> {
  const key = fc.constantFrom('a', 'b', 'c', '', 'k\r\n\x00\xff');
  const keys = fc.array(key, { minLength: 1, maxLength: 4 });
  const text = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 12 }),
    fc.constantFrom(
      '',
      '0',
      '-1',
      '9007199254740993',
      '9223372036854775807',
      '\xff\xff\x00',
      'x'.repeat(300),
    ),
  );
  const integer = fc.constantFrom(...['0', '1', '-1', '5', '-7', '9007199254740991', '-9223372036854775808']);
  const index = fc.integer({ min: -15, max: 15 }).map(String);
  const offset = fc.integer({ min: 0, max: 40 }).map(String);
  const ms = fc.integer({ min: 1, max: 4000 }).map(String);
  const time = fc.integer({ min: -100, max: 4000 }).map((at) => `@${at}`);
  const db = fc.constantFrom(...databases);
  const word = (...words: string[]): fc.Arbitrary<string> => fc.constantFrom(...words);
  const optional = (part: fc.Arbitrary<readonly string[]>): fc.Arbitrary<readonly string[]> =>
    fc.oneof(fc.constant([]), part);
  const condition = optional(
    fc.oneof(
      word('NX', 'XX').map((name) => [name]),
      fc.tuple(word('IFEQ'), text),
    ),
  );
  const lifetime = optional(
    fc.oneof(fc.constant(['KEEPTTL']), fc.tuple(word('PX'), ms), fc.tuple(word('PXAT'), time)),
  );
  const set = fc.tuple(key, text, condition, lifetime, optional(fc.constant(['GET'])));
  const pairs = fc.array(fc.tuple(key, text), { minLength: 1, maxLength: 3 });
  const getex = optional(
    fc.oneof(fc.constant(['PERSIST']), fc.tuple(word('PX'), ms), fc.tuple(word('PXAT'), time)),
  );
  return fc.oneof(
    { weight: 4, arbitrary: set.map(([k, value, ...options]) => ['SET', k, value, ...options.flat()]) },
    { weight: 2, arbitrary: fc.tuple(word('GET', 'GETDEL', 'STRLEN', 'PERSIST'), key) },
    { weight: 2, arbitrary: fc.tuple(word('PTTL', 'TTL', 'PEXPIRETIME'), key) },
    fc.tuple(key, getex).map(([k, options]) => ['GETEX', k, ...options]),
    fc.tuple(word('SETNX', 'GETSET', 'APPEND', 'DELIFEQ'), key, text),
    fc.tuple(word('MGET', 'EXISTS', 'DEL'), keys).map(([name, names]) => [name, ...names]),
    fc.tuple(word('MSET', 'MSETNX'), pairs).map(([name, all]) => [name, ...all.flat()]),
    fc.tuple(word('SETRANGE'), key, offset, text),
    fc.tuple(word('GETRANGE', 'BITCOUNT'), key, index, index),
    fc.tuple(word('INCRBY'), key, integer),
    fc.tuple(word('SETBIT'), key, offset, word('0', '1')),
    fc.tuple(word('GETBIT'), key, offset),
    fc
      .tuple(word('AND', 'OR', 'XOR'), key, keys)
      .map(([name, target, names]) => ['BITOP', name, target, ...names]),
    fc.tuple(key, key).map(([target, source]) => ['BITOP', 'NOT', target, source]),
    fc.tuple(word('RENAME', 'RENAMENX'), key, key),
    fc.tuple(key, key, db, optional(fc.constant(['REPLACE']))).map(([from, to, target, replace]) => {
      return ['COPY', from, to, 'DB', target, ...replace];
    }),
    fc.tuple(word('MOVE'), key, db),
    fc
      .tuple(
        word('PEXPIRE'),
        key,
        fc.oneof(ms, word('0', '-5')),
        optional(word('NX', 'XX', 'GT', 'LT').map((w) => [w])),
      )
      .map(flat),
    fc.tuple(word('PEXPIREAT'), key, time, optional(word('NX', 'XX', 'GT', 'LT').map((w) => [w]))).map(flat),
    fc.tuple(word('SELECT'), db),
    fc.tuple(word('SWAPDB'), db, db),
    fc.constantFrom(['FLUSHDB'], ['KEYS', '*']),
  );
}

function flat(words: readonly (string | readonly string[])[]): string[] {
  return words.flat();
}
