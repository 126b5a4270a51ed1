import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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
} from '../resp/index.js';
import { jsonReply, rawReply, shownReply } from './reply-text.js';

const bulk = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** What redis-cli 7.0.15 prints with --no-raw and --raw; JSON is ours where it has none. */
const golden: readonly [name: string, reply: Reply, shown: string, raw: string, json: string][] = [
  ['nil', null, '(nil)', '', 'null'],
  ['status', 'OK', 'OK', 'OK', '"OK"'],
  ['integer', 7, '(integer) 7', '7', '7'],
  [
    'long integer',
    2n ** 63n - 1n,
    '(integer) 9223372036854775807',
    '9223372036854775807',
    '9223372036854775807',
  ],
  ['bulk', bulk('a b'), '"a b"', 'a b', '"a b"'],
  [
    'bytes',
    bulk('\x00\x07\n"\\\xff~'),
    '"\\x00\\a\\n\\"\\\\\\xff~"',
    '\x00\x07\n"\\\xff~',
    '"\\u0000\\u0007\\n\\"\\\\ÿ~"',
  ],
  ['utf-8', bulk('\xc3\xa9'), '"\\xc3\\xa9"', '\xc3\xa9', '"é"'],
  ['booleans', [true, false], '1) (true)\n2) (false)', '(true)\n(false)', '[true,false]'],
  ['double', new ReplyDouble('3.141'), '(double) 3.141', '3.141', '3.141'],
  ['infinite double', new ReplyDouble('-inf'), '(double) -inf', '-inf', '"-inf"'],
  ['verbatim', new ReplyVerbatim('txt', bulk('a\nb')), 'a\nb', 'a\nb', '"a\\nb"'],
  ['error inside', [new ReplyError('ERR x')], '1) (error) ERR x', 'ERR x', '[{"error":"ERR x"}]'],
  [
    'big number',
    new ReplyBigNumber('12345678901234567890'),
    '(big number) 12345678901234567890',
    '12345678901234567890',
    '12345678901234567890',
  ],
  [
    'empty aggregates',
    [[], new ReplyMap<Uint8Array>([]), new ReplySet<Uint8Array>([])],
    '1) (empty array)\n2) (empty hash)\n3) (empty set)',
    '\n\n',
    '[[],{},[]]',
  ],
  ['attributes', new ReplyWithAttributes<Uint8Array>(['ttl', 1], 'v'), 'v', 'v', '"v"'],
  [
    'push',
    new ReplyPush<Uint8Array>([bulk('message'), bulk('c')]),
    '1) "message"\n2) "c"',
    'message\nc',
    '["message","c"]',
  ],
  [
    'nested arrays',
    [[1, [2, 3]], bulk('x')],
    '1) 1) (integer) 1\n   2) 1) (integer) 2\n      2) (integer) 3\n2) "x"',
    '1\n2\n3\nx',
    '[[1,[2,3]],"x"]',
  ],
  [
    'ten elements',
    [1, 2, 3, 4, 5, 6, 7, 8, 9, [1, 2]],
    ' 1) (integer) 1\n 2) (integer) 2\n 3) (integer) 3\n 4) (integer) 4\n 5) (integer) 5\n 6) (integer) 6\n' +
      ' 7) (integer) 7\n 8) (integer) 8\n 9) (integer) 9\n10) 1) (integer) 1\n    2) (integer) 2',
    '1\n2\n3\n4\n5\n6\n7\n8\n9\n1\n2',
    '[1,2,3,4,5,6,7,8,9,[1,2]]',
  ],
  [
    'map',
    new ReplyMap<Uint8Array>([
      bulk('flags'),
      new ReplySet<Uint8Array>(['on', 'nopass']),
      bulk('keys'),
      bulk('~*'),
      bulk('one'),
      [1],
      5,
      new ReplyMap<Uint8Array>([1, 2]),
    ]),
    '1# "flags" => \n   1~ on\n   2~ nopass\n2# "keys" => "~*"\n3# "one" => 1) (integer) 1\n4# (integer) 5 => 1# (integer) 1 => (integer) 2',
    'flags on\nnopass\nkeys ~*\none 1\n5 1 2',
    '{"flags":["on","nopass"],"keys":"~*","one":[1],"5":{"1":2}}',
  ],
];

describe('replies as text', () => {
  for (const [name, reply, shown, raw, json] of golden) {
    it(name, () => {
      assert.equal(shownReply(reply), shown);
      assert.equal(rawReply(reply), raw);
      assert.equal(jsonReply(reply), json);
      JSON.parse(json);
    });
  }
});
