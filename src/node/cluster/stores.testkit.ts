/** Nodes without sockets, and what their stores hold. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Block, byteString } from '../../base/index.js';
import type { ReplicationMessage } from '../../cluster/index.js';
import { EntryFacts, type Ref, STRING, type Store } from '../../store/index.js';
import { CacheNode } from '../cache-node.js';
import { type NodeOptions, resolve } from '../options.js';
import type { EffectGroup } from './effects.js';

/** Longer values are told by their hash. */
const LONG_BYTES = 1000;

/** A node that listens nowhere, with a clock that stands still. */
export function nodeOf(maxMemoryBytes: number, options: NodeOptions = {}): CacheNode {
  const clock = { wallMs: () => 1_800_000_000_000, monotonicMs: () => 0 };
  return new CacheNode(resolve({ clock, ...options }), maxMemoryBytes);
}

/** The first batch of a session, of these writes. */
export function batchOf(writes: readonly EffectGroup[]): ReplicationMessage<EffectGroup> {
  return {
    ...{ kind: 'replication/batch', shard: 1, epoch: 1, session: 1, number: 0, isFull: false, offset: 0 },
    ...{ writes, slice: [], isComplete: true, clockMs: 0, heardMs: 0 },
  };
}

/** All that is known of an entry, as text. */
export function contentsOf(store: Store): Map<string, string> {
  const contents = new Map<string, string>();
  const walk = store.walkByUse();
  while (!walk.isOver) {
    walk.next((ref) => {
      contents.set(keyOf(store, ref), describe(store, ref));
      return true;
    });
  }
  return contents;
}

/** The keys, the least recently used first. */
export function keysByUse(store: Store): string[] {
  return [...contentsOf(store).keys()];
}

export function assertSame(actual: Store, expected: Store, message: string): void {
  const [one, other] = [contentsOf(actual), contentsOf(expected)];
  for (const [key, entry] of other) assert.equal(one.get(key), entry, `${message}: ${key}`);
  assert.equal(one.size, other.size, message);
}

export function put(store: Store, key: string, value: string, expiry = 0): Ref {
  const [keyBlock, valueBlock] = [Block.of(key), Block.of(value)];
  return store.set(0, keyBlock, 0, key.length, valueBlock, 0, value.length, expiry, STRING);
}

function keyOf(store: Store, ref: Ref): string {
  const key = Block.ofLength(store.keyLength(ref));
  store.copyKey(ref, key, 0);
  return byteString(key, 0, key.bytes.length);
}

function describe(store: Store, ref: Ref): string {
  const value = Block.ofLength(store.valueLength(ref));
  store.copyValue(ref, 0, value.bytes.length, value, 0);
  const { length } = value.bytes;
  const facts = new EntryFacts();
  store.readFacts(ref, facts);
  return JSON.stringify({
    value:
      length < LONG_BYTES
        ? byteString(value, 0, length)
        : createHash('sha1').update(value.bytes).digest('hex'),
    length,
    type: store.type(ref),
    expiry: store.expiry(ref),
    isAttributed: facts.isAttributed,
    freshUntil: store.freshUntil(ref),
    loadMs: store.loadMs(ref),
    isAbsent: store.isAbsent(ref),
  });
}
