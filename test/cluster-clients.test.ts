/**
 * Real, unmodified cluster clients over a cluster of ours: ioredis, node-redis, Python's redis, redis-cli and redis-benchmark. They find the
 * nodes by themselves, and find them again when a primary is gone.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { startTestCluster, type TestCluster } from '#layers/testing';
import { python, pythonRedisMissing, runProgram } from './kit/run-program.js';
import { installed } from './kit/servers.js';

const PATIENCE_MS = 60_000;
const KEYS = Array.from({ length: 40 }, (_, i) => `key:${i}`);

let cluster: TestCluster;

before(async () => {
  cluster = await startTestCluster({ shards: 2, replicas: 1 });
});

after(async () => {
  await cluster?.stop();
});

/** Has a primary killed, does it again until it succeeds, and has the primary back. */
async function throughFailover(use: () => Promise<unknown>): Promise<void> {
  const primary = cluster.primaryOf(KEYS[0] as string);
  await primary.kill();
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await use();
      break;
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
  await primary.start();
  await cluster.ready();
}

describe('unmodified cluster clients', () => {
  test('ioredis', async (t) => {
    const client = new Cluster([...cluster.urls]);
    client.on('error', () => {});
    t.after(() => client.disconnect());
    for (const key of KEYS) assert.equal(await client.set(key, `ioredis ${key}`), 'OK');
    for (const key of KEYS) assert.equal(await client.get(key), `ioredis ${key}`);
    assert.deepEqual(await client.mget('{tag}a', '{tag}b'), [null, null]);
    await assert.rejects(client.mget(...KEYS), /CROSSSLOT|same slot/i);
    const committed = await client.multi().set('{tag}a', '1').incr('{tag}a').exec();
    assert.deepEqual(
      committed?.map(([, value]) => value),
      ['OK', 2],
    );
    const replicas = new Cluster([...cluster.urls], { scaleReads: 'slave' });
    replicas.on('error', () => {});
    t.after(() => replicas.disconnect());
    // Everything before a delete that was acknowledged is at the replicas.
    for (const key of KEYS) await client.del(`${key}:gone`);
    for (const key of KEYS) assert.equal(await replicas.get(key), `ioredis ${key}`);
    await throughFailover(async () => {
      for (const key of KEYS) assert.equal(await client.set(key, 'again'), 'OK');
    });
    for (const key of KEYS) assert.equal(await client.get(key), 'again');
  });

  test('ioredis: what is published at any node reaches the subscribers of all, once and in order', async (t) => {
    const client = new Cluster([...cluster.urls]);
    client.on('error', () => {});
    t.after(() => client.disconnect());
    const heard = new Map<string, string[]>();
    for (const url of cluster.urls) {
      const subscriber = new Redis(url);
      subscriber.on('error', () => {});
      t.after(() => subscriber.disconnect());
      const messages: string[] = [];
      subscriber.on('message', (channel, message) => messages.push(`${channel} ${message}`));
      subscriber.on('pmessage', (pattern, channel, message) =>
        messages.push(`${pattern} ${channel} ${message}`),
      );
      await subscriber.subscribe('news');
      await subscriber.psubscribe('n?ws');
      heard.set(url, messages);
    }
    const all = [...heard.values()];
    const allHave = async (last: string, meanwhile: () => Promise<unknown>): Promise<void> => {
      const endMs = performance.now() + PATIENCE_MS;
      while (!all.every((messages) => messages.some((one) => one.endsWith(last)))) {
        if (performance.now() > endMs) assert.fail(`never: all have ${last}`);
        await meanwhile();
      }
    };
    assert.equal(client.nodes('all').length, cluster.urls.length);
    for (const [i, node] of client.nodes('all').entries()) {
      // Until the streams between the nodes stand a message may be lost.
      await allHave(`first of ${i}`, () => node.publish('news', `first of ${i}`));
      for (const messages of all) messages.length = 0;
      const numbers = Array.from({ length: 100 }, (_, number) => `${i}: ${number}`);
      // The channel's subscriber and the pattern's are one here, as its connection is.
      for (const number of numbers) assert.equal(await node.publish('news', number), 2);
      await allHave(numbers.at(-1) as string, () => node.ping());
      const expected = numbers.flatMap((number) => [`news ${number}`, `n?ws news ${number}`]);
      for (const messages of all)
        assert.deepEqual(
          messages.filter((one) => !one.includes('first')),
          expected,
        );
    }
    // By a transaction, whose node has the slot of its key.
    await allHave('by exec', () => client.multi().set('{tag}a', '1').publish('news', 'by exec').exec());
    const large = 'x'.repeat(3_000_000);
    await client.publish('news', large);
    await allHave(large, () => client.ping());
  });

  test('node-redis', async (t) => {
    const client = createCluster({ rootNodes: cluster.urls.map((url) => ({ url })), RESP: 3 });
    client.on('error', () => {});
    await client.connect();
    t.after(() => client.destroy());
    for (const key of KEYS) assert.equal(await client.set(key, `node-redis ${key}`), 'OK');
    for (const key of KEYS) assert.equal(await client.get(key), `node-redis ${key}`);
    assert.equal(await client.del(KEYS[0] as string), 1);
    assert.equal(await client.get(KEYS[0] as string), null);
    await throughFailover(async () => {
      for (const key of KEYS) assert.equal(await client.set(key, 'again'), 'OK');
    });
    for (const key of KEYS) assert.equal(await client.get(key), 'again');
  });

  test('redis-py of the distribution', { skip: pythonRedisMissing }, async () => {
    const port = (cluster.urls[0] as string).split(':').at(-1);
    const script = `
from redis.cluster import RedisCluster
r = RedisCluster(host='127.0.0.1', port=${port}, decode_responses=True)
for i in range(40):
    assert r.set('key:%d' % i, i) is True
assert [r.get('key:%d' % i) for i in range(40)] == [str(i) for i in range(40)]
assert r.mset_nonatomic({'a': 1, 'b': 2, 'c': 3})
assert r.mget_nonatomic('a', 'b', 'c') == ['1', '2', '3']
assert r.delete('a', 'b', 'c', 'd') == 3
print(len(r.get_primaries()), len(r.get_replicas()))
`;
    assert.equal(await runProgram(python, ['-c', script]), '2 2\n');
    // Who is dead is no replica, once that is known.
    await throughFailover(() => runProgram(python, ['-c', script]));
  });

  test('redis-cli and redis-benchmark', {
    skip: !installed('redis-cli') && 'redis-cli is not installed: apt-get install redis-tools',
  }, async () => {
    const port = () => (cluster.urls[0] as string).split(':').at(-1) as string;
    const cli = (...words: string[]) => runProgram('redis-cli', ['-c', '-p', port(), ...words]);
    for (const key of KEYS) assert.match(await cli('SET', key, 'cli'), /OK/);
    assert.match(await cli('GET', KEYS[7] as string), /cli/);
    const benchmark = ['--cluster', '-p', port(), '-t', 'set,get', '-n', '2000', '-c', '8', '-q'];
    assert.match(await runProgram('redis-benchmark', benchmark), /GET: [\d.]+ requests per second/);
    // An error reply is no failure of the program.
    await throughFailover(async () => assert.match(await cli('SET', KEYS[0] as string, 'again'), /OK/));
    assert.match(await cli('GET', KEYS[0] as string), /again/);
  });
});
