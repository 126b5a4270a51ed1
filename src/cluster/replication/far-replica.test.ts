/** A replica that is far away: its attempts to attach and the answers to them cross each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId, NodeLife } from '../../ring/index.js';
import { Backlog } from './backlog.js';
import { MapStore, type Write } from './group.testkit.js';
import type { ReplicationMessage } from './messages.js';
import { PrimaryStream } from './primary-stream.js';
import { ReplicaStream } from './replica-stream.js';

const STEP_MS = 10;
const PRIMARY: NodeLife = { node: 'p', incarnation: '1-a' };
const REPLICA: NodeLife = { node: 'r', incarnation: '1-a' };
const NOTHING = { epoch: 0, offset: 0 };

interface Far {
  readonly attaches: number;
  /** Writes that the replica lacks in the end, of one each 10 ms. */
  readonly behind: number;
}

/** Some seconds of writes, with a way of so many ms between the two. */
function replicate(oneWayMs: number, forMs: number, mutants: ReadonlySet<string>): Far {
  const stores = { p: new MapStore(), r: new MapStore() };
  const backlogs = { p: new Backlog<Write>(0, 1000, () => 1), r: new Backlog<Write>(0, 1000, () => 1) };
  const letters: { atMs: number; to: NodeId; message: ReplicationMessage<Write> }[] = [];
  let nowMs = 0;
  let attaches = 0;
  const outbox = {
    send: (to: NodeId, message: ReplicationMessage<Write>) => {
      if (message.kind === 'replication/attach') attaches++;
      letters.push({ atMs: nowMs + oneWayMs, to, message });
    },
    persist: () => {},
    sendAfterPersist: () => {},
    note: () => {},
  };
  const clocks = () => ({ monotonicMs: nowMs, holderMs: nowMs });
  const sizeOf = () => 1;
  const takeover = { epoch: 1, from: NOTHING };
  const primary = new PrimaryStream<Write>(
    { shard: 1, takeover, store: stores.p, backlog: backlogs.p, sizeOf, mutants },
    clocks(),
  );
  const replica = new ReplicaStream<Write>(
    { shard: 1, epoch: 1, primary: PRIMARY, store: stores.r, backlog: backlogs.r, held: NOTHING, mutants },
    clocks(),
  );
  for (; nowMs < forMs; nowMs += STEP_MS) {
    const write = { key: `k${nowMs % 400}`, value: nowMs };
    stores.p.apply(write);
    primary.append(write);
    while (letters.length > 0 && letters[0].atMs <= nowMs) {
      const { to, message } = letters.shift() as (typeof letters)[number];
      if (to === 'p') primary.receive(REPLICA, message, [], clocks(), outbox);
      else replica.receive(PRIMARY, message, clocks(), outbox);
    }
    primary.tick([REPLICA], clocks(), outbox);
    replica.tick(clocks(), outbox);
  }
  return { attaches, behind: primary.offset - (replica.held?.offset ?? 0) };
}

for (const oneWayMs of [5, 150, 400, 700]) {
  test(`a replica that is ${oneWayMs} ms away attaches, and stays so while writes go on`, () => {
    const early = replicate(oneWayMs, 10_000, new Set());
    const late = replicate(oneWayMs, 40_000, new Set());
    assert.equal(late.attaches, early.attaches, 'it has attached for good');
    assert.ok(late.behind <= oneWayMs / STEP_MS + 2, `it lacks what is under way: ${late.behind}`);
  });
}

test('a mistake is found: attach-chases', () => {
  const mutants = new Set(['attach-chases']);
  const [early, late] = [replicate(700, 10_000, mutants), replicate(700, 40_000, mutants)];
  assert.ok(late.attaches > 2 * early.attaches, `it never comes to rest: ${late.attaches}`);
});
