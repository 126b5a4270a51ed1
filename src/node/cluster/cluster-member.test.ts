import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block } from '../../base/index.js';
import type { ReplicationMessage } from '../../cluster/index.js';
import type { EffectGroup } from './effects.js';
import { ToldNode } from './live-member.testkit.js';
import { p, r, twoShards } from './member.testkit.js';
import { put } from './stores.testkit.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** As a command does it. */
function set(told: ToldNode, key: string): void {
  const { node } = told;
  node.beginEvent(undefined);
  put(node.store, key, 'v');
  node.keyspace.changed(undefined, 0, Block.of(key), 0, key.length);
  node.endEvent();
}

function batches(sent: readonly ReplicationMessage<EffectGroup>[]) {
  return sent.flatMap((one) => (one.kind === 'replication/batch' ? [one] : []));
}

test('a full sync says of each slice at which offset it was cut', async () => {
  const told = new ToldNode(p);
  told.learn(twoShards({ replicas: [{ node: r.node, incarnation: r.incarnation, isInSync: false }] }));
  told.grant({ shard: 1, epoch: 1 });
  set(told, 'bar');
  told.member.flush();
  told.hear(r, { kind: 'replication/attach', shard: 1, epoch: 1, held: undefined, attempt: 1, replicaMs: 0 });
  // Executed before the attach is answered, and not yet in the stream.
  set(told, '{bar}1');
  await nextTurn();
  const last = batches(told.sent).findLast(({ isComplete }) => isComplete);
  assert.ok(last !== undefined);
  assert.equal(last.offset + last.writes.length, told.member.offset);
  await told.member.close();
});

test('who is named primary is as stale as before until it holds the lease', async () => {
  const told = new ToldNode(p);
  told.learn(twoShards());
  assert.equal(told.member.staleMs(), Number.POSITIVE_INFINITY);
  told.grant({ shard: 1, epoch: 1 });
  assert.equal(told.member.staleMs(), 0);
  await told.member.close();
});

test('a new epoch makes nothing fresher for a primary that is without its lease', async () => {
  const told = new ToldNode(p);
  told.learn(twoShards());
  told.grant({ shard: 1, epoch: 1 });
  told.learn(twoShards({ epoch: 2 }, 2));
  const staleMs = told.member.staleMs();
  assert.ok(staleMs > 0 && Number.isFinite(staleMs), 'it held the lease until the epoch ended');
  told.learn(twoShards({ epoch: 3 }, 3));
  assert.ok(told.member.staleMs() >= staleMs);
  await told.member.close();
});

test('the backlog goes with the budget of the node', async () => {
  const told = new ToldNode(p);
  const { node } = told;
  told.learn(twoShards());
  const before = node.store.externalBytes;
  node.setMaxMemory(4 * node.store.maxBytes);
  assert.ok(node.store.externalBytes > 2 * before);
  for (let i = 0; i < 2_000; i++) set(told, `{bar}${'x'.repeat(1_000)}${i}`);
  told.member.flush();
  const { backlog } = told.member.copy;
  assert.ok(backlog.bytes > before);
  node.setMaxMemory(node.store.maxBytes / 4);
  assert.ok(backlog.bytes <= backlog.maxBytes);
  assert.equal(node.store.externalBytes, before);
  await told.member.close();
});

test('a node that is to end while its shard is being handed over waits for that, then tries by itself', async () => {
  const told = new ToldNode(p);
  told.learn(twoShards());
  told.grant({ shard: 1, epoch: 1 });
  const first = told.member.handOver();
  const second = told.member.handOverForGood();
  assert.equal(told.member.writeProblem(), 'replicas');
  const held = { epoch: 0, offset: 0 };
  told.hear(r, { kind: 'replication/attach', shard: 1, epoch: 1, held, attempt: 1, replicaMs: 0 });
  assert.match((await first) ?? '', /nobody is asked/);
  assert.match((await second) ?? '', /nobody is asked/);
  assert.equal(told.wanted.filter(({ kind }) => kind === 'hand-over').length, 2);
  await told.member.close();
});
