import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from './backlog.js';
import { MapStore, newOutbox, type Write } from './group.testkit.js';
import { PrimaryStream } from './primary-stream.js';

const replica = { node: 'r', incarnation: '1-a' };
const at = (ms: number) => ({ monotonicMs: ms, holderMs: ms });

/** One that holds nothing, which so many looks show. */
class EmptyStore extends MapStore {
  readonly #looks: number;

  constructor(looks: number) {
    super();
    this.#looks = looks;
  }

  override walk() {
    let left = this.#looks;
    return { next: () => (--left > 0 ? [] : undefined), end() {} };
  }
}

/** A primary of epoch 1 whose stream begins behind offset 10, and what it sent. */
function newPrimary(looks = 1) {
  const { sent, outbox } = newOutbox();
  const stream = new PrimaryStream<Write>(
    {
      ...{
        shard: 1,
        store: new EmptyStore(looks),
        backlog: new Backlog<Write>(10, 100, () => 1),
        sizeOf: () => 1,
      },
      takeover: { epoch: 1, from: { epoch: 0, offset: 10 } },
    },
    at(0),
  );
  const attach = (attempt: number, members: readonly (typeof replica)[]): void => {
    const [shard, epoch, held, replicaMs] = [1, 1, undefined, 0];
    stream.receive(
      replica,
      { kind: 'replication/attach', shard, epoch, held, attempt, replicaMs },
      members,
      at(attempt),
      outbox,
    );
  };
  return { stream, sent, outbox, attach };
}

test('a member that must begin anew is to leave the set first', () => {
  const { stream, sent, attach } = newPrimary();
  attach(1, [replica]);
  assert.deepEqual([[...stream.wantsOut], sent.length], [[replica], 0]);
  attach(2, []);
  assert.deepEqual([...stream.wantsOut], []);
  assert.ok(sent.length > 0, 'out of it it begins');
});

test('who asked twice for the session in which it has come to hold everything need not leave', () => {
  const { stream, sent, outbox, attach } = newPrimary();
  attach(1, []);
  // Sent before the first batch came. Meanwhile it was counted in.
  attach(2, [replica]);
  assert.deepEqual([...stream.wantsOut], [replica]);
  const batch = sent.at(-1);
  assert.ok(batch?.kind === 'replication/batch' && batch.isComplete);
  const { shard, epoch, session, number, clockMs } = batch;
  stream.receive(
    replica,
    {
      ...{ kind: 'replication/done', shard, epoch, session, batches: number + 1, offset: 10 },
      ...{ isComplete: true, clockMs, replicaMs: 0 },
    },
    [replica],
    at(3),
    outbox,
  );
  assert.deepEqual([...stream.wantsOut], []);
});

test('a walk that finds nothing is gone on with as the replica answers, not at once', () => {
  const { stream, sent, outbox, attach } = newPrimary(1000);
  attach(1, []);
  const first = sent.length;
  assert.ok(first > 1 && first < 20, `${first} batches`);
  stream.tick([replica], at(2), outbox);
  assert.equal(sent.length, first);
});
