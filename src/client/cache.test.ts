import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CacheWorld, read, watch } from './cache-world.testkit.js';
import type { ClientError } from './errors.js';

test('nothing found is undefined; it is kept only if the loader says so', async () => {
  const world = new CacheWorld();
  const cache = world.cache();
  let calls = 0;
  const nothing = (): undefined => {
    calls++;
    return undefined;
  };
  assert.equal(await read(world, cache.getOrLoad('k', nothing)), undefined);
  assert.equal(await read(world, cache.getOrLoad('k', nothing)), undefined);
  assert.equal(calls, 2);
  const kept = watch(
    cache.getOrLoad('k', (ctx) => {
      calls++;
      return ctx.notFound({ ttl: '10s' });
    }),
  );
  await world.pass(10);
  assert.ok(kept.done);
  assert.equal(await read(world, cache.getOrLoad('k', nothing)), undefined);
  assert.equal(calls, 3, 'that there is nothing is a hit');
  await world.pass(10_000);
  await read(world, cache.getOrLoad('k', nothing));
  assert.equal(calls, 4);
  assert.equal(
    await read(
      world,
      cache.getOrLoad('null', () => null),
    ),
    null,
    'null is a value',
  );
  assert.equal(
    await read(
      world,
      cache.getOrLoad('null', () => 1),
    ),
    null,
  );
});

test('a miss returns what a hit returns', async () => {
  const world = new CacheWorld();
  const cache = world.cache();
  const date = new Date(0);
  const loaded = await read(
    world,
    cache.getOrLoad('k', () => ({ date, no: undefined })),
  );
  assert.deepEqual(loaded, { date: date.toISOString() });
  assert.deepEqual(
    await read(
      world,
      cache.getOrLoad('k', () => 1),
    ),
    loaded,
  );
});

test('a value that cannot be written is an error of its caller, and the lease is free', async () => {
  const world = new CacheWorld();
  const cache = world.cache();
  const circle: { self?: unknown } = {};
  circle.self = circle;
  await assert.rejects(
    read(
      world,
      cache.getOrLoad('k', () => circle),
    ),
    { code: 'VALUE' },
  );
  assert.equal(
    await read(
      world,
      cache.getOrLoad('k', () => 1),
      1,
    ),
    1,
  );
});

test('in copy mode every reader has a value of its own', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ near: { maxBytes: '1mb', copy: true } });
  const load = () => ({ list: [1] });
  const values = [];
  for (let i = 0; i < 4; i++)
    values.push((await read(world, cache.getOrLoad('k', load), 1)) as { list: number[] });
  (values[0] as { list: number[] }).list.push(2);
  assert.deepEqual(values.slice(1), [load(), load(), load()]);
  assert.ok(cache.stats().nearHits > 0);
});

test('wrap, getMany, peek and explain', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ prefix: 'p:' });
  let calls = 0;
  const square = cache.wrap(
    (n: number) => {
      calls++;
      return n * n;
    },
    { key: (n) => `square:${n}`, ttl: '1m' },
  );
  assert.equal(await read(world, square(7)), 49);
  assert.equal(await read(world, square(7)), 49);
  assert.equal(calls, 1);
  assert.deepEqual(await read(world, cache.getMany(['square:7', 'square:8'])), [49, undefined]);
  const peeked = (await read(world, cache.peek('square:7'), 1)) as {
    value: number;
    state: string;
    ms: number;
  };
  assert.deepEqual([peeked.value, peeked.state], [49, 'fresh']);
  assert.ok(peeked.ms > 50_000 && peeked.ms < 60_000);
  const explained = (await read(world, cache.explain('square:7'), 1)) as { name: string; isNear: boolean };
  assert.deepEqual([explained.name, explained.isNear], ['p:square:7', false]);
});

test('wrong options are named, all of them', async () => {
  const world = new CacheWorld();
  assert.throws(
    () =>
      world.cache({
        ttl: '5x' as '5m',
        jitter: 2,
        near: { maxBytes: 5 },
        groups: { db: { cap: 0 } },
        group: 'no',
      }),
    (error: ClientError & { problems: string[] }) => error.code === 'OPTIONS' && error.problems.length === 5,
  );
  const cache = world.cache();
  await assert.rejects(
    read(
      world,
      cache.getOrLoad('k', () => 1, { ttl: 0, tttl: 1, group: 'x' } as object),
    ),
    (error: ClientError & { problems: string[] }) => error.problems.length === 3,
  );
});

test('peek tells how long a value is fresh and how early it is refreshed, and rejects when nobody can say', async () => {
  const world = new CacheWorld();
  const cache = world.cache({ ttl: '10s', jitter: 0, staleIfError: '1m' });
  assert.equal(await read(world, cache.peek('k'), 0), undefined);
  await read(
    world,
    cache.getOrLoad('k', () => world.after(100, () => 1)),
    100,
  );
  // The time it took, and a fortieth of its lifetime.
  assert.deepEqual(await read(world, cache.peek('k'), 0), {
    value: 1,
    state: 'fresh',
    ms: 10_000,
    leadMs: 350,
  });
  await world.pass(11_000);
  assert.deepEqual(await read(world, cache.peek('k'), 0), {
    value: 1,
    state: 'stale',
    ms: 1_000,
    leadMs: 350,
  });
  world.failure = new Error('no answer');
  await assert.rejects(read(world, cache.peek('k'), 0), /no answer/);
  const { atNode } = await cache.explain('k');
  assert.equal(atNode, world.failure);
  assert.equal(await read(world, cache.get('k'), 0), undefined);
});
