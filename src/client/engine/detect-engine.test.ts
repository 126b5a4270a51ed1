import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  eventually,
  type FakePeer,
  FakeServer,
  GREETING,
  ManualTime,
} from '../connection/fake-server.testkit.js';
import { code } from '../connection/staged-connection.testkit.js';
import type { ConnectionOptions } from '../index.js';
import { jsonSerializer } from '../serializer.js';
import { CacheMemory } from './cache-memory.js';
import { DetectEngine, type FoundServer } from './detect-engine.js';
import { type EngineHost, plainReading } from './engine.js';
import { notingHost } from './engine-host.testkit.js';
import { MemoryEngine } from './memory-engine.js';

const MISS = '*1\r\n$4\r\nmiss\r\n';

interface Stage {
  readonly server: FakeServer;
  readonly engine: DetectEngine;
  readonly time: ManualTime;
  readonly told: string[];
  /** What was made for Redis or Valkey. */
  readonly found: FoundServer[];
  /** The hosts of those engines. */
  readonly hosts: EngineHost[];
}

async function withDetect(
  body: (stage: Stage) => Promise<void>,
  connection: ConnectionOptions = {},
): Promise<void> {
  const server = await FakeServer.start();
  const time = new ManualTime();
  const told: string[] = [];
  const found: FoundServer[] = [];
  const hosts: EngineHost[] = [];
  const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks: true, node: 2 };
  const engine = new DetectEngine({ ...connection, port: server.port, time }, options, notingHost(told), {
    redis: (_server, all, host, what) => {
      found.push(what);
      hosts.push(host);
      return new MemoryEngine(new CacheMemory({ maxBytes: 2 ** 20, time }), all, host);
    },
  });
  try {
    await body({ server, engine, time, told, found, hosts });
  } finally {
    engine.close();
    await server.stop();
  }
}

/** Lets a connection in and takes its question. */
async function askedBy(server: FakeServer): Promise<FakePeer> {
  const peer = await server.peer();
  await peer.greet();
  assert.deepEqual(await peer.request(), ['INFO', 'server']);
  return peer;
}

/** The same greeting of a server in another mode. */
function greetingOf(mode: string): string {
  return GREETING.replace('$10\r\nstandalone', `$${mode.length}\r\n${mode}`);
}

function info(fields: string): string {
  const text = `# Server\r\n${fields}`;
  return `=${text.length + 4}\r\ntxt:${text}\r\n`;
}

const NUTHATCH = info('redis_version:7.4.0\r\nnuthatch_version:0.3.1\r\nredis_mode:standalone\r\n');
const REDIS = info('redis_version:7.4.0\r\nredis_mode:standalone\r\n');
const VALKEY = info('redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\n');

test('a node is talked to as such; before it is known calls are rejected, and ready waits', async () => {
  await withDetect(async ({ server, engine, told, found }) => {
    await assert.rejects(engine.read('k', 'lease', 100, plainReading), code('NOT_CONNECTED'));
    assert.equal(engine.description, `a server at 127.0.0.1:${server.port}`);
    const ready = engine.ready();
    const probe = await askedBy(server);
    await assert.rejects(engine.remove('k', 100), code('NOT_CONNECTED'));
    probe.write(NUTHATCH);
    await probe.closed();
    const peer = await server.peer();
    await peer.greet(1);
    await ready;
    assert.equal(engine.description, `nuthatch 0.3.1 at 127.0.0.1:${server.port}`);
    const read = engine.read('k', 'lease', 100, plainReading);
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'k']);
    peer.write(MISS);
    assert.deepEqual([(await read).status, (await read).node], ['miss', 2]);
    assert.deepEqual(told, ['reachable 2', 'ticket']);
    assert.deepEqual(found, []);
  });
});

test('another server is what its maker makes of it', async () => {
  for (const [reply, kind, version] of [
    [REDIS, 'redis', '7.4.0'],
    [VALKEY, 'valkey', '8.1.0'],
  ] as const) {
    await withDetect(async ({ server, engine, found }) => {
      const ready = engine.ready();
      (await askedBy(server)).write(reply);
      await ready;
      assert.deepEqual(found, [{ kind, version, mode: 'standalone' }]);
      assert.equal((await engine.read('k', 'look', 100, plainReading)).status, 'miss');
    });
  }
});

test('a server that cannot say yet is asked again, also over a new connection', async () => {
  await withDetect(async ({ server, engine, time, told, found }) => {
    const ready = assert.rejects(engine.ready(), code('REPLY'));
    const probe = await askedBy(server);
    probe.write('-LOADING loading the dataset in memory\r\n');
    await ready;
    assert.deepEqual(told.splice(0), ['unreachable 2']);
    await assert.rejects(engine.read('k', 'look', 100, plainReading), /LOADING/);
    time.advance(1_000);
    assert.deepEqual(await probe.request(), ['INFO', 'server']);
    probe.close();
    await eventually(() => told.length > 0, 'the loss was told');
    time.advance(50);
    const again = engine.ready();
    (await askedBy(server)).write(REDIS);
    await again;
    assert.equal(found.length, 1);
  });
});

test('a server that answers too late is asked again over the same connection', async () => {
  await withDetect(
    async ({ server, engine, time, told, found }) => {
      const ready = assert.rejects(engine.ready(), code('DEADLINE'));
      const probe = await askedBy(server);
      time.advance(120);
      await ready;
      probe.write(REDIS);
      assert.deepEqual(told.splice(0), ['unreachable 2']);
      time.advance(900);
      assert.equal(found.length, 0, 'nobody waits for that answer any more');
      time.advance(100);
      assert.deepEqual(await probe.request(), ['INFO', 'server']);
      const again = engine.ready();
      probe.write(REDIS);
      await again;
      assert.equal(found.length, 1);
    },
    { connectDeadlineMs: 100, maxSilenceMs: 60_000 },
  );
});

test('who waits is told when the connection breaks before the answer', async () => {
  await withDetect(async ({ server, engine }) => {
    const ready = assert.rejects(engine.ready(), code('NOT_CONNECTED'));
    (await askedBy(server)).close();
    await ready;
  });
});

test('a server that was asked again by a new connection is not asked by the old timer too', async () => {
  await withDetect(async ({ server, engine, time, told }) => {
    const ready = assert.rejects(engine.ready(), code('REPLY'));
    const probe = await askedBy(server);
    probe.write('-LOADING loading the dataset in memory\r\n');
    await ready;
    probe.close();
    await eventually(() => told.length === 2, 'the loss was told');
    time.advance(50);
    const next = await askedBy(server);
    const again = assert.rejects(engine.ready(), code('REPLY'));
    next.write('-LOADING loading the dataset in memory\r\n');
    await again;
    time.advance(1_100);
    assert.deepEqual(await next.request(), ['INFO', 'server']);
    const last = engine.ready();
    next.write(REDIS);
    await last;
    assert.equal(next.unread, 0);
  });
});

test('a server that cannot be used is refused with a reason, until there is another', async () => {
  for (const [mode, reply, why] of [
    ['standalone', info('redis_version:6.0.16\r\n'), /is redis 6\.0\.16; it takes 6\.2 or newer/],
    ['cluster', REDIS, /is redis 7\.4\.0, a node of a cluster; give/],
    ['sentinel', VALKEY, /is valkey 8\.1\.0, a Sentinel, which keeps no keys; give/],
  ] as const) {
    await withDetect(async ({ server, engine, time, told, found }) => {
      const ready = assert.rejects(engine.ready(), code('UNSUPPORTED_SERVER'));
      const probe = await server.peer();
      for (let i = 0; i < 3; i++) await probe.request();
      probe.write(`${greetingOf(mode)}+OK\r\n+OK\r\n`);
      assert.deepEqual(await probe.request(), ['INFO', 'server']);
      probe.write(reply);
      await ready;
      await assert.rejects(engine.ready(), why, 'who asks later is told at once');
      await assert.rejects(engine.read('k', 'look', 100, plainReading), why);
      assert.deepEqual([told.splice(0), found], [['unreachable 2'], []]);
      probe.close();
      await eventually(() => told.length > 0, 'the loss was told');
      time.advance(50);
      const again = engine.ready();
      (await askedBy(server)).write(REDIS);
      await again;
      assert.equal(found.length, 1);
    });
  }
});

test('when its connection was made anew the server is asked again, and another engine is made for another server', async () => {
  await withDetect(async ({ server, engine, told, found, hosts }) => {
    const ready = engine.ready();
    (await askedBy(server)).write(REDIS);
    await ready;
    await eventually(() => told.length === 1, 'it was told that it is reachable');
    hosts[0]?.reachable(undefined, 2);
    const same = await askedBy(server);
    same.write(REDIS);
    await same.closed();
    hosts[0]?.reachable(undefined, 2);
    const probe = await askedBy(server);
    assert.equal(found.length, 1, 'it is the same');
    told.length = 0;
    probe.write(NUTHATCH);
    const peer = await server.peer();
    peer.write(`${GREETING}${'+OK\r\n'.repeat(3)}`);
    await engine.ready();
    assert.equal(engine.description, `nuthatch 0.3.1 at 127.0.0.1:${server.port}`);
    assert.deepEqual(told, ['unsound 2', 'reachable 2'], 'what the other has read is told of no more');
  });
});

test('after the end it asks nobody', async () => {
  await withDetect(async ({ server, engine, time, told }) => {
    const ready = assert.rejects(engine.ready(), code('CLOSED'));
    const probe = await askedBy(server);
    engine.close();
    await ready;
    await probe.closed();
    await assert.rejects(engine.ready(), code('CLOSED'));
    await assert.rejects(engine.read('k', 'look', 100, plainReading), code('CLOSED'));
    time.advance(60_000);
    assert.deepEqual(told, []);
  });
});
