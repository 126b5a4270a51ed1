/** Who loads, who waits, and how a load ends. */
import assert from 'node:assert/strict';
import type { Cases } from './conformance.js';
import { type EngineClient, eventually } from './world.js';

const SHORT_MS = 500;

export const leases: Cases = {
  async 'of all who miss a key one loads it, the others wait and are woken by the fill'(stage) {
    const clients = await stage.clients(3);
    const key = stage.key();
    const asked = clients.flatMap((client) =>
      Array.from({ length: 20 }, async () => ({ client, answer: await client.read(key) })),
    );
    const answers = await Promise.all(asked);
    const loaders = answers.filter(({ answer }) => answer.status === 'load');
    assert.equal(loaders.length, 1);
    const [{ client: loader, answer: load }] = loaders;
    assert.ok(load.token !== undefined && load.leaseMs > 0);
    for (const { answer } of answers) {
      if (answer === load) continue;
      assert.equal(answer.status, 'wait');
      assert.ok(answer.leaseMs > 0 && answer.leaseMs <= 30_000, `${answer.leaseMs} ms`);
      assert.deepEqual([answer.isThere, answer.value, answer.token], [false, undefined, undefined]);
    }
    assert.equal(await loader.fill(key, load.token, { name: 'Ada' }), true);
    for (const client of clients) if (client !== loader) await client.hears('woken', key);
    for (const client of clients) {
      const answer = await client.read(key);
      assert.deepEqual([answer.status, answer.value, answer.loadMs], ['hit', { name: 'Ada' }, 7]);
      assert.equal(answer.isThere, true);
      assert.equal(answer.valueBytes, 14);
      assert.ok(answer.ms > 0 && answer.ms <= 30_000, 'until it is stale, not until it is gone');
    }
    assert.equal(await loader.fill(key, load.token, 'again'), false, 'a token is good once');
    assert.deepEqual(await loader.hit(key), { name: 'Ada' });
  },

  async 'what is stale is refreshed by one, and served to the others meanwhile'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    await a.put(key, 'old', { freshMs: SHORT_MS, ttlMs: 60_000 });
    assert.equal(await b.hit(key), 'old');
    await stage.world.pass(SHORT_MS + 200);
    const refresh = await a.read(key);
    assert.deepEqual([refresh.status, refresh.value, refresh.loadMs], ['refresh', 'old', 7]);
    assert.ok(refresh.token !== undefined && refresh.isThere);
    assert.ok(refresh.ms >= 100, `it has been stale for ${refresh.ms} ms`);
    const stale = await b.read(key);
    assert.deepEqual([stale.status, stale.value, stale.token], ['stale', 'old', undefined]);
    assert.ok(stale.leaseMs > 0 && stale.ms >= 100);
    assert.equal(await a.fill(key, refresh.token, 'new'), true);
    await b.hears('woken', key);
    assert.equal(await b.hit(key), 'new');
  },

  async 'an entry is gone after its lifetime'(stage) {
    const a = await stage.client();
    const key = stage.key();
    await a.put(key, 'short', { ttlMs: SHORT_MS, freshMs: SHORT_MS });
    assert.equal(await a.hit(key), 'short');
    await stage.world.pass(SHORT_MS + 100);
    const answer = await a.read(key);
    assert.deepEqual([answer.status, answer.isThere], ['load', false]);
  },

  async 'one without a lifetime is not'(stage) {
    const a = await stage.client();
    const key = stage.key();
    const never = Number.POSITIVE_INFINITY;
    await a.put(key, 'lasting', { ttlMs: never, freshMs: never });
    assert.equal((await a.read(key)).ms, never);
    await a.put(key, 'lasting', { ttlMs: never, freshMs: 5_000 });
    const { ms } = await a.read(key);
    assert.ok(ms > 0 && ms <= 5_000);
  },

  async 'what is fresh is refreshed before its time by one who asks for it'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    await a.put(key, 'old');
    const early = await a.read(key, 'early');
    assert.deepEqual([early.status, early.value, early.ms], ['refresh', 'old', 0]);
    assert.ok(early.token !== undefined);
    const second = await b.read(key, 'early');
    assert.deepEqual([second.status, second.value], ['hit', 'old'], 'somebody does already');
    assert.equal(await b.hit(key), 'old');
    assert.equal(await a.fill(key, early.token, 'new'), true);
    assert.equal(await b.hit(key), 'new');
    const missing = await a.read(stage.key('missing'), 'early');
    assert.equal(missing.status, 'load');
  },

  async 'who only looks is granted nothing and waits for nothing'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    assert.equal((await a.read(key, 'look')).status, 'miss');
    const token = await b.lease(key);
    assert.equal((await a.read(key, 'look')).status, 'miss');
    await b.fill(key, token, 1);
    const hit = await a.read(key, 'look');
    assert.deepEqual([hit.status, hit.value], ['hit', 1]);
    assert.equal(await a.soften(key), true);
    const stale = await a.read(key, 'look');
    assert.deepEqual([stale.status, stale.value, stale.token, stale.leaseMs], ['stale', 1, undefined, 0]);
    assert.equal((await b.read(key)).status, 'refresh', 'the lease was left');
    assert.equal(a.count('woken', key), 0);
  },

  async 'an error is shared for its time, with the stale value if there is one'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    const token = await a.lease(key);
    assert.equal((await b.read(key)).status, 'wait');
    await a.fail(key, token, 'no dätabase', 60_000);
    await b.hears('woken', key);
    for (const client of [a, b]) {
      const answer = await client.read(key);
      assert.deepEqual([answer.status, answer.error, answer.isThere], ['failed', 'no dätabase', false]);
    }
    assert.equal(await a.fill(key, token, 'late'), false, 'the token went with it');
    await b.put(key, 'old');
    assert.equal(await b.hit(key), 'old', 'a write ends it');
    await b.soften(key);
    const refresh = await a.lease(key);
    await a.fail(key, refresh, 'again', SHORT_MS);
    const stale = await b.read(key);
    assert.deepEqual([stale.status, stale.error, stale.value], ['failed', 'again', 'old']);
    assert.deepEqual([stale.isThere, stale.loadMs], [true, 7]);
    await stage.world.pass(SHORT_MS + 100);
    assert.equal((await b.read(key)).status, 'refresh', 'its time is over');
  },

  async 'a lease given back without an error is free'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    const token = await a.lease(key);
    assert.equal((await b.read(key)).status, 'wait');
    await a.fail(key, token);
    await b.hears('woken', key);
    const next = await b.lease(key);
    await a.fail(key, token, 'a void token fails nothing', 60_000);
    assert.equal((await a.read(key)).status, 'wait');
    assert.equal(await b.fill(key, next, 1), true);
  },

  async 'a lease lasts as long as it is renewed, and no longer'(stage) {
    const [a, b] = await stage.clients(2, { leaseMs: SHORT_MS });
    const key = stage.key();
    const token = await a.lease(key);
    const wait = await b.read(key);
    assert.ok(wait.status === 'wait' && wait.leaseMs <= SHORT_MS);
    for (let i = 0; i < 3; i++) {
      await stage.world.pass(SHORT_MS * 0.5);
      assert.equal(await a.renew(key, token), true);
    }
    assert.equal((await b.read(key)).status, 'wait');
    await stage.world.pass(SHORT_MS + 100);
    assert.equal(await a.renew(key, token), false);
    assert.equal(await a.fill(key, token, 'late'), false);
    const next = await b.read(key);
    assert.equal(next.status, 'load', 'the next who asks loads');
    assert.equal(await b.fill(key, String(next.token), 'in time'), true);
    assert.equal(await a.renew(key, String(next.token)), false, 'nobody loads now');
    assert.equal(await a.hit(key), 'in time');
  },

  async 'the leases of a client that closes go to the next'(stage) {
    const [a, b] = await stage.clients(2, { leaseMs: stage.traits.freesOnClose ? 60_000 : SHORT_MS });
    const key = stage.key();
    await a.lease(key);
    assert.equal((await b.read(key)).status, 'wait');
    a.engine.close();
    if (stage.traits.freesOnClose) await b.hears('woken', key);
    else await stage.world.pass(SHORT_MS + 100);
    await b.lease(key);
  },

  async 'in a crowd of loads, failures and deletes every waiter is woken'(stage) {
    const clients = await stage.clients(4);
    const key = stage.key();
    let loads = 0;
    const until = async (client: EngineClient): Promise<unknown> => {
      for (;;) {
        const woken = client.count('woken', key);
        const answer = await client.read(key);
        if (answer.status === 'hit') return answer.value;
        if (answer.status === 'load') {
          loads++;
          const token = String(answer.token);
          if (loads % 4 === 1) await client.fail(key, token);
          else if (loads % 4 === 2) await client.remove(key);
          else await client.fill(key, token, loads);
        } else {
          assert.equal(answer.status, 'wait');
          await eventually(() => client.count('woken', key) > woken, 'the waiter was woken');
        }
      }
    };
    for (let round = 0; round < 20; round++) {
      const values = await Promise.all(clients.flatMap((client) => [until(client), until(client)]));
      assert.equal(new Set(values).size, 1, 'all have the one value');
      await (clients[round % 4] as EngineClient).remove(key);
    }
  },
};
