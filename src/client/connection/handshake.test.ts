import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { type ConnectionOptions, utf8Text } from '../index.js';
import { eventually, GREETING } from './fake-server.testkit.js';
import { code, withConnection, withReady } from './staged-connection.testkit.js';

const SECRET = 'pass word%7';

test('everything of the handshake goes in the first write, and all is answered before a call is sent', async () => {
  const options = {
    username: 'app',
    password: SECRET,
    clientName: 'web-1',
    database: 3,
    setup: [['CLIENT', 'TRACKING', 'ON']],
  };
  await withConnection(options, async ({ connection, server, events }) => {
    const ready = connection.ready();
    const peer = await server.peer();
    const commands: string[] = [];
    for (let i = 0; i < 5; i++) commands.push((await peer.request()).join(' '));
    assert.match(commands[2], /^CLIENT SETINFO LIB-VER \d+\.\d+\.\d+/);
    commands[2] = 'version';
    assert.deepEqual(commands, [
      `HELLO 3 AUTH app ${SECRET} SETNAME web-1`,
      'CLIENT SETINFO LIB-NAME nuthatch',
      'version',
      'SELECT 3',
      'CLIENT TRACKING ON',
    ]);
    assert.deepEqual(peer.chunks, [5], 'one write');
    // An old server knows no SETINFO: never mind.
    peer.write(`${GREETING}-ERR unknown subcommand 'SETINFO'\r\n+OK\r\n+OK\r\n`);
    await assert.rejects(connection.call(['GET', 'early']), code('NOT_CONNECTED'));
    peer.write('+OK\r\n');
    await ready;
    const server_ = { server: 'redis', version: '7.4.0', id: 17, mode: 'standalone', role: 'master' };
    assert.deepEqual(connection.server, server_);
    assert.deepEqual(events, [{ kind: 'ready', server: server_ }]);
    const call = connection.call(['GET', 'k'], { decode: utf8Text });
    assert.deepEqual(await peer.request(), ['GET', 'k']);
    peer.write('$1\r\nv\r\n');
    assert.equal(await call, 'v');
  });
});

test('a password without a user name is that of the default user', async () => {
  await withConnection({ password: SECRET }, async ({ connection, server }) => {
    connection.connect();
    const [hello] = await (await server.peer()).greet();
    assert.deepEqual(hello, ['HELLO', '3', 'AUTH', 'default', SECRET]);
  });
});

const NOAUTH = '-NOAUTH Authentication required.\r\n';

const refusals: readonly [
  name: string,
  options: ConnectionOptions,
  answers: string,
  code: string,
  message: RegExp,
][] = [
  [
    'a wrong password',
    { username: 'app', password: SECRET },
    `-WRONGPASS invalid username-password pair or user is disabled.\r\n${NOAUTH}${NOAUTH}`,
    'AUTHENTICATION',
    /does not accept user 'app' with this password \(WRONGPASS\); check both$/,
  ],
  [
    'no password',
    {},
    `-NOAUTH HELLO must be called with the client already authenticated\r\n${NOAUTH}${NOAUTH}`,
    'AUTHENTICATION',
    /wants a password; give username and password$/,
  ],
  [
    'a server that repeats what it does not know',
    { password: SECRET },
    `-ERR unknown command \`HELLO\`, with args beginning with: \`3\`, \`AUTH\`, \`default\`, \`${SECRET}\`, \r\n${NOAUTH}`,
    'UNSUPPORTED_SERVER',
    /does not speak RESP3; it takes Nuthatch, Redis 6 or newer, or Valkey/,
  ],
  [
    'an unheard-of refusal that repeats the password',
    { password: SECRET },
    `-OOPS ${SECRET}\r\n`,
    'SETUP_REFUSED',
    /refuses the connection with OOPS$/,
  ],
  ['RESP2 only', {}, '-NOPROTO unsupported protocol version\r\n', 'UNSUPPORTED_SERVER', /RESP3/],
  ['an answer in RESP2', {}, '*2\r\n$5\r\nproto\r\n:2\r\n', 'UNSUPPORTED_SERVER', /RESP3/],
  [
    'a refused database',
    { database: 99 },
    `${GREETING}+OK\r\n+OK\r\n-ERR DB index is out of range\r\n`,
    'SETUP_REFUSED',
    /SELECT was answered with: ERR DB index is out of range$/,
  ],
  [
    'a refused setup command',
    { setup: [['CLIENT', 'TRACKING', 'ON'], ['PING']] },
    `${GREETING}+OK\r\n+OK\r\n-ERR no\r\n`,
    'SETUP_REFUSED',
    /refuses what this connection begins with: CLIENT was answered with: ERR no$/,
  ],
];

for (const [name, options, answers, expected, message] of refusals) {
  test(`${name}: ready() rejects at once, and the next attempt is far away`, async () => {
    await withConnection(options, async ({ connection, server, time, events }) => {
      const ready = connection.ready();
      const peer = await server.peer();
      await peer.request();
      peer.write(answers);
      const error = await ready.then(
        () => assert.fail('it is ready'),
        (reason: unknown) => reason,
      );
      assert.ok(code(expected)(error));
      assert.match((error as Error).message, message);
      assert.equal((error as { retryable: boolean }).retryable, false);
      await assert.rejects(connection.ready(), code(expected), 'also who comes later');
      await assert.rejects(connection.call(['GET', 'k']), code('NOT_CONNECTED'));
      const broken = events.at(-1);
      assert.ok(events.length === 1 && broken?.kind === 'broken' && broken.retryInMs >= 15_000);
      assert.ok(!inspect([events, error], { depth: 9 }).includes('word%7'), 'no password in what is said');
      time.advance(broken.retryInMs);
      await (await server.peer()).request();
    });
  });
}

test('a server that is loading or full is tried again soon', async () => {
  for (const words of [
    'LOADING Redis is loading the dataset in memory',
    'ERR max number of clients reached',
  ]) {
    await withConnection({}, async ({ connection, server, time, events }) => {
      const ready = connection.ready();
      const peer = await server.peer();
      await peer.request();
      peer.write(`-${words}\r\n`);
      peer.socket.end();
      await eventually(() => connection.state === 'waiting', 'it was refused');
      const broken = events.at(-1);
      assert.ok(broken?.kind === 'broken' && broken.error.code === 'CONNECT_FAILED');
      assert.ok(broken.error.message.endsWith(words), broken.error.message);
      time.advance(broken.retryInMs);
      await (await server.peer()).greet();
      await ready;
    });
  }
});

test('a connection lost within the handshake was never ready', async () => {
  await withConnection({}, async ({ connection, server, events }) => {
    connection.connect();
    const peer = await server.peer();
    for (let i = 0; i < 3; i++) await peer.request();
    peer.write(GREETING);
    peer.socket.end();
    await eventually(() => connection.state === 'waiting', 'the end was noticed');
    assert.deepEqual(
      events.map((event) => event.kind === 'broken' && [event.wasReady, event.error.code]),
      [[false, 'CONNECT_FAILED']],
    );
  });
});

test('pushes that come with the handshake are handled', async () => {
  await withReady({}, async ({ peer, happened }) => {
    peer.write('>1\r\n+hello\r\n');
    await eventually(() => happened.length === 1, 'the push was read');
  });
});
