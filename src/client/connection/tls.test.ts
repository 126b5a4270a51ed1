import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection, type ConnectionEvent, type ConnectionOptions, utf8Text } from '../index.js';
import { certificate, otherCertificate, privateKey } from './certificate.testkit.js';
import { eventually, FakeServer } from './fake-server.testkit.js';
import { code } from './staged-connection.testkit.js';

const NAME = 'cache.test';

async function withTls(
  tls: ConnectionOptions['tls'] & object,
  body: (connection: Connection, server: FakeServer, events: ConnectionEvent[]) => Promise<void>,
  server: Promise<FakeServer> = FakeServer.start({ cert: certificate, key: privateKey }),
): Promise<void> {
  const started = await server;
  const events: ConnectionEvent[] = [];
  const onEvent = (event: ConnectionEvent): void => {
    events.push(event);
  };
  const connection = new Connection({ port: started.port, tls, onEvent, connectDeadlineMs: 10_000 });
  try {
    await body(connection, started, events);
  } finally {
    connection.close();
    await started.stop();
  }
}

test('calls, large answers and large commands go through TLS', async () => {
  await withTls({ ca: certificate, servername: NAME }, async (connection, server) => {
    const ready = connection.ready();
    const peer = await server.peer();
    await peer.greet();
    await ready;
    const large = 'v'.repeat(3_000_000);
    const calls = [
      connection.call(['GET', 'k'], { decode: utf8Text, deadlineMs: 10_000 }),
      connection.call(['SET', 'k', large], { deadlineMs: 10_000 }),
      connection.call(['GET', 'l'], { decode: utf8Text, deadlineMs: 10_000 }),
    ];
    assert.deepEqual(await peer.request(), ['GET', 'k']);
    assert.ok((await peer.request())[2] === large);
    peer.write('$1\r\nv\r\n+OK\r\n');
    assert.deepEqual(await peer.request(), ['GET', 'l']);
    for (const part of [`$${large.length}\r\n`, large, '\r\n']) peer.write(part);
    const answers = await Promise.all(calls);
    assert.ok(answers[2] === large);
    assert.deepEqual(answers.slice(0, 2), ['v', 'OK']);
    peer.close();
    await eventually(() => connection.state !== 'ready', 'the end was noticed');
    await (await server.peer()).greet();
    await eventually(() => connection.state === 'ready', 'it came back by itself');
  });
});

test('a certificate of somebody else, or for another name, is not accepted', async () => {
  for (const tls of [{ servername: NAME }, { ca: otherCertificate, servername: NAME }, { ca: certificate }]) {
    await withTls(tls, async (connection, _server, events) => {
      await assert.rejects(connection.ready(), code('TLS_REFUSED'));
      const [broken] = events;
      assert.ok(broken.kind === 'broken' && broken.retryInMs >= 15_000);
      assert.match(
        broken.error.message,
        /^the certificate of 127\.0\.0\.1:\d+ is not accepted: .*; give the right tls\.ca or/,
      );
    });
  }
});

test('a server that wants a certificate of the client, and gets none', async () => {
  const wanting = FakeServer.start({
    cert: certificate,
    key: privateKey,
    ca: certificate,
    requestCert: true,
  });
  await withTls(
    { ca: certificate, servername: NAME },
    async (connection) => {
      const refused = { code: 'TLS_REFUSED', message: /or its lack: [\w ]+; give the right tls\.cert and/ };
      await assert.rejects(connection.ready(), refused);
    },
    wanting,
  );
});

test('the check of the certificate can be switched off', async () => {
  await withTls({ rejectUnauthorized: false }, async (connection, server) => {
    const ready = connection.ready();
    await (await server.peer()).greet();
    await ready;
  });
});

test('where it is switched off, a connection that is lost is made again soon', async () => {
  await withTls({ rejectUnauthorized: false }, async (connection, server, events) => {
    const ready = connection.ready();
    await (await server.peer()).greet();
    await ready;
    server.reset();
    await eventually(() => events.length === 2, 'the end was noticed');
    const [, broken] = events;
    assert.ok(broken.kind === 'broken' && broken.wasReady);
    assert.equal(broken.error.code, 'CONNECTION_LOST');
    assert.match(broken.error.message, /ECONNRESET/);
    assert.ok(broken.retryInMs <= 50);
  });
});

test('a server that does not speak TLS, and one that speaks it to a plain client', async () => {
  await withTls(
    { servername: NAME },
    async (connection, server) => {
      const event = connection.ready().catch(() => {});
      const peer = await server.peer();
      peer.write('-ERR Protocol error\r\n');
      await eventually(() => connection.state === 'waiting', 'it was noticed');
      await assert.rejects(connection.call(['PING']), /no connection could be made: .*wrong version number/i);
      connection.close();
      await event;
    },
    FakeServer.start(),
  );
  const server = await FakeServer.start({ cert: certificate, key: privateKey });
  const connection = new Connection({ port: server.port });
  connection.connect();
  await eventually(() => connection.state === 'waiting', 'it was noticed');
  await assert.rejects(connection.call(['PING']), code('NOT_CONNECTED'));
  connection.close();
  await server.stop();
});
