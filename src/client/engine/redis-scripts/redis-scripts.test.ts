import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { onEachServer } from '../redis-server.testkit.js';
import { ScriptsInTime, START_MS } from './scripts-in-time.testkit.js';

onEachServer('scripts', (connect) => {
  let at: ScriptsInTime;
  beforeEach(async () => {
    at = new ScriptsInTime(await connect());
    await at.call('FLUSHALL');
  });

  test('a miss: one loads, the others wait, and all read what was filled', async () => {
    assert.deepEqual(await at.read('k', 'look'), ['miss']);
    assert.equal(await at.call('EXISTS', 'k'), 0, 'a look leaves nothing');
    assert.deepEqual(await at.read('k', 'lease', 'a.1'), ['load', 'a.1', 5_000]);
    assert.equal(await at.call('GET', 'k'), `\0nh1 - 0 0 0 l a.1 ${START_MS + 5_000}\n`);
    assert.equal(await at.call('PEXPIRETIME', 'k'), START_MS + 5_000);
    await at.pass(1_000);
    assert.deepEqual(await at.read('k', 'lease', 'b.1'), ['wait', 4_000]);
    assert.deepEqual(await at.read('k', 'early', 'b.2'), ['wait', 4_000]);
    assert.deepEqual(await at.read('k', 'look'), ['miss']);
    assert.equal(await at.run('watch', 'k'), 4_000);
    assert.equal(await at.fill('k', 'b.1', 'wrong'), 0);
    assert.equal(await at.fill('k', 'a.1', 'v', 10_000, 8_000, 42), 1);
    assert.equal(await at.run('watch', 'k'), 0);
    assert.equal(await at.call('GET', 'k'), `\0nh1 v ${START_MS + 9_000} 42\nv`);
    assert.equal(await at.call('PEXPIRETIME', 'k'), START_MS + 11_000);
    assert.deepEqual(await at.read('k', 'lease', 'b.3'), ['hit', 'v', 8_000, 42]);
    assert.deepEqual(await at.read('k', 'look'), ['hit', 'v', 8_000, 42]);
    assert.equal(await at.fill('k', 'a.1', 'again'), 0, 'a token is good once');
  });

  test('a value that is fresh for as long as it lives and took no time is stored plain', async () => {
    for (const value of ['plain', '', '\0nh1 v 0 0\nlooks like an envelope']) {
      await at.run('put', 'k', value, 0, 0, 0, 0);
      const stored = String(await at.call('GET', 'k'));
      assert.equal(stored, value.startsWith('\0nh1 ') ? `\0nh1 v 0 0\n${value}` : value);
      assert.deepEqual(await at.read('k'), ['hit', value, -1, 0]);
    }
    await at.run('put', 'k', 'short', 700, 0, 0, 0);
    assert.deepEqual(await at.read('k'), ['hit', 'short', 700, 0]);
  });

  test('stale: one refreshes, the others have the old value, and its lifetime stays', async () => {
    await at.run('put', 'k', 'v', 60_000, 1_000, 7, 0);
    await at.pass(3_000);
    assert.deepEqual(await at.read('k', 'look'), ['stale', 'v', 2_000, 7, 0]);
    assert.deepEqual(await at.read('k', 'lease', 'a.1'), ['refresh', 'v', 2_000, 7, 'a.1']);
    const header = `\0nh1 v ${START_MS + 1_000} 7 0 l a.1 ${START_MS + 8_000}\n`;
    assert.equal(await at.call('GET', 'k'), `${header}v`);
    assert.equal(await at.call('PEXPIRETIME', 'k'), START_MS + 60_000);
    assert.deepEqual(await at.read('k', 'lease', 'b.1'), ['stale', 'v', 2_000, 7, 5_000]);
    await at.pass(2_000);
    assert.equal(await at.run('renew', 'k', 'a.1', 5_000), 1);
    assert.equal(await at.run('renew', 'k', 'b.1', 5_000), 0);
    assert.deepEqual(await at.read('k', 'lease', 'b.1'), ['stale', 'v', 4_000, 7, 5_000]);
    assert.equal(await at.fill('k', 'a.1', 'w', 60_000, 1_000, 8), 1);
    assert.deepEqual(await at.read('k', 'lease', 'b.1'), ['hit', 'w', 1_000, 8]);
  });

  test('early: one refreshes what is fresh, to the others it is a hit', async () => {
    await at.run('put', 'k', 'v', 60_000, 9_000, 7, 0);
    assert.deepEqual(await at.read('k', 'early', 'a.1'), ['refresh', 'v', 0, 7, 'a.1']);
    assert.deepEqual(await at.read('k', 'early', 'b.1'), ['hit', 'v', 9_000, 7]);
    assert.deepEqual(await at.read('k', 'lease', 'b.1'), ['hit', 'v', 9_000, 7]);
    assert.equal(await at.fill('k', 'a.1', 'w'), 1);
  });

  test('the value of others is a hit; refreshed or softened it keeps its lifetime', async () => {
    await at.call('SET', 'k', 'theirs', 'PXAT', START_MS + 9_000);
    assert.deepEqual(await at.read('k'), ['hit', 'theirs', 9_000, 0]);
    assert.equal(await at.run('soften', 'k'), 1);
    await at.pass(10);
    assert.deepEqual(await at.read('k', 'lease', 'a.1'), ['refresh', 'theirs', 10, 0, 'a.1']);
    assert.equal(await at.call('PEXPIRETIME', 'k'), START_MS + 9_000);
    await at.call('SET', 'k', '');
    assert.deepEqual(await at.read('k', 'early', 'a.2'), ['refresh', '', 0, 0, 'a.2']);
    assert.equal(await at.call('PEXPIRETIME', 'k'), -1);
    assert.equal(await at.run('fail', 'k', 'a.2', '', 0), 1);
    assert.equal(await at.call('GET', 'k'), '', 'and is plain again');
  });

  test('an entry that says there is nothing', async () => {
    await at.read('k', 'lease', 'a.1');
    assert.equal(await at.fill('k', 'a.1', 'null', 9_000, 1_000, 3, 1), 1);
    assert.deepEqual(await at.read('k'), ['hit', null, 1_000, 3]);
    await at.pass(1_500);
    assert.deepEqual(await at.read('k', 'lease', 'a.2'), ['refresh', null, 500, 3, 'a.2']);
    assert.deepEqual(await at.read('k', 'lease', 'b.1'), ['stale', null, 500, 3, 5_000]);
  });

  test('a failed load is shared for a moment, with the stale value if there is one', async () => {
    await at.read('k', 'lease', 'a.1');
    assert.equal(await at.run('fail', 'k', 'b.1', 'not mine', 1_000), 0);
    assert.equal(await at.run('fail', 'k', 'a.1', 'the database\nis döwn', 1_000), 1);
    assert.deepEqual(await at.read('k'), ['failed', 'the database\nis döwn']);
    assert.deepEqual(await at.read('k', 'look'), ['miss']);
    assert.equal(await at.run('watch', 'k'), 0);
    await at.pass(1_000, 'k');
    assert.deepEqual(await at.read('k', 'lease', 'a.2'), ['load', 'a.2', 5_000]);
    assert.equal(await at.run('fail', 'k', 'a.2', '', 1_000), 1);
    assert.equal(await at.call('EXISTS', 'k'), 0);

    const error = 'e'.repeat(300);
    await at.run('put', 'k', 'v', 60_000, 1_000, 7, 0);
    await at.pass(1_000);
    await at.read('k', 'lease', 'a.3');
    assert.equal(await at.run('fail', 'k', 'a.3', error, 1_000), 1);
    assert.deepEqual(await at.read('k'), ['failed', error, 'v', 0, 7]);
    assert.deepEqual(await at.read('k', 'early'), ['failed', error, 'v', 0, 7]);
    assert.deepEqual(await at.read('k', 'look'), ['stale', 'v', 0, 7, 0]);
    await at.pass(1_000, 'k');
    assert.deepEqual(await at.read('k', 'lease', 'a.4'), ['refresh', 'v', 1_000, 7, 'a.4']);
  });

  test('a lease outlives the entry that it refreshes', async () => {
    await at.run('put', 'k', 'v', 2_000, 1_000, 7, 0);
    await at.pass(1_500);
    assert.deepEqual(await at.read('k', 'lease', 'a.1'), ['refresh', 'v', 500, 7, 'a.1']);
    assert.equal(await at.call('PEXPIRETIME', 'k'), START_MS + 6_500);
    await at.pass(499, 'k');
    assert.deepEqual(await at.read('k', 'look'), ['stale', 'v', 999, 7, 0]);
    await at.pass(2, 'k');
    assert.deepEqual(await at.read('k', 'look'), ['miss'], 'it has expired all the same');
    assert.deepEqual(await at.read('k'), ['wait', 4_499]);
    assert.equal(await at.run('renew', 'k', 'a.1', 5_000), 1);
    assert.equal(await at.fill('k', 'a.1', 'w', 2_000, 1_000, 8), 1);
    assert.equal(await at.call('PEXPIRETIME', 'k'), START_MS + 4_001);

    await at.pass(1_500);
    await at.read('k', 'lease', 'a.2');
    assert.equal(await at.call('PEXPIRETIME', 'k'), START_MS + 8_501);
    assert.equal(await at.run('fail', 'k', 'a.2', '', 0), 1);
    assert.equal(await at.call('PEXPIRETIME', 'k'), START_MS + 4_001, 'given back, it lives as before');

    await at.read('k', 'lease', 'a.3');
    await at.call('PEXPIREAT', 'k', START_MS + 3_700);
    assert.equal(await at.run('renew', 'k', 'a.3', 5_000), 1);
    assert.equal(await at.run('fail', 'k', 'a.3', '', 0), 1);
    assert.equal(await at.call('PEXPIRETIME', 'k'), START_MS + 3_700, 'or as short as strangers said');
  });

  test('a write-through deletes, and readers wait; writers that overlap are both refused', async () => {
    await at.run('put', 'k', 'v', 60_000, 0, 0, 0);
    assert.deepEqual(await at.run('beginWrite', 'k', 'a.1', 5_000, 64), ['load', 'a.1', 5_000]);
    assert.deepEqual(await at.read('k'), ['wait', 5_000]);
    assert.equal(await at.fill('k', 'a.1', 'w', 60_000, 0, 1), 1);
    assert.deepEqual(await at.read('k'), ['hit', 'w', 60_000, 1]);

    await at.run('beginWrite', 'k', 'a.2', 5_000, 64);
    await at.pass(1_000);
    assert.deepEqual(await at.run('beginWrite', 'k', 'b.2', 5_000, 64), ['load', 'b.2', 5_000]);
    const writers = `a.2 ${START_MS + 6_000 - 1_000} b.2 ${START_MS + 6_000}`;
    assert.equal(await at.call('GET', 'k'), `\0nh1 - 0 0 0 c ${writers}\n`);
    assert.equal(await at.run('renew', 'k', 'a.2', 5_000), 0, 'void, and remembered');
    assert.equal(await at.fill('k', 'b.2', 'wrong'), 0);
    assert.deepEqual(await at.run('beginWrite', 'k', 'c.2', 5_000, 64), ['load', 'c.2', 5_000]);
    assert.equal(await at.fill('k', 'c.2', 'wrong'), 0, 'it overlaps the first');
    assert.equal(await at.run('fail', 'k', 'a.2', 'no', 1_000), 0);
    assert.equal(await at.call('EXISTS', 'k'), 0, 'all have ended');
    await at.run('beginWrite', 'k', 'a.3', 5_000, 64);
    assert.equal(await at.fill('k', 'a.3', 'x'), 1);
  });

  test('writers are bounded, and long headers are read whole', async () => {
    for (let i = 0; i < 64; i++) await at.run('beginWrite', 'k', `token.${i}`, 5_000, 64);
    assert.deepEqual(await at.run('beginWrite', 'k', 'late', 5_000, 64), ['load', null, 0]);
    assert.deepEqual(await at.read('k'), ['wait', 5_000]);
    await at.run('put', 'k', 'v', 60_000, 0, 9, 0);
    assert.deepEqual(await at.read('k'), ['hit', 'v', 60_000, 9]);
    for (let i = 0; i < 64; i++) assert.equal(await at.fill('k', `token.${i}`, 'wrong'), 0);
    assert.deepEqual(await at.read('k'), ['hit', 'v', 60_000, 9]);
    assert.equal(await at.call('GET', 'k'), '\0nh1 v 0 9\nv');
  });

  test('our own removals and puts keep the writers on record', async () => {
    await at.run('beginWrite', 'k', 'a.1', 5_000, 64);
    assert.equal(await at.run('remove', 'k'), 0, 'nothing was there');
    assert.deepEqual(await at.run('beginWrite', 'k', 'b.1', 5_000, 64), ['load', 'b.1', 5_000]);
    assert.equal(await at.fill('k', 'b.1', 'wrong'), 0, 'the first still writes');
    await at.run('put', 'k', 'v', 1_000, 0, 0, 0);
    assert.equal(await at.run('renew', 'k', 'a.1', 5_000), 0);
    await at.pass(1_001, 'k');
    assert.deepEqual(await at.read('k'), ['wait', 3_999], 'the writer outlives the value');
  });

  test('values of any bytes and any length keep them', async () => {
    const bytes = Uint8Array.from({ length: 9_000 }, (_, i) => i & 255);
    // Around the length up to which a key is read at once, with each header.
    const around = Array.from({ length: 30 }, (_, i) => 3_690 + i * 14);
    for (const length of [0, 1, 255, ...around, 9_000]) {
      const value = bytes.subarray(0, length);
      const stored = async (): Promise<unknown> =>
        length === 0 ? new Uint8Array() : at.connection.call(['GETRANGE', 'k', -length, -1]);
      const answered = async (place: number, ...how: [string, string]): Promise<void> => {
        const args = ['EVAL', at.source('read'), 1, 'k', ...how, 5_000, at.nowMs];
        const reply = await at.connection.call(args);
        assert.deepEqual((reply as unknown[])[place], value, `${how} of ${length} bytes`);
      };
      await at.run('put', 'k', value, 60_000, 1_000, 7, 0);
      await answered(1, 'lease', 'none');
      await at.pass(1_000);
      await answered(1, 'lease', 'a.1');
      assert.deepEqual(await stored(), value);
      await answered(1, 'lease', 'b.1');
      await at.run('renew', 'k', 'a.1', 5_000);
      assert.deepEqual(await stored(), value);
      await at.run('fail', 'k', 'a.1', 'x'.repeat(300), 1_000);
      await answered(2, 'lease', 'b.1');
      assert.deepEqual(await stored(), value);
      await at.run('soften', 'k');
      assert.deepEqual(await stored(), value);
      assert.deepEqual(await at.run('remove', 'k'), 1);
      await at.call('SET', 'k', value);
      await answered(1, 'early', 'a.2');
      assert.deepEqual(await stored(), value);
    }
  });

  test('what only looks like an envelope is a value', async () => {
    const values = [
      '\0nh1 ',
      '\0nh1 v',
      '\0nh1 v 0 0',
      '\0nh1 x 0 0\n',
      '\0nh1 v 0 x\n',
      '\0nh1 v 0 0 l\n',
      '\0nh1 v 0 0 0 l \n',
      '\0nh1 v 0 0 0 z a 1\n',
      `\0nh1 ${'x'.repeat(300)}`,
    ];
    for (const value of values) {
      await at.call('SET', 'k', value);
      assert.deepEqual(await at.read('k'), ['hit', value, -1, 0]);
      assert.equal(await at.run('remove', 'k'), 1);
    }
  });

  test('a key of another type is an error to readers, and gives way to writers', async () => {
    const aList = () => at.call('DEL', 'k').then(() => at.call('RPUSH', 'k', 'x'));
    await aList();
    await assert.rejects(at.read('k'), { replyCode: 'WRONGTYPE' });
    await assert.rejects(at.run('soften', 'k'), { replyCode: 'WRONGTYPE' });
    assert.equal(await at.fill('k', 't', 'wrong'), 0);
    assert.equal(await at.run('renew', 'k', 't', 5_000), 0);
    assert.equal(await at.run('fail', 'k', 't', 'e', 5_000), 0);
    assert.equal(await at.run('watch', 'k'), 0);
    assert.equal(await at.call('LLEN', 'k'), 1);
    assert.equal(await at.run('remove', 'k'), 1);
    await aList();
    await at.run('put', 'k', 'v', 0, 0, 0, 0);
    assert.deepEqual(await at.read('k'), ['hit', 'v', -1, 0]);
    await aList();
    assert.deepEqual(await at.run('beginWrite', 'k', 'w', 5_000, 64), ['load', 'w', 5_000]);
  });

  test('without memory one loads and does not fill; what takes away works', async () => {
    await at.run('put', 'stale', 'v', 60_000, 1, 7, 0);
    await at.run('put', 'fresh', 'v', 60_000, 9_000, 7, 0);
    await at.run('put', 'soft', 'v', 60_000, 9_000, 7, 0);
    await at.read('loading', 'lease', 'l');
    await at.read('failing', 'lease', 'f');
    await at.pass(1);
    await at.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
    try {
      assert.deepEqual(await at.read('k'), ['load', null, 0]);
      assert.deepEqual(await at.read('stale'), ['refresh', 'v', 0, 7, null]);
      assert.deepEqual(await at.read('fresh', 'early'), ['hit', 'v', 8_999, 7]);
      assert.equal(await at.run('soften', 'soft'), 1);
      assert.equal(await at.call('EXISTS', 'soft'), 0, 'deleted, since nothing can be written');
      assert.deepEqual(await at.run('beginWrite', 'fresh', 'w', 5_000, 64), ['load', null, 0]);
      assert.equal(await at.call('EXISTS', 'fresh'), 0);
      assert.equal(await at.run('remove', 'stale'), 1);
      assert.equal(await at.run('fail', 'loading', 'l', '', 0), 1);
      assert.equal(await at.run('fail', 'failing', 'f', 'database is down', 1_000), 1);
      assert.equal(
        await at.call('EXISTS', 'failing'),
        0,
        'nobody waits, though there is no room for the error',
      );
      await assert.rejects(at.run('put', 'k', 'v', 0, 0, 0, 0), { replyCode: 'OOM', retryable: true });
    } finally {
      await at.call('CONFIG', 'SET', 'maxmemory', '0');
    }
  });

  test('a replica loads without a lease, and acknowledges no invalidation, also not of what it does not have', async () => {
    await at.run('put', 'k', 'v', 60_000, 9_000, 7, 0);
    await at.call('REPLICAOF', '127.0.0.1', '1');
    try {
      assert.deepEqual(await at.read('k'), ['hit', 'v', 9_000, 7]);
      assert.deepEqual(await at.read('absent'), ['load', null, 0]);
      for (const key of ['k', 'absent']) {
        for (const name of ['remove', 'soften'] as const)
          await assert.rejects(at.run(name, key), { replyCode: 'READONLY', retryable: true });
        await assert.rejects(at.run('beginWrite', key, 'w', 5_000, 64), { replyCode: 'READONLY' });
      }
    } finally {
      await at.call('REPLICAOF', 'NO', 'ONE');
    }
    assert.deepEqual(await at.read('k'), ['hit', 'v', 9_000, 7]);
  });
});
