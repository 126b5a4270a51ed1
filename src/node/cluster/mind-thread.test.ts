import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { recordingLog } from '../meta/states.testkit.js';
import { addressOf, closeAtEnd, eventually, firstOf, placeOf } from './clusters.testkit.js';
import { MindThread } from './mind-thread.js';
import type { MindPlace } from './thread-messages.js';

/** How often a main thread says that it is alive, in ms. */
const ALIVE_MS = 50;

async function started(t: TestContext, place: MindPlace): Promise<MindThread> {
  const thread = await MindThread.start(place, recordingLog());
  const timer = setInterval(() => thread.alive(), ALIVE_MS);
  closeAtEnd(t, async () => {
    clearInterval(timer);
    await thread.close();
  });
  return thread;
}

function mayWrite({ self, topology, lease }: MindThread): boolean {
  const shard = topology?.shards.find(({ primary }) => primary?.node === self.node);
  return shard !== undefined && lease.mayWrite(shard.id, shard.epoch);
}

/** A message of its own, with a number and so many bytes in all. */
function numbered(number: number, bytes: number): Uint8Array {
  const message = new Uint8Array(Buffer.alloc(bytes, number & 255).buffer.slice(0, bytes));
  new DataView(message.buffer).setUint32(0, number);
  return message;
}

test('three threads: a cluster begins, primaries hold leases, replication goes both ways in order, one dies', async (t) => {
  const a = await started(t, placeOf(t));
  const seeds = [addressOf(a.self)];
  const [b, c] = [
    await started(t, placeOf(t, { seeds })),
    await started(t, placeOf(t, { seeds, holdsData: false })),
  ];
  const all = [a, b, c];
  const first = firstOf(
    all.map(({ self }) => self),
    1,
    1,
  );
  assert.equal(await a.begin(first), undefined);
  assert.match((await a.begin(first))?.refused ?? '', /belongs to the cluster/);
  await eventually(() => all.some(mayWrite));
  const [primary, replica] = mayWrite(a) ? [a, b] : [b, a];

  const heard: { readonly from: string; readonly number: number; readonly bytes: number }[] = [];
  for (const one of [a, b]) {
    one.onReplication = ({ node, incarnation }, message) => {
      const number = new DataView(message.buffer).getUint32(0);
      heard.push({ from: `${node}/${incarnation}`, number, bytes: message.length });
      if (one === replica) one.sendReplication(primary.self.node, numbered(number, 100));
    };
  }
  const sizes = [4, 60, 64 * 1024, 64 * 1024 + 1, 5, 3 * 1024 * 1024 + 17, 1000];
  // The first opens the stream; what is sent may be lost until it stands.
  await eventually(() => {
    if (heard.length === 0) primary.sendReplication(replica.self.node, numbered(0, 10));
    return heard.length > 1;
  });
  await eventually(() => heard.filter(({ number }) => number === 0).length % 2 === 0);
  heard.length = 0;
  sizes.forEach((bytes, i) => {
    primary.sendReplication(replica.self.node, numbered(i + 1, bytes));
  });
  await eventually(() => heard.filter(({ number }) => number > 0).length === 2 * sizes.length);
  const life = ({ self }: MindThread): string => `${self.node}/${self.incarnation}`;
  const of = (sender: MindThread) => heard.filter(({ from, number }) => from === life(sender) && number > 0);
  assert.deepEqual(
    of(primary).map(({ number, bytes }) => [number, bytes]),
    sizes.map((bytes, i) => [i + 1, bytes]),
  );
  assert.deepEqual(
    of(replica).map(({ number }) => number),
    sizes.map((_, i) => i + 1),
  );

  const { version } = primary.topology ?? assert.fail('it has a topology');
  await primary.kill();
  assert.equal(mayWrite(primary), false);
  await eventually(() => mayWrite(replica));
  assert.ok((replica.topology?.version ?? 0) > version);
  await eventually(() => replica.deadNodes.has(primary.self.node));
  const status = await replica.status();
  assert.ok(status.timeline.some(({ text }) => text.startsWith('has the write lease of shard 1')));
  assert.equal(status.lease?.shard, 1);
  assert.ok((status.lease?.leftMs ?? 0) > 0);

  // Nothing but a new version; a leader may go while it is asked.
  let outcome = await replica.propose([]);
  while (outcome.kind !== 'done') outcome = await replica.propose([]);
  await replica.release();
  assert.equal(mayWrite(replica), false);
});

test('a worker that cannot start says why, and leaves nothing behind', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const place = placeOf(t);
  await assert.rejects(MindThread.start({ ...place, bus: { ...place.bus, port } }, recordingLog()), {
    code: 'EADDRINUSE',
    message: `the bus cannot listen on port ${port} of 127.0.0.1, which is taken by another program: give this node another bus port`,
  });
  await assert.rejects(
    MindThread.start({ ...place, secret: undefined, bus: { host: '0.0.0.0', port: 0 } }, recordingLog()),
    /does not listen on 0\.0\.0\.0 without a cluster secret/,
  );
  await assert.rejects(
    MindThread.start({ ...place, secret: 'short' }, recordingLog()),
    /has 5 characters: it has at least 16/,
  );
  // The folder was released each time.
  const first = await started(t, place);
  await assert.rejects(MindThread.start(place, recordingLog()), { code: 'META_LOCKED' });
  const { node } = first.self;
  await first.close();
  const second = await started(t, place);
  assert.equal(second.self.node, node);
  assert.match(second.self.incarnation, /^4-/);
});

test('a worker that dies is told with its error, and nobody waits for it any more', async (t) => {
  const thread = await started(t, placeOf(t));
  const death = new Promise<Error>((resolve) => {
    thread.onDeath = resolve;
  });
  const question = thread.begin(undefined as never);
  await assert.rejects(question, /the thread of the mind has ended/);
  assert.match((await death).message, /the thread of the mind has ended: Cannot .*undefined/);
  await assert.rejects(thread.status(), /the thread of the mind has ended/);
  assert.equal((await thread.propose([])).kind, 'unknown');
  await thread.close();
});
