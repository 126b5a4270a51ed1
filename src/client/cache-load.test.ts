import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cache } from './cache.js';
import { CacheWorld, Database, read, watch } from './cache-world.testkit.js';
import { ClientError, LoadShed } from './errors.js';

test('one load for a cold key, however many callers in however many processes', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 300);
  const fleet = Array.from({ length: 8 }, () => world.cache());
  const reads = fleet.flatMap((cache) =>
    Array.from({ length: 200 }, () => watch(cache.getOrLoad('k', database.load))),
  );
  await world.pass(299);
  assert.ok(reads.every((one) => !one.done));
  await world.pass(5);
  assert.ok(
    reads.every((one) => one.value === 1),
    'all have it as soon as it is loaded',
  );
  assert.equal(database.queries, 1);
  const stats = fleet.map((cache) => cache.stats());
  assert.equal(
    stats.reduce((sum, one) => sum + one.loads, 0),
    1,
  );
  assert.ok(stats.every((one) => one.loading === 0));
});

test("a holder's death hands the load to a waiter at once", async () => {
  const world = new CacheWorld();
  const database = new Database(world, 100);
  const [a, b] = [world.cache(), world.cache()];
  watch(a.getOrLoad('k', database.load));
  await world.pass(20);
  const waiter = watch(b.getOrLoad('k', database.load));
  await world.pass(20);
  a.close();
  await world.pass(101);
  assert.equal(waiter.value, 1);
  assert.equal(database.queries, 2);
});

test('a holder that hangs loses its lease when it is over, and not before while it renews', async () => {
  const world = new CacheWorld();
  const [a, b] = [world.cache({ hardTimeout: '1h' }), world.cache({ waitTimeout: '1h' })];
  const slow = new Database(world, 60_000);
  const quick = new Database(world, 10);
  watch(a.getOrLoad('k', slow.load));
  await world.pass(100);
  const waiter = watch(b.getOrLoad('k', quick.load));
  await world.pass(30_000);
  assert.equal(quick.queries, 0, 'the holder renews its lease');
  assert.equal(waiter.done, false);
  await world.pass(31_000);
  assert.equal(waiter.value, 1);
});

test('an error is shared by all who wait, and for a moment after, with one call of the loader', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 50);
  database.failure = new Error('no such table');
  const fleet = Array.from({ length: 4 }, () => world.cache({ errorTtl: '1s' }));
  const reads = fleet.flatMap((cache) =>
    Array.from({ length: 10 }, () => watch(cache.getOrLoad('k', database.load))),
  );
  await world.pass(500);
  assert.equal(database.queries, 1);
  const errors = reads.map((one) => one.error);
  assert.equal(errors.filter((error) => error === database.failure).length, 10, 'the loader has its own');
  const shared = errors.filter((error) => error !== database.failure) as ClientError[];
  assert.ok(shared.every((error) => error.code === 'LOAD_FAILED' && /no such table/.test(error.message)));
  database.failure = undefined;
  const [one] = fleet as [Cache];
  await assert.rejects(read(world, one.getOrLoad('k', database.load), 10), /no such table/);
  await world.pass(1_000);
  assert.equal(await read(world, one.getOrLoad('k', database.load)), 1);
  assert.equal(database.queries, 2);
});

test('a loader that never ends fails at its hard timeout, and its signal aborts', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ hardTimeout: '2s' });
  let signal: AbortSignal | undefined;
  const one = watch(
    cache.getOrLoad('k', (ctx) => {
      signal = ctx.signal;
      return new Promise<number>(() => {});
    }),
  );
  await world.pass(2_001);
  assert.equal((one.error as ClientError).code, 'LOAD_TIMEOUT');
  assert.equal(signal?.aborted, true);
  await world.pass(2_000);
  assert.equal(
    await read(
      world,
      cache.getOrLoad('k', () => 5),
    ),
    5,
    'the lease was given back',
  );
});

test('when the cache fails the loader answers, behind the cap of its group; the excess is turned away', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 100);
  const cache = world.cache({ groups: { db: { cap: 2, maxQueued: 3, maxQueuedMs: 150 } }, group: 'db' });
  const errors: string[] = [];
  cache.on('cacheError', ({ operation }) => errors.push(operation));
  world.failure = new ClientError('NOT_CONNECTED', 'gone');
  const reads = Array.from({ length: 8 }, (_, i) => watch(cache.getOrLoad(`k${i}`, database.load)));
  await world.pass(1_000);
  assert.equal(database.mostRunning, 2);
  assert.equal(
    reads.filter((one) => one.value === 1).length,
    4,
    'two at once, two after 100 ms, one too late',
  );
  const shed = reads.filter((one) => one.error instanceof LoadShed);
  assert.equal(shed.length, 4);
  assert.equal(errors.length, 8);
  world.failure = undefined;
  assert.equal(await read(world, cache.get('k0')), undefined, 'nothing was stored');
  assert.equal(await read(world, cache.getOrLoad('k0', database.load)), 1);
});

test('without the cache a value is what it would be with it', async () => {
  const world = new CacheWorld();
  const cache = world.cache();
  world.failure = new ClientError('NOT_CONNECTED', 'no node');
  const load = () => ({ at: new Date(0), none: undefined });
  assert.deepEqual(await read(world, cache.getOrLoad<unknown>('k', load)), {
    at: '1970-01-01T00:00:00.000Z',
  });
  await assert.rejects(
    read(
      world,
      cache.getOrLoad<unknown>('n', () => 1n),
    ),
    { code: 'VALUE' },
  );
});
