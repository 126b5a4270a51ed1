import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block } from '../../base/index.js';
import type { ReplicationMessage } from '../../cluster/index.js';
import { BusTrouble } from '../bus/trouble.js';
import { type EffectGroup, EffectWriter } from './effects.js';
import { encodeReplication, ReplicationDecoder } from './replication-codec.js';
import { batchOf, nodeOf, put } from './stores.testkit.js';

type Message = ReplicationMessage<EffectGroup>;

const count = fc.oneof(fc.nat(10), fc.maxSafeNat());
const shard = fc.nat(2 ** 31);
const clockMs = fc.oneof(fc.constant(-1), fc.double({ min: 0, max: 1e12, noNaN: true }));

const { store } = nodeOf(2 * 2 ** 20);

/** One group of up to four effects. */
const group: fc.Arbitrary<EffectGroup> = fc
  .array(
    fc.record({
      what: fc.constantFrom('entry', 'loaded', 'gone', 'used', 'part', 'lifetimes', 'all gone'),
      key: fc.string({ unit: 'binary-ascii', maxLength: 40 }),
      value: fc.string({ unit: 'binary-ascii', maxLength: 300 }),
      time: fc.constantFrom(0, 1, 1_900_000_000_000, 2 ** 63 - 1024),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((effects) => {
    const groups: EffectGroup[] = [];
    const writer = new EffectWriter((closed) => groups.push(closed));
    for (const { what, key, value, time } of effects) {
      const block = Block.of(key);
      if (what === 'all gone') writer.allGone();
      else if (what === 'gone') writer.gone(block, 0, key.length);
      else if (what === 'used') writer.used(block, 0, key.length);
      else if (what === 'part')
        writer.part(store, put(store, key, value), value.length >> 1, value.length >> 2);
      else if (what === 'lifetimes') writer.lifetimes(store, putLoaded(key, value, time));
      else if (what === 'entry') writer.entry(store, put(store, key, value, time));
      else writer.entry(store, putLoaded(key, value, time));
    }
    writer.close();
    return groups[0] as EffectGroup;
  });

function putLoaded(key: string, value: string, time: number) {
  const loaded = {
    value: Block.of(value),
    at: 0,
    length: value.length,
    expiry: time,
    freshUntil: time,
    loadMs: time % 4096,
    isAbsent: value === '',
  };
  return store.setLoaded(0, Block.of(key), 0, key.length, loaded);
}

const groups = fc.array(group, { maxLength: 5 });

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constant('replication/attach' as const),
    shard,
    epoch: count,
    held: fc.option(fc.record({ epoch: count, offset: count }), { nil: undefined }),
    attempt: count,
    replicaMs: clockMs,
  }),
  fc.record({
    kind: fc.constant('replication/batch' as const),
    shard,
    epoch: count,
    session: count,
    number: count,
    isFull: fc.boolean(),
    offset: count,
    writes: groups,
    slice: groups,
    isComplete: fc.boolean(),
    clockMs,
    heardMs: clockMs,
  }),
  fc.record({
    kind: fc.constant('replication/done' as const),
    shard,
    epoch: count,
    session: count,
    batches: count,
    offset: count,
    isComplete: fc.boolean(),
    clockMs,
    replicaMs: clockMs,
  }),
);

/** A message with the bytes of its groups in their place. */
function plain(one: Message): unknown {
  if (one.kind !== 'replication/batch')
    return { ...one, held: 'held' in one && one.held ? { ...one.held } : undefined };
  return { ...one, writes: one.writes.map(bytesOf), slice: one.slice.map(bytesOf) };
}

function bytesOf({ block, at, length }: EffectGroup): string {
  return Buffer.from(block.bytes.subarray(at, at + length)).toString('latin1');
}

/** Decodes what may be anything: a message, or the one error. */
function decodeAny(bytes: Uint8Array): Message | undefined {
  try {
    return new ReplicationDecoder().decode(bytes);
  } catch (error) {
    assert.ok(error instanceof BusTrouble, `${error}`);
    assert.ok(error.code === 'garbage' || error.code === 'version');
    return undefined;
  }
}

test('what is encoded is decoded, in an array of its own', () => {
  const decoder = new ReplicationDecoder();
  fc.assert(
    fc.property(message, (one) => {
      const bytes = encodeReplication(one);
      assert.equal(bytes.byteLength, bytes.buffer.byteLength, 'it can be transferred');
      assert.deepEqual(
        plain(decoder.decode(structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] }))),
        plain(one),
      );
    }),
  );
});

test('writes stay as they are when their message is gone', () => {
  fc.assert(
    fc.property(message, (one) => {
      const bytes = encodeReplication(one);
      const decoded = new ReplicationDecoder().decode(bytes);
      if (one.kind !== 'replication/batch' || decoded.kind !== 'replication/batch') return;
      bytes.fill(0);
      assert.deepEqual(decoded.writes.map(bytesOf), one.writes.map(bytesOf));
    }),
  );
});

test('what is cut short, made longer or changed is a message or garbage, never another error', () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.nat(255), (one, place, byte) => {
      const bytes = encodeReplication(one);
      assert.equal(decodeAny(bytes.slice(0, place % bytes.length)), undefined, 'cut short');
      assert.equal(decodeAny(Uint8Array.from([...bytes, byte])), undefined, 'made longer');
      const changed = bytes.slice();
      changed[place % bytes.length] = byte;
      decodeAny(changed);
    }),
    { numRuns: 2000 },
  );
});

test('bytes at random are garbage or a message', () => {
  const head = fc.constantFrom([1, 1], [1, 2], [1, 3], [1, 9], [2, 1], []);
  fc.assert(
    fc.property(head, fc.uint8Array({ maxLength: 200 }), (start, rest) => {
      decodeAny(Uint8Array.from([...start, ...rest]));
    }),
    { numRuns: 2000 },
  );
});

test('a batch that promises more than it has costs nothing', () => {
  const bytes = encodeReplication(batchOf([]));
  // The two counts stand at the end.
  new DataView(bytes.buffer).setUint32(bytes.length - 8, 2 ** 32 - 1, true);
  assert.throws(() => new ReplicationDecoder().decode(bytes), { code: 'garbage' });
});

test('the largest value that a node of this size takes passes whole', () => {
  const length = 40 * 2 ** 20;
  const node = nodeOf(64 * 2 ** 20);
  const key = Block.of('k');
  const value = Block.ofLength(length);
  value.bytes.fill(7);
  const ref = node.store.set(0, key, 0, 1, value, 0, length, 0);
  const taken: EffectGroup[] = [];
  const writer = new EffectWriter((closed) => taken.push(closed));
  writer.gone(key, 0, 1);
  writer.entry(node.store, ref);
  writer.gone(key, 0, 1);
  writer.close();
  assert.deepEqual(
    taken.map((one) => one.length > length),
    [false, true, false],
    'a large effect is a group of its own',
  );
  const done = new ReplicationDecoder().decode(encodeReplication(batchOf(taken)));
  assert.ok(done.kind === 'replication/batch' && done.writes[1]?.length === taken[1]?.length);
});
