/** Where promises are easily broken: undecodable values, loads without a lease, what is pending, writes that fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CacheWorld, Database, read, settle, watch } from './cache-world.testkit.js';
import { ClientError, InvalidationPending } from './errors.js';

const noAnswer = new ClientError('DEADLINE', 'no answer');
const quiet = { jitter: 0, earlyRefresh: false } as const;
const near = { maxBytes: '1mb', ttl: '1m' } as const;

/** What another language stores with a plain SET. */
const plain = { name: 'plain', reads: 'text', encode: String, decode: String } as const;

for (const copy of [false, true]) {
  test(`what the serializer cannot read is given as its text${copy ? ', also as copies' : ''}`, async () => {
    const world = new CacheWorld();
    const cache = world.cache({ near: { ...near, copy } });
    const other = world.cache({ serializer: plain });
    await read(world, other.set('k', 'no json'));
    const both = [watch(cache.getOrLoad('k', () => 1)), watch(cache.getOrLoad('k', () => 1))];
    await settle();
    assert.deepEqual(
      both.map((one) => one.value),
      ['no json', 'no json'],
    );
    assert.equal(
      await read(
        world,
        cache.getOrLoad('k', () => 1),
      ),
      'no json',
      'near',
    );
    assert.equal(await read(world, cache.get('k')), 'no json');
  });
}

test('a serializer that cannot read what it wrote leaves nobody waiting', async () => {
  const world = new CacheWorld();
  const decode = (): never => {
    throw new Error('unreadable');
  };
  const cache = world.cache({ near: { ...near, copy: true }, serializer: { ...plain, decode } });
  const first = watch(cache.getOrLoad('k', () => world.after(10, () => 'v')));
  await settle();
  const joined = watch(cache.getOrLoad('k', () => 'v'));
  await world.pass(100);
  assert.match(String(first.error), /unreadable/);
  assert.ok(joined.done);
  const next = watch(cache.getOrLoad('k', () => 'v'));
  await world.pass(100);
  assert.ok(next.done);
});

test('who joins a load that no lease covers reads again, since another process may have deleted meanwhile', async () => {
  const world = new CacheWorld();
  const slow = new Database(world, 60_000);
  const own = new Database(world, 1_000);
  const [holder, waiter, writer] = [
    world.cache({ hardTimeout: '1h' }),
    world.cache({ waitTimeout: '2s' }),
    world.cache(),
  ];
  watch(holder.getOrLoad('k', slow.load));
  await world.pass(10);
  const patient = [watch(waiter.getOrLoad('k', own.load))];
  await world.pass(1_000);
  patient.push(watch(waiter.getOrLoad('k', own.load)));
  await world.pass(1_500);
  assert.equal(own.running, 1, 'it loads for itself, since nobody else came to an end');
  own.value = 2;
  await read(world, writer.delete('k'), 1);
  const late = watch(waiter.getOrLoad('k', own.load));
  await world.pass(600);
  assert.deepEqual(
    patient.map((one) => one.value),
    [1, 1],
    'those who came before it loaded wait for no more',
  );
  await world.pass(5_000);
  assert.equal(late.value, 2);
});

test('what goes round the cache passes the serializer too', async () => {
  const world = new CacheWorld();
  const cache = world.cache();
  world.failure = noAnswer;
  const load = () => ({ at: new Date(0), left: undefined });
  assert.deepEqual(await read(world, cache.getOrLoad('k', load)), { at: '1970-01-01T00:00:00.000Z' });
  await assert.rejects(
    read(
      world,
      cache.getOrLoad('k', () => 1n),
    ),
    (error) => error instanceof ClientError && error.code === 'VALUE',
  );
});

test('an expired value is not served because its load was turned away', async () => {
  const world = new CacheWorld();
  const groups = { default: { cap: 1, maxQueued: 0 } };
  const cache = world.cache({ ...quiet, groups });
  await read(world, cache.set('k', 1));
  await read(world, cache.expire('k'));
  watch(cache.getOrLoad('other', () => world.after(1_000, () => 0)));
  await settle();
  await assert.rejects(
    read(
      world,
      cache.getOrLoad('k', () => 2),
      1,
    ),
    (error) => error instanceof ClientError && error.code === 'LOAD_SHED',
  );
});

test('an expired value is not served in the millisecond in which it was expired', async () => {
  const world = new CacheWorld();
  const cache = world.cache(quiet);
  await read(world, cache.set('k', 1));
  const expired = watch(cache.expire('k'));
  await settle();
  assert.equal(expired.value, true);
  const seen = [watch(cache.get('k')), watch(cache.getOrLoad('k', () => 2))];
  await settle();
  assert.deepEqual(
    seen.map((one) => one.value),
    [undefined, 2],
  );
  watch(cache.expire('k'));
  const failed = watch(cache.getOrLoad('k', () => Promise.reject(new Error('down'))));
  await settle();
  assert.match(String(failed.error), /down/);
});

test('softTimeout bounds the wait for the load of another process too', async () => {
  const world = new CacheWorld();
  const behavior = { ...quiet, ttl: '10s', staleIfError: '1m', softTimeout: '200ms' } as const;
  const [a, b] = [world.cache(behavior), world.cache(behavior)];
  await read(world, a.set('k', 1));
  await world.pass(11_000);
  const slow = new Database(world, 3_000);
  const both = [watch(a.getOrLoad('k', slow.load)), watch(b.getOrLoad('k', slow.load))];
  await world.pass(250);
  assert.deepEqual(
    both.map((one) => one.value),
    [1, 1],
  );
});

test('a key is read around the cache while its delete is pending, also by those who waited for others', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 40);
  const [cache, holder] = [world.cache({ near }), world.cache()];
  watch(holder.getOrLoad('k', database.load));
  await world.pass(10);
  const waiting = [watch(cache.getOrLoad('k', database.load))];
  await world.pass(5);
  waiting.push(watch(cache.getOrLoad('k', database.load)));
  database.value = 2;
  world.failure = noAnswer;
  const pending = watch(cache.delete('k'));
  await settle();
  world.failure = undefined;
  await world.pass(30);
  assert.equal(pending.done, false);
  assert.equal(await read(world, holder.get('k'), 0), 1, 'the node has the old value');
  await world.pass(2_000);
  assert.equal(pending.value, true);
  assert.deepEqual(
    waiting.map((one) => one.value),
    [2, 2],
  );
});

test('a delete is repeated until it is acknowledged, however long that takes', async () => {
  const world = new CacheWorld();
  const [cache, other] = [world.cache(), world.cache()];
  await read(world, other.set('k', 1, { ttl: '1d' }));
  world.failure = noAnswer;
  const pending = watch(cache.delete('k'));
  await world.pass(3_600_000);
  assert.ok(pending.error instanceof InvalidationPending);
  world.failure = undefined;
  await world.pass(5_000);
  assert.equal(await read(world, other.get('k'), 1), undefined);
  assert.equal(cache.stats().pendingInvalidations, 0);
});

test('an invalidation that cannot be repeated is rejected with its reason, at once', async () => {
  const world = new CacheWorld();
  const cache = world.cache();
  const tooLong = watch(cache.delete('k'.repeat(100_000)));
  await settle();
  assert.ok(tooLong.error instanceof ClientError && tooLong.error.code === 'TOO_LARGE');
  assert.equal(cache.stats().pendingInvalidations, 0);
  cache.close();
  const closed = watch(cache.delete('k'));
  await settle();
  assert.ok(closed.error instanceof ClientError && closed.error.code === 'CLOSED');
});

test('a clear that fails says why, within its deadline, and is not repeated', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ prefix: 'a:', near });
  await read(world, cache.set('k', 1));
  await read(world, cache.get('k'));
  world.failure = noAnswer;
  const cleared = watch(cache.clear());
  await world.pass(5_001);
  assert.equal(cleared.error, noAnswer);
  assert.equal(cache.stats().near?.entries, 0, 'of what was deleted nobody would tell');
  world.failure = undefined;
  await world.pass(60_000);
  assert.equal(await read(world, cache.get('k')), 1);
});

test('the error of a write is told, whatever becomes of the invalidation after it', async () => {
  const world = new CacheWorld();
  const cache = world.cache();
  world.failure = noAnswer;
  const written = watch(cache.writeThrough('k', () => Promise.reject(new Error('constraint'))));
  await world.pass(6_000);
  assert.match(String(written.error), /constraint/);
  assert.equal(cache.stats().pendingInvalidations, 1);
});

test('a loader may throw anything, also behind its readers', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ ...quiet, ttl: '10s', staleWhileRevalidate: '1m', errorTtl: '1s' });
  await read(world, cache.set('k', 1));
  await world.pass(11_000);
  const nothing: unknown = Object.create(null);
  const failing = () => Promise.reject(nothing);
  assert.equal(await read(world, cache.getOrLoad('k', failing), 10), 1);
  assert.equal(cache.stats().loadErrors, 1);
  assert.equal(cache.stats().cacheErrors, 0);
  const thrown = watch(cache.getOrLoad('absent', failing));
  await settle();
  assert.equal(thrown.error, nothing);
});

test('a refresh that finds nothing takes the near value away as well', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ ttl: '10s', jitter: 0, near });
  await read(world, cache.set('k', 1));
  await read(
    world,
    cache.getOrLoad('k', () => 1),
    1,
  );
  await world.pass(8_000);
  for (let i = 0; i < 200 && cache.stats().earlyRefreshes === 0; i++) {
    await read(
      world,
      cache.getOrLoad('k', () => undefined),
      5,
    );
  }
  assert.equal(cache.stats().earlyRefreshes, 1);
  assert.equal(await read(world, cache.get('k'), 1), undefined);
});

test('the first reader cannot change what the near cache will hold', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ near });
  let changed: unknown;
  const first = cache
    .getOrLoad('k', () => ({ name: 'Ada' }))
    .then((user) => {
      try {
        (user as { name: string }).name = 'Eve';
      } catch (error) {
        changed = error;
      }
    });
  await read(world, first);
  assert.ok(changed instanceof TypeError);
  assert.deepEqual(
    await read(
      world,
      cache.getOrLoad('k', () => 0),
    ),
    { name: 'Ada' },
  );
});

test('a key that has no UTF-8 of its own is not kept near: the node tells of it by another name', async () => {
  const world = new CacheWorld();
  const [a, b] = [world.cache({ near }), world.cache()];
  await read(
    world,
    a.getOrLoad('k\ud800', () => 1),
  );
  await read(world, b.delete('k\ufffd'));
  assert.equal(
    await read(
      world,
      a.getOrLoad('k\ud800', () => 2),
    ),
    2,
  );
});
