import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../index.js';
import { eventually, FakeServer, ManualTime } from './fake-server.testkit.js';
import { code, withConnection, withReady } from './staged-connection.testkit.js';

test('nothing is queued: while there is no connection, calls are rejected at once and say why', async () => {
  await withConnection({}, async ({ connection, server, time, events }) => {
    const rejected = (message: RegExp): Promise<void> =>
      assert.rejects(connection.call(['GET', 'k']), {
        code: 'NOT_CONNECTED',
        retryable: true,
        mayHaveRun: false,
        message,
      });
    await rejected(/it was not told to connect; call connect\(\) or ready\(\) first$/);
    connection.connect();
    assert.equal(connection.state, 'connecting');
    await rejected(/it is being made$/);
    const peer = await server.peer();
    await peer.greet();
    await eventually(() => connection.state === 'ready', 'it was ready');
    peer.close();
    await eventually(() => connection.state === 'waiting', 'the end was noticed');
    await rejected(/^there is no connection to 127\.0\.0\.1:\d+: .* has closed the connection$/);
    assert.equal(connection.server, undefined);
    time.advance(50);
    await (await server.peer()).greet();
    await connection.ready();
    connection.close();
    assert.deepEqual(
      events.map((event) => event.kind),
      ['ready', 'broken', 'ready', 'closed'],
    );
    await assert.rejects(connection.call(['GET', 'k']), code('CLOSED'));
    await assert.rejects(connection.ready(), code('CLOSED'));
  });
});

test('waits between attempts double, and are short again once a connection has proven itself', async () => {
  await withConnection(
    { firstRetryMs: 100, maxRetryMs: 500 },
    async ({ connection, server, time, events }) => {
      connection.connect();
      const waits: number[] = [];
      const readyThenLost = async (readyMs: number): Promise<void> => {
        const peer = await server.peer();
        await peer.greet();
        await eventually(() => connection.state === 'ready', 'it was ready');
        time.advance(readyMs);
        peer.close();
        await eventually(() => connection.state === 'waiting', 'the end was noticed');
        const last = events.at(-1);
        assert.ok(last?.kind === 'broken');
        waits.push(last.retryInMs);
        time.advance(last.retryInMs - 1);
        assert.equal(connection.state, 'waiting', 'not sooner');
        time.advance(1);
        assert.equal(connection.state, 'connecting');
      };
      for (const readyMs of [0, 4_999, 100, 0, 5_000, 0]) await readyThenLost(readyMs);
      assert.deepEqual(waits, [100, 200, 400, 500, 100, 200]);
    },
  );
});

test('ready() waits through failures up to its deadline', async () => {
  const server = await FakeServer.start();
  const { port } = server;
  await server.stop();
  const time = new ManualTime();
  const connection = new Connection({ port, time, connectDeadlineMs: 2_000, random: lowest });
  const ready = connection.ready();
  const rejected = assert.rejects(ready, {
    code: 'CONNECT_FAILED',
    retryable: true,
    message:
      /^127\.0\.0\.1:\d+ was not ready within 2000 ms; the last attempt: no connection could be made: .*ECONNREFUSED/,
  });
  assert.equal(connection.ready(), ready, 'shared by all who wait');
  await eventually(() => connection.state === 'waiting', 'the attempt failed');
  time.advance(1_000);
  await eventually(() => connection.state === 'waiting', 'the next failed');
  time.advance(1_000);
  await rejected;
  connection.close();
});

test('an attempt that hangs is given up', async () => {
  await withConnection({ connectDeadlineMs: 2_000 }, async ({ connection, server, time, events }) => {
    const ready = assert.rejects(connection.ready(), code('CONNECT_FAILED'));
    const peer = await server.peer();
    for (let i = 0; i < 3; i++) await peer.request();
    time.advance(2_000);
    await ready;
    await peer.closed();
    await eventually(() => connection.state === 'waiting', 'it was given up');
    const last = events.at(-1);
    assert.ok(last?.kind === 'broken' && !last.wasReady && last.error.code === 'CONNECT_FAILED');
    assert.match(last.error.message, /has not let us in within 2000 ms/);
  });
});

test('close rejects what waits, and ends an attempt', async () => {
  await withReady({}, async ({ connection, peer }) => {
    const call = connection.call(['GET', 'k']);
    await peer.request();
    connection.close();
    connection.close();
    await assert.rejects(call, code('CLOSED'));
    await peer.closed();
    assert.equal(connection.state, 'closed');
  });
  await withConnection({}, async ({ connection, server, time }) => {
    const ready = connection.ready();
    const peer = await server.peer();
    connection.close();
    await assert.rejects(ready, code('CLOSED'));
    await peer.closed();
    time.advance(60_000);
    assert.equal(connection.state, 'closed');
  });
});

test('the process is kept alive by calls that wait and by ready(), not by a connection', async () => {
  await withConnection({}, async ({ connection, server, time }) => {
    connection.connect();
    assert.equal(time.alive, 0);
    const ready = connection.ready();
    assert.equal(time.alive, 1);
    const peer = await server.peer();
    await peer.greet();
    await ready;
    time.advance(10);
    assert.equal(time.alive, 0, 'idle');
    const call = connection.call(['GET', 'k']);
    await peer.request();
    assert.equal(time.alive, 1);
    peer.write('_\r\n');
    await call;
    time.advance(10);
    assert.equal(time.alive, 0, 'idle again');
    peer.close();
    await eventually(() => connection.state === 'waiting', 'the end was noticed');
    assert.equal(time.alive, 0);
  });
});

const lowest = { uint32: () => 0, below: () => 0 };
