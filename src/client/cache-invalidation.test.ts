import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CacheWorld, Database, read, settle, watch } from './cache-world.testkit.js';
import { ClientError, InvalidationPending } from './errors.js';

for (const invalidate of ['delete', 'expire', 'set', 'writeThrough'] as const) {
  test(`a load that began before ${invalidate} is never served after it, in any process`, async () => {
    const world = new CacheWorld();
    const database = new Database(world, 100);
    const [a, b] = [world.cache(), world.cache()];
    const first = watch(a.getOrLoad('k', database.load));
    await world.pass(50);
    database.value = 2;
    const done = watch<unknown>(
      {
        delete: () => b.delete('k'),
        expire: () => b.expire('k'),
        set: () => b.set('k', 2),
        writeThrough: () => b.writeThrough('k', () => 2),
      }[invalidate](),
    );
    await settle();
    assert.ok(done.done && done.error === undefined, `${invalidate} is acknowledged`);
    const late = [watch(a.getOrLoad('k', database.load)), watch(b.getOrLoad('k', database.load))];
    await world.pass(500);
    assert.ok(first.done, 'the first caller came before it and may have either');
    assert.deepEqual(
      late.map((one) => one.value),
      [2, 2],
    );
    assert.equal(await read(world, a.getOrLoad('k', database.load)), 2);
    assert.equal(await read(world, b.get('k')), 2);
  });
}

test('a delete that is not acknowledged is read around and repeated until it is', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 10);
  const cache = world.cache();
  await read(world, cache.getOrLoad('k', database.load));
  database.value = 2;
  world.failure = new ClientError('DEADLINE', 'no answer');
  const done = watch(cache.delete('k'));
  await world.pass(4_000);
  assert.equal(done.done, false);
  world.failure = undefined;
  assert.equal(await read(world, cache.getOrLoad('k', database.load), 11), 2, 'not what the node still has');
  await world.pass(900);
  assert.equal(done.value, true, 'it was repeated in time');
  world.failure = new ClientError('DEADLINE', 'no answer');
  const late = watch(cache.delete('k'));
  const pending: string[] = [];
  cache.on('invalidationPending', ({ key }) => pending.push(key));
  await world.pass(5_001);
  assert.ok(late.error instanceof InvalidationPending && late.error.retryable && late.error.key === 'k');
  assert.deepEqual(pending, ['k']);
  assert.equal(cache.stats().pendingInvalidations, 1);
  world.failure = undefined;
  await world.pass(6_000);
  assert.equal(cache.stats().pendingInvalidations, 0);
});

test('the time that a caller waits for an acknowledgement begins with the call, also when the node says nothing', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ invalidationDeadline: '2s' });
  world.failure = new ClientError('DEADLINE', 'no answer');
  world.answerMs = 900;
  const done = watch(cache.delete('k'));
  await world.pass(1_999);
  assert.equal(done.done, false);
  await world.pass(1);
  assert.ok(done.error instanceof InvalidationPending);
});

test('without a prefix of its own a cache reads around what it could not delete until the longest lifetime is over', async () => {
  const world = new CacheWorld();
  const cache = world.cache();
  const database = new Database(world, 10);
  const load = () => cache.getOrLoad('user:1', database.load, { ttl: '1h', jitter: 0, earlyRefresh: false });
  assert.equal(await read(world, load()), 1);
  world.failure = new ClientError('DEADLINE', 'no answer');
  database.value = 2;
  // There is no room for the second of these, and so they are remembered by their prefix.
  const large = ['a', 'b'].map((letter) => `user:${letter.repeat(1_500_000)}`);
  const deletes = [...large, 'user:1'].map((key) => watch(cache.delete(key)));
  await world.pass(6_000);
  assert.ok(deletes.every(({ error }) => error instanceof InvalidationPending));
  assert.equal(cache.stats().pendingInvalidations, 1);
  world.failure = undefined;
  await world.pass(55 * 60_000);
  assert.equal(await read(world, load()), 2, 'the node has the old value yet');
  await world.pass(5 * 60_000);
  assert.equal(await read(world, load()), 2);
  assert.equal(cache.stats().pendingInvalidations, 0);
});

test('a cache that is closed repeats nothing, and who waits for it is told at once', async () => {
  const world = new CacheWorld();
  const cache = world.cache();
  world.failure = new ClientError('DEADLINE', 'no answer');
  const done = watch(cache.delete('k'));
  await world.pass(1_000);
  cache.close();
  await settle();
  assert.ok(done.error instanceof ClientError && done.error.code === 'CLOSED');
  assert.match(done.error.message, /closed before a node had acknowledged/);
});

test('write-through: the value is there at once; overlapping writes leave nothing old', async () => {
  const world = new CacheWorld();
  const database = new Database(world, 10);
  const [a, b] = [world.cache(), world.cache()];
  assert.equal(
    await read(
      world,
      a.writeThrough('k', () => world.after(50, () => 5)),
    ),
    5,
  );
  assert.equal(await read(world, b.getOrLoad('k', database.load)), 5);
  assert.equal(database.queries, 0);
  const one = watch(a.writeThrough('k', () => world.after(100, () => 6)));
  await world.pass(10);
  const two = watch(b.writeThrough('k', () => world.after(50, () => 7)));
  await world.pass(200);
  assert.equal(one.value, 6);
  assert.equal(two.value, 7);
  assert.equal(await read(world, a.get('k')), undefined, 'nobody knows which the database has');
  await assert.rejects(
    read(
      world,
      a.writeThrough('k', () => Promise.reject(new Error('constraint'))),
    ),
    /constraint/,
  );
  assert.equal(await read(world, b.getOrLoad('k', database.load)), 1, 'the lease was given back');
});

test('a near value goes when anybody changes it, and is frozen', async () => {
  const world = new CacheWorld();
  const near = { maxBytes: '1mb', ttl: '1m' } as const;
  const [a, b] = [world.cache({ near }), world.cache()];
  const first = (await read(
    world,
    a.getOrLoad('k', () => ({ deep: [1] })),
  )) as { deep: number[] };
  const again = await read(
    world,
    a.getOrLoad('k', () => 0),
    1,
  );
  assert.equal(
    again,
    await read(
      world,
      a.getOrLoad('k', () => 0),
      1,
    ),
    'one object for all',
  );
  assert.throws(() => first.deep.push(2), TypeError);
  assert.ok(a.stats().nearHits >= 2);
  await read(world, b.delete('k'), 1);
  assert.equal(
    await read(
      world,
      a.getOrLoad('k', () => 3),
    ),
    3,
  );
  await read(world, b.set('k', 4), 1);
  assert.equal(
    await read(
      world,
      a.getOrLoad('k', () => 0),
    ),
    4,
  );
  await read(world, a.delete('k'), 1);
  assert.equal(await read(world, a.get('k')), undefined);
});

test('a near value is as old as its question, however late its answer was read', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ near: { maxBytes: '1mb', ttl: '1s' }, deadline: '10s', earlyRefresh: false });
  const load = () => 1;
  await read(world, world.cache().getOrLoad('k', load));
  world.answerMs = 900;
  assert.equal(await read(world, cache.getOrLoad('k', load), 901), 1);
  assert.equal(await read(world, cache.getOrLoad('k', load), 1), 1);
  assert.equal(cache.stats().nearHits, 1);
  await world.pass(100);
  assert.equal(await read(world, cache.getOrLoad('k', load), 901), 1);
  assert.equal(cache.stats().nearHits, 1);
  await world.pass(1_000);
  world.answerMs = 1_001;
  assert.equal(await read(world, cache.getOrLoad('k', load), 1_002), 1);
  assert.equal(cache.stats().near?.entries, 0, 'it was too old when it came');
});

test('clear takes all keys of the cache, and loads under way are not stored', async () => {
  const world = new CacheWorld();
  const [a, other] = [world.cache({ prefix: 'a:' }), world.cache({ prefix: 'b:' })];
  const database = new Database(world, 100);
  await read(world, a.set('x', 1));
  await read(world, other.set('x', 1));
  const late = watch(a.getOrLoad('y', database.load));
  await world.pass(10);
  assert.equal(await read(world, a.clear(), 1), 1);
  await world.pass(500);
  assert.equal(late.value, 1);
  assert.equal(await read(world, a.get('y')), undefined);
  assert.equal(await read(world, a.get('x')), undefined);
  assert.equal(await read(world, other.get('x')), 1);
});
