import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { Hold } from './session.js';
import { encode, eventually, TestClient, withNode } from './test-client.testkit.js';

const INCR = encode(['INCR', 'n']);
/** Far longer than any drain of these tests takes: who waits for it fails. */
const LONG_MS = 600_000;

/** Errors of a socket from now on. */
function errorsOf(socket: Socket): NodeJS.ErrnoException[] {
  const errors: NodeJS.ErrnoException[] = [];
  socket.on('error', (error) => errors.push(error));
  return errors;
}

function repliesOf(count: number): string {
  return Array.from({ length: count }, (_, i) => `:${i + 1}\r\n`).join('');
}

for (const publicSocketsOnly of [false, true]) {
  test(`megabytes that have arrived are answered, through ${publicSocketsOnly ? 'public' : 'private'} sockets`, async () => {
    await withNode({ publicSocketsOnly, drainTimeoutMs: LONG_MS }, async (node) => {
      const client = await node.connect();
      const errors = errorsOf(client.socket);
      const count = 150_000;
      client.write(INCR.repeat(count));
      await once(client.socket, 'data');
      const drained = node.running.drain();
      assert.ok((await client.closed()) === repliesOf(count), 'every reply has come');
      assert.deepEqual(errors, []);
      await drained;
    });
  });
}

test('subscribers hear what was published until the drain began', async () => {
  await withNode({ drainTimeoutMs: LONG_MS }, async (node) => {
    const [subscriber, publisher] = [await node.connect(), await node.connect()];
    await subscriber.exchange('SUBSCRIBE c', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    const count = 60_000;
    publisher.write(encode(['PUBLISH', 'c', 'm']).repeat(count));
    await once(publisher.socket, 'data');
    const drained = node.running.drain();
    assert.ok((await publisher.closed()) === ':1\r\n'.repeat(count), 'every message was received');
    assert.ok((await subscriber.closed()) === encode(['message', 'c', 'm']).repeat(count), 'and delivered');
    await drained;
  });
});

test('what is sent after the last reply is dropped, without a reset', async () => {
  await withNode({ drainTimeoutMs: LONG_MS }, async (node) => {
    const socket = connect({ port: node.running.port, host: '127.0.0.1', allowHalfOpen: true });
    const errors = errorsOf(socket);
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    const ended = once(socket, 'end');
    socket.write(INCR);
    await once(socket, 'data');
    const drained = node.running.drain();
    await ended;
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => socket.write(INCR.repeat(10_000), resolve));
    }
    socket.end();
    await once(socket, 'close');
    assert.deepEqual([received, errors], [':1\r\n', []]);
    await drained;
    assert.equal(node.inside.stats.bytesIn, INCR.length);
  });
});

test('a client that does not answer the end is not waited for', async () => {
  await withNode({ drainTimeoutMs: LONG_MS }, async (node) => {
    const silent = connect({ port: node.running.port, host: '127.0.0.1', allowHalfOpen: true });
    silent.write('PING\r\n');
    await once(silent, 'data');
    await node.running.drain();
    silent.destroy();
  });
});

test('requests that wait for a client to read are dropped when half of the time is over, without a reset', async () => {
  let skewMs = 0;
  const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() + skewMs };
  await withNode({ drainTimeoutMs: LONG_MS, clock }, async (node) => {
    const client = await node.connect();
    const errors = errorsOf(client.socket);
    const value = 'v'.repeat(2 ** 20);
    await client.exchange(`SET big ${value}`, '+OK\r\n');
    client.stopReading();
    client.write(encode(['GET', 'big']).repeat(20) + INCR.repeat(200_000));
    const [session] = node.inside.sessions.all();
    await eventually(() => (session.holds & Hold.OUTPUT) !== 0, 'its requests wait');
    const drained = node.running.drain();
    skewMs = LONG_MS / 2;
    await eventually(() => session.closeAfterReply, 'it is ended');
    client.read();
    const replies = await client.closed();
    const reply = `$${value.length}\r\n${value}\r\n`;
    const count = Math.floor(replies.length / reply.length);
    assert.ok(count > 0 && replies === reply.repeat(count), 'whole replies');
    assert.deepEqual(
      errors.filter(({ code }) => code === 'ECONNRESET'),
      [],
    );
    await drained;
  });
});

test('a client that sends for ever is ended, and its replies are whole', async () => {
  await withNode({ drainTimeoutMs: 2_000 }, async (node) => {
    const client = await TestClient.connect(node.running.port);
    const errors = errorsOf(client.socket);
    const send = (): void => {
      if (client.socket.writable) client.socket.write(INCR.repeat(10_000), send);
    };
    send();
    await once(client.socket, 'data');
    await node.running.drain();
    const replies = await client.closed();
    assert.ok(replies === repliesOf(replies.split('\r\n').length - 1), 'whole replies');
    assert.deepEqual(
      errors.filter(({ code }) => code === 'ECONNRESET'),
      [],
    );
  });
});
