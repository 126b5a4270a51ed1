import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Block, InvariantError } from '../base/index.js';
import { BlockPool, defaultReaderLimits, FAILED, NEED_MORE, READY, RequestReader } from './index.js';
import { cutAt, encode, ReaderHarness, readAll } from './request-reader.testkit.js';

const PING = '*1\r\n$4\r\nPING\r\n';
const KB64 = 65536;

interface Golden {
  readonly what: string;
  readonly input: string;
  readonly requests?: readonly (readonly string[])[];
  readonly failure?: string;
}

const framing: readonly Golden[] = [
  { what: 'one request', input: PING, requests: [['PING']] },
  {
    what: 'a pipeline',
    input: PING + encode(['GET', 'a']) + PING,
    requests: [['PING'], ['GET', 'a'], ['PING']],
  },
  { what: 'an empty bulk', input: encode(['ECHO', '']), requests: [['ECHO', '']] },
  {
    what: 'CR LF and NUL in a bulk',
    input: encode(['ECHO', '\r\n\0\r\n$3']),
    requests: [['ECHO', '\r\n\0\r\n$3']],
  },
  { what: 'ten arguments', input: encode([...'abcdefghij']), requests: [[...'abcdefghij']] },
  { what: 'an empty line', input: `\r\n${PING}`, requests: [['PING']] },
  { what: 'several empty lines', input: `\r\n\n\r\n   \r\n${PING}`, requests: [['PING']] },
  { what: 'a lone LF', input: `\n${PING}`, requests: [['PING']] },
  { what: 'a lone CR, which waits', input: '\r', requests: [] },
  { what: 'a CR and a request: an inline line', input: `\r${PING}`, requests: [['*1'], ['$4'], ['PING']] },
  { what: 'an empty array', input: `*0\r\n${PING}`, requests: [['PING']] },
  { what: '500 empty arrays', input: '*0\r\n'.repeat(500) + PING, requests: [['PING']] },
  { what: 'a nil array', input: `*-1\r\n${PING}`, requests: [['PING']] },
  { what: 'a negative array', input: `*-10\r\n${PING}`, requests: [['PING']] },
  { what: 'the most negative array', input: `*-9223372036854775808\r\n${PING}`, requests: [['PING']] },
  { what: 'one below', input: `*-9223372036854775809\r\n${PING}`, failure: 'invalid multibulk length' },
  { what: 'the longest array', input: '*2147483647\r\n', requests: [] },
  { what: 'one beyond', input: '*2147483648\r\n', failure: 'invalid multibulk length' },
  { what: '3e9 arguments', input: '*3000000000\r\n', failure: 'invalid multibulk length' },
  { what: '2^63 arguments', input: '*9223372036854775808\r\n', failure: 'invalid multibulk length' },
  { what: 'letters for a count', input: '*abc\r\n', failure: 'invalid multibulk length' },
  { what: 'no count', input: '*\r\n', failure: 'invalid multibulk length' },
  { what: 'an exponent', input: '*1e3\r\n', failure: 'invalid multibulk length' },
  { what: 'a plus', input: '*+1\r\n', failure: 'invalid multibulk length' },
  { what: 'a space', input: '* 1\r\n', failure: 'invalid multibulk length' },
  { what: 'a leading zero', input: '*01\r\n', failure: 'invalid multibulk length' },
  { what: 'two zeros', input: '*00\r\n', failure: 'invalid multibulk length' },
  { what: 'minus zero', input: '*-0\r\n', failure: 'invalid multibulk length' },
  { what: 'an endless count', input: `*${'1'.repeat(KB64)}`, failure: 'too big mbulk count string' },
  { what: 'a count that may still end', input: `*${'1'.repeat(KB64 - 1)}`, requests: [] },
  {
    what: 'a count that does not end in time',
    input: `*${'1'.repeat(KB64)}\r\n`,
    failure: 'too big mbulk count string',
  },
  {
    what: 'a count that just ends in time',
    input: `*${'1'.repeat(KB64 - 1)}\r\n`,
    failure: 'invalid multibulk length',
  },
  { what: 'NUL for a count, which hides the CR', input: `*\0\r\n${PING}`, requests: [] },
  {
    what: 'NUL for a count, for long',
    input: `*\0\r\n${'x'.repeat(KB64)}`,
    failure: 'too big mbulk count string',
  },
  { what: 'no LF after the count, unseen', input: `*1\rX$4\rYPINGab${PING}`, requests: [['PING'], ['PING']] },
];

const bulks: readonly Golden[] = [
  { what: 'a nil bulk', input: '*1\r\n$-1\r\n', failure: 'invalid bulk length' },
  { what: 'a negative bulk', input: '*1\r\n$-10\r\n', failure: 'invalid bulk length' },
  { what: 'letters for a length', input: '*1\r\n$blabla\r\n', failure: 'invalid bulk length' },
  { what: 'no length', input: '*1\r\n$\r\n', failure: 'invalid bulk length' },
  { what: 'a leading zero', input: '*1\r\n$04\r\nPING\r\n', failure: 'invalid bulk length' },
  { what: 'zeros', input: '*1\r\n$00\r\n\r\n', failure: 'invalid bulk length' },
  { what: 'a plus', input: '*1\r\n$+4\r\nPING\r\n', failure: 'invalid bulk length' },
  { what: 'a space before the CR', input: '*1\r\n$4 \r\nPING\r\n', failure: 'invalid bulk length' },
  { what: '2e9 bytes', input: '*1\r\n$2000000000\r\n', failure: 'invalid bulk length' },
  { what: '512 MB', input: '*1\r\n$536870912\r\n', requests: [] },
  { what: 'one byte more', input: '*1\r\n$536870913\r\n', failure: 'invalid bulk length' },
  { what: '2^64 bytes', input: '*1\r\n$18446744073709551616\r\n', failure: 'invalid bulk length' },
  { what: 'an endless length', input: `*1\r\n$${'1'.repeat(KB64)}`, failure: 'too big bulk count string' },
  { what: 'NUL for a length', input: '*1\r\n$\0\r\nPING\r\n', requests: [] },
  {
    what: 'NUL for a length, for long',
    input: `*1\r\n$\0${'x'.repeat(KB64)}`,
    failure: 'too big bulk count string',
  },
  { what: 'no dollar', input: '*1\r\nfoo\r\n', failure: "expected '$', got 'f'" },
  { what: 'no dollar, the line still open', input: '*1\r\nfoo', requests: [] },
  {
    what: 'no dollar after two',
    input: '*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n',
    failure: "expected '$', got 'f'",
  },
  { what: 'an empty line for a length', input: '*1\r\n\r\n', failure: "expected '$', got '\r'" },
  { what: 'a nested array', input: '*1\r\n*1\r\n$4\r\nPING\r\n', failure: "expected '$', got '*'" },
  ...[...'%~>_#,(=|:+-'].map((type) => ({
    what: `an argument of type ${type}`,
    input: `*1\r\n${type}1\r\n`,
    failure: `expected '$', got '${type}'`,
  })),
  {
    what: 'a bulk without CRLF, which costs two bytes',
    input: `*1\r\n$4\r\nPING*1${PING}`,
    requests: [['PING'], ['PING']],
  },
  {
    what: '10 declared, 9 sent',
    input: `*1\r\n$10\r\n123456789\r\n${PING}`,
    requests: [['123456789\r'], ['1'], ['$4'], ['PING']],
  },
  {
    what: '10 declared, 9 sent, in an array',
    input: `*2\r\n$10\r\n123456789\r\n${PING}`,
    failure: "expected '$', got '1'",
  },
];

const inline: readonly Golden[] = [
  { what: 'a command', input: 'PING\r\n', requests: [['PING']] },
  { what: 'a lone LF', input: 'PING\n', requests: [['PING']] },
  { what: 'words', input: 'set  a\tb \r\n', requests: [['set', 'a', 'b']] },
  {
    what: 'between arrays',
    input: `${PING}ECHO x\r\n${PING}`,
    requests: [['PING'], ['ECHO', 'x'], ['PING']],
  },
  { what: 'a dollar', input: '$4\r\nPING\r\n', requests: [['$4'], ['PING']] },
  { what: 'a CR in the middle', input: 'PING\rx\r\n', requests: [['PING', 'x']] },
  { what: 'a byte order mark', input: '\xef\xbb\xbfPING\r\n', requests: [['\xef\xbb\xbfPING']] },
  {
    what: 'an HTTP request',
    input: 'POST / HTTP/1.1\r\nHost: x\r\n\r\n',
    requests: [
      ['POST', '/', 'HTTP/1.1'],
      ['Host:', 'x'],
    ],
  },
  { what: 'an SSH banner', input: 'SSH-2.0-OpenSSH_9.2\r\n', requests: [['SSH-2.0-OpenSSH_9.2']] },
  {
    what: 'a proxy header',
    input: 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nPING\r\n',
    requests: [['PROXY', 'TCP4', '1.1.1.1', '2.2.2.2', '1', '2'], ['PING']],
  },
  { what: 'a NUL first, which hides the line', input: '\0\r\nPING\r\n', requests: [] },
  { what: 'the greeting of TLS', input: '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n', requests: [] },
  { what: 'a NUL, for long', input: `\0\n${'x'.repeat(KB64)}`, failure: 'too big inline request' },
  { what: '64 KB', input: `${'x'.repeat(KB64)}\n`, requests: [['x'.repeat(KB64)]] },
  { what: '64 KB and a byte', input: `${'x'.repeat(KB64 + 1)}\n`, failure: 'too big inline request' },
  { what: '64 KB and no end', input: 'x'.repeat(KB64 + 1), failure: 'too big inline request' },
  { what: 'an open quote', input: 'set "a\r\n', failure: 'unbalanced quotes in request' },
  { what: 'a quote that does not end its word', input: '"a"b\r\n', failure: 'unbalanced quotes in request' },
  { what: 'three quotes', input: 'set """k""" v\r\n', failure: 'unbalanced quotes in request' },
];

const goldens = { framing, bulks, inline };

for (const [group, cases] of Object.entries(goldens)) {
  describe(`the request reader: ${group}`, () => {
    for (const { what, input, requests = [], failure } of cases) {
      const expected = { requests, failure: failure && `Protocol error: ${failure}` };
      test(`${what}, whole and in pieces`, () => {
        assert.deepEqual(readAll([input]), expected);
        assert.deepEqual(readAll(cutAt(input, [1, 3, 4, 9, input.length >>> 1, input.length - 1])), expected);
        if (input.length < 1000) assert.deepEqual(readAll(input), expected, 'byte by byte');
      });
    }
  });
}

describe('the request reader', () => {
  test('understands a pipeline cut at every byte', () => {
    const words = [['SET', 'key', 'v'.repeat(40)], ['PING'], ['GET', ''], ['a', 'b']];
    const text = `${words.slice(0, 3).map(encode).join('')}*0\r\n"a" b\r\n`;
    for (let i = 0; i <= text.length; i++) {
      assert.deepEqual(
        readAll([text.slice(0, i), text.slice(i)]),
        { requests: words, failure: undefined },
        `cut at ${i}`,
      );
    }
  });

  test('parses in the chunk, without a copy', () => {
    const text = `xx${encode(['GET', 'a'])}${encode(['SET', 'b', 'c'])}`;
    const chunk = Block.of(text);
    const reader = new RequestReader(defaultReaderLimits);
    reader.feed(chunk, 2, text.length);
    assert.equal(reader.next(), READY);
    assert.equal(reader.request.block, chunk);
    assert.equal(reader.next(), READY);
    assert.equal(reader.request.block, chunk);
    assert.equal(reader.next(), NEED_MORE);
    reader.keep();
    assert.equal(reader.pendingCapacity, 0);
  });

  test('goes back to the chunk behind a request that was completed', () => {
    const first = encode(['SET', 'key', 'v'.repeat(500)]);
    const rest = encode(['GET', 'a']);
    const reader = new RequestReader(defaultReaderLimits);
    reader.feed(Block.of(first), 0, 100);
    assert.equal(reader.next(), NEED_MORE);
    reader.keep();
    assert.equal(reader.pendingBytes, 100);
    const chunk = Block.of(first.slice(100) + rest + rest);
    reader.feed(chunk, 0, chunk.bytes.length);
    assert.equal(reader.next(), READY);
    assert.equal(reader.request.text(2), 'v'.repeat(500));
    for (let i = 0; i < 2; i++) {
      assert.equal(reader.next(), READY);
      assert.equal(reader.request.block, chunk);
      assert.equal(reader.request.text(1), 'a');
    }
    assert.equal(reader.next(), NEED_MORE);
  });

  test('reads on where it paused', () => {
    const harness = new ReaderHarness();
    const text = Array.from({ length: 20 }, (_, i) => encode(['SET', `key${i}`, 'x'.repeat(i)])).join('');
    harness.feed(text.slice(0, 300), 2);
    assert.equal(harness.requests.length, 2);
    harness.feed(text.slice(300, 310), 1);
    harness.feed(text.slice(310), 3);
    assert.equal(harness.requests.length, 6);
    harness.read();
    assert.deepEqual(
      harness.requests,
      Array.from({ length: 20 }, (_, i) => ['SET', `key${i}`, 'x'.repeat(i)]),
    );
    harness.feed('');
    assert.equal(harness.reader.pendingCapacity, 0);
  });

  test('a declared length takes no memory', () => {
    for (const text of ['*2147483647\r\n', '*2\r\n$3\r\nSET\r\n$536870912\r\n', '*1\r\n$536870912\r\nabc']) {
      const { reader } = new ReaderHarness().feed(text);
      assert.equal(reader.pendingBytes, text.length);
      assert.ok(reader.pendingCapacity <= 64, `${reader.pendingCapacity} bytes for ${text.length}`);
      assert.ok(reader.request.starts.length <= 16);
    }
  });

  test('a declared count takes room for what is here', () => {
    const { reader } = new ReaderHarness().feed(`*2147483647\r\n${'$0\r\n\r\n'.repeat(100)}`);
    assert.equal(reader.request.count, 100);
    assert.ok(reader.request.starts.length < 256, `${reader.request.starts.length} positions`);
  });

  test('an array of many arguments in small pieces takes memory as it arrives', () => {
    const count = 30_000;
    const harness = new ReaderHarness();
    harness.feed(`*${count}\r\n`);
    for (let i = 0; i < count / 10; i++) {
      harness.feed('$0\r\n\r\n'.repeat(10));
      assert.ok(harness.reader.request.starts.length <= Math.max(16, harness.arrivedBytes / 2));
    }
    assert.deepEqual(harness.requests, [Array.from({ length: count }, () => '')]);
    assert.ok(harness.worstGrowth <= 2, `${harness.worstGrowth}`);
    assert.ok(harness.reader.request.starts.length <= 256, 'the room is given up');
  });

  test('a large bulk grows by doubling, and ends in a block that just holds it', () => {
    const bytes = 5_000_000;
    const text = encode(['SET', 'k', 'v'.repeat(bytes)]);
    const harness = new ReaderHarness();
    const blocks = new Set<number>();
    for (let at = 0; at < text.length - 2; at += 60_000) {
      harness.feed(text.slice(at, Math.min(at + 60_000, text.length - 2)));
      blocks.add(harness.reader.pendingCapacity);
    }
    assert.equal(harness.reader.pendingCapacity, text.length);
    assert.ok(harness.worstGrowth <= 2, `${harness.worstGrowth}`);
    assert.ok(blocks.size < 12, `${blocks.size} blocks`);
    harness.feed('\r\n');
    assert.equal(harness.requests[0]?.[2]?.length, bytes);
    assert.equal(harness.reader.pendingCapacity, 0);
  });

  test('limits are those of the moment', () => {
    const limits = { ...defaultReaderLimits, unauthenticated: true };
    const allowed = encode([...'0123456789']) + encode(['AUTH', 'x'.repeat(16384)]);
    assert.deepEqual((readAll([allowed], limits) as { failure?: string }).failure, undefined);
    assert.deepEqual(readAll(['*11\r\n'], limits), {
      requests: [],
      failure: 'Protocol error: unauthenticated multibulk length',
    });
    const large = '*2\r\n$4\r\nAUTH\r\n$16385\r\n';
    assert.deepEqual(readAll([large], limits), {
      requests: [],
      failure: 'Protocol error: unauthenticated bulk length',
    });
    const harness = new ReaderHarness(limits).feed(PING);
    harness.reader.limits = defaultReaderLimits;
    harness.feed(encode([...'0123456789a'])).feed(large);
    assert.equal(harness.requests.length, 2);
    assert.equal(harness.failure, undefined);
  });

  test('smaller limits can be set', () => {
    const limits = { maxBulkBytes: 10, maxArguments: 3, maxInlineBytes: 20 };
    assert.deepEqual(readAll([encode(['ECHO', '0123456789'])], limits), {
      requests: [['ECHO', '0123456789']],
      failure: undefined,
    });
    const failures = [
      [encode(['ECHO', '0123456789a']), 'invalid bulk length'],
      [encode(['a', 'b', 'c', 'd']), 'invalid multibulk length'],
      [`${'x'.repeat(21)}\n`, 'too big inline request'],
    ] as const;
    for (const [input, failure] of failures) {
      assert.deepEqual(readAll([input], limits), { requests: [], failure: `Protocol error: ${failure}` });
    }
  });

  test('a failure lasts', () => {
    const harness = new ReaderHarness().feed(`*x\r\n${PING}`);
    assert.equal(harness.failure, 'Protocol error: invalid multibulk length');
    harness.feed(PING);
    assert.equal(harness.reader.next(), FAILED);
    assert.deepEqual(harness.requests, []);
    assert.equal(harness.reader.pendingCapacity, 0);
  });

  test('a chunk that was not used up must be kept before the next', () => {
    const reader = new RequestReader(defaultReaderLimits);
    reader.feed(Block.of(PING), 0, PING.length);
    assert.throws(() => reader.feed(Block.of(PING), 0, PING.length), InvariantError);
  });

  test('readers of one pool take turns with its blocks', () => {
    const pool = new BlockPool();
    const readers = ['a', 'b', 'c'].map((name) => {
      const words = ['SET', `key-${name}`, name.repeat(150)];
      return { harness: new ReaderHarness({}, pool), words, text: encode(words) };
    });
    for (let round = 0; round < 5; round++) {
      for (const [from, to] of [
        [0, 30],
        [30, 80],
        [80, undefined],
      ]) {
        for (const { harness, text } of readers) harness.feed(text.slice(from, to));
      }
    }
    for (const { harness, words } of readers) {
      assert.deepEqual(
        harness.requests,
        Array.from({ length: 5 }, () => words),
      );
    }
  });
});
