import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block } from '../../base/index.js';
import { READY, type Reply, ReplyReader } from '../../resp/index.js';
import { ClientError } from '../errors.js';
import { jsonSerializer, type Serializer } from '../serializer.js';
import { type Answer, type EngineHost, plainReading } from './engine.js';
import { LeaseReplies } from './lease-reply.js';

const NODE = 3;

function hostWithTickets(): EngineHost {
  let ticket = 40;
  return {
    woken: () => {},
    invalidated: () => {},
    unsound: () => {},
    sound: () => {},
    drawTicket: (node) => {
      assert.equal(node, NODE);
      return ++ticket;
    },
    reachable: () => {},
  };
}

/** Keeps bytes as they are. */
const plainBytes: Serializer = {
  name: 'bytes',
  reads: 'bytes',
  encode: (value) => value as Uint8Array,
  decode: (data) => data,
};

function wire(items: readonly (string | number | null)[]): string {
  const parts = items.map((item) => {
    if (item === null) return '_\r\n';
    return typeof item === 'number' ? `:${item}\r\n` : `$${Buffer.byteLength(item)}\r\n${item}\r\n`;
  });
  return `*${items.length}\r\n${parts.join('')}`;
}

/** Reads an answer as a connection does, from chunks cut at these places. */
function read(replies: LeaseReplies, bytes: string, cuts: readonly number[] = []): Answer {
  const call = replies.next('k', 200, plainReading);
  assert.equal(call.deadlineMs, 200);
  const { decode, take } = call;
  assert.ok(decode !== undefined && take !== undefined);
  const reader = ReplyReader.of(decode);
  const buffer = Buffer.from(bytes);
  const ends = [...cuts.map((cut) => cut % buffer.length), buffer.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    // A buffer of its own that is void afterwards, as a read buffer is.
    const chunk = Buffer.from(buffer.subarray(from, end));
    from = end;
    reader.feed(new Block(chunk), 0, chunk.length);
    const result = reader.next();
    chunk.fill(0);
    if (result === READY) return take(reader.reply as Reply<unknown>);
  }
  throw new Error(reader.error);
}

const nothing = {
  isThere: false,
  value: undefined,
  valueBytes: 0,
  ms: 0,
  loadMs: 0,
  token: undefined,
  leaseMs: 0,
  error: '',
  node: NODE,
  staleMs: undefined,
};
const entry = { ...nothing, isThere: true, value: { a: 'ä' }, valueBytes: 10 };
const value = '{"a":"ä"}';

/** Answers of a primary under its lease. */
const leased: readonly [items: (string | number | null)[], expected: Omit<Answer, 'ticket'>][] = [
  [['hit', value, 500, 12], { ...entry, status: 'hit', ms: 500, loadMs: 12 }],
  [['hit', value, -1, 0], { ...entry, status: 'hit', ms: Number.POSITIVE_INFINITY }],
  [['hit', null, 500, 12], { ...nothing, status: 'hit', isThere: true, ms: 500, loadMs: 12 }],
  [['hit', 'null', 500, 12], { ...entry, status: 'hit', value: null, valueBytes: 4, ms: 500, loadMs: 12 }],
  [
    ['hit', 'set by others', 1, 0],
    { ...entry, status: 'hit', value: 'set by others', valueBytes: 13, ms: 1 },
  ],
  [
    ['refresh', value, 7, 12, 'aa.0.0.1'],
    { ...entry, status: 'refresh', ms: 7, loadMs: 12, token: 'aa.0.0.1' },
  ],
  [['refresh', value, 7, 12, null], { ...entry, status: 'refresh', ms: 7, loadMs: 12 }],
  [
    ['refresh', null, 7, 12, '17'],
    { ...nothing, status: 'refresh', isThere: true, ms: 7, loadMs: 12, token: '17' },
  ],
  [['refresh', null, 7, 12, null], { ...nothing, status: 'refresh', isThere: true, ms: 7, loadMs: 12 }],
  [
    ['refresh', 'null', 7, 12, null],
    { ...entry, status: 'refresh', value: null, valueBytes: 4, ms: 7, loadMs: 12 },
  ],
  [['stale', value, 7, 12, 4_000], { ...entry, status: 'stale', ms: 7, loadMs: 12, leaseMs: 4_000 }],
  [['stale', null, 7, 12, 0], { ...nothing, status: 'stale', isThere: true, ms: 7, loadMs: 12 }],
  [['load', 'aa.0.0.1', 5_000], { ...nothing, status: 'load', token: 'aa.0.0.1', leaseMs: 5_000 }],
  [['load', null, 0], { ...nothing, status: 'load' }],
  [['wait', 4_999], { ...nothing, status: 'wait', leaseMs: 4_999 }],
  [['failed', 'no dätabase'], { ...nothing, status: 'failed', error: 'no dätabase' }],
  [
    ['failed', 'no database', value, 7, 12],
    { ...entry, status: 'failed', error: 'no database', ms: 7, loadMs: 12 },
  ],
  [
    ['failed', 'no database', null, 7, 12],
    { ...nothing, status: 'failed', isThere: true, error: 'no database', ms: 7, loadMs: 12 },
  ],
  [['miss'], { ...nothing, status: 'miss' }],
];
const cases: typeof leased = [
  ...leased,
  ...leased.map(([items, expected]) => [[...items, 17], { ...expected, staleMs: 17 }] as const),
] as typeof leased;

test('every answer is read as it was meant, wherever its chunks end, and one after the other', () => {
  const replies = new LeaseReplies(jsonSerializer, hostWithTickets(), NODE);
  let ticket = 40;
  const order = fc.array(
    fc.record({ which: fc.nat(cases.length - 1), cuts: fc.array(fc.nat(), { maxLength: 4 }) }),
  );
  fc.assert(
    fc.property(order, (steps) => {
      for (const { which, cuts } of steps) {
        const [items, expected] = cases[which];
        assert.deepEqual(read(replies, wire(items), cuts), { ...expected, ticket: ++ticket });
      }
    }),
    { examples: [[cases.map((_, which) => ({ which, cuts: [] }))]] },
  );
});

test('an answer that was given up in its middle does not disturb the next', () => {
  const replies = new LeaseReplies(jsonSerializer, hostWithTickets(), NODE);
  const [items, expected] = cases[0];
  const bytes = Buffer.from(wire(items));
  for (let end = 1; end < bytes.length; end++) {
    const { decode } = replies.next('k', 200, plainReading);
    const reader = ReplyReader.of(decode as NonNullable<typeof decode>);
    reader.feed(new Block(bytes), 0, end);
    reader.next();
    const { ticket, ...answer } = read(replies, wire(items));
    assert.ok(ticket > 0);
    assert.deepEqual(answer, expected);
  }
});

test('a serializer of bytes gets bytes of its own, which stay', () => {
  const replies = new LeaseReplies(plainBytes, hostWithTickets(), NODE);
  for (const cuts of [[], [9, 20]]) {
    const first = read(replies, wire(['hit', 'one', 5, 0]), cuts);
    read(replies, wire(['hit', 'two', 5, 0]), cuts);
    assert.deepEqual(first.value, new Uint8Array(Buffer.from('one')));
  }
  const absent = read(replies, wire(['refresh', null, 7, 12, 'aa.0.0.1']));
  assert.equal(absent.token, 'aa.0.0.1');
});

test('what is no answer is an error of the protocol', () => {
  const replies = new LeaseReplies(jsonSerializer, hostWithTickets(), NODE);
  const wrong = [
    '+OK\r\n',
    ':1\r\n',
    '*0\r\n',
    wire([1, 2]),
    wire(['hot', value, 1, 1]),
    wire(['hits']),
    wire(['wait']),
  ];
  wrong.push(wire(['hit', value, 'x', 1]), wire(['load', 'token']), wire(['failed', 'e', value, 1, 'x']));
  for (const bytes of wrong) {
    assert.throws(
      () => read(replies, bytes),
      (error) => error instanceof ClientError && error.code === 'PROTOCOL' && /has sent/.test(error.message),
      bytes,
    );
  }
});
