/** What caches hear beside their values, from real servers: how many share a loader group, and what others change. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Cache, CacheMemory, Connection, createCache, utf8Text } from '#layers/client';
import { ReplyVerbatim } from '#layers/resp';
import { checkout } from './docs/page.js';
import { eventually } from './engines/world.js';
import { installed, startNuthatch, startRedis, type TestServer } from './kit/servers.js';
import { TcpProxy } from './kit/tcp-proxy.js';

const PREFIX = 'app:';
/** Nothing here may fail because the machine is busy. */
const PATIENT = { deadline: '10s', invalidationDeadline: '10s' } as const;

const textOf = (reply: unknown): unknown => (reply instanceof ReplyVerbatim ? reply.body : reply);
const share = (cache: Cache, group = 'db'): number => cache.stats().groups[group].share;

for (const name of ['nuthatch', 'redis'] as const) {
  const isMissing = name === 'redis' && !installed('redis-server');
  const skip = isMissing && 'redis-server is missing: apt-get install redis-server';

  describe(`news from ${name}`, { skip }, () => {
    let server: TestServer;
    let proxy: TcpProxy;
    let other: Connection;
    const open: Cache[] = [];

    before(async () => {
      server = (await (name === 'redis' ? startRedis() : startNuthatch())) as TestServer;
      proxy = await TcpProxy.start(server.port);
      other = new Connection({ port: server.port, deadlineMs: 10_000 });
      await other.ready();
    });
    after(async () => {
      for (const cache of open) cache.close();
      other?.close();
      await proxy?.stop();
      await server?.stop();
    });

    const cache = (prefix = PREFIX): Cache => {
      const url = `redis://127.0.0.1:${proxy.port}`;
      const groups = { db: { cap: 60, processes: 2 } };
      const made = createCache({ url, prefix, groups, ...PATIENT });
      open.push(made);
      return made;
    };

    test('the cap of a group is shared by all caches that have the group, and who has lost the server keeps its share', async () => {
      const a = cache();
      const stranger = cache('other:');
      assert.equal(share(a), 30, 'as configured');
      assert.equal(share(a, 'default'), 100);
      const b = cache();
      const c = cache();
      await eventually(() => [a, b, c].every((each) => share(each) === 20), 'three of them share 60');
      assert.equal(share(a, 'default'), 33);
      assert.equal(share(stranger), 30, 'it has another prefix');
      proxy.hang();
      proxy.cut();
      assert.deepEqual(
        [a, b, c].map((each) => share(each)),
        [20, 20, 20],
      );
      proxy.resume();
      await a.ready();
      const d = cache();
      await eventually(
        () => share(d) === 15 && share(a) === 15,
        'the fourth is heard of after the server is back',
      );
      for (const each of [a, b, c, d, stranger]) each.close();
    });

    // A node has one user, who may do everything.
    if (name === 'redis') {
      test('who may not subscribe keeps the configured share and is told', async () => {
        await other.call(['ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', 'resetchannels']);
        const url = `redis://app:secret@127.0.0.1:${server.port}`;
        const a = createCache({ url, groups: { db: { cap: 60, processes: 2 } }, ...PATIENT });
        const told = new Promise<string>((resolve) => {
          a.on('cacheError', ({ operation, error }) => resolve(`${operation}: ${error.message}`));
        });
        assert.match(await told, /^fleet: SUBSCRIBE was answered with: NOPERM/);
        assert.equal(await a.getOrLoad('k', () => 1), 1);
        assert.equal(share(a), 30);
        a.close();
      });

      test('a user who may do what docs/on-redis.md names may do all that the cache needs', async () => {
        const page = readFileSync(join(checkout, 'docs', 'on-redis.md'), 'utf8');
        const rights = /restricted by access lists need(.*?)\n\n/s.exec(page)?.[1] ?? '';
        const commands = [...rights.matchAll(/`([A-Z ]+)`/g)].map(
          ([, name]) => `+${name.toLowerCase().replace(' ', '|')}`,
        );
        assert.ok(commands.length > 10);
        const all = ['-@all', ...commands, 'resetchannels', '&nuthatch:group:*', `~${PREFIX}*`];
        await other.call(['ACL', 'SETUSER', 'narrow', 'on', '>secret', ...all]);
        const url = `redis://narrow:secret@127.0.0.1:${server.port}/2`;
        const near = { maxBytes: '1mb' } as const;
        const made = [{ near }, {}].map((more) => {
          const groups = { db: { cap: 60 } };
          const one = createCache({ url, prefix: PREFIX, groups, ...PATIENT, ...more });
          open.push(one);
          return one;
        });
        const errors: string[] = [];
        for (const one of made) one.on('cacheError', ({ error }) => errors.push(error.message));
        await eventually(() => made.every((one) => share(one) === 30), 'they were counted');
        const [a, b] = made;
        assert.equal(await a.getOrLoad('k', () => 1), 1);
        assert.equal(await b.getOrLoad('k', () => 2), 1);
        assert.equal(await a.expire('k'), true);
        assert.equal(await b.getOrLoad('k', () => 3), 3);
        assert.equal(await a.writeThrough('k', () => 4), 4);
        assert.equal(await b.get('k'), 4);
        assert.equal(await a.clear(), 1);
        const heard: (string | undefined)[] = [];
        a.on('invalidate', ({ key }) => heard.push(key));
        await eventually(() => heard.length > 0, 'the feed is open');
        await b.set('heard', 1);
        await eventually(() => heard.includes('heard'), 'it was heard');
        assert.deepEqual(errors, []);
        for (const one of made) one.close();
      });
    }

    test('changes by any client are heard, of keys with the prefix, while somebody listens', async () => {
      const a = cache();
      const b = cache();
      await Promise.all([a.ready(), b.ready()]);
      const heard: (string | undefined)[] = [];
      const off = a.on('invalidate', ({ key }) => heard.push(key));
      await eventually(() => heard.length > 0, 'the feed is open');
      assert.deepEqual(heard.splice(0), [undefined], 'what was changed before is not known');
      const happens = async (change: Promise<unknown>, key: string | undefined): Promise<void> => {
        await change;
        await eventually(() => heard.includes(key), `it heard of ${key}`);
        heard.length = 0;
      };
      await happens(other.call(['SET', `${PREFIX}plain`, '1']), 'plain');
      await happens(other.call(['DEL', `${PREFIX}plain`]), 'plain');
      await happens(b.set('set', 1), 'set');
      await happens(b.delete('set'), 'set');
      await happens(a.set('own', 1), 'own');
      await other.call(['SET', 'elsewhere', '1']);
      await happens(other.call(['FLUSHALL']), undefined);
      proxy.cut();
      await happens(a.ready(), undefined);
      const tracking = async (): Promise<number> =>
        String(await other.call(['CLIENT', 'LIST'], { decode: utf8Text, take: textOf })).match(/flags=\S*B/g)
          ?.length ?? 0;
      assert.equal(await tracking(), 1);
      off();
      while ((await tracking()) > 0);
      await b.set('unheard', 1);
      assert.deepEqual(heard, []);
      a.close();
      b.close();
    });
  });
}

test('changes in memory are heard by all caches that share it', async () => {
  const memory = new CacheMemory();
  const [a, b] = [createCache({ memory, prefix: PREFIX }), createCache({ memory, prefix: PREFIX })];
  const heard: (string | undefined)[] = [];
  const off = a.on('invalidate', ({ key }) => heard.push(key));
  await b.set('k', 1);
  await a.delete('k');
  off();
  await b.set('k', 2);
  assert.deepEqual(heard, ['k', 'k']);
  a.close();
  b.close();
});
