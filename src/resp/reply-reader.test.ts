import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Block } from '../base/index.js';
import { bulkText } from './bulk-decoder.js';
import { FAILED, NEED_MORE, READY } from './read-result.js';
import {
  type Reply,
  ReplyBigNumber,
  ReplyDouble,
  ReplyError,
  ReplyMap,
  ReplyPush,
  ReplySet,
  ReplyVerbatim,
  ReplyWithAttributes,
} from './reply.js';
import { replyLimits } from './reply-limits.js';
import { ReplyReader } from './reply-reader.js';

const golden: readonly [name: string, wire: string, reply: Reply<string>][] = [
  ['simple string', '+OK\r\n', 'OK'],
  ['empty simple string', '+\r\n', ''],
  ['simple string with a CR', '+a\rb\r\n', 'a\rb'],
  ['error', '-ERR no such key\r\n', new ReplyError('ERR no such key')],
  ['blob error', '!11\r\nSYNTAX a\r\nb\r\n', new ReplyError('SYNTAX a\r\nb')],
  ['zero', ':0\r\n', 0],
  ['integer', ':12345\r\n', 12345],
  ['signed integers', '*2\r\n:-7\r\n:+7\r\n', [-7, 7]],
  ['largest exact integer', ':9007199254740991\r\n', 9007199254740991],
  ['integer beyond it', ':9007199254740993\r\n', 9007199254740993n],
  [
    '64-bit integers',
    '*2\r\n:9223372036854775807\r\n:-9223372036854775808\r\n',
    [2n ** 63n - 1n, -(2n ** 63n)],
  ],
  ['bulk', '$5\r\nhello\r\n', 'hello'],
  ['empty bulk', '$0\r\n\r\n', ''],
  ['bulk that looks like protocol', '$9\r\n\r\n$3\r\nab\n\r\n', '\r\n$3\r\nab\n'],
  ['nulls', '*3\r\n$-1\r\n*-1\r\n_\r\n', [null, null, null]],
  ['null bulk', '$-1\r\n', null],
  ['booleans', '*2\r\n#t\r\n#f\r\n', [true, false]],
  ['double', ',3.141\r\n', new ReplyDouble('3.141')],
  [
    'big number',
    '(1234567999999999999999999999999999999\r\n',
    new ReplyBigNumber('1234567999999999999999999999999999999'),
  ],
  ['verbatim', '=9\r\ntxt:a\r\nbc\r\n', new ReplyVerbatim('txt', 'a\r\nbc')],
  ['empty verbatim', '=4\r\nmkd:\r\n', new ReplyVerbatim('mkd', '')],
  ['empty array', '*0\r\n', []],
  ['array', '*2\r\n$1\r\na\r\n:1\r\n', ['a', 1]],
  ['nested arrays', '*3\r\n*0\r\n*1\r\n*1\r\n+x\r\n+y\r\n', [[], [['x']], 'y']],
  ['map', '%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n', new ReplyMap<string>(['a', 1, 'b', [null]])],
  ['empty map', '%0\r\n', new ReplyMap<string>([])],
  ['set', '~2\r\n:1\r\n#f\r\n', new ReplySet<string>([1, false])],
  ['push', '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n', new ReplyPush<string>(['invalidate', ['k']])],
  ['attributes', '|1\r\n+ttl\r\n:3\r\n+v\r\n', new ReplyWithAttributes<string>(['ttl', 3], 'v')],
  ['no attributes', '|0\r\n:5\r\n', new ReplyWithAttributes<string>([], 5)],
  [
    'attributes inside',
    '*2\r\n|1\r\n+a\r\n*0\r\n$1\r\nx\r\n:2\r\n',
    [new ReplyWithAttributes<string>(['a', []], 'x'), 2],
  ],
];

const broken: readonly [wire: string, error: RegExp][] = [
  ['HTTP/1.1 400 Bad Request\r\n', /^Protocol error: not a reply: "HTTP\/1\.1 400 Bad Request\\x0d"$/],
  ['\r\n', /not a reply/],
  ['\n', /not a reply/],
  ['+OK\n', /not a reply: "\+OK"/],
  [':\r\n', /not a reply/],
  [':1a\r\n', /not a reply/],
  [':123456789012345678901\r\n', /not a reply/],
  ['$\r\n', /not a reply/],
  ['$-2\r\n', /not a reply/],
  ['$1e3\r\n', /not a reply/],
  ['$99999999999999999999\r\n', /not a reply/],
  ['$?\r\n', /not a reply/],
  ['$536870913\r\n', /bulk of 536870913 bytes, the limit is 536870912/],
  ['$3\r\nabcde\r\n', /bulk of 3 bytes not followed by CR LF/],
  ['=3\r\nabc\r\n', /verbatim text without its format/],
  ['=5\r\ntxt-a\r\n', /verbatim text without its format/],
  ['=-1\r\n', /not a reply/],
  ['*-2\r\n', /not a reply/],
  ['%-1\r\n', /not a reply/],
  ['#x\r\n', /not a reply/],
  ['_x\r\n', /not a reply/],
  [',1.2.3\r\n', /not a reply/],
  ['(12x\r\n', /not a reply/],
  ['*1\r\n>1\r\n+x\r\n', /a push inside of a reply/],
  ['*1\r\n'.repeat(129), /nested deeper than 128/],
  [`+${'x'.repeat(70_000)}`, /line longer than 65536 bytes/],
];

function readAll(chunks: readonly string[]): { replies: Reply<string>[]; error: string } {
  const reader = ReplyReader.of(bulkText);
  const replies: Reply<string>[] = [];
  for (const chunk of chunks) {
    const block = Block.of(chunk);
    reader.feed(block, 0, chunk.length);
    while (reader.next() === READY) replies.push(reader.reply);
    // What was borrowed must not be read again.
    block.bytes.fill(33);
  }
  return { replies, error: reader.error };
}

describe('ReplyReader', () => {
  for (const [name, wire, reply] of golden) {
    it(`reads ${name}: whole, split at every byte, byte by byte`, () => {
      const expected = { replies: [reply, reply], error: '' };
      const twice = wire + wire;
      assert.deepEqual(readAll([twice]), expected);
      for (let i = 1; i < twice.length; i++) {
        assert.deepEqual(readAll([twice.slice(0, i), twice.slice(i)]), expected, `split at ${i}`);
      }
      assert.deepEqual(readAll([...twice]), expected);
    });
  }

  for (const [wire, error] of broken) {
    it(`refuses ${JSON.stringify(wire.slice(0, 30))}`, () => {
      for (const chunks of [[`:1\r\n${wire}`], [':1\r\n', ...wire]]) {
        const read = readAll(
          chunks.length > 1000 ? [':1\r\n', wire.slice(0, 40_000), wire.slice(40_000)] : chunks,
        );
        assert.deepEqual(read.replies, [1]);
        assert.match(read.error, error);
      }
    });
  }

  it('stays failed', () => {
    const reader = ReplyReader.ofBytes();
    reader.feed(Block.of('x\r\n+OK\r\n'), 0, 8);
    assert.equal(reader.next(), FAILED);
    assert.equal(reader.next(), FAILED);
    reader.feed(Block.of('+OK\r\n'), 0, 5);
    assert.equal(reader.next(), FAILED);
  });

  it('reads a part of a block', () => {
    const reader = ReplyReader.ofBytes();
    reader.feed(Block.of('???:42\r\n???'), 3, 8);
    assert.equal(reader.next(), READY);
    assert.equal(reader.reply, 42);
    assert.equal(reader.next(), NEED_MORE);
  });

  it('copies bulks out of the chunk, of whatever subclass its bytes are', () => {
    const reader = ReplyReader.ofBytes();
    const chunk = Buffer.from('$3\r\nabc\r\n$4\r\nde');
    reader.feed(new Block(chunk), 0, chunk.length);
    assert.equal(reader.next(), READY);
    const reply = reader.reply;
    assert.equal(reader.next(), NEED_MORE);
    chunk.fill(33);
    assert.deepEqual(reply, new Uint8Array([97, 98, 99]));
    assert.equal((reply as Uint8Array).buffer.byteLength, 3);
    reader.feed(Block.of('fg\r\n'), 0, 4);
    assert.equal(reader.next(), READY);
    assert.deepEqual(reader.reply, new Uint8Array([100, 101, 102, 103]));
  });

  it('hands a bulk over without a copy: in place when whole, its own block when gathered', () => {
    const seen: [length: number, owned: boolean, block: Block][] = [];
    const reader = ReplyReader.of((block, _at, length, owned) => {
      seen.push([length, owned, block]);
      return length;
    });
    const chunk = Block.of('$3\r\nabc\r\n$3\r\nab');
    reader.feed(chunk, 0, chunk.bytes.length);
    assert.equal(reader.next(), READY);
    assert.equal(reader.next(), NEED_MORE);
    assert.equal(reader.pendingBytes, 2);
    reader.feed(Block.of('c\r\n'), 0, 3);
    assert.equal(reader.next(), READY);
    assert.equal(reader.reply, 3);
    assert.equal(seen[0][2], chunk);
    assert.deepEqual(
      seen.map(([length, owned]) => [length, owned]),
      [
        [3, false],
        [3, true],
      ],
    );
    assert.equal(reader.pendingBytes, 0);
  });

  it('makes no room for what was only declared', () => {
    const gathered: number[] = [];
    const reader = ReplyReader.of((block, _at, length) => {
      gathered.push(block.bytes.length);
      return length;
    });
    const length = 3_000_000;
    let largest = 0;
    const header = `$${length}\r\n`;
    reader.feed(Block.of(header), 0, header.length);
    assert.equal(reader.next(), NEED_MORE);
    const chunk = Block.ofLength(1000);
    for (let sent = 0; sent < length; sent += 1000) {
      reader.feed(chunk, 0, 1000);
      assert.equal(reader.next(), NEED_MORE);
      largest = Math.max(largest, reader.pendingBytes);
    }
    reader.feed(Block.of('\r\n'), 0, 2);
    assert.equal(reader.next(), READY);
    assert.equal(reader.reply, length);
    assert.equal(largest, length);
    assert.deepEqual(gathered, [length + 2]);
  });

  it('bounds a whole reply', () => {
    const limits = { ...replyLimits, maxReplyBytes: 100 };
    for (const wire of [
      '*100\r\n'.padEnd(6) + ':1\r\n'.repeat(30),
      '*2\r\n$50\r\n' + 'x'.repeat(50) + '\r\n$50\r\n',
    ]) {
      const reader = ReplyReader.of(bulkText, limits);
      reader.feed(Block.of(wire), 0, wire.length);
      assert.equal(reader.next(), FAILED);
      assert.match(reader.error, /reply larger than 100 bytes/);
    }
    const reader = ReplyReader.of(bulkText, limits);
    const many = ':1\r\n'.repeat(100);
    reader.feed(Block.of(many), 0, many.length);
    for (let i = 0; i < 100; i++) assert.equal(reader.next(), READY);
    assert.equal(reader.next(), NEED_MORE);
  });

  it('tells whether it stands inside of a reply', () => {
    const reader = ReplyReader.ofBytes();
    for (const [bytes, inside] of [
      ['*1', true],
      ['\r\n', true],
      ['$1\r\n', true],
      ['x\r', true],
      ['\n', false],
    ] as const) {
      reader.feed(Block.of(bytes), 0, bytes.length);
      assert.equal(reader.next(), inside ? NEED_MORE : READY);
      if (!inside) assert.equal(reader.next(), NEED_MORE);
      assert.equal(reader.isInside, inside, JSON.stringify(bytes));
    }
  });

  it('tells a decoder whether the bulk is of a push', () => {
    const seen: string[] = [];
    const reader: ReplyReader<string> = ReplyReader.of((block, at, length) => {
      const text = bulkText(block, at, length);
      seen.push(reader.isInsidePush ? `push ${text}` : text);
      return text;
    });
    const wire = Block.of('$1\r\na\r\n>2\r\n$1\r\nb\r\n*1\r\n$1\r\nc\r\n*1\r\n$1\r\nd\r\n>0\r\n$1\r\ne\r\n');
    for (let at = 0; at < wire.bytes.length; at++) {
      reader.feed(wire, at, at + 1);
      reader.next();
    }
    assert.deepEqual(seen, ['a', 'push b', 'push c', 'd', 'e']);
  });

  it('refuses a chunk before the last one is used up', () => {
    const reader = ReplyReader.ofBytes();
    reader.feed(Block.of(':1\r\n'), 0, 4);
    assert.throws(() => reader.feed(Block.of(':1\r\n'), 0, 4), /not used up/);
  });
});

describe('replies as values', () => {
  it('know their code and their number', () => {
    assert.equal(new ReplyError('MOVED 1 a:1').code, 'MOVED');
    assert.equal(new ReplyError('PLAIN').code, 'PLAIN');
    assert.equal(new ReplyDouble('3.5').value, 3.5);
    assert.equal(new ReplyDouble('-inf').value, -Infinity);
    assert.equal(new ReplyDouble('inf').value, Infinity);
    assert.ok(Number.isNaN(new ReplyDouble('nan').value));
    assert.equal(new ReplyBigNumber('+12345678901234567890').value, 12345678901234567890n);
  });
});
