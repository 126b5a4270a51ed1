import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { isLoopback } from './addresses.js';
import { startNode } from './node.js';
import { defaults, OptionsError, resolve } from './options.js';
import { encode, eventually, TestClient, withNode } from './test-client.testkit.js';

const SMALL = { port: 0, maxMemoryBytes: 2 ** 24 };

test('drain answers what was asked, then closes; nobody new gets in', async () => {
  const node = await startNode(SMALL);
  const [busy, idle] = [await TestClient.connect(node.port), await TestClient.connect(node.port)];
  await idle.exchange('PING', '+PONG\r\n');
  await busy.ask('SET', 'big', 'v'.repeat(2 ** 20));
  busy.write(encode(['GET', 'big']).repeat(5));
  await idle.exchange('PING', '+PONG\r\n');
  const drained = node.drain();
  assert.equal(node.drain(), drained, 'twice is once');
  const replies = await busy.closed();
  assert.ok(
    replies.length > 0 && replies.length % `$1048576\r\n\r\n${'v'.repeat(2 ** 20)}`.length === 0,
    'whole replies',
  );
  assert.equal(await idle.closed(), '');
  await drained;
  const late = connect(node.port, '127.0.0.1');
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});

test('drain closes who does not read after its time', async () => {
  const node = await startNode({ ...SMALL, drainTimeoutMs: 1 });
  const client = await TestClient.connect(node.port);
  await client.ask('SET', 'big', 'v'.repeat(2 ** 20));
  client.stopReading();
  client.write(encode(['GET', 'big']).repeat(20));
  await new Promise((resolve) => setImmediate(resolve));
  await node.drain();
});

test('drain lets blocked and paused clients go', async () => {
  await withNode({}, async (node) => {
    const [blocked, paused, pauser] = [await node.connect(), await node.connect(), await node.connect()];
    blocked.send('WAIT', '1', '0');
    await pauser.exchange('CLIENT PAUSE 100000 WRITE', '+OK\r\n');
    paused.send('SET', 'k', '1');
    await eventually(
      () => node.inside.pauses.waitingCount === 1 && node.inside.waits.count === 1,
      'both wait',
    );
    await node.running.drain();
    assert.equal(await paused.closed(), '+OK\r\n');
    assert.equal(await blocked.closed(), '');
  });
});

test('stop closes at once, and a node may start on the same port again', async () => {
  const node = await startNode(SMALL);
  const client = await TestClient.connect(node.port);
  await client.exchange('PING', '+PONG\r\n');
  await node.stop();
  await client.closed();
  const again = await startNode({ ...SMALL, port: node.port });
  await again.stop();
});

test('SHUTDOWN drains and tells whoever started the node', async () => {
  let asked = 0;
  const onShutdown = (): void => {
    asked++;
  };
  const node = await startNode({ ...SMALL, onShutdown });
  const client = await TestClient.connect(node.port);
  client.write(encode(['PING']) + encode(['SHUTDOWN', 'NOSAVE']) + encode(['PING']));
  assert.equal(await client.closed(), '+PONG\r\n');
  assert.equal(asked, 1);
  await node.drain();
});

test('a port that is taken is an error of the system', async () => {
  const node = await startNode(SMALL);
  await assert.rejects(startNode({ ...SMALL, port: node.port }), { code: 'EADDRINUSE' });
  await node.stop();
});

test('traffic tells counters and state', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await client.exchange('SET k v', '+OK\r\n');
    await client.exchange('GET k', '$1\r\nv\r\n');
    await client.exchange('GET none', '$-1\r\n');
    const { usedBytes, maxBytes, ...rest } = node.running.traffic();
    assert.deepEqual(rest, { commands: 3, hits: 1, misses: 1, evicted: 0, expired: 0, keys: 1, clients: 1 });
    assert.ok(usedBytes > 0 && usedBytes < maxBytes);
  });
});

test('all problems of the options are told together, with value and remedy', () => {
  const wrong = {
    port: 70_000,
    maxClients: 0,
    host: '0.0.0.0',
    maxBulkBytes: 1.5,
    nosuch: 1,
    idleTimeoutMs: Number.NaN,
  };
  assert.throws(
    () => resolve(wrong),
    (error: unknown) => {
      assert.ok(error instanceof OptionsError);
      assert.equal(error.problems.length, 6);
      for (const part of [
        'port is 70000',
        'maxClients is 0',
        'host 0.0.0.0',
        'maxBulkBytes is 1.5',
        'nosuch',
        'idleTimeoutMs is NaN',
      ]) {
        assert.ok(error.message.includes(part), part);
      }
      return true;
    },
  );
});

test('the defaults are in order, and undefined means the default', () => {
  assert.deepEqual(resolve({}), defaults);
  assert.equal(resolve({ port: undefined as unknown as number }).port, 6379);
  assert.ok(Object.isFrozen(resolve({ port: 1 })));
});

test('beyond loopback a password is required', () => {
  const reachable = [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'example.com',
    '127.example.com',
    '::ffff:10.0.0.1',
    'fe80::1%lo',
  ];
  for (const host of reachable) {
    assert.equal(isLoopback(host), false);
    assert.throws(() => resolve({ host }), OptionsError);
    assert.equal(resolve({ host, password: 'x' }).host, host);
  }
  const own = [
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    '::1%lo',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::FFFF:7f00:1',
    'localhost',
    'LOCALHOST',
  ];
  for (const host of own) assert.equal(resolve({ host }).host, host);
});

test('expired entries go by themselves, and shrinking maxmemory gives memory back', async () => {
  const clock = { now: 1_800_000_000_000, wallMs: () => clock.now, monotonicMs: () => performance.now() };
  await withNode({ clock }, async (node) => {
    const client = await node.connect();
    for (let i = 0; i < 50; i++) {
      const batch = Array.from({ length: 200 }, (_, j) =>
        encode(['SET', `k-${i}-${j}`, 'v'.repeat(100), 'PX', '1000']),
      );
      client.write(batch.join(''));
      await client.expect('+OK\r\n'.repeat(200));
    }
    await client.exchange('SET stays 1', '+OK\r\n');
    clock.now += 2000;
    for (let i = 0; node.inside.store.stats.expired < 9000; i++) {
      assert.ok(i < 1000, 'the sampler finds them');
      node.inside.cron.tick();
    }
    for (let i = 0; i < 1000; i++) await client.ask('SET', `large-${i}`, 'v'.repeat(5000));
    const before = node.inside.store.usedBytes;
    await client.exchange('CONFIG SET maxmemory 2mb', '+OK\r\n');
    await eventually(() => {
      node.inside.cron.tick();
      return node.inside.store.usedBytes <= 2 ** 21;
    }, `memory shrinks from ${before}`);
  });
});
