import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from './backlog.js';
import { MapStore, type Write } from './group.testkit.js';
import type { ReplicationMessage } from './messages.js';
import { ReplicaStream } from './replica-stream.js';

const primary = { node: 'n1', incarnation: '1-a' };
const SOON_MS = 5_000;

test('a batch that does not follow the one before is not done, and the replica attaches anew', () => {
  const store = new MapStore();
  const backlog = new Backlog<Write>(0, 1_000, () => 1);
  const at = (ms: number) => ({ monotonicMs: ms, holderMs: ms });
  const sent: ReplicationMessage<Write>[] = [];
  const outbox = {
    send: (_to: string, message: ReplicationMessage<Write>) => void sent.push(message),
    persist() {},
    sendAfterPersist() {},
    note() {},
  };
  const replica = new ReplicaStream<Write>(
    { shard: 1, epoch: 1, primary, store, backlog, held: undefined },
    at(0),
  );
  const batch = (number: number, offset: number, value: number): ReplicationMessage<Write> => ({
    kind: 'replication/batch',
    shard: 1,
    epoch: 1,
    session: 1,
    number,
    isFull: true,
    offset,
    writes: [{ key: 'k', value }],
    slice: [],
    isComplete: true,
    clockMs: 0,
  });
  replica.tick(at(1), outbox);
  replica.receive(primary, batch(0, 0, 1), at(2), outbox);
  replica.receive(primary, batch(1, 9, 2), at(3), outbox);
  assert.deepEqual([...store.entries], [['k', 1]]);
  replica.receive(primary, batch(1, 1, 3), at(4), outbox);
  assert.deepEqual([...store.entries], [['k', 1]], 'its session is over');
  sent.length = 0;
  replica.tick(at(SOON_MS), outbox);
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ['replication/attach'],
  );
});
