import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { onEachServer } from '../redis-server.testkit.js';
import { ScriptsInTime, START_MS } from './scripts-in-time.testkit.js';

/** What a holder does between its grant and its fill. */
const steps = ['', 'renew', 'wait', 'read by others'] as const;

/** How a lease is taken, with what in the key before. */
const grants: Record<string, (at: ScriptsInTime) => Promise<unknown>> = {
  'of a miss': (at) => at.read('k', 'lease', 'mine'),
  'of a stale value': async (at) => {
    await at.run('put', 'k', 'old', 60_000, 1, 3, 0);
    await at.pass(10);
    await at.read('k', 'lease', 'mine');
  },
  'of a fresh value': async (at) => {
    await at.run('put', 'k', 'old', 60_000, 9_000, 3, 0);
    await at.read('k', 'early', 'mine');
  },
  'of what a stranger set': async (at) => {
    await at.call('SET', 'k', 'old');
    await at.read('k', 'early', 'mine');
  },
  'of a writer': (at) => at.run('beginWrite', 'k', 'mine', 5_000, 64),
};

/** What strangers do to the key, and what GET says then; undefined: their doing changes no value, so the fill counts. */
const doings: Record<string, { commands: (string | number)[][]; leaves?: string | null }> = {
  DEL: { commands: [['DEL', 'k']], leaves: null },
  UNLINK: { commands: [['UNLINK', 'k']], leaves: null },
  GETDEL: { commands: [['GETDEL', 'k']], leaves: null },
  FLUSHALL: { commands: [['FLUSHALL']], leaves: null },
  'FLUSHDB ASYNC': { commands: [['FLUSHDB', 'ASYNC']], leaves: null },
  SET: { commands: [['SET', 'k', 'theirs']], leaves: 'theirs' },
  'SET with a lifetime': { commands: [['SET', 'k', 'theirs', 'PXAT', START_MS + 60_000]], leaves: 'theirs' },
  'SET KEEPTTL': { commands: [['SET', 'k', 'theirs', 'KEEPTTL']], leaves: 'theirs' },
  GETSET: { commands: [['GETSET', 'k', 'theirs']], leaves: 'theirs' },
  MSET: { commands: [['MSET', 'k', 'theirs', 'other', '1']], leaves: 'theirs' },
  'DEL and SET': {
    commands: [
      ['DEL', 'k'],
      ['SET', 'k', 'theirs'],
    ],
    leaves: 'theirs',
  },
  'EXPIRE in the past': { commands: [['PEXPIRE', 'k', -1]], leaves: null },
  'RENAME away': { commands: [['RENAME', 'k', 'moved']], leaves: null },
  'RENAME onto it': {
    commands: [
      ['SET', 'other', 'theirs'],
      ['RENAME', 'other', 'k'],
    ],
    leaves: 'theirs',
  },
  'COPY onto it': {
    commands: [
      ['SET', 'other', 'theirs'],
      ['COPY', 'other', 'k', 'REPLACE'],
    ],
    leaves: 'theirs',
  },
  'EXPIRE later': { commands: [['PEXPIREAT', 'k', START_MS + 50_000]] },
  PERSIST: { commands: [['PERSIST', 'k']] },
  TOUCH: { commands: [['TOUCH', 'k']] },
  GET: { commands: [['GET', 'k']] },
};

onEachServer('strangers', (connect) => {
  let at: ScriptsInTime;
  beforeEach(async () => {
    at = new ScriptsInTime(await connect());
  });

  /** The step `place` comes after the stranger, the others before. */
  async function play(grant: string, doing: string, place: number): Promise<void> {
    await at.call('FLUSHALL');
    await grants[grant]?.(at);
    for (const [i, step] of steps.entries()) {
      if (i === place) for (const command of doings[doing]?.commands ?? []) await at.call(...command);
      if (step === 'renew') await at.run('renew', 'k', 'mine', 5_000);
      if (step === 'wait') await at.pass(100);
      if (step === 'read by others') await at.read('k', 'look', '');
    }
  }

  for (const grant of Object.keys(grants)) {
    test(`between the steps of a load ${grant}`, async () => {
      for (const [doing, { leaves }] of Object.entries(doings)) {
        for (const place of steps.keys()) {
          const what = `${doing} before step ${place}`;
          await play(grant, doing, place);
          const filled = await at.fill('k', 'mine', 'new', 60_000, 0, 1);
          assert.equal(filled, leaves === undefined ? 1 : 0, what);
          if (leaves === undefined) {
            assert.deepEqual(await at.read('k'), ['hit', 'new', 60_000, 1], what);
          } else {
            assert.equal(await at.call('GET', 'k'), leaves, what);
            assert.equal(await at.run('fail', 'k', 'mine', 'error', 1_000), 0, what);
            assert.equal(await at.run('renew', 'k', 'mine', 5_000), 0, what);
            assert.equal(await at.call('GET', 'k'), leaves, what);
          }
        }
      }
    });
  }

  test('readers of a key that was moved wait for its lease, no longer', async () => {
    await play('of a miss', 'RENAME away', 0);
    assert.deepEqual(await at.read('moved'), ['wait', 4_900]);
    await at.pass(4_901, 'moved');
    assert.deepEqual(await at.read('moved', 'lease', 'mine.2'), ['load', 'mine.2', 5_000]);
  });
});
