/** Near caches against real servers: what the network does to their pushes, and how much they hold. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Cache, Connection, createCache } from '#layers/client';
import { eventually } from './engines/world.js';
import { installed, startNuthatch, startRedis, type TestServer } from './kit/servers.js';
import { SplicingProxy } from './kit/splicing-proxy.js';
import { TcpProxy } from './kit/tcp-proxy.js';

const KB = 1_024;

for (const name of ['nuthatch', 'redis'] as const) {
  const isMissing = name === 'redis' && !installed('redis-server');
  const skip = isMissing && 'redis-server is missing: apt-get install redis-server';

  describe(`near caches over ${name}`, { skip }, () => {
    let server: TestServer;
    let peer: Cache;
    let plain: Connection;

    before(async () => {
      server = (await (name === 'redis' ? startRedis() : startNuthatch())) as TestServer;
      peer = createCache({ url: `redis://127.0.0.1:${server.port}`, deadline: '10s' });
      plain = new Connection({ port: server.port, deadlineMs: 10_000 });
      await Promise.all([peer.ready(), plain.ready()]);
    });
    after(async () => {
      peer?.close();
      plain?.close();
      await server?.stop();
    });

    /** Nothing enters or leaves by itself. */
    const nearCache = (port: number, maxBytes = 8 * 1_024 * KB): Cache =>
      createCache({
        url: `redis://127.0.0.1:${port}`,
        near: { maxBytes, ttl: '1h' },
        ttl: '1h',
        deadline: '10s',
        earlyRefresh: false,
      });

    test('what was deleted while a connection was cut is not served when it is back', async () => {
      const proxy = await TcpProxy.start(server.port);
      const cache = nearCache(proxy.port);
      try {
        await cache.ready();
        assert.equal(await cache.getOrLoad('cut', () => 'old'), 'old');
        await eventually(() => cache.stats().near?.entries === 1, 'the fill was accepted');
        assert.equal(await cache.getOrLoad('cut', () => 'no'), 'old');
        assert.equal(cache.stats().nearHits, 1);
        proxy.hang();
        await peer.delete('cut');
        const broken = new Promise((resolve) => cache.on('reachable', ({ problem }) => resolve(problem)));
        proxy.cut();
        assert.ok((await broken) instanceof Error);
        assert.equal(cache.stats().near?.entries, 0, 'who hears no pushes keeps nothing');
        proxy.resume();
        await cache.ready();
        assert.equal(await cache.getOrLoad('cut', () => 'new'), 'new');
      } finally {
        cache.close();
        await proxy.stop();
      }
    });

    test('an answer and the push behind it in one piece: the value is not kept', async () => {
      for (const change of [['FLUSHALL'], ['DEL', 'splice'], ['SET', 'splice', '"new"']]) {
        const proxy = await SplicingProxy.start(server.port);
        const cache = nearCache(proxy.port);
        try {
          await cache.ready();
          await peer.set('splice', 'value before');
          proxy.hold();
          const reading = cache.getOrLoad('splice', () => 'no');
          await eventually(() => proxy.held.includes('value before'), 'the answer is on its way');
          await plain.call(change);
          await eventually(() => proxy.held.includes('invalidate'), 'the push is behind it');
          proxy.release();
          assert.equal(await reading, 'value before', 'it came before the change');
          assert.equal(cache.stats().near?.entries, 0);
          assert.equal(await cache.getOrLoad('splice', () => 'new'), 'new');
        } finally {
          cache.close();
          await proxy.stop();
        }
      }
    });

    test('the bound of what is served is measured while others write', async () => {
      const cache = nearCache(server.port);
      const names = Array.from({ length: 50 }, (_, i) => `pushed:${i}`);
      try {
        await cache.ready();
        let [beats, before, sum] = [0, 0, 0];
        for (let round = 0; beats < 3; round++) {
          await Promise.all(names.map((key) => cache.getOrLoad(key, () => round)));
          await Promise.all(names.map((key, i) => (i % 3 === 0 ? peer.delete(key) : peer.set(key, round))));
          for (const key of names) if ((await cache.get(key)) !== undefined) sum++;
          const near = cache.stats().near;
          assert.ok(near !== undefined && near.largestStalenessMs >= 0);
          if (near.stalenessMs < before) beats++;
          before = near.stalenessMs;
        }
        assert.ok(sum > 0);
        const near = cache.stats().near;
        assert.ok(near !== undefined && near.largestStalenessMs > 0);
        assert.ok(near.invalidations > names.length);
      } finally {
        cache.close();
      }
    });

    test('it is bounded in bytes, however many and however large its values are', async () => {
      const cache = nearCache(server.port, 256 * KB);
      try {
        await cache.ready();
        for (let i = 0; i < 300; i++) {
          const text = 'x'.repeat(i % 10 === 0 ? 20 * KB : KB);
          await cache.getOrLoad(`bytes:${i}`, () => ({ text }));
          const near = cache.stats().near;
          assert.ok(near !== undefined && near.bytes <= 256 * KB, `${near?.bytes} bytes`);
        }
        const near = cache.stats().near;
        assert.ok(near !== undefined && near.entries > 20 && near.entries < 256, `${near?.entries} entries`);
        assert.ok(near.evictions > 0);
      } finally {
        cache.close();
      }
    });
  });
}
