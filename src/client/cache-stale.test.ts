import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CacheWorld, Database, read, settle, watch } from './cache-world.testkit.js';

/** Lifetimes of 10 s, to the millisecond. */
const exact = { ttl: '10s', jitter: 0, earlyRefresh: false } as const;

test('waiting is bounded: then a stale value, or a load of its own that fills nothing', async () => {
  const world = new CacheWorld();
  const [a, b] = [world.cache({ hardTimeout: '1h' }), world.cache({ waitTimeout: '2s' })];
  const slow = new Database(world, 60_000);
  const own = new Database(world, 10);
  own.value = 7;
  watch(a.getOrLoad('k', slow.load));
  await world.pass(10);
  const waiter = watch(b.getOrLoad('k', own.load));
  await world.pass(1_900);
  assert.equal(waiter.done, false);
  await world.pass(200);
  assert.equal(waiter.value, 7);
  assert.equal(await read(world, b.get('k'), 1), undefined, 'it filled nothing');
});

test('who came while a caller loads for itself is not given what it loaded', async () => {
  const world = new CacheWorld();
  const [a, b] = [world.cache({ hardTimeout: '1h' }), world.cache({ waitTimeout: '2s' })];
  const slow = new Database(world, 60_000);
  const own = new Database(world, 100);
  watch(a.getOrLoad('k', slow.load));
  await world.pass(10);
  const waiter = watch(b.getOrLoad('k', own.load));
  await world.pass(2_010);
  assert.equal(own.queries, 1, 'it loads for itself, and has read the row');
  own.value = 2;
  await a.delete('k');
  const late = watch(b.getOrLoad('k', own.load));
  await world.pass(300);
  assert.equal(waiter.value, 1, 'it came before the invalidation');
  assert.equal(late.value, 2);
});

test('nothing stale is served where none is allowed, not for a moment', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 10);
  const cache = world.cache();
  await read(world, cache.getOrLoad('k', database.load));
  database.value = 2;
  assert.equal(await read(world, cache.expire('k'), 0), true);
  const got = watch(cache.get('k'));
  const loaded = watch(cache.getOrLoad('k', database.load));
  await settle();
  assert.deepEqual([got.done, got.value], [true, undefined]);
  await world.pass(20);
  assert.equal(loaded.value, 2);
  database.failure = new Error('down');
  await read(world, cache.expire('k'), 0);
  await assert.rejects(read(world, cache.getOrLoad('k', database.load), 20), /down/);
});

test('what is stale is served while one caller of the fleet loads it anew', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 100);
  const behavior = { ...exact, staleWhileRevalidate: '20s' } as const;
  const [a, b] = [world.cache(behavior), world.cache(behavior)];
  assert.equal(await read(world, a.getOrLoad('k', database.load)), 1);
  await world.pass(12_000);
  database.value = 2;
  const reads = [a, b, a, b].map((cache) => watch(cache.getOrLoad('k', database.load)));
  await settle();
  assert.ok(
    reads.every((one) => one.value === 1),
    'nobody waits',
  );
  await world.pass(200);
  assert.equal(database.queries, 2);
  assert.equal(await read(world, b.getOrLoad('k', database.load), 1), 2);
  await world.pass(31_000);
  database.value = 3;
  assert.equal(await read(world, a.getOrLoad('k', database.load)), 3, 'too old to be served');
});

test('what is stale is served if loading fails, within its time', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 10);
  const cache = world.cache({ ...exact, staleIfError: '1m', errorTtl: '1s' });
  assert.equal(await read(world, cache.getOrLoad('k', database.load)), 1);
  await world.pass(11_000);
  database.failure = new Error('down');
  assert.equal(await read(world, cache.getOrLoad('k', database.load), 100), 1);
  assert.equal(await read(world, cache.getOrLoad('k', database.load), 100), 1, 'without asking again');
  assert.equal(database.queries, 2);
  await world.pass(60_000);
  await assert.rejects(read(world, cache.getOrLoad('k', database.load)), /down/);
});

test('a slow loader is not waited for when there is a stale value', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 10);
  const cache = world.cache({ ...exact, staleIfError: '1m', softTimeout: '200ms' });
  await read(world, cache.getOrLoad('k', database.load));
  await world.pass(11_000);
  const slow = new Database(world, 3_000);
  slow.value = 9;
  const one = watch(cache.getOrLoad('k', slow.load));
  await world.pass(201);
  assert.equal(one.value, 1);
  await world.pass(3_000);
  assert.equal(await read(world, cache.get('k'), 1), 9, 'it was filled behind');
});

test('a refresh that finds nothing any more takes the old value away', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ ...exact, staleWhileRevalidate: '1m' });
  await read(
    world,
    cache.getOrLoad('k', () => 1),
  );
  await world.pass(11_000);
  assert.equal(
    await read(
      world,
      cache.getOrLoad('k', () => undefined),
    ),
    1,
    'the last time',
  );
  assert.equal(await read(world, cache.peek('k')), undefined);
});

test('the loader knows the stale value and sets the lifetime', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ ...exact, staleIfError: '1m' });
  await read(
    world,
    cache.getOrLoad('k', () => 1),
  );
  await world.pass(11_000);
  let seen: unknown;
  await read(
    world,
    cache.getOrLoad<number>('k', (ctx) => {
      seen = ctx.stale;
      ctx.ttl = '2s';
      return 2;
    }),
    1,
  );
  assert.equal(seen, 1);
  assert.equal(((await read(world, cache.peek('k'), 1)) as { ms: number }).ms, 2_000 - 1);
});

test('a key that is read all the time is never waited for after the first load', async () => {
  const world = new CacheWorld();
  for (const near of [false, { maxBytes: '1mb', ttl: '1m' }] as const) {
    const database = new Database(world, 20);
    const cache = world.cache({ ttl: '500ms', near });
    const name = `k${String(near)}`;
    await read(world, cache.getOrLoad(name, database.load), 25);
    let waited = 0;
    for (let i = 0; i < 2_000; i++) {
      const one = watch(cache.getOrLoad(name, database.load));
      await settle();
      if (!one.done) waited++;
      await world.pass(10);
    }
    assert.equal(waited, 0);
    assert.ok(database.queries > 40 && database.queries < 80, `${database.queries} loads in 40 lifetimes`);
  }
});
