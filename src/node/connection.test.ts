import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, resp3, withNode } from './test-client.testkit.js';

const OK = '+OK\r\n';
const PONG = '+PONG\r\n';
const NOAUTH = '-NOAUTH Authentication required.\r\n';
const WRONGPASS = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
const HELLO_FIRST =
  '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time\r\n';

test('HELLO greets in the protocol that is asked for', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const greeting = (proto: number): string =>
      `$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$5\r\nproto\r\n:${proto}\r\n$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n`;
    await client.exchange('HELLO', '*14\r\n', greeting(2));
    await client.exchange('HELLO 3', '%7\r\n', greeting(3));
    await client.exchange('GET k', '_\r\n');
    await client.exchange('HELLO', '%7\r\n', greeting(3));
    await client.exchange('HELLO 2 SETNAME me', '*14\r\n', greeting(2));
    await client.exchange('CLIENT GETNAME', '$2\r\nme\r\n');
    await client.exchange('GET k', '$-1\r\n');
    // Both versions within one pipeline.
    client.write(`${encode(['GET', 'k'])}${encode(['HELLO', '3'])}${encode(['GET', 'k'])}`);
    await client.expect('$-1\r\n', '%7\r\n', greeting(3), '_\r\n');
  });
});

test('HELLO refuses what it does not know, and stays connected', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    for (const version of ['0', '1', '4', '-1', '99999999999']) {
      await client.exchange(`HELLO ${version}`, '-NOPROTO unsupported protocol version\r\n');
    }
    await client.exchange('HELLO abc', '-ERR Protocol version is not an integer or out of range\r\n');
    await client.exchange('HELLO 3 AUTH a', "-ERR Syntax error in HELLO option 'AUTH'\r\n");
    await client.exchange('HELLO 3 AUTH a b', WRONGPASS);
    await client.exchange('HELLO 3 NOSUCH', "-ERR Syntax error in HELLO option 'NOSUCH'\r\n");
    await client.exchange('GET k', '$-1\r\n');
  });
});

test('with a password little is allowed before it is given', async () => {
  await withNode({ password: 'pässword' }, async (node) => {
    const client = await node.connect();
    const given = Buffer.from('pässword', 'utf8').toString('latin1');
    for (const request of ['GET k', 'PING', 'MULTI', 'INFO', 'COMMAND', 'CLIENT ID'])
      await client.exchange(request, NOAUTH);
    await client.exchange('GET', "-ERR wrong number of arguments for 'get' command\r\n");
    await client.exchange(
      'EXEC',
      '-EXECABORT Transaction discarded because of: NOAUTH Authentication required.\r\n',
    );
    await client.exchange('HELLO 3', HELLO_FIRST);
    await client.exchange('HELLO', HELLO_FIRST);
    for (const wrong of ['wrong', '', given.slice(0, -1), `${given}x`, 'pässword']) {
      client.send('AUTH', wrong);
      await client.expect(WRONGPASS);
    }
    await client.exchange('AUTH default wrong', WRONGPASS);
    await client.exchange(`AUTH somebody ${given}`, WRONGPASS);
    await client.exchange('HELLO 3 AUTH default wrong', WRONGPASS);
    await client.exchange('PING', NOAUTH);
    await client.exchange(`AUTH ${given}`, OK);
    await client.exchange('PING', PONG);
    await client.exchange('RESET', '+RESET\r\n');
    await client.exchange('PING', NOAUTH);
    client.send('HELLO', '3', 'AUTH', 'default', given);
    assert.match(JSON.stringify(await client.reply()), /"proto",3/);
    await client.exchange('PING', PONG);
    const quitter = await node.connect();
    await quitter.exchange('QUIT', OK);
    assert.equal(await quitter.closed(), '');
  });
});

test('a password that is set later holds for new connections', async () => {
  await withNode({}, async (node) => {
    const old = await node.connect();
    await old.exchange(
      'AUTH x',
      '-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n',
    );
    await old.exchange('AUTH default anything', OK);
    await old.exchange('CONFIG SET requirepass x', OK);
    await old.exchange('PING', PONG);
    const late = await node.connect();
    await late.exchange('PING', NOAUTH);
    await late.exchange('AUTH x', OK);
    await late.exchange('CONFIG GET requirepass', '*2\r\n$11\r\nrequirepass\r\n$1\r\nx\r\n');
    old.send('CONFIG', 'SET', 'requirepass', '');
    await old.expect(OK);
    const open = await node.connect();
    await open.exchange('PING', PONG);
  });
});

test('guests are let in while there is no password', async () => {
  await withNode({ password: 'x' }, async (node) => {
    const [owner, guest] = [await node.connect(), await node.connect()];
    await owner.exchange('AUTH x', OK);
    await guest.exchange('PING', NOAUTH);
    owner.send('CONFIG', 'SET', 'requirepass', '');
    await owner.expect(OK);
    await guest.exchange('PING', PONG);
    await guest.ask('SET', 'k', 'v'.repeat(100_000));
    const late = await node.connect();
    await owner.exchange('CONFIG SET requirepass y', OK);
    await guest.exchange('PING', NOAUTH);
    for (const one of [owner, late]) await one.exchange('PING', PONG);
    await guest.exchange('AUTH y', OK);
    await owner.exchange('CONFIG SET requirepass z', OK);
    await guest.exchange('PING', PONG);
  });
});

test('beyond loopback the password can be changed and not cleared', async () => {
  await withNode({ host: '0.0.0.0', password: 'x' }, async (node) => {
    const client = await node.connect();
    await client.exchange('AUTH x', OK);
    client.send('CONFIG', 'SET', 'requirepass', '');
    await client.expect(
      "-ERR CONFIG SET failed (possibly related to argument 'requirepass') - host 0.0.0.0 can be reached from other machines, so a password is required\r\n",
    );
    await client.exchange('CONFIG SET requirepass y', OK);
    const other = await node.connect();
    await other.exchange('AUTH x', WRONGPASS);
    await other.exchange('AUTH y', OK);
  });
});

test('CLIENT REPLY OFF, SKIP and ON', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    client.write(
      [
        ['CLIENT', 'REPLY', 'SKIP'],
        ['ECHO', 'skipped'],
        ['ECHO', 'a'],
        ['CLIENT', 'REPLY', 'SKIP'],
        ['CLIENT', 'REPLY', 'SKIP'],
        ['NOSUCH', 'skipped'],
        ['ECHO', 'b'],
        ['CLIENT', 'REPLY', 'OFF'],
        ['ECHO', 'muted'],
        ['CLIENT', 'REPLY', 'SKIP'],
        ['ECHO', 'muted'],
        ['GET'],
        ['CLIENT', 'REPLY', 'ON'],
        ['ECHO', 'c'],
      ]
        .map(encode)
        .join(''),
    );
    await client.expect('$1\r\na\r\n', '$1\r\nb\r\n', OK, '$1\r\nc\r\n');
    await client.quiet();
  });
});

test('a muted client still gets its messages', async () => {
  await withNode({}, async (node) => {
    const [client, other] = [await node.connect(), await node.connect()];
    await resp3(client);
    client.send('CLIENT', 'REPLY', 'OFF');
    client.send('SUBSCRIBE', 'c');
    await client.expect('>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    client.send('PUBLISH', 'c', 'own');
    await client.expect('>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\nown\r\n');
    await other.exchange('PUBLISH c hi', ':1\r\n');
    await client.expect('>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n');
    await client.exchange('CLIENT REPLY ON', OK);
    await client.quiet();
  });
});

test('RESET makes the connection as new', async () => {
  await withNode({}, async (node) => {
    const [client, other] = [await node.connect(), await node.connect()];
    await resp3(client);
    for (const request of [
      'SELECT 3',
      'CLIENT SETNAME me',
      'CLIENT TRACKING ON',
      'CLIENT NO-TOUCH ON',
      'WATCH k',
    ]) {
      await client.exchange(request, OK);
    }
    await client.ask('SUBSCRIBE', 'c');
    await client.exchange('GET k', '_\r\n');
    await client.exchange('MULTI', OK);
    await client.exchange('RESET', '+RESET\r\n');
    await other.exchange('SELECT 3', OK);
    await other.exchange('SET k 1', OK);
    await other.exchange('PUBLISH c x', ':0\r\n');
    await client.exchange('GET k', '$-1\r\n');
    await client.exchange('CLIENT GETNAME', '$-1\r\n');
    const info = String(await client.ask('CLIENT', 'INFO'));
    assert.match(info, / flags=N db=0 sub=0 .* multi=-1 .* redir=-1 resp=2 /);
    await client.quiet();
    await client.exchange('MONITOR', OK);
    await client.exchange('RESET', '+RESET\r\n');
    await other.exchange('PING', PONG);
    await client.quiet();
  });
});

test('QUIT answers, and nothing behind it is executed', async () => {
  await withNode({}, async (node) => {
    const [client, other] = [await node.connect(), await node.connect()];
    client.write(encode(['QUIT']) + encode(['SET', 'k', '1']));
    assert.equal(await client.closed(), OK);
    await other.exchange('GET k', '$-1\r\n');
  });
});

test('SELECT keeps databases apart, and refuses what is none', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await client.exchange('SET k 0', OK);
    await client.exchange('SELECT 15', OK);
    await client.exchange('GET k', '$-1\r\n');
    for (const bad of ['16', '-1'])
      await client.exchange(`SELECT ${bad}`, '-ERR DB index is out of range\r\n');
    await client.exchange('SELECT abc', '-ERR value is not an integer or out of range\r\n');
    await client.exchange('SELECT 0', OK);
    await client.exchange('GET k', '$1\r\n0\r\n');
  });
});

test('a broken protocol is answered with what is wrong, then closed', async () => {
  await withNode({}, async (node) => {
    for (const [bytes, reply] of [
      ['*1\r\nfoo\r\n', "-ERR Protocol error: expected '$', got 'f'\r\n"],
      ['*abc\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
      ['*1\r\n$-1\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
      ['"unbalanced\r\n', '-ERR Protocol error: unbalanced quotes in request\r\n'],
    ] as const) {
      const client = await node.connect();
      client.write(`${encode(['PING'])}${bytes}${encode(['PING'])}`);
      assert.equal(await client.closed(), `${PONG}${reply}`);
    }
    const good = await node.connect();
    await good.exchange('PING', PONG);
    assert.equal(node.inside.stats.protocolErrors, 4);
  });
});

test('a subscribed RESP2 client may only do a few things, a RESP3 client everything', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await client.exchange('SUBSCRIBE c', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    for (const name of ['get k', 'client id', 'hello 3', 'multi']) {
      const command = name === 'client id' ? 'client|id' : name.split(' ')[0];
      await client.exchange(
        name,
        `-ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n`,
      );
    }
    await client.exchange('PING', '*2\r\n$4\r\npong\r\n$0\r\n\r\n');
    await client.exchange('PING hello', '*2\r\n$4\r\npong\r\n$5\r\nhello\r\n');
    await client.exchange('UNSUBSCRIBE', '*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n');
    await client.exchange('PING', PONG);
    await resp3(client);
    await client.exchange('SUBSCRIBE c', '>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    await client.exchange('PING', PONG);
    await client.exchange('GET k', '_\r\n');
    await client.ask('HELLO', '2');
    await client.exchange('PING', '*2\r\n$4\r\npong\r\n$0\r\n\r\n');
  });
});
