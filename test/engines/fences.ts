/** No fill after an invalidation: what voids a token, and what does not. */
import assert from 'node:assert/strict';
import type { Cases } from './conformance.js';
import type { EngineClient, Stage } from './world.js';

type Change = (client: EngineClient, key: string, stage: Stage) => Promise<unknown>;

const changes: Readonly<Record<string, Change>> = {
  remove: (client, key) => client.remove(key),
  put: (client, key) => client.put(key, 'other'),
  soften: (client, key) => client.soften(key),
  beginWrite: (client, key) => client.beginWrite(key),
  'clear of its prefix': (client, key) => client.clear(key.slice(0, -1)),
  'clear of itself': (client, key) => client.clear(key),
};

const plainChanges: readonly (readonly string[])[] = [
  ['DEL', 'KEY'],
  ['UNLINK', 'KEY'],
  ['SET', 'KEY', '"other"'],
  ['FLUSHDB'],
  ['FLUSHALL'],
];

/** After a refused fill nobody reads what it brought. */
async function assertRefused(
  loader: EngineClient,
  reader: EngineClient,
  key: string,
  token: string,
  by: string,
): Promise<void> {
  assert.equal(await loader.fill(key, token, 'from before'), false, `${by} voids`);
  assert.equal(await loader.renew(key, token), false, `${by} ends the lease`);
  for (const client of [loader, reader]) {
    const answer = await client.read(key, 'look');
    assert.notEqual(answer.value, 'from before', by);
  }
}

export const fences: Cases = {
  async 'a fill is refused after any change of a key that was not there, whoever made it'(stage) {
    const [a, b] = await stage.clients(2);
    for (const [name, change] of Object.entries(changes)) {
      for (const [who, changer] of Object.entries({ 'the loader': a, another: b })) {
        const key = stage.key(`miss of ${name} by ${who}`);
        const token = await a.lease(key);
        await change(changer, key, stage);
        await assertRefused(a, b, key, token, `${name} by ${who}`);
      }
    }
  },

  async 'a refresh is refused after any change of its key'(stage) {
    const [a, b] = await stage.clients(2);
    for (const [name, change] of Object.entries(changes)) {
      for (const isEarly of [true, false]) {
        const key = stage.key(`refresh of ${name} ${isEarly}`);
        await a.put(key, 'first');
        if (!isEarly) await b.soften(key);
        const { status, token } = await a.read(key, isEarly ? 'early' : 'lease');
        assert.equal(status, 'refresh');
        await change(b, key, stage);
        await assertRefused(a, b, key, String(token), `${name}, early ${isEarly}`);
      }
    }
  },

  async 'it is refused after any change by other programs'(stage) {
    const { plain } = stage.world;
    if (plain === undefined) return;
    const [a, b] = await stage.clients(2);
    for (const words of plainChanges) {
      const key = stage.key(words.join(' '));
      const command = words.map((word) => (word === 'KEY' ? key : word));
      const token = await a.lease(key);
      await plain(...command);
      await assertRefused(a, b, key, token, `${words[0]}, of a miss`);
      await a.put(key, 'first');
      const { token: early } = await a.read(key, 'early');
      await plain(...command);
      await assertRefused(a, b, key, String(early), `${words[0]}, of a refresh`);
      await a.put(key, 'first');
      const again = await a.read(key, 'early');
      await plain('DEL', key);
      await plain('SET', key, '"first"');
      await assertRefused(a, b, key, String(again.token), 'a delete, even if the same value came back,');
    }
  },

  async 'other keys, reads and the end of a lifetime void nothing'(stage) {
    const [a, b] = await stage.clients(2);
    for (const [name, change] of Object.entries(changes)) {
      const key = stage.key(`kept ${name}`);
      const token = await a.lease(key);
      await change(b, stage.key(`other ${name}`), stage);
      await b.read(key);
      await b.read(key, 'look');
      await b.read(key, 'early');
      assert.equal(await a.fill(key, token, 'good'), true, `${name} of another key`);
      assert.equal(await b.hit(key), 'good');
    }
    const key = stage.key('expired');
    await a.put(key, 'old', { ttlMs: 300, freshMs: 300 });
    const early = await a.read(key, 'early');
    await stage.world.pass(400);
    assert.equal((await b.read(key, 'look')).status, 'miss');
    assert.equal(await a.fill(key, String(early.token), 'new'), true);
    assert.equal(await b.hit(key), 'new');
  },

  async 'the token of one load is no token of the next'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    const first = await a.lease(key);
    await b.remove(key);
    const second = await b.lease(key);
    assert.notEqual(first, second);
    assert.equal(await a.fill(key, first, 'from before'), false);
    await a.fail(key, first, 'neither does it fail the other', 60_000);
    assert.equal(await a.fill(stage.key('other'), second, 'elsewhere'), false);
    assert.equal(await b.fill(key, second, 'after'), true);
    assert.equal(await a.hit(key), 'after');
  },
};
