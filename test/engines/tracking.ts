/** What a near cache is built on: every foreign change of a key that was read is told, behind the answer. */
import assert from 'node:assert/strict';
import type { Answer } from '#layers/client';
import type { Cases } from './conformance.js';
import { type EngineClient, eventually, type Stage } from './world.js';

type Change = (other: EngineClient, key: string, stage: Stage) => Promise<unknown>;

const changes: Readonly<Record<string, Change>> = {
  put: (other, key) => other.put(key, 'changed'),
  remove: (other, key) => other.remove(key),
  soften: (other, key) => other.soften(key),
  beginWrite: async (other, key) => other.fail(key, String(await other.beginWrite(key))),
  clear: (other, key) => other.clear(key),
  'a refresh': async (other, key) => {
    const { token } = await other.read(key, 'early');
    await other.fill(key, String(token), 'changed');
  },
  'SET by others': async (_, key, { world }) => world.plain?.('SET', key, '"changed"'),
  'DEL by others': async (_, key, { world }) => world.plain?.('DEL', key),
};

/** Ways to come to know a value. */
const ways: Readonly<Record<string, Change>> = {
  'a read': async (client, key) => {
    await client.put(key, 'old');
    assert.equal(await client.hit(key), 'old');
  },
  'a fill': async (client, key) => {
    await client.remove(key);
    assert.equal(await client.fill(key, await client.lease(key), 'old'), true);
  },
};

export const tracking: Cases = {
  async 'every change by others is told, after a read and after a fill'(stage) {
    const [a, b] = await stage.clients(2, { tracks: true });
    for (const [way, learn] of Object.entries(ways)) {
      for (const [name, change] of Object.entries(changes)) {
        if (name.includes('others') && stage.world.plain === undefined) continue;
        const key = stage.key(`${way}, ${name}`);
        for (let round = 1; round <= 3; round++) {
          await learn(a, key, stage);
          const heard = a.count('invalidated', key);
          await change(b, key, stage);
          await eventually(
            () => a.count('invalidated', key) > heard,
            `${name} is told after ${way}, ${round}`,
          );
        }
      }
    }
  },

  async 'a flush is told'(stage) {
    const { plain } = stage.world;
    if (plain === undefined) return;
    const a = await stage.client({ tracks: true });
    const key = stage.key();
    await a.put(key, 'old');
    await a.hit(key);
    await plain('FLUSHALL');
    await eventually(
      () => a.told.some(({ what, key: of }) => what === 'invalidated' && (of === undefined || of === key)),
      'the flush is told',
    );
  },

  async 'without tracking nothing is told'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    await a.put(key, 'old');
    await a.hit(key);
    await b.put(key, 'new');
    assert.equal(await a.hit(key), 'new');
    assert.equal(a.count('invalidated'), 0);
  },

  /** So a near cache that drops what it is told of, and keeps what has a later ticket, never keeps what is old. */
  async 'every answer but the newest state is followed by an invalidation, under many changes at once'(
    stage,
  ) {
    const [reader, writer] = await stage.clients(2, { tracks: true });
    const key = stage.key();
    let written = 0;
    let kept = 0;
    for (let round = 0; round < 40; round++) {
      const answers: Answer[] = [];
      let isWriting = true;
      const write = async (): Promise<void> => {
        for (let i = 0; i < 5 + (round % 3); i++) await writer.put(key, ++written);
        isWriting = false;
      };
      const read = async (): Promise<void> => {
        while (isWriting) answers.push(await reader.read(key, 'look'));
      };
      await Promise.all([write(), read(), read(), read()]);
      // What was told before this answer has come with it.
      answers.push(await reader.read(key, 'look'));
      const told = reader.told.findLast(({ what }) => what === 'invalidated')?.at ?? 0;
      for (const { ticket, value } of answers) {
        if (ticket < told) continue;
        kept++;
        assert.equal(value, written, `kept with ticket ${ticket} after ${told}`);
      }
    }
    assert.ok(kept >= 40 && reader.count('invalidated', key) >= 40);
  },
};
