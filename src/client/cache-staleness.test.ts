/** How far behind a near cache says that it may be, against a node that answers when the test says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cache } from './cache.js';
import { resolveBehavior } from './cache-options.js';
import { CacheWorld } from './cache-world.testkit.js';
import { eventually, type FakePeer, FakeServer, ManualTime } from './connection/fake-server.testkit.js';
import { NuthatchEngine } from './engine/nuthatch-engine.js';

/** How often a node is asked. */
const BEAT_MS = 250;
const HIT = '*4\r\n$3\r\nhit\r\n$1\r\n7\r\n:-1\r\n:0\r\n';

class Stage {
  readonly cache: Cache;
  readonly peer: FakePeer;
  readonly time: ManualTime;
  #flushes = 0;

  private constructor(cache: Cache, peer: FakePeer, time: ManualTime) {
    this.cache = cache;
    this.peer = peer;
    this.time = time;
  }

  static async run(ttl: `${number}s`, body: (stage: Stage) => Promise<void>): Promise<void> {
    const server = await FakeServer.start();
    const time = new ManualTime();
    const behavior = resolveBehavior({ near: { maxBytes: '1mb', ttl }, deadline: '10s' }, []);
    const cache = new Cache(
      behavior,
      (host, options) => new NuthatchEngine({ port: server.port, time }, options, host),
      time,
      1,
    );
    try {
      const peer = await server.peer();
      await peer.greet(1);
      await cache.ready();
      await body(new Stage(cache, peer, time));
    } finally {
      cache.close();
      await server.stop();
    }
  }

  get near(): NonNullable<ReturnType<Cache['stats']>['near']> {
    const { near } = this.cache.stats();
    assert.ok(near !== undefined);
    return near;
  }

  get bounds(): [nowMs: number, largestMs: number] {
    const { stalenessMs, largestStalenessMs } = this.near;
    return [stalenessMs, largestStalenessMs];
  }

  /** Reads the key from the node. */
  async fetch(): Promise<void> {
    const read = this.cache.get('k');
    assert.deepEqual(await this.peer.request(), ['LEASE.GET', 'k', 'NOLEASE']);
    this.peer.write(HIT);
    assert.equal(await read, 7);
  }

  async hit(): Promise<void> {
    const { hits } = this.near;
    assert.equal(await this.cache.get('k'), 7);
    assert.equal(this.near.hits, hits + 1);
  }

  /** Time passes, and then the node is asked. */
  async asked(afterMs: number): Promise<void> {
    this.time.advance(afterMs);
    assert.deepEqual(await this.peer.request(), ['LEASE.PUSHES']);
  }

  async answer(sentMsAgo: number): Promise<void> {
    this.peer.write(':0\r\n');
    await eventually(() => this.near.stalenessMs === sentMsAgo, 'the answer was read');
  }

  flushed(): boolean {
    const { flushes } = this.near;
    const isMore = flushes > this.#flushes;
    this.#flushes = flushes;
    return isMore;
  }
}

test('the bound counts from when the node was asked, and the largest is of times in which it was served', async () => {
  await Stage.run('60s', async (stage) => {
    stage.time.advance(100);
    assert.deepEqual(stage.bounds, [100, 0], 'since the connection is there');
    await stage.fetch();
    assert.deepEqual(stage.bounds, [100, 0], 'a read from the node is no near hit');
    await stage.hit();
    assert.deepEqual(stage.bounds, [100, 100]);
    await stage.asked(150);
    stage.time.advance(40);
    await stage.answer(40);
    assert.deepEqual(stage.bounds, [40, 290]);
    stage.time.advance(1);
    assert.deepEqual(stage.bounds, [41, 290], 'nothing was served since');
  });
});

test('a node that is silent: a second behind, and then nothing is served until it is known again', async () => {
  await Stage.run('60s', async (stage) => {
    await stage.fetch();
    await stage.asked(250);
    await stage.answer(0);
    await stage.hit();
    const late = stage.cache.get('late');
    assert.deepEqual(await stage.peer.request(), ['LEASE.GET', 'late', 'NOLEASE']);
    await stage.asked(250);
    stage.time.advance(749);
    await stage.hit();
    assert.deepEqual(stage.bounds, [999, 999]);
    assert.equal(stage.flushed(), false);
    stage.time.advance(1);
    assert.equal(stage.flushed(), true);
    assert.equal(stage.near.entries, 0);
    assert.deepEqual(stage.bounds, [0, 1_000], 'what is served no more is not behind');
    // What it still answers may be older than that.
    stage.peer.write(HIT);
    assert.equal(await late, 7);
    assert.equal(stage.near.entries, 0);
    await stage.answer(750);
    await stage.fetch();
    await stage.hit();
    assert.deepEqual(stage.bounds, [750, 1_000]);
  });
});

test('however the answers come, nothing that is served is more than a second behind', async () => {
  await Stage.run('60s', async (stage) => {
    const { time } = stage;
    let soundMs = time.now();
    let largestMs = 0;
    let nextBeatMs = soundMs;
    for (const answerMs of [0, 100, 740, 0, 490, 510, 240, 750, 990, 600, 0, 300]) {
      // To the next beat at which it is asked.
      do nextBeatMs += BEAT_MS;
      while (nextBeatMs <= time.now());
      await stage.asked(nextBeatMs - time.now());
      const askedMs = time.now();
      for (let ms = 0; ms < answerMs; ms += 10) {
        time.advance(10);
        if (stage.near.entries === 0) continue;
        await stage.hit();
        largestMs = Math.max(largestMs, time.now() - soundMs);
      }
      await stage.answer(answerMs);
      soundMs = askedMs;
      if (stage.near.entries === 0) await stage.fetch();
    }
    assert.ok(largestMs > 900 && largestMs <= 1_000, `${largestMs} ms`);
    assert.equal(stage.near.largestStalenessMs, 1_000);
    assert.ok(stage.flushed(), 'some of the answers were too late');
  });
});

test('nothing near is older than its ttl, whatever the node says', async () => {
  await Stage.run('1s', async (stage) => {
    await stage.fetch();
    await stage.hit();
    stage.time.holdUp(5_000);
    assert.deepEqual(stage.bounds, [1_000, 1_000]);
  });
});

test('a lost connection is not behind: nothing of it is served', async () => {
  await Stage.run('60s', async (stage) => {
    stage.time.advance(200);
    assert.deepEqual(stage.bounds, [200, 0]);
    stage.peer.close();
    await eventually(() => stage.flushed(), 'it is gone');
    stage.time.advance(30);
    assert.deepEqual(stage.bounds, [0, 0]);
  });
});

test('over memory changes are told before they are acknowledged', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ near: { maxBytes: '1mb' } });
  await cache.set('k', 1);
  await cache.get('k');
  await world.pass(2_000);
  assert.equal(await cache.get('k'), 1);
  const { near } = cache.stats();
  assert.deepEqual([near?.hits, near?.stalenessMs, near?.largestStalenessMs], [1, 0, 0]);
  cache.close();
});
