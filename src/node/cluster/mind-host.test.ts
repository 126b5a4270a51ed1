import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Block, byteString } from '../../base/index.js';
import type { NodeLife, Topology } from '../../ring/index.js';
import { recordingLog } from '../meta/states.testkit.js';
import { addressOf, closeAtEnd, eventually, firstOf, placeOf } from './clusters.testkit.js';
import { hostClocks } from './host-clocks.js';
import { LeaseView } from './lease-view.js';
import { MindHost, TICK_MS } from './mind-host.js';
import { decodePublications, PublicationBatch } from './publication-codec.js';
import { newSharedMemory, SharedCell } from './shared-cell.js';
import type { MindPlace } from './thread-messages.js';

/** A host with a timer, and a main thread that is alive until it is told to be silent. */
class TestHost {
  readonly host: MindHost;
  readonly lease: LeaseView;
  readonly heard: string[] = [];
  readonly log = recordingLog();
  topology: Topology | undefined;
  isSilent = false;
  /** Takes no publications. */
  isFull = false;
  dropped = 0;
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  static async start(t: TestContext, place: MindPlace): Promise<TestHost> {
    const memory = newSharedMemory();
    const cell = new SharedCell(memory);
    const lease = new LeaseView(cell, hostClocks);
    let one: TestHost | undefined;
    const host = await MindHost.start(place, new SharedCell(memory), recordingLog(), {
      topology: (topology) => {
        if (one !== undefined) one.topology = topology;
      },
      deadNodes: () => {},
      outcome: () => {},
      arriving: () => {},
      publications: (from, batch) => {
        for (const { block, channelAt, channelLength } of decodePublications(batch))
          one?.heard.push(`${from}: ${byteString(block, channelAt, channelLength)}`);
        return one?.isFull !== true;
      },
      publicationsDropped: (count) => {
        if (one !== undefined) one.dropped += count;
      },
      replication: (from: NodeLife, message) => {
        one?.heard.push(`${from.node}/${from.incarnation}: ${Buffer.from(message).toString()}`);
        return true;
      },
    });
    one = new TestHost(host, lease, cell);
    const begun = one;
    closeAtEnd(t, () => begun.close());
    return begun;
  }

  private constructor(host: MindHost, lease: LeaseView, cell: SharedCell) {
    this.host = host;
    this.lease = lease;
    this.#timer = setInterval(() => {
      if (!this.isSilent) cell.beat();
      host.tick();
    }, TICK_MS);
  }

  get mayWrite(): boolean {
    const { node } = this.host.self;
    const shard = this.topology?.shards.find(({ primary }) => primary?.node === node);
    return shard !== undefined && this.lease.mayWrite(shard.id, shard.epoch);
  }

  get notes(): string {
    return this.host
      .status()
      .timeline.map(({ text }) => text)
      .join('\n');
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.host.close(true);
  }
}

async function cluster(t: TestContext, shards: number, replicas: number): Promise<TestHost[]> {
  const first = await TestHost.start(t, placeOf(t));
  const seeds = [addressOf(first.host.self)];
  const all = [
    first,
    await TestHost.start(t, placeOf(t, { seeds })),
    await TestHost.start(t, placeOf(t, { seeds })),
  ];
  const begun = firstOf(
    all.map(({ host }) => host.self),
    shards,
    replicas,
  );
  assert.equal(first.host.driver.begin(begun), undefined);
  assert.match(first.host.driver.begin(begun)?.refused ?? '', /belongs to the cluster c-test already/);
  return all;
}

test('three nodes begin a cluster, elect, hold leases; one is gone, and its replica is primary in its place', async (t) => {
  const all = await cluster(t, 1, 2);
  await eventually(() => all.filter(({ mayWrite }) => mayWrite).length === 1);
  assert.equal(all.filter(({ host }) => host.status().role === 'leader').length, 1);
  const primary = all.find(({ mayWrite }) => mayWrite) as TestHost;
  const open = () => primary.host.status().links.filter(({ isOpen }) => isOpen);
  await eventually(() => open().length === 2);
  assert.deepEqual(
    open()
      .map(({ to }) => to)
      .sort(),
    all
      .filter((one) => one !== primary)
      .map(({ host }) => host.self.node)
      .sort(),
  );
  const others = all.filter((one) => one !== primary);
  await primary.close();
  assert.equal(primary.mayWrite, false);
  await eventually(() => others.some(({ mayWrite }) => mayWrite));
  const { node } = primary.host.self;
  for (const { host } of others) {
    const { members, committedVersion } = host.status();
    assert.equal(members.find((one) => one.node === node)?.state, 'left');
    assert.ok(committedVersion > 1);
  }
});

test('a main thread that says nothing is noticed, and that it is back', async (t) => {
  const one = await TestHost.start(t, placeOf(t));
  one.isSilent = true;
  await eventually(() => one.host.status().isHeld);
  one.isSilent = false;
  await eventually(() => !one.host.status().isHeld);
  assert.match(one.notes, /says nothing: asks for no lease until it does\nthe main thread is back/);
});

test('a node that ends and starts again comes back in a later life, and is primary of nothing', async (t) => {
  const place = placeOf(t);
  const first = await TestHost.start(t, placeOf(t));
  const seeds = [addressOf(first.host.self)];
  const second = await TestHost.start(t, placeOf(t, { seeds }));
  const third = await TestHost.start(t, { ...place, seeds });
  const begun = firstOf(
    [first, second, third].map(({ host }) => host.self),
    1,
    2,
  );
  assert.equal(first.host.driver.begin(begun), undefined);
  await eventually(() => third.topology !== undefined);
  const { node, busPort } = third.host.self;
  await third.close();
  const again = await TestHost.start(t, { ...place, seeds, bus: { ...place.bus, port: busPort } });
  assert.equal(again.host.self.node, node);
  assert.match(again.host.self.incarnation, /^2-/);
  await eventually(() => {
    const known = first.topology?.nodes.find((one) => one.node === node);
    return known?.incarnation === again.host.self.incarnation;
  });
  await eventually(() => first.mayWrite || second.mayWrite);
  assert.equal(again.mayWrite, false);
});

/** A batch of one, on this channel. */
function batchOf(channel: string): Uint8Array {
  const batch = new PublicationBatch();
  const channelLength = channel.length;
  batch.add({ block: Block.of(channel), channelAt: 0, channelLength, messageAt: 0, messageLength: 0 });
  return batch.take();
}

test('publications go to those who are there, in order; what does not arrive is counted where that is known', async (t) => {
  const all = await cluster(t, 3, 0);
  const [a, b, c] = all as [TestHost, TestHost, TestHost];
  await eventually(() => all.every(({ topology }) => topology !== undefined));
  const nodes = [b, c].map(({ host }) => host.self.node);
  // Until a stream stands something may be lost.
  await eventually(() => {
    if (b.heard.length === 0 || c.heard.length === 0) a.host.sendPublications(nodes, batchOf('first'));
    return b.heard.length > 0 && c.heard.length > 0;
  });
  const channels = Array.from({ length: 50 }, (_, i) => `news ${i}`);
  for (const channel of channels) a.host.sendPublications(nodes, batchOf(channel));
  await eventually(() => [b, c].every(({ heard }) => heard.at(-1)?.endsWith('news 49')));
  for (const { heard } of [b, c])
    assert.deepEqual(
      heard.filter((line) => !line.endsWith('first')),
      channels.map((channel) => `${a.host.self.node}: ${channel}`),
    );
  assert.deepEqual(a.host.status().streams, [], 'they are not those of replication');

  b.isFull = true;
  a.host.sendPublications(nodes, batchOf('last'));
  await eventually(() => b.dropped === 1);
  assert.equal(c.dropped, 0);
  a.dropped = 0;
  await c.close();
  await eventually(() => {
    a.host.sendPublications([c.host.self.node], batchOf('late'));
    return a.dropped > 0;
  });
});
