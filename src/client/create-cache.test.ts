import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificate, privateKey } from './connection/certificate.testkit.js';
import { FakeServer } from './connection/fake-server.testkit.js';
import { type CacheOptions, ClientOptionsError, createCache, jsonSerializer } from './index.js';

/** What a cache is told of its options. */
function problemsOf(options: unknown): readonly string[] {
  try {
    createCache(options as CacheOptions).close();
  } catch (error) {
    assert.ok(error instanceof ClientOptionsError, String(error));
    return error.problems;
  }
  return [];
}

test('what is no option, or of another kind, is named', () => {
  const memory = { maxBytes: '1mb' };
  const url = 'redis://127.0.0.1:1';
  for (const [options, ...expected] of [
    [undefined, /^they are undefined; give/],
    [null, /^they are null; give/],
    [{ memory, tttl: 5, near: { maxBytes: '1mb', tl: 5 } }, /^tttl is no option/, /^near\.tl is no option/],
    [{ memory, near: null }, /^near is null: give/],
    [{ memory, near: { maxBytes: '1mb', copy: 'no' } }, /^near\.copy is no: give true or false/],
    [{ memory, groups: 5 }, /^groups is 5: give/],
    [{ memory, groups: { db: null } }, /^groups\.db is null: give/],
    [{ memory, groups: { db: { caps: 5 } } }, /^groups\.db\.caps is no option; there are cap, /],
    [{ memory, serializer: null }, /^serializer is none: give/],
    [{ memory, serializer: { ...jsonSerializer, reads: 'json' } }, /^serializer is none: give/],
    [{ memory: null }, /^memory is null: give/],
    [{ nodes: 'redis://a' }, /^nodes is redis:\/\/a: give a list/],
    [{ nodes: [url, null] }, /^nodes\[1\] is null: give/],
    [{ nodes: [{ url, wieght: 2 }] }, /^nodes\[0\]\.wieght is no option/],
    [{ url, connection: 5 }, /^connection is 5: give/],
    [{ url, connection: { setup: [['MULTI']] } }, /^connection\.setup is no option/],
  ] as [unknown, ...RegExp[]][]) {
    const problems = problemsOf(options);
    for (const [place, form] of expected.entries()) assert.match(problems[place] ?? '', form);
  }
  assert.deepEqual(
    problemsOf({ memory, url: undefined, ttl: '5m', near: false, serializer: jsonSerializer }),
    [],
  );
});

test('the URL says that there is TLS, and an option how', async () => {
  const server = await FakeServer.start({ cert: certificate, key: privateKey });
  const tls = { ca: certificate, servername: 'cache.test' };
  const cache = createCache({ url: `rediss://127.0.0.1:${server.port}`, connection: { tls } });
  try {
    assert.equal((await (await server.peer()).request())[0], 'HELLO');
  } finally {
    cache.close();
    await server.stop();
  }
});

test('addresses of IPv6 are written with brackets', async () => {
  const cache = createCache({ nodes: ['redis://[::1]:1', 'redis://[::2]'] });
  assert.equal((await cache.explain('k')).engine, '2 nodes: [::1]:1, [::2]:6379');
  cache.close();
});
