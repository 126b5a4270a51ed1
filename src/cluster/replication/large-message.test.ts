/** A message that takes longer on its way than a primary is silent otherwise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeLife } from '../../ring/index.js';
import { Backlog } from './backlog.js';
import { MapStore, type Write } from './group.testkit.js';
import type { ReplicationMessage } from './messages.js';
import { ReplicaStream } from './replica-stream.js';

const TICK_MS = 50;
const PRIMARY: NodeLife = { node: 'p', incarnation: '2-a' };

class Bench {
  nowMs = 0;
  attaches = 0;
  readonly outbox = {
    send: (_: string, { kind }: ReplicationMessage<Write>) => {
      if (kind === 'replication/attach') this.attaches++;
    },
    persist: () => {},
    sendAfterPersist: () => {},
    note: () => {},
  };
  readonly stream = new ReplicaStream<Write>(
    {
      shard: 1,
      epoch: 1,
      primary: PRIMARY,
      store: new MapStore(),
      backlog: new Backlog<Write>(0, 1000, () => 1),
      held: { epoch: 0, offset: 0 },
    },
    this.clocks,
  );

  get clocks() {
    return { monotonicMs: this.nowMs, holderMs: this.nowMs };
  }

  /** How often it attaches in this time, in which parts of a message of that node come. */
  attachesIn(ms: number, from?: NodeLife): number {
    const before = this.attaches;
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += TICK_MS) {
      if (from !== undefined) this.stream.arriving(from, this.clocks);
      this.stream.tick(this.clocks, this.outbox);
    }
    return this.attaches - before;
  }

  /** A batch of its session, of one write. */
  batch(number: number): void {
    this.stream.receive(
      PRIMARY,
      {
        kind: 'replication/batch',
        shard: 1,
        epoch: 1,
        session: 1,
        number,
        isFull: false,
        offset: number,
        writes: [{ key: 'k', value: number }],
        slice: [],
        isComplete: true,
        clockMs: this.nowMs,
        heardMs: 0,
      },
      this.clocks,
      this.outbox,
    );
  }
}

test('who waits for the answer to its attach does not ask again while a large one comes', () => {
  const bench = new Bench();
  assert.equal(bench.attachesIn(TICK_MS), 1);
  assert.equal(bench.attachesIn(10_000, PRIMARY), 0);
  assert.ok(bench.attachesIn(2_000) > 0, 'nothing comes any more');
});

test('who is attached stays so while a large message comes, and not for that of another life', () => {
  const bench = new Bench();
  bench.attachesIn(TICK_MS);
  bench.batch(0);
  assert.equal(bench.attachesIn(10_000, PRIMARY), 0);
  bench.batch(1);
  assert.deepEqual(bench.stream.held, { epoch: 1, offset: 2 }, 'it is of the session that goes on');
  assert.ok(bench.attachesIn(2_000, { ...PRIMARY, incarnation: '1-a' }) > 0);
});
