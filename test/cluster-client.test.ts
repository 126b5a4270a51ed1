/** What a cache makes of a cluster in this process: reads, loads and deletes go on while primaries are killed and come back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Cache, type CacheOptions, createCache, InvalidationPending } from '#layers/client';
import { startTestCluster, type TestCluster } from '#layers/testing';

const PATIENCE_MS = 60_000;
/** An answer comes sooner, also on a busy machine. */
const ANSWER_MS = 1_000;
/** However busy the machine is. */
const PATIENT = { deadline: '10s', invalidationDeadline: '60s' } as const;

async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < untilMs, `it never came to pass that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a cache over a cluster of two shards with a replica each', () => {
  let cluster: TestCluster;
  const caches: Cache[] = [];

  before(async () => {
    cluster = await startTestCluster({ shards: 2, replicas: 1 });
  });

  after(async () => {
    for (const cache of caches) cache.close();
    await cluster.stop();
  });

  async function cacheOf(
    options: CacheOptions,
    where: CacheOptions = { nodes: cluster.urls },
  ): Promise<Cache> {
    const cache = createCache({ ...PATIENT, ...options, ...where });
    caches.push(cache);
    await cache.ready();
    return cache;
  }

  /** Kills the primary of a key, runs the body, and starts it again. */
  async function withoutPrimary(key: string, body: () => Promise<void>): Promise<void> {
    const primary = cluster.primaryOf(key);
    await primary.kill();
    try {
      await body();
    } finally {
      await primary.start();
      await cluster.ready();
    }
  }

  test('any node leads to all of them, and what is known is told', async () => {
    const [url] = cluster.urls;
    const cache = await cacheOf({ prefix: 'seed:' }, { url });
    for (let i = 0; i < 50; i++) {
      assert.equal(await cache.getOrLoad(`any:${i}`, () => i), i);
      assert.equal(await cache.get(`any:${i}`), i);
    }
    const known = cache.stats().cluster;
    assert.equal(known?.shards, 2);
    assert.equal(known.nodes.length, 4);
    const { place, engine } = await cache.explain('any:1');
    assert.equal(place?.primary, cluster.primaryOf('seed:any:1').address);
    assert.match(engine, /cluster of 2 shards/);
    assert.deepEqual(await cache.getMany(['any:1', 'any:2', 'none', 'any:3']), [1, 2, undefined, 3]);
    assert.equal(await cache.clear(), 50);
  });

  test('a killed primary: reads go on at its replica, no delete is lost, and nothing stale comes back', async () => {
    const writer = await cacheOf({ prefix: 'kill:' });
    const reader = await cacheOf({ prefix: 'kill:', near: { maxBytes: '1mb' } });
    const rows = new Map<string, number>();
    const keys = Array.from({ length: 40 }, (_, i) => `row:${i}`);
    const load = (key: string) => reader.getOrLoad(key, () => rows.get(key));
    for (const key of keys) {
      rows.set(key, 1);
      assert.equal(await load(key), 1);
    }
    // Fills are acknowledged at once. A delete is when the replica has it, and with it all before it.
    for (let i = 0; i < 20; i++) await writer.delete(`other:${i}`);
    const before = cluster.primaryOf('kill:row:0');
    const doomed = keys.filter((key) => cluster.primaryOf(`kill:${key}`) === before);
    assert.ok(doomed.length > 0 && doomed.length < keys.length);
    await withoutPrimary('kill:row:0', async () => {
      // Its replica has all of it, and is asked at once.
      for (const key of doomed) assert.equal(await writer.get(key), 1, 'the replica answers');
      for (const [round, key] of doomed.entries()) {
        rows.set(key, 2 + round);
        await writer.delete(key);
        assert.equal(await writer.getOrLoad(key, () => rows.get(key)), 2 + round);
        await eventually(async () => (await load(key)) === 2 + round, 'a near value ends');
      }
      for (const key of keys) if (!doomed.includes(key)) assert.equal(await load(key), 1);
      assert.notEqual(cluster.primaryOf('kill:row:0'), before);
    });
    // It came back empty, as a replica, and says nothing of what it had.
    for (const [round, key] of doomed.entries()) assert.equal(await load(key), 2 + round);
    const known = writer.stats().cluster;
    assert.ok((known?.changes ?? 0) > 0 && (known?.unleasedHits ?? 0) > 0);
    assert.equal(writer.stats().pendingInvalidations, 0);
  });

  test('a delete that was acknowledged is never undone by a failover in the middle of it', async () => {
    const [a, b] = [await cacheOf({ prefix: 'mid:' }), await cacheOf({ prefix: 'mid:' })];
    const version = { row: 0 };
    const stale: string[] = [];
    let isOver = false;
    const deletes = (async () => {
      while (!isOver) {
        version.row++;
        await a.delete('k').catch((error: unknown) => assert.ok(error instanceof InvalidationPending));
        const acknowledged = version.row;
        const read = await b.getOrLoad('k', () => version.row);
        if (read !== undefined && read < acknowledged) stale.push(`${read} after ${acknowledged}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    await eventually(() => version.row > 20, 'some deletes are done');
    await withoutPrimary('mid:k', async () => {
      const then = version.row;
      await cluster.writable('mid:k');
      await eventually(() => version.row > then + 20, 'deletes go on at the heir');
    });
    isOver = true;
    await deletes;
    assert.deepEqual(stale, []);
  });

  test('changes are heard through a failover', async () => {
    const cache = await cacheOf({ prefix: 'news:' });
    const heard: (string | undefined)[] = [];
    cache.on('invalidate', ({ key }) => heard.push(key));
    await eventually(() => heard.length >= 2, 'both primaries are heard');
    const other = await cacheOf({ prefix: 'news:' });
    await other.set('k', 1);
    await eventually(() => heard.includes('k'), 'a change is heard');
    await withoutPrimary('news:k', async () => {
      heard.length = 0;
      await cluster.writable('news:k');
      await eventually(() => heard.includes(undefined), 'it is said that all may have changed');
      await eventually(async () => {
        await other.set('k', 2);
        return heard.includes('k');
      }, 'a change at the heir is heard');
    });
  });

  test('any copy: about half of the hits are from replicas, and how stale they may be is told', async () => {
    const cache = await cacheOf({ prefix: 'half:', reads: 'any' });
    for (let i = 0; i < 20; i++) await cache.set(`k:${i}`, i);
    // A delete is confirmed by the replicas, and with it all before it.
    for (let i = 0; i < 20; i++) await cache.delete(`other:${i}`);
    const { unleasedHits = 0 } = cache.stats().cluster ?? {};
    for (let round = 0; round < 25; round++) {
      for (let i = 0; i < 20; i++) assert.equal(await cache.get(`k:${i}`), i);
    }
    const known = cache.stats().cluster;
    const share = ((known?.unleasedHits ?? 0) - unleasedHits) / 500;
    assert.ok(share > 0.4 && share < 0.6, `${share} of the hits are from replicas`);
    assert.ok((known?.largestStaleMs ?? -1) >= 0);
    // Whoever misses at a replica is given the lease by the primary.
    for (let i = 0; i < 20; i++) assert.equal(await cache.getOrLoad(`new:${i}`, () => i), i);
    await eventually(() => cache.stats().fills === 20, 'all are stored');
  });

  test('a fleet counts itself at the primary of its channel', async () => {
    const fleet = await Promise.all(
      [1, 2, 3].map(() => cacheOf({ prefix: 'fleet:', groups: { db: { cap: 9 } } })),
    );
    await eventually(
      () => fleet.every((cache) => cache.stats().groups.db.share === 3),
      'each has its part of the cap',
    );
  });
});

test('a primary that is cut off: each process asks its database for a key once a second', async () => {
  const cluster = await startTestCluster({ shards: 1, replicas: 1 });
  const caches = [1, 2].map(() =>
    createCache({ ...PATIENT, url: cluster.urls[0], near: { maxBytes: '1mb' } }),
  );
  try {
    await Promise.all(caches.map((cache) => cache.ready()));
    const primary = cluster.primaryOf('k');
    await Promise.all(cluster.nodes.filter((node) => node !== primary).map((node) => node.kill()));
    await eventually(
      async () => (await primary.control.status()).copy?.leaseLeftMs === 0,
      'it has lost its write lease',
    );
    // What is kept is given while the node may be as far behind, and its answer is on its way for a while.
    const lostMs = performance.now();
    await eventually(
      () => performance.now() - lostMs > ANSWER_MS,
      'it has been cut off for longer than that',
    );
    for (const cache of caches) {
      const fromMs = performance.now();
      let loads = 0;
      while (loads < 3)
        await cache.getOrLoad('k', () => {
          loads++;
          return 'v';
        });
      const seconds = (performance.now() - fromMs) / 1_000;
      assert.ok(seconds > 2, `3 loads in ${seconds} s`);
      const { keptHits, near } = cache.stats();
      assert.ok(keptHits > 0);
      assert.equal(near?.entries, 0);
    }
  } finally {
    for (const cache of caches) cache.close();
    await cluster.stop();
  }
});
