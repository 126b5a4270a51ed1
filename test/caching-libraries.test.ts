/**
 * Where caching libraries fail: each case that was seen to go wrong in one of them, with real processes and real servers.
 * Times are told, not judged.
 */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { CacheFleet } from './client/cache-fleet.js';
import type { Outcome } from './client/cache-process.js';
import { RawConnection } from './kit/connection.js';
import { freePort, installed, startNuthatch, startRedis, type TestServer } from './kit/servers.js';

function quantile(outcomes: readonly Outcome[], share: number): number {
  const ms = outcomes.map((one) => one.ms).sort((a, b) => a - b);
  return ms[Math.min(ms.length - 1, Math.floor(ms.length * share))];
}

async function leases(server: TestServer): Promise<string | undefined> {
  const connection = await RawConnection.open(server.port);
  const info = String(await connection.call('INFO', 'stats'));
  connection.close();
  return /load_leases:(\d+)/.exec(info)?.[1];
}

for (const name of ['nuthatch', 'redis'] as const) {
  const isMissing = name === 'redis' && !installed('redis-server');
  const skip = isMissing && 'redis-server is missing: apt-get install redis-server';

  describe(`caching over ${name}`, { skip }, () => {
    let server: TestServer;

    before(async () => {
      server = (await (name === 'redis' ? startRedis() : startNuthatch())) as TestServer;
    });
    after(async () => server?.stop());

    /** A fleet that waits for the server as long as it takes, unless it is told otherwise. */
    async function withFleet(
      t: TestContext,
      processes: number,
      options: object,
      body: (fleet: CacheFleet) => Promise<void>,
    ): Promise<void> {
      const url = `redis://127.0.0.1:${server.port}`;
      const prefix = `${t.name.slice(0, 20)}:`;
      const fleet = await CacheFleet.start(processes, { url, prefix, deadline: '10s', ...options });
      try {
        await body(fleet);
      } finally {
        await fleet.stop();
      }
    }

    test('a cold key is loaded once, by 200 callers in each of 8 processes', async (t) => {
      await withFleet(t, 8, {}, async (fleet) => {
        fleet.database.answer('row', 300);
        const outcomes = await fleet.loadInAll({ key: 'cold', callers: 200 });
        assert.equal(fleet.database.queries, 1);
        assert.equal(outcomes.filter((one) => one.value === 'row').length, 1_600);
        t.diagnostic(
          `a load of 300 ms: p99 ${quantile(outcomes, 0.99).toFixed(0)} ms, longest ${quantile(outcomes, 1).toFixed(0)} ms`,
        );
      });
    });

    test('what a load read before a delete is served to nobody after it', async (t) => {
      await withFleet(t, 3, {}, async (fleet) => {
        fleet.database.keep();
        const early = fleet.load(0, { key: 'k', callers: 1 });
        await fleet.database.asked(1);
        await fleet.delete(1, 'k');
        const late = fleet.load(0, { key: 'k', callers: 1 });
        const elsewhere = fleet.load(2, { key: 'k', callers: 1 });
        await fleet.database.asked(2);
        fleet.database.answerFirst('old');
        assert.equal((await early)[0].value, 'old', 'it came before the delete');
        fleet.database.answer('new');
        const outcomes = [...(await late), ...(await elsewhere)];
        assert.deepEqual(
          outcomes.map((one) => one.value),
          ['new', 'new'],
        );
        assert.equal(fleet.database.queries, 2);
      });
    });

    test('when its loader is killed one of those who wait takes over', async (t) => {
      await withFleet(t, 5, { lease: '500ms' }, async (fleet) => {
        fleet.database.keep();
        void fleet.load(0, { key: 'k', callers: 1 });
        await fleet.database.asked(1);
        const waiting = [1, 2, 3, 4].map((place) => fleet.load(place, { key: 'k', callers: 10 }));
        await fleet.untilWaiting([1, 2, 3, 4]);
        fleet.signal(0, 'SIGKILL');
        const startMs = performance.now();
        await fleet.database.asked(2);
        t.diagnostic(`the next one has asked after ${(performance.now() - startMs).toFixed(0)} ms`);
        fleet.database.answer('row', 100);
        const outcomes = (await Promise.all(waiting)).flat();
        assert.equal(outcomes.filter((one) => one.value === 'row').length, 40);
        assert.equal(fleet.database.queries, 2, 'one for all of them');
      });
    });

    test('when its loader hangs one of those who wait takes over, and what the loader read is refused', async (t) => {
      await withFleet(t, 3, { lease: '500ms' }, async (fleet) => {
        fleet.database.keep();
        void fleet.load(0, { key: 'k', callers: 1 });
        await fleet.database.asked(1);
        fleet.signal(0, 'SIGSTOP');
        const startMs = performance.now();
        const waiting = [1, 2].map((place) => fleet.load(place, { key: 'k', callers: 10 }));
        await fleet.database.asked(2);
        t.diagnostic(
          `of a lease of 500 ms the next one has asked after ${(performance.now() - startMs).toFixed(0)} ms`,
        );
        fleet.database.answer('row');
        const outcomes = (await Promise.all(waiting)).flat();
        assert.equal(outcomes.filter((one) => one.value === 'row').length, 20);
        assert.equal(fleet.database.queries, 2);
        fleet.signal(0, 'SIGCONT');
        const again = await fleet.load(0, { key: 'k', callers: 1 });
        assert.equal(again[0].value, 'row');
        assert.equal(fleet.database.queries, 2);
      });
    });

    test('while the server hangs the loader answers', async (t) => {
      await withFleet(t, 2, { deadline: '200ms' }, async (fleet) => {
        fleet.database.answer('row');
        server.signal('SIGSTOP');
        try {
          const outcomes = await fleet.loadInAll({ key: 'k', callers: 10 });
          assert.equal(outcomes.filter((one) => one.value === 'row').length, 20);
          t.diagnostic(`deadline 200 ms: longest ${quantile(outcomes, 1).toFixed(0)} ms`);
          const later = await fleet.loadInAll({ key: 'l', callers: 10 });
          t.diagnostic(`once it is known: longest ${quantile(later, 1).toFixed(0)} ms`);
        } finally {
          server.signal('SIGCONT');
        }
      });
    });

    test('an error of the loader is shared by 40 callers, with one call', async (t) => {
      await withFleet(t, 4, { errorTtl: '2s' }, async (fleet) => {
        fleet.database.fail('no such table', 50);
        const outcomes = await fleet.loadInAll({ key: 'k', callers: 10 });
        assert.equal(fleet.database.queries, 1);
        assert.equal(outcomes.filter((one) => one.message?.includes('no such table')).length, 40);
      });
    });

    test('whatever becomes of a load, its lease is released', async (t) => {
      await withFleet(t, 1, {}, async (fleet) => {
        const { database } = fleet;
        const load = async (key: string, options: object): Promise<string> => {
          const before = database.queries;
          const [{ code, value }] = await fleet.load(0, { key, callers: 1, options });
          assert.equal(database.queries, before + 1);
          return code ?? String(value);
        };
        database.keep();
        assert.equal(await load('late', { hardTimeout: 30, errorTtl: 0 }), 'LOAD_TIMEOUT');
        database.fail('down');
        assert.equal(await load('failed', { errorTtl: 0 }), 'LOADER');
        database.answer(undefined);
        assert.equal(await load('nothing', {}), 'undefined');
        // Nobody has to wait for anybody.
        database.answer('row');
        for (const key of ['late', 'failed', 'nothing']) assert.equal(await load(key, {}), 'row');
      });
    });

    // Redis has no count of them.
    if (name === 'nuthatch') {
      test('no lease is left when all have gone', async () => {
        const untilMs = performance.now() + 10_000;
        let left = await leases(server);
        while (left !== '0' && performance.now() < untilMs) left = await leases(server);
        assert.equal(left, '0');
      });
    }
  });
}

test('where nobody listens the loader answers, and nothing is kept for later', async (t) => {
  const port = await freePort();
  const fleet = await CacheFleet.start(2, { url: `redis://127.0.0.1:${port}` });
  try {
    fleet.database.answer('row');
    const outcomes = await fleet.loadInAll({ key: 'k', callers: 10 });
    assert.equal(outcomes.filter((one) => one.value === 'row').length, 20);
    t.diagnostic(`connection refused: longest ${quantile(outcomes, 1).toFixed(0)} ms`);
    const server = await startNuthatch([], [], port);
    try {
      const before = fleet.database.queries;
      const connection = await RawConnection.open(port);
      // They come back by themselves, and bring nothing along.
      for (let clients = 0; clients < 3; ) {
        clients = String(await connection.call('CLIENT', 'LIST')).match(/lib-name=nuthatch/g)?.length ?? 0;
      }
      assert.equal(await connection.call('DBSIZE'), '0');
      connection.close();
      assert.equal(fleet.database.queries, before);
    } finally {
      await server.stop();
    }
  } finally {
    await fleet.stop();
  }
});
