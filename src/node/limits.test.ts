import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutputLimit } from './options.js';
import { defaults } from './options.js';
import { encode, eventually, type TestClient, withNode } from './test-client.testkit.js';

const OK = '+OK\r\n';
const KIB = 1024;
const MIB = 1024 * KIB;

/** A clock that stands until it is told. */
function stoppedClock() {
  const clock = { now: 1_000_000, wallMs: () => 1_800_000_000_000, monotonicMs: () => clock.now };
  return clock;
}

async function store(client: TestClient, key: string, bytes: number): Promise<void> {
  assert.equal(await client.ask('SET', key, 'v'.repeat(bytes)), 'OK');
}

test('requests of a client that does not read wait, and are executed once it reads', async () => {
  await withNode({ outputPauseBytes: 64 * KIB }, async (node) => {
    const [slow, other] = [await node.connect(), await node.connect()];
    await store(other, 'big', MIB);
    slow.stopReading();
    const count = 60;
    for (let i = 0; i < count; i++) slow.send('GET', 'big');
    slow.send('SET', 'done', 'yes');
    await eventually(
      () => [...node.inside.sessions.all()].some((one) => one.inFlightBytes > 0),
      'output is left',
    );
    await other.exchange('GET done', '$-1\r\n');
    // What the kernel takes aside, at most the reply at hand and the bound are kept.
    assert.ok(node.inside.limits.clientsBytes < 4 * MIB, `${node.inside.limits.clientsBytes} bytes are kept`);
    slow.read();
    await slow.drop(count * (MIB + '$1048576\r\n\r\n'.length));
    await slow.expect(OK);
    await other.exchange('GET done', '$3\r\nyes\r\n');
    assert.equal(node.inside.limits.clientsBytes, 0, 'nothing is kept any more');
  });
});

test('a subscriber that does not read is closed at the hard limit of its class', async () => {
  const pubsub: OutputLimit = { hardBytes: 256 * KIB, softBytes: 0, softSeconds: 0 };
  await withNode({ outputLimits: { ...defaults.outputLimits, pubsub } }, async (node) => {
    const [subscriber, publisher] = [await node.connect(), await node.connect()];
    await subscriber.exchange('SUBSCRIBE c', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    subscriber.stopReading();
    const message = 'm'.repeat(32 * KIB);
    let reached: unknown = 1;
    for (let i = 0; reached === 1; i++) {
      assert.ok(i < 10_000, 'the limit is met');
      reached = await publisher.ask('PUBLISH', 'c', message);
      assert.ok(node.inside.limits.clientsBytes < MIB);
    }
    assert.equal(node.inside.sessions.size, 1);
    assert.equal(node.inside.stats.outputLimitCloses, 1);
    assert.equal(node.inside.limits.clientsBytes, 0);
    // A single message beyond the limit is not even written.
    const late = await node.connect();
    await late.exchange('SUBSCRIBE c', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    await publisher.ask('PUBLISH', 'c', 'm'.repeat(300 * KIB));
    assert.equal(await late.closed(), '');
  });
});

test('an ordinary client that does not read is closed at the limit of its class, if there is one', async () => {
  const normal: OutputLimit = { hardBytes: 256 * KIB, softBytes: 0, softSeconds: 0 };
  await withNode({ outputLimits: { ...defaults.outputLimits, normal } }, async (node) => {
    const [slow, other] = [await node.connect(), await node.connect()];
    await store(other, 'big', 128 * KIB);
    slow.stopReading();
    slow.write(encode(['GET', 'big']).repeat(200));
    await eventually(() => node.inside.stats.outputLimitCloses === 1, 'it is closed');
    await other.exchange('PING', '+PONG\r\n');
    assert.equal(node.inside.sessions.size, 1);
  });
});

test('the soft limit closes a client that exceeds it for its time', async () => {
  const clock = stoppedClock();
  const pubsub: OutputLimit = { hardBytes: 0, softBytes: 64 * KIB, softSeconds: 10 };
  await withNode({ clock, outputLimits: { ...defaults.outputLimits, pubsub } }, async (node) => {
    const [subscriber, publisher] = [await node.connect(), await node.connect()];
    await subscriber.exchange('SUBSCRIBE c', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    subscriber.stopReading();
    const [session] = [...node.inside.sessions.all()];
    while (session.softLimitSinceMs === 0) await publisher.ask('PUBLISH', 'c', 'm'.repeat(32 * KIB));
    clock.now += 9000;
    for (let i = 0; i < 5; i++) node.inside.cron.tick();
    assert.equal(session.closed, false);
    clock.now += 2000;
    for (let i = 0; i < 5; i++) node.inside.cron.tick();
    assert.equal(session.closed, true);
  });
});

test('one client more than allowed gets an error', async () => {
  await withNode({ maxClients: 2 }, async (node) => {
    const [first, second] = [await node.connect(), await node.connect()];
    await first.exchange('PING', '+PONG\r\n');
    await second.exchange('PING', '+PONG\r\n');
    const third = await node.connect();
    assert.equal(await third.closed(), '-ERR max number of clients reached\r\n');
    second.close();
    await eventually(() => node.inside.sessions.size === 1, 'the second is gone');
    const fourth = await node.connect();
    await fourth.exchange('PING', '+PONG\r\n');
    assert.equal(node.inside.stats.rejectedConnections, 1);
  });
});

test('idle clients are closed after their time, subscribers and blocked ones are not', async () => {
  const clock = stoppedClock();
  await withNode({ clock, idleTimeoutMs: 5000 }, async (node) => {
    const [idle, subscriber, blocked, active] = [
      await node.connect(),
      await node.connect(),
      await node.connect(),
      await node.connect(),
    ];
    await idle.exchange('PING', '+PONG\r\n');
    await subscriber.exchange('SUBSCRIBE c', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    blocked.send('WAIT', '1', '0');
    clock.now += 4000;
    node.inside.cron.tick();
    await active.exchange('PING', '+PONG\r\n');
    clock.now += 2000;
    for (let i = 0; i < 5; i++) node.inside.cron.tick();
    assert.equal(await idle.closed(), '');
    await active.exchange('PING', '+PONG\r\n');
    assert.equal(node.inside.sessions.size, 3);
  });
});

test('a client that never gives the password is closed after its time', async () => {
  const clock = stoppedClock();
  await withNode({ clock, password: 'secret', authTimeoutMs: 10_000 }, async (node) => {
    const [silent, known] = [await node.connect(), await node.connect()];
    await silent.exchange('PING', '-NOAUTH Authentication required.\r\n');
    await known.exchange('AUTH secret', OK);
    clock.now += 11_000;
    for (let i = 0; i < 5; i++) node.inside.cron.tick();
    assert.equal(await silent.closed(), '');
    await known.exchange('PING', '+PONG\r\n');
  });
});

test('before the password, requests are small', async () => {
  await withNode({ password: 'secret' }, async (node) => {
    const many = await node.connect();
    many.send('MGET', ...Array.from({ length: 10 }, (_, i) => `${i}`));
    assert.equal(await many.closed(), '-ERR Protocol error: unauthenticated multibulk length\r\n');
    const long = await node.connect();
    long.send('AUTH', 'x'.repeat(16_385));
    assert.equal(await long.closed(), '-ERR Protocol error: unauthenticated bulk length\r\n');
    const known = await node.connect();
    await known.exchange('AUTH secret', OK);
    await known.ask('MGET', ...Array.from({ length: 100 }, (_, i) => `${i}`));
    await store(known, 'k', 100_000);
    await known.exchange('RESET', '+RESET\r\n');
    known.send('AUTH', 'x'.repeat(16_385));
    assert.equal(await known.closed(), '-ERR Protocol error: unauthenticated bulk length\r\n');
  });
});

test('before the password, replies that nobody reads end the connection', async () => {
  await withNode({ password: 'secret' }, async (node) => {
    const client = await node.connect();
    client.stopReading();
    const requests = encode(['GET', 'k']).repeat(10_000);
    await eventually(() => {
      if (node.inside.sessions.size > 0) client.write(requests);
      return node.inside.stats.outputLimitCloses > 0;
    }, 'the client is closed');
    assert.equal(node.inside.sessions.size, 0);
    assert.equal(node.inside.limits.clientsBytes, 0);
  });
});

test('input that is never complete is bounded', async () => {
  await withNode({ maxQueryBytes: MIB }, async (node) => {
    const client = await node.connect();
    client.write(`*2\r\n$3\r\nGET\r\n$${10 * MIB}\r\n`);
    client.write('x'.repeat(2 * MIB));
    await client.closed();
    assert.equal(node.inside.stats.queryLimitCloses, 1);
    assert.equal(node.inside.limits.clientsBytes, 0);
  });
});

test('a blocked client may send only a little more', async () => {
  await withNode({ maxQueryBytes: MIB }, async (node) => {
    const client = await node.connect();
    client.send('WAIT', '1', '0');
    client.write(encode(['SET', 'k', 'x'.repeat(1000)]).repeat(10_000));
    await eventually(() => node.inside.waits.count === 1, 'the client is blocked');
    const [session] = [...node.inside.sessions.all()];
    await eventually(() => session.socket.isPaused(), 'its socket is paused');
    assert.ok(session.reader.pendingBytes < MIB);
    const other = await node.connect();
    await other.exchange(`CLIENT UNBLOCK ${session.id}`, ':1\r\n');
    await client.expect(':0\r\n', OK.repeat(10_000));
  });
});

test('a blocked client that leaves is noticed, whatever it has sent', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    client.send('WAIT', '1', '0');
    client.write(encode(['SET', 'k', 'x'.repeat(1000)]).repeat(2_000));
    await eventually(() => node.inside.waits.count === 1, 'the client is blocked');
    client.close();
    await eventually(() => node.inside.sessions.size === 0, 'it is forgotten');
    assert.equal(node.inside.waits.count, 0);
  });
});

test('a pipeline that is sent whole before a reply is read is answered', async () => {
  await withNode({ outputPauseBytes: 64 * KIB }, async (node) => {
    const client = await node.connect();
    await client.ask('SET', 'k', 'x'.repeat(1000));
    client.stopReading();
    client.write(encode(['GET', 'k']).repeat(20_000));
    const sent = new Promise<void>((resolve) => client.socket.write('', () => resolve()));
    await sent;
    const reply = `$1000\r\n${'x'.repeat(1000)}\r\n`;
    client.read();
    await client.drop(20_000 * reply.length);
    await client.quiet();
  });
});

test('when all clients together take too much the largest is closed', async () => {
  await withNode({ maxClientsBytes: 6 * MIB }, async (node) => {
    const [small, large, spared] = [await node.connect(), await node.connect(), await node.connect()];
    await spared.exchange('CLIENT NO-EVICT on', OK);
    /** Queues requests of 100 KB: they count until they are executed. */
    const queue = async (client: TestClient, count: number): Promise<void> => {
      for (let i = 0; i < count; i++)
        assert.equal(await client.ask('SET', 'k', 'x'.repeat(100_000)), 'QUEUED');
    };
    for (const client of [small, large, spared]) await client.exchange('MULTI', OK);
    await queue(small, 3);
    await queue(spared, 30);
    await queue(large, 20);
    assert.equal(node.inside.stats.evictedClients, 0);
    const last = await node.connect();
    await last.exchange('MULTI', OK);
    await queue(last, 3);
    // The next one's bytes are over the bound, wherever they are when they are counted.
    last.send('SET', 'k', 'x'.repeat(900_000));
    await large.closed();
    assert.equal(node.inside.stats.evictedClients, 1);
    await last.expect('+QUEUED\r\n');
    await small.exchange('EXEC', `*3\r\n${OK.repeat(3)}`);
    assert.ok(node.inside.limits.clientsBytes <= 6 * MIB);
  });
});

test('pushes to many connections in one event leave no buffer behind', async () => {
  await withNode({}, async (node) => {
    const clients = await Promise.all(Array.from({ length: 40 }, () => node.connect()));
    for (const client of clients)
      await client.exchange('SUBSCRIBE c', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    const publisher = await node.connect();
    await publisher.exchange('PUBLISH c hello', ':40\r\n');
    for (const client of clients) await client.expect('*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n');
    const { idle } = node.inside.outbox;
    for (const session of node.inside.sessions.all()) assert.equal(session.out, idle);
    assert.equal(idle.length, 0);
  });
});
