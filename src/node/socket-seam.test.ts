import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { byteString } from '../base/index.js';
import { serveConnections } from './socket-seam.js';
import { encode, eventually, TestClient, withNode } from './test-client.testkit.js';
import type { Wire } from './wire.js';

interface Echo {
  readonly server: Server;
  readonly port: number;
  readonly usesSeam: boolean;
  readonly accepted: Socket[];
  /** The ways of replies, of the sockets in `accepted`. */
  readonly wires: Wire[];
}

/** A server that sends back what it receives, and ends with the peer. */
async function withEcho(
  publicOnly: boolean,
  body: (echo: Echo) => Promise<void>,
  prepare: (server: Server) => void = () => {},
): Promise<void> {
  const server = createServer({ noDelay: true });
  const accepted: Socket[] = [];
  const wires: Wire[] = [];
  prepare(server);
  server.listen({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const usesSeam = serveConnections(server, publicOnly, (socket, wire) => {
    accepted.push(socket);
    wires.push(wire);
    socket.on('error', () => {});
    return (block, end) => socket.write(Buffer.from(byteString(block, 0, end), 'latin1'));
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  try {
    await body({ server, port: address.port, usesSeam, accepted, wires });
  } finally {
    for (const socket of accepted) socket.destroy();
    server.close();
  }
}

test('this version of Node.js has the seam', async () => {
  await withEcho(false, async (echo) => assert.equal(echo.usesSeam, true));
  await withEcho(true, async (echo) => assert.equal(echo.usesSeam, false));
});

for (const publicOnly of [false, true]) {
  const mode = publicOnly ? "with 'data' events" : 'with the seam';

  test(`${mode} bytes arrive whole and in order, on many connections`, async () => {
    await withEcho(publicOnly, async (echo) => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => TestClient.connect(echo.port)));
      const texts = clients.map((_, i) => `${i}-${'x'.repeat(50_000)}-${i};`);
      clients.forEach((client, i) => {
        client.write(texts[i]);
      });
      for (const [i, client] of clients.entries()) await client.expect(texts[i]);
      for (const client of clients) client.close();
    });
  });

  test(`${mode} the server keeps its books`, async () => {
    await withEcho(publicOnly, async (echo) => {
      let events = 0;
      echo.server.on('connection', () => events++);
      const count = async (): Promise<number> =>
        new Promise((resolve) => echo.server.getConnections((_error, number) => resolve(number)));
      const [a, b] = [await TestClient.connect(echo.port), await TestClient.connect(echo.port)];
      await eventually(() => events === 2, 'both are accepted');
      assert.equal(await count(), 2);
      a.close();
      await eventually(() => echo.accepted[0].destroyed, 'the server sees that one has left');
      assert.equal(await count(), 1);
      // `close` is called back once the last connection is gone.
      let closed = false;
      echo.server.close(() => {
        closed = true;
      });
      b.write('still here');
      await b.expect('still here');
      assert.equal(closed, false);
      b.close();
      await eventually(() => closed, 'the server is closed');
    });
  });

  test(`${mode} maxConnections drops what is too much`, async () => {
    let drops = 0;
    const limit = (server: Server): void => {
      server.maxConnections = 1;
      server.on('drop', () => drops++);
    };
    await withEcho(
      publicOnly,
      async (echo) => {
        const first = await TestClient.connect(echo.port);
        first.write('a');
        await first.expect('a');
        const second = await TestClient.connect(echo.port);
        assert.equal(await second.closed(), '');
        assert.equal(drops, 1);
      },
      limit,
    );
  });

  test(`${mode} who ends its side is answered, then closed`, async () => {
    await withEcho(publicOnly, async (echo) => {
      const client = await TestClient.connect(echo.port);
      client.socket.end('last words');
      assert.equal(await client.closed(), 'last words');
      await eventually(() => echo.accepted[0].destroyed, 'the server has closed, too');
    });
  });

  test(`${mode} a paused socket reads nothing, and goes on where it was`, async () => {
    await withEcho(publicOnly, async (echo) => {
      const client = await TestClient.connect(echo.port);
      client.write('a');
      await client.expect('a');
      echo.accepted[0].pause();
      client.write('b');
      const other = await TestClient.connect(echo.port);
      other.write('c');
      await other.expect('c');
      assert.equal(echo.accepted[0].bytesWritten, 1);
      echo.accepted[0].resume();
      await client.expect('b');
    });
  });

  test(`${mode} a wire tells at once what the kernel took, and later when it holds nothing more`, async () => {
    await withEcho(publicOnly, async (echo) => {
      const client = await TestClient.connect(echo.port);
      client.write('hello');
      await client.expect('hello');
      const [wire] = echo.wires;
      const told: unknown[] = [];
      wire.onSent = (error) => told.push(error ?? 'sent');
      assert.equal(wire.write(Buffer.from('small')), true);
      await client.expect('small');
      const large = Buffer.alloc(16 * 1024 * 1024, 'l');
      client.socket.pause();
      assert.equal(wire.write(large), false);
      client.socket.resume();
      await client.drop(large.length);
      await eventually(() => told.length === 1, 'it says that the large write is done');
      assert.equal(wire.write(Buffer.from('after')), true);
      await client.expect('after');
      assert.deepEqual(told, ['sent']);
    });
  });

  test(`${mode} a wire whose client is gone says so, and takes what it cannot send`, async () => {
    await withEcho(publicOnly, async (echo) => {
      const client = await TestClient.connect(echo.port);
      client.write('hello');
      await client.expect('hello');
      const [wire] = echo.wires;
      let told = 0;
      wire.onSent = () => told++;
      client.socket.pause();
      assert.equal(wire.write(Buffer.alloc(16 * 1024 * 1024)), false);
      client.socket.resetAndDestroy();
      await eventually(() => told === 1, 'it says that nothing is held');
      await eventually(() => echo.accepted[0].destroyed, 'the socket is closed');
      assert.equal(wire.write(Buffer.from('nobody hears this')), true);
    });
  });

  test(`${mode} a node serves`, async () => {
    await withNode({ publicSocketsOnly: publicOnly }, async (node) => {
      const client = await node.connect();
      const value = 'v'.repeat(300_000);
      client.send('SET', 'k', value);
      await client.expect('+OK\r\n');
      client.write(encode(['GET', 'k']).repeat(10));
      await client.expect(`$300000\r\n${value}\r\n`.repeat(10));
      for (const byte of encode(['PING'])) {
        client.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await client.expect('+PONG\r\n');
      client.socket.end(encode(['PING']));
      assert.equal(await client.closed(), '+PONG\r\n');
    });
  });
}

test('a connection that is reset disturbs nobody', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    for (let i = 0; i < 20; i++) {
      const socket = connect(node.running.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(encode(['SET', 'k', 'v']).repeat(100));
      socket.resetAndDestroy();
    }
    await client.exchange('PING', '+PONG\r\n');
    await eventually(() => node.inside.sessions.size === 1, 'all are forgotten');
  });
});
