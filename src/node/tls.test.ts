import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, connect as connectSecure } from 'node:tls';
import { authority, clientTls, nodeTls, selfMade } from './certificates.testkit.js';
import { MAX_HANDSHAKES } from './handshakes.js';
import { startNode } from './node.js';
import { Hold } from './session.js';
import { encode, eventually, TestClient, type TestNode, withNode } from './test-client.testkit.js';
import type { TlsOptions } from './tls-options.js';

const trusted: ConnectionOptions = { ca: authority };
const LONG_MS = 600_000;

function secure(node: TestNode, options: ConnectionOptions = trusted): Promise<TestClient> {
  return TestClient.connectSecure(node.running.port, options);
}

/** The error with which the node, or the client, ends a connection. */
async function failure(node: TestNode, options: ConnectionOptions): Promise<string> {
  const socket = connectSecure({ port: node.running.port, host: '127.0.0.1', ...options });
  // TLS 1.3: the client is through before the node has looked at its certificate.
  socket.on('secureConnect', () => socket.write(encode(['PING'])));
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('data', () => resolve('served'));
    socket.once('close', () => resolve('closed'));
  });
  const how = await ended;
  socket.destroy();
  return how;
}

test('requests, pipelines and large values go through TLS', async () => {
  await withNode({ tls: nodeTls }, async (node) => {
    const client = await secure(node);
    await client.exchange('CONFIG GET tls-port', `*2\r\n$8\r\ntls-port\r\n$5\r\n${node.running.port}\r\n`);
    const value = 'v'.repeat(3_000_000);
    const many = encode(['INCR', 'n']).repeat(10_000);
    client.write(encode(['SET', 'l', value]) + encode(['GET', 'l']).repeat(5) + many + encode(['QUIT']));
    const counts = Array.from({ length: 10_000 }, (_, i) => `:${i + 1}\r\n`);
    const replies = await client.closed();
    assert.ok(replies === `+OK\r\n${`$${value.length}\r\n${value}\r\n`.repeat(5)}${counts.join('')}+OK\r\n`);
  });
});

test('pushes go through TLS, and a password is asked for', async () => {
  await withNode({ tls: nodeTls, password: 'x' }, async (node) => {
    const [client, other] = [await secure(node), await secure(node)];
    await client.exchange('PING', '-NOAUTH Authentication required.\r\n');
    for (const one of [client, other]) await one.exchange('AUTH x', '+OK\r\n');
    await client.exchange('SUBSCRIBE c', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    other.write(encode(['PUBLISH', 'c', 'hi']).repeat(1_000));
    await other.expect(':1\r\n'.repeat(1_000));
    await client.expect('*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n'.repeat(1_000));
  });
});

test('who ends its side is answered whole, then closed', async () => {
  await withNode({ tls: nodeTls }, async (node) => {
    const client = await secure(node);
    const value = 'v'.repeat(100_000);
    await client.exchange(`SET k ${value}`, '+OK\r\n');
    // More than one record of TLS, so that it is read in several parts while replies are held.
    client.socket.end(encode(['GET', 'k']).repeat(50) + encode(['ECHO', 'x'.repeat(100_000)]));
    const replies = await client.closed();
    assert.ok(replies === `$100000\r\n${value}\r\n`.repeat(50) + `$100000\r\n${'x'.repeat(100_000)}\r\n`);
    await eventually(() => node.inside.sessions.size === 0, 'it is forgotten');
  });
});

test('a client that does not read is waited for, within the limits, and hinders nobody', async () => {
  await withNode({ tls: nodeTls, outputPauseBytes: 2 ** 20 }, async (node) => {
    const [slow, other] = [await secure(node), await secure(node)];
    const value = 'v'.repeat(2 ** 20);
    await slow.exchange(`SET big ${value}`, '+OK\r\n');
    slow.stopReading();
    slow.write(encode(['GET', 'big']).repeat(30) + encode(['QUIT']));
    const [session] = node.inside.sessions.all();
    await eventually(() => (session.holds & Hold.OUTPUT) !== 0, 'its requests wait');
    await other.exchange('PING', '+PONG\r\n');
    // What is encrypted and not taken is a piece, not all that waits.
    assert.ok(session.socket.writableLength <= 256 * 1024);
    slow.read();
    assert.ok((await slow.closed()) === `${`$${value.length}\r\n${value}\r\n`.repeat(30)}+OK\r\n`);
  });
});

test('a slow reader over the limit of its class is closed, and one that is reset while bytes are held is forgotten', async () => {
  const limit = { hardBytes: 2 ** 20, softBytes: 0, softSeconds: 0 };
  const outputLimits = { normal: limit, replica: limit, pubsub: limit };
  await withNode({ tls: nodeTls, outputLimits, outputPauseBytes: 2 ** 30 }, async (node) => {
    const [over, reset] = [await secure(node), await secure(node)];
    for (const client of [over, reset]) client.stopReading();
    over.write(encode(['SET', 'big', 'v'.repeat(500_000)]) + encode(['GET', 'big']).repeat(60));
    await eventually(() => node.inside.sessions.size === 1, 'the slow one is closed');
    reset.write(encode(['GET', 'big']));
    const [session] = node.inside.sessions.all();
    await eventually(() => session.inFlightBytes > 0 || session.lastCommand !== undefined, 'it was executed');
    reset.socket.destroy();
    await eventually(() => node.inside.sessions.size === 0, 'it is forgotten');
  });
});

test('a drain answers what has arrived over TLS, and closes', async () => {
  await withNode({ tls: nodeTls, drainTimeoutMs: LONG_MS }, async (node) => {
    const client = await secure(node);
    await client.exchange('PING', '+PONG\r\n');
    const errors: unknown[] = [];
    client.socket.on('error', (error) => errors.push(error));
    const value = 'v'.repeat(1_000_000);
    client.write(encode(['SET', 'k', value]) + encode(['GET', 'k']).repeat(10));
    await eventually(() => node.inside.stats.bytesIn > 1_000_000, 'it has arrived');
    const drained = node.running.drain();
    assert.ok((await client.closed()) === `+OK\r\n${`$1000000\r\n${value}\r\n`.repeat(10)}`);
    await drained;
    assert.deepEqual(errors, []);
  });
});

test('a client that speaks no TLS is closed, and told of once', async () => {
  await withNode({ tls: nodeTls }, async (node) => {
    for (const words of [['PING'], ['GET', 'k'], ['PING']]) {
      const client = await node.connect();
      client.send(...words);
      assert.doesNotMatch(await client.closed(), /PONG/);
    }
    const inline = await node.connect();
    inline.write('GET / HTTP/1.1\r\n\r\n');
    await inline.closed();
    assert.equal(
      node.logged.filter((line) => /127\.0\.0\.1 is closed: it does not speak TLS/.test(line)).length,
      4,
    );
    assert.equal(new Set(node.logged).size, 1);
    await (await secure(node)).exchange('PING', '+PONG\r\n');
  });
});

for (const publicSocketsOnly of [false, true]) {
  test(`TLS to a plain port is refused with words; publicSocketsOnly ${publicSocketsOnly}`, async () => {
    await withNode({ publicSocketsOnly }, async (node) => {
      assert.equal(await failure(node, trusted), 'ERR_SSL_WRONG_VERSION_NUMBER');
      const raw = await node.connect();
      raw.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
      raw.write(encode(['SET', 'k', 'v']));
      assert.equal(await raw.closed(), '-ERR this port does not speak TLS\r\n');
      await (await node.connect()).exchange('GET k', '$-1\r\n');
      assert.match(node.logged[0], /127\.0\.0\.1 is closed: it speaks TLS, and this node has no certificate/);
    });
  });
}

test('a client that does not know the authority, and one of an old version, are not served', async () => {
  await withNode({ tls: nodeTls }, async (node) => {
    for (const options of [{}, { ca: selfMade.cert }])
      assert.match(await failure(node, options), /^UNABLE_TO_/);
    const old = { ca: authority, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } as const;
    assert.match(await failure(node, old), /^ERR_SSL_/);
    const two = await secure(node, { ca: authority, maxVersion: 'TLSv1.2' });
    await two.exchange('PING', '+PONG\r\n');
  });
});

test('certificates of clients: none, a right one, a wrong one', async () => {
  const right = { ...trusted, ...clientTls };
  const wrong = { ...trusted, ...selfMade };
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const [clientCertificates, [none, good, bad]] of [
      ['no', [true, true, true]],
      ['optional', [true, true, false]],
      ['required', [false, true, false]],
    ] as const) {
      await withNode({ tls: { ...nodeTls, ca: authority, clientCertificates } }, async (node) => {
        const served = async (options: ConnectionOptions) =>
          (await failure(node, { ...options, maxVersion })) === 'served';
        assert.deepEqual(
          [await served(trusted), await served(right), await served(wrong)],
          [none, good, bad],
        );
        const refusals = node.logged.filter((line) => line.includes('certificate'));
        assert.equal(
          refusals.length,
          [none, bad].filter((isServed) => !isServed).length,
          refusals.join('\n'),
        );
        await eventually(() => node.inside.sessions.size === 0, 'all are gone');
      });
    }
  }
});

test('a certificate is renewed while the node serves', async () => {
  await withNode({ tls: nodeTls }, async (node) => {
    const before = await secure(node);
    assert.throws(
      () => node.running.renewTls({ ...nodeTls, key: clientTls.key }),
      /tls\.key does not belong/,
    );
    node.running.renewTls(selfMade);
    await before.exchange('PING', '+PONG\r\n');
    assert.equal(await failure(node, trusted), 'DEPTH_ZERO_SELF_SIGNED_CERT');
    const after = await secure(node, { ca: selfMade.cert, servername: 'cache.test' });
    await after.exchange('PING', '+PONG\r\n');
  });
  await withNode({}, async (node) => {
    assert.throws(() => node.running.renewTls(nodeTls), /not given at the start/);
  });
});

test('handshakes under way are bounded, and end with the node', async () => {
  await withNode({ tls: nodeTls }, async (node) => {
    const port = node.running.port;
    const sockets = Array.from({ length: MAX_HANDSHAKES + 1 }, () => connect(port, '127.0.0.1'));
    const closed = sockets.map((socket) => once(socket.on('error', () => {}).resume(), 'close'));
    await Promise.race(closed);
    assert.equal(sockets.filter((socket) => socket.closed).length, 1);
    assert.match(node.logged.join('\n'), /1000 handshakes of TLS are under way/);
    await node.running.stop();
    await Promise.all(closed);
  });
});

test('what is wrong with the options of TLS is told before the node starts', async () => {
  const problems = async (tls: TlsOptions): Promise<string> => {
    try {
      await (await startNode({ port: 0, tls })).stop();
      return '';
    } catch (error) {
      return (error as Error).message.split('\n').slice(1).join('\n');
    }
  };
  assert.equal(await problems(nodeTls), '');
  assert.equal(
    await problems({ cert: 'x', key: 'y', ca: 'z' }),
    [
      '  - tls.cert holds no certificate: give one in PEM form, its chain behind it.',
      '  - tls.key holds no private key: give one in PEM form, without a passphrase.',
      '  - tls.ca holds no certificate: give those of the authorities in PEM form.',
    ].join('\n'),
  );
  assert.match(
    await problems({ ...nodeTls, key: clientTls.key }),
    /tls\.key does not belong to the certificate/,
  );
  assert.match(
    await problems({ ...nodeTls, clientCertificates: 'required' }),
    /tls\.clientCertificates is required, and there is no authority/,
  );
  const damaged = `${nodeTls.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
  assert.match(await problems({ ...nodeTls, cert: damaged }), /tls\.cert cannot be used for TLS: /);
  await assert.rejects(startNode({ port: 0, host: '0.0.0.0', tls: nodeTls }), /a password is required/);
});

test('a certificate of another time is told of, and used', async () => {
  for (const [year, words] of [
    [2200, /has expired/],
    [2020, /not valid yet/],
  ] as const) {
    const clock = { wallMs: () => Date.UTC(year, 0), monotonicMs: () => performance.now() };
    await withNode({ tls: nodeTls, clock }, async (node) => {
      assert.match(node.logged.join('\n'), words);
      await (await secure(node)).exchange('PING', '+PONG\r\n');
    });
  }
});
