/** When a near entry is renewed, and by whom: so that nobody waits for a key that is read often. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CacheWorld, Database, read, settle, watch } from './cache-world.testkit.js';

/** Reads every 20 ms for so long; how often somebody had to wait. */
async function waitsOf(world: CacheWorld, ms: number, ask: () => Promise<unknown>): Promise<number> {
  let waits = 0;
  for (let leftMs = ms; leftMs > 0; leftMs -= 20) {
    const one = watch(ask());
    await settle();
    if (!one.done) waits++;
    await world.pass(20);
  }
  return waits;
}

test('who reads without loading renews what the node has for longer', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ near: { maxBytes: '1mb', ttl: '1s' } });
  world.answerMs = 5;
  await read(world, cache.set('k', 1));
  const waits = await waitsOf(world, 20_000, () => cache.get('k'));
  assert.equal(waits, 1, 'the first');
  const { hits } = cache.stats();
  assert.ok(hits > 20 && hits < 80, `it was read ${hits} times in 20 s, for a second each`);
  await read(world, cache.set('k', 2));
  assert.equal(await read(world, cache.get('k')), 2);
});

test('who reads without loading leaves what must be loaded to who loads, and does not ask the node', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ ttl: '2s', jitter: 0, near: { maxBytes: '1mb', ttl: '1m' } });
  const database = new Database(world, 20);
  world.answerMs = 5;
  await read(world, cache.getOrLoad('k', database.load), 100);
  const before = cache.stats().hits;
  const waits = await waitsOf(world, 1_800, () => cache.get('k'));
  assert.deepEqual([waits, cache.stats().hits], [0, before]);
  const last = watch(cache.getOrLoad('k', database.load));
  await world.pass(60);
  assert.ok(last.done);
  assert.deepEqual([database.queries, cache.stats().earlyRefreshes], [2, 1]);
});

test('to be explained changes nothing', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ near: { maxBytes: '1mb', ttl: '1s' } });
  await read(world, cache.set('k', 1), 0);
  assert.equal((await cache.explain('k')).isNear, false);
  await read(world, cache.get('k'), 990);
  const { near } = cache.stats();
  assert.equal((await cache.explain('k')).isNear, true);
  assert.deepEqual(cache.stats().near, near);
  const { hits } = cache.stats();
  assert.equal(await cache.get('k'), 1);
  await settle();
  assert.equal(cache.stats().hits, hits + 1, 'whoever reads next renews it');
});

test('wrong options are rejected as soon as they count, and never thrown', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ near: { maxBytes: '1mb', ttl: '1s' } });
  const wrong = { ttl: 'soon' } as unknown as { ttl: '1s' };
  const ask = () => watch(cache.getOrLoad('k', () => 1, wrong));
  const miss = ask();
  await settle();
  assert.equal((miss.error as { code?: string }).code, 'OPTIONS');
  await read(world, cache.set('k', 1), 0);
  await read(world, cache.get('k'), 100);
  const hit = ask();
  await world.pass(890);
  assert.equal(hit.value, 1, 'a near hit asks for no options');
  const due = ask();
  await settle();
  assert.equal((due.error as { code?: string }).code, 'OPTIONS');
  assert.equal(
    await read(
      world,
      cache.getOrLoad('k', () => 2),
    ),
    1,
    'nothing is the worse for it',
  );
});
