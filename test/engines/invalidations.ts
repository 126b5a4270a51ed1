/** Deletes, soft and hard, of one key and of many; writes, and writers. */
import assert from 'node:assert/strict';
import type { Cases } from './conformance.js';
import type { EngineClient } from './world.js';

/** More than a server looks at in one go. */
const MANY = 2_500;

export const invalidations: Cases = {
  async 'a delete says whether there was something, and wakes who waits'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    assert.equal(await a.remove(key), false);
    await a.put(key, 1);
    assert.equal(await b.remove(key), true);
    assert.equal((await a.read(key, 'look')).status, 'miss');
    await a.lease(key);
    assert.equal((await b.read(key)).status, 'wait');
    assert.equal(await a.remove(key), false, 'a lease is no entry');
    await b.hears('woken', key);
    await b.lease(key);
  },

  async 'a soft delete makes stale, and leaves stale what is'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    assert.equal(await a.soften(key), false);
    await a.put(key, 'old');
    assert.equal(await b.soften(key), true);
    await stage.world.pass(300);
    assert.equal(await b.soften(key), true);
    const answer = await a.read(key);
    assert.deepEqual([answer.status, answer.value, answer.loadMs], ['refresh', 'old', 7]);
    assert.ok(answer.ms >= 200, `stale for ${answer.ms} ms`);
  },

  async 'a write stores, whoever loads, and wakes who waits'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    await a.lease(key);
    assert.equal((await b.read(key)).status, 'wait');
    await a.put(key, 'written');
    await b.hears('woken', key);
    assert.equal(await b.hit(key), 'written');
    await b.put(key, 'again', { loadMs: 0 });
    const answer = await a.read(key);
    assert.deepEqual([answer.value, answer.loadMs], ['again', 0]);
  },

  async 'a write-through deletes, makes readers wait, and fills'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    await a.put(key, 'old');
    const token = await a.beginWrite(key);
    assert.ok(token !== undefined);
    const wait = await b.read(key);
    assert.deepEqual([wait.status, wait.isThere], ['wait', false]);
    assert.equal(await a.fill(key, token, 'new'), true);
    await b.hears('woken', key);
    assert.equal(await b.hit(key), 'new');
    const other = await a.beginWrite(key);
    await a.fail(key, String(other));
    await b.lease(key);
  },

  async 'a write-through takes the place of a load'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    const load = await b.lease(key);
    const write = await a.beginWrite(key);
    assert.equal(await b.fill(key, load, 'from before'), false);
    assert.equal(await a.fill(key, String(write), 'written'), true);
    assert.equal(await b.hit(key), 'written');
  },

  async 'writers that overlap void each other, in whatever order they end'(stage) {
    const [a, b, c] = await stage.clients(3);
    const key = stage.key();
    for (const isReversed of [false, true]) {
      const writers: [EngineClient, string | undefined][] = [
        [a, await a.beginWrite(key)],
        [b, await b.beginWrite(key)],
      ];
      for (const [writer, token] of isReversed ? writers.reverse() : writers) {
        if (token !== undefined) assert.equal(await writer.fill(key, token, 'one of two'), false);
      }
      assert.equal((await c.read(key, 'look')).status, 'miss');
      await c.remove(key);
    }
  },

  async 'a write-through is void when the key is changed beside it'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    const removed = await a.beginWrite(key);
    await b.remove(key);
    assert.equal(await a.fill(key, String(removed), 'old'), false);
    const cleared = await a.beginWrite(key);
    await b.clear(key);
    assert.equal(await a.fill(key, String(cleared), 'old'), false);
  },

  async 'clear deletes what begins so, and nothing else'(stage) {
    const [a, b] = await stage.clients(2);
    const inside = ['a*b:1', 'a*b:', 'a*b:?', 'a*b:\u{1f426}'];
    const outside = ['aXb:1', 'a*b', 'a', 'Xa*b:1', 'A*b:1'];
    for (const name of [...inside, ...outside]) await a.put(stage.key(name), name);
    assert.equal(await b.clear(stage.key('a*b:')), inside.length);
    for (const name of inside) assert.equal((await a.read(stage.key(name), 'look')).status, 'miss', name);
    for (const name of outside) assert.equal(await a.hit(stage.key(name)), name);
    for (const name of ['[x]', '\\', '?', '^-', 'ä{']) {
      await a.put(stage.key(`${name}1`), 1);
      await a.put(stage.key('x1'), 1);
      assert.equal(await a.clear(stage.key(name)), 1, name);
      assert.equal(await a.hit(stage.key('x1')), 1, name);
    }
    assert.equal(await a.clear(stage.key('nothing')), 0);
  },

  async 'clear voids what is being loaded, and wakes who waits for it'(stage) {
    const [a, b] = await stage.clients(2);
    const [absent, there, other] = [stage.key('c:absent'), stage.key('c:there'), stage.key('d:other')];
    await a.put(there, 'old');
    await a.soften(there);
    const tokens = new Map<string, string>();
    for (const key of [absent, there, other]) tokens.set(key, await a.lease(key));
    for (const key of [absent, there, other]) await b.read(key);
    assert.equal(await b.clear(stage.key('c:')), 1, 'leases are no entries');
    await b.hears('woken', absent);
    await b.hears('woken', there);
    for (const key of [absent, there]) {
      assert.equal(await a.fill(key, String(tokens.get(key)), 'from before'), false, key);
    }
    assert.equal(await a.fill(other, String(tokens.get(other)), 'good'), true);
  },

  async 'clear finds many, and without a prefix everything'(stage) {
    const [a, b] = await stage.clients(2);
    const names = Array.from({ length: MANY }, (_, i) => `many:${i}`);
    await Promise.all(names.map((name) => a.put(stage.key(name), name)));
    await a.put(stage.key('other'), 1);
    assert.equal(await b.clear(stage.key('many:')), MANY);
    for (const name of names) assert.equal((await a.read(stage.key(name), 'look')).status, 'miss');
    assert.equal(await a.hit(stage.key('other')), 1);
    const token = await a.lease(stage.key('loading'));
    assert.ok((await b.clear('')) >= 1);
    assert.equal((await a.read(stage.key('other'), 'look')).status, 'miss');
    assert.equal(await a.fill(stage.key('loading'), token, 1), false);
    assert.equal(await a.clear(''), 0);
  },
};
