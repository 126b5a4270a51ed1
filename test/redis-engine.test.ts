/** What is special to engines over Redis and Valkey: scripts that are flushed, strangers, and clients that are there already. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import {
  ClientOptionsError,
  type Engine,
  type ExistingClient,
  jsonSerializer,
  plainReading,
  ReplyFailure,
  redisEngineOver,
} from '#layers/client';
import { ioredisClients, nodeRedisClients, ownConnections, startRedisWorld } from './engines/redis-world.js';
import { DEADLINE_MS, EngineClient, type EngineWorld, failsWith, Stage } from './engines/world.js';
import { freePort, installed, startRedis } from './kit/servers.js';

const skip = installed('redis-server') ? false : 'redis-server is missing: apt-get install redis-server';
const traits = { freesOnClose: false, readsPlainly: false, tracks: false };
const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks: false };
const host = { woken() {}, invalidated() {}, unsound() {}, sound() {}, drawTicket: () => 0, reachable() {} };

const ways = {
  'our own connections': ownConnections,
  ioredis: ioredisClients,
  'node-redis, RESP3': () => nodeRedisClients(3),
  'node-redis, RESP2': () => nodeRedisClients(2),
};

for (const [name, way] of Object.entries(ways)) {
  describe(`Redis over ${name}`, { skip }, () => {
    let world: EngineWorld;
    before(async () => {
      world = await startRedisWorld('redis-server', way());
    });
    after(async () => {
      await world?.stop();
    });

    async function staged(body: (stage: Stage) => Promise<void>): Promise<void> {
      const stage = new Stage(world, traits);
      try {
        await body(stage);
      } finally {
        stage.end();
      }
    }
    const plain = async (...words: string[]): Promise<unknown> => world.plain?.(...words);

    test('scripts may be flushed between every two calls', async () => {
      await staged(async (stage) => {
        const [a, b] = await stage.clients(2);
        const key = stage.key();
        const flush = () => plain('SCRIPT', 'FLUSH');
        await flush();
        const token = await a.lease(key);
        await flush();
        assert.equal((await b.read(key)).status, 'wait');
        await flush();
        assert.equal(await a.renew(key, token), true);
        await flush();
        assert.equal(await a.fill(key, token, 'v'), true);
        await b.hears('woken', key);
        await flush();
        assert.equal(await b.soften(key), true);
        await flush();
        const { token: refresh } = await a.read(key);
        await flush();
        await a.fail(key, String(refresh), 'why', 60_000);
        await flush();
        assert.equal((await b.read(key)).error, 'why');
        await flush();
        await b.put(key, 'w');
        await flush();
        const write = await b.beginWrite(key);
        await flush();
        assert.equal(await b.fill(key, String(write), 'x'), true);
        await flush();
        assert.equal(await a.remove(key), true);
        await a.put(key, 'y');
        await flush();
        assert.equal(await a.clear(key), 1);
      });
    });

    test('many calls at once find the scripts flushed, and all of them are answered', async () => {
      await staged(async (stage) => {
        const clients = await stage.clients(4);
        const keys = Array.from({ length: 100 }, (_, i) => stage.key(`${i}`));
        await plain('SCRIPT', 'FLUSH');
        const answers = await Promise.all(
          keys.flatMap((key) => clients.map(async (client) => ({ key, ...(await client.read(key)) }))),
        );
        for (const key of keys) {
          const of = answers.filter((answer) => answer.key === key).map(({ status }) => status);
          assert.deepEqual(of.sort(), ['load', 'wait', 'wait', 'wait']);
        }
      });
    });

    test('who waits is woken by whatever strangers do to the key', async () => {
      await staged(async (stage) => {
        const [a, b] = await stage.clients(2);
        const doings = [
          ['DEL', 'KEY'],
          ['SET', 'KEY', '1'],
          ['RENAME', 'KEY', 'elsewhere'],
          ['PEXPIRE', 'KEY', '-1'],
          ['FLUSHALL'],
        ];
        for (const doing of doings) {
          for (const isRefresh of [false, true]) {
            const key = stage.key(`${doing[0]} ${isRefresh}`);
            if (isRefresh) {
              await a.put(key, 'old');
              await a.soften(key);
            }
            await a.lease(key);
            assert.equal((await b.read(key)).status, isRefresh ? 'stale' : 'wait');
            await plain(...doing.map((word) => (word === 'KEY' ? key : word)));
            await b.hears('woken', key);
          }
        }
      });
    });

    test('a key of another type is an error of the server', async () => {
      await staged(async (stage) => {
        const a = await stage.client();
        const key = stage.key();
        await plain('RPUSH', key, 'x');
        await assert.rejects(a.read(key), (error: unknown) => {
          assert.ok(error instanceof ReplyFailure);
          assert.deepEqual([error.replyCode, error.retryable], ['WRONGTYPE', false]);
          return true;
        });
        await a.put(key, 1);
        assert.equal(await a.hit(key), 1);
      });
    });
  });
}

describe('clients that are there already', { skip }, () => {
  test('one that is not connected is told of at once, and never closed', async () => {
    const port = await freePort();
    const absent = new Redis({ port, retryStrategy: () => 10_000, lazyConnect: false });
    absent.on('error', () => {});
    const notYet = createClient({ socket: { port } });
    for (const client of [absent, notYet]) {
      const engine = redisEngineOver(client, options, host);
      await assert.rejects(
        engine.read('k', 'lease', DEADLINE_MS, plainReading),
        failsWith(['NOT_CONNECTED'], true),
      );
      const ready = engine.ready();
      engine.close();
      await assert.rejects(ready, failsWith(['CLOSED'], false));
    }
    absent.disconnect();
  });

  test('an engine leaves nothing behind in the client it used', async () => {
    const server = await startRedis();
    const port = server?.port ?? 0;
    const ioredis = new Redis({ port });
    const nodeRedis = createClient({ socket: { port } });
    await Promise.all([ioredis.ping(), nodeRedis.connect()]);
    for (const client of [ioredis, nodeRedis] as (ExistingClient & { eventNames(): unknown[] })[]) {
      const before = client.eventNames().length;
      const used = new EngineClient((all, its) => redisEngineOver(client, all, its), {});
      await used.engine.ready();
      await used.hears('reachable');
      const under = assert.rejects(used.read('k'), failsWith(['CLOSED'], false));
      used.engine.close();
      await under;
      await assert.rejects(used.read('k'), failsWith(['CLOSED'], false));
      assert.equal(client.eventNames().length, before);
    }
    assert.equal(await ioredis.set('mine', '1'), 'OK', 'it is still open');
    assert.equal(await nodeRedis.get('mine'), '1');
    ioredis.disconnect();
    nodeRedis.destroy();
    await server?.stop();
  });

  test('what cannot work is refused, and says what would', () => {
    const lazy = { lazyConnect: true };
    const refused: [client: unknown, tracks: boolean, problem: RegExp][] = [
      [new Redis(lazy), true, /a near cache must be told of changes.*give a URL/],
      [new Redis({ ...lazy, keyPrefix: 'app:' }), false, /keyPrefix 'app:'.*put the prefix into the keys/],
      [new Redis({ ...lazy, stringNumbers: true }), false, /option stringNumbers.*give one without/],
      [new Cluster([], { ...lazy }), false, /cluster of ioredis; give a client of one server/],
      [createCluster({ rootNodes: [] }), false, /give a client of one server/],
      [createSentinel({ name: 'main', sentinelRootNodes: [] }), false, /give a client of one server/],
      [createClientPool(), false, /give a client of one server/],
      [{}, false, /neither a client of ioredis nor one of node-redis/],
      [undefined, false, /client is undefined; give/],
    ];
    for (const [client, tracks, problem] of refused) {
      const make = (): Engine => redisEngineOver(client as ExistingClient, { ...options, tracks }, host);
      assert.throws(make, (error: unknown) => {
        assert.ok(error instanceof ClientOptionsError);
        assert.match(error.problems.join(' '), problem);
        return true;
      });
    }
  });
});
