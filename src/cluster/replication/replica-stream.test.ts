import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from './backlog.js';
import { MapStore, newOutbox, type Write } from './group.testkit.js';
import type { ReplicationMessage } from './messages.js';
import { PrimaryStream } from './primary-stream.js';
import { ReplicaStream } from './replica-stream.js';

const primary = { node: 'n1', incarnation: '1-a' };
const SOON_MS = 5_000;
const at = (ms: number) => ({ monotonicMs: ms, holderMs: ms });

test('a batch that does not follow the one before is not done, and the replica attaches anew', () => {
  const store = new MapStore();
  const backlog = new Backlog<Write>(0, 1_000, () => 1);
  const { sent, outbox } = newOutbox();
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
    heardMs: 0,
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

/** How stale a replica says that it is, after a pause and then after a batch that comes at once. */
function stalenesses(mutants: ReadonlySet<string>): number[] {
  const { sent, outbox } = newOutbox();
  const backlogs = [new Backlog<Write>(0, 100, () => 1), new Backlog<Write>(0, 100, () => 1)] as const;
  const replica = new ReplicaStream<Write>(
    {
      ...{ shard: 1, epoch: 1, primary, store: new MapStore(), backlog: backlogs[0] },
      ...{ held: { epoch: 0, offset: 0 }, mutants },
    },
    at(0),
  );
  const life = { node: 'r', incarnation: '1-a' };
  const stream = new PrimaryStream<Write>(
    {
      ...{ shard: 1, store: new MapStore(), backlog: backlogs[1], sizeOf: () => 1 },
      takeover: { epoch: 1, from: { epoch: 0, offset: 0 } },
    },
    at(0),
  );
  const told = (to: 'primary' | 'replica', ms: number): void => {
    for (const message of sent.splice(0)) {
      if (to === 'primary') stream.receive(life, message, [], at(ms), outbox);
      else replica.receive(primary, message, at(ms), outbox);
    }
  };
  replica.tick(at(100), outbox);
  told('primary', 110);
  // The process stood still.
  told('replica', 5_000);
  const stale = [replica.staleMs(at(5_000))];
  told('primary', 5_010);
  stream.append({ key: 'k', value: 1 });
  stream.tick([life], at(5_020), outbox);
  told('replica', 5_030);
  stale.push(replica.staleMs(at(5_030)));
  return stale;
}

test('what a replica holds is as old as what its primary had heard of it, however late that comes', () => {
  assert.deepEqual(stalenesses(new Set()), [4_900, 30]);
});

test('a mistake is found: current-when-received', () => {
  assert.deepEqual(stalenesses(new Set(['current-when-received'])), [0, 0]);
});
