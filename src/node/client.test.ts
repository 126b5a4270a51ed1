import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mode } from './session.js';
import { encode, eventually, resp3, type TestNode, withNode } from './test-client.testkit.js';

const OK = '+OK\r\n';
const PONG = '+PONG\r\n';

test('CLIENT LIST and INFO tell who is there, as Redis does', async () => {
  await withNode({}, async (node) => {
    const [client, other] = [await node.connect(), await node.connect()];
    await other.exchange('CLIENT SETNAME worker', OK);
    await other.exchange('CLIENT SETINFO LIB-NAME lib', OK);
    await other.exchange('CLIENT SETINFO LIB-VER 1.2', OK);
    await other.exchange('SELECT 3', OK);
    await other.exchange('MULTI', OK);
    await other.exchange('GET k', '+QUEUED\r\n');
    const lines = String(await client.ask('CLIENT', 'LIST'))
      .trimEnd()
      .split('\n');
    assert.equal(lines.length, 2);
    assert.match(
      lines[1],
      /^id=2 addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=-?\d+ name=worker age=\d+ idle=\d+ flags=x db=3 sub=0 psub=0 ssub=0 multi=1 qbuf=\d+ qbuf-free=\d+ argv-mem=\d+ multi-mem=\d+ rbs=\d+ rbp=\d+ obl=\d+ oll=\d+ omem=\d+ tot-mem=\d+ events=r cmd=get user=default redir=-1 resp=2 lib-name=lib lib-ver=1\.2$/,
    );
    const info = String(await client.ask('CLIENT', 'INFO'));
    assert.match(info, /^id=1 .* cmd=client\|info /);
    assert.equal(String(await client.ask('CLIENT', 'LIST', 'ID', '2', '99')).split('\n').length, 2);
    assert.equal(String(await client.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')), '');
    assert.equal(String(await client.ask('CLIENT', 'LIST', 'TYPE', 'normal')).split('\n').length, 3);
    await client.exchange('CLIENT LIST TYPE none', "-ERR Unknown client type 'none'\r\n");
    await client.exchange('CLIENT LIST ID x', '-ERR Invalid client ID\r\n');
    await client.exchange('CLIENT LIST ID', '-ERR syntax error\r\n');
  });
});

test('names are printable', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const bad = '-ERR Client names cannot contain spaces, newlines or special characters.\r\n';
    for (const name of ['a b', 'a\nb', '\x7f', 'é']) {
      client.send('CLIENT', 'SETNAME', name);
      await client.expect(bad);
      client.send('HELLO', '3', 'SETNAME', name);
      await client.expect(bad);
    }
    await client.exchange('CLIENT GETNAME', '$-1\r\n');
    client.send('CLIENT', 'SETINFO', 'LIB-NAME', 'a b');
    await client.expect('-ERR lib-name cannot contain spaces, newlines or special characters.\r\n');
    await client.exchange('CLIENT SETINFO NOSUCH x', "-ERR Unrecognized option 'NOSUCH'\r\n");
  });
});

test('CLIENT KILL closes by address and by filters that all hold', async () => {
  await withNode({}, async (node) => {
    const killer = await node.connect();
    const kill = async (filter: string): Promise<unknown> =>
      killer.ask('CLIENT', 'KILL', ...filter.split(' '));
    const victim = await node.connect();
    const { localPort } = victim.socket;
    assert.equal(await kill(`127.0.0.1:${localPort}`), 'OK');
    assert.equal(await victim.closed(), '');
    const [a, b, c] = [await node.connect(), await node.connect(), await node.connect()];
    const id = Number(await a.ask('CLIENT', 'ID'));
    await b.ask('SUBSCRIBE', 'x');
    await c.exchange('PING', PONG);
    assert.equal(await kill(`ID ${id} TYPE pubsub`), 0);
    assert.equal(await kill(`ID ${id} TYPE normal`), 1);
    assert.equal(await a.closed(), '');
    assert.equal(await kill('TYPE pubsub'), 1);
    assert.equal(await b.closed(), '');
    assert.equal(await kill('USER default'), 1);
    assert.equal(await c.closed(), '');
    assert.equal(await kill('LADDR 1.1.1.1:1'), 0);
    await killer.exchange('CLIENT KILL 1.1.1.1:1', '-ERR No such client\r\n');
    await killer.exchange(
      'CLIENT KILL ID 0',
      '-ERR No such client\r\n'.replace('No such client', 'client-id should be greater than 0'),
    );
    await killer.exchange('CLIENT KILL USER nobody', "-ERR No such user 'nobody'\r\n");
    killer.write(encode(['CLIENT', 'KILL', 'USER', 'default', 'SKIPME', 'no']) + encode(['PING']));
    assert.equal(await killer.closed(), ':1\r\n', 'itself after its reply');
  });
});

test('CLIENT PAUSE WRITE holds back writes, in order, until its end', async () => {
  const clock = { now: 1000, wallMs: () => 1_800_000_000_000, monotonicMs: () => clock.now };
  await withNode({ clock }, async (node) => {
    const [client, reader] = [await node.connect(), await node.connect()];
    await client.exchange('CLIENT PAUSE 5000 WRITE', OK);
    client.write(
      [
        ['GET', 'k'],
        ['SET', 'k', '1'],
        ['GET', 'k'],
        ['PUBLISH', 'c', 'x'],
      ]
        .map(encode)
        .join(''),
    );
    await client.expect('$-1\r\n');
    await reader.exchange('GET k', '$-1\r\n');
    assert.match(String(await reader.ask('INFO', 'clients')), /blocked_clients:1/);
    assert.match(String(await reader.ask('CLIENT', 'LIST', 'ID', '1')), / flags=b /);
    clock.now += 4000;
    node.inside.cron.tick();
    await reader.exchange('GET k', '$-1\r\n');
    clock.now += 1000;
    node.inside.cron.tick();
    await client.expect(OK, '$1\r\n1\r\n', ':0\r\n');
  });
});

test('CLIENT UNPAUSE lets all go on; EXEC waits only if it would write', async () => {
  await withNode({}, async (node) => {
    const [client, other] = [await node.connect(), await node.connect()];
    await other.exchange('CLIENT PAUSE 100000 WRITE', OK);
    await client.exchange('MULTI', OK);
    await client.exchange('GET k', '+QUEUED\r\n');
    await client.exchange('EXEC', '*1\r\n$-1\r\n');
    await other.exchange('CLIENT UNPAUSE', OK);
    await client.exchange('MULTI', OK);
    await client.exchange('SET k 1', '+QUEUED\r\n');
    await other.exchange('CLIENT PAUSE 100000 WRITE', OK);
    client.send('EXEC');
    await eventually(() => node.inside.pauses.waitingCount === 1, 'the write waits');
    await other.exchange('GET k', '$-1\r\n');
    await other.exchange('CLIENT UNPAUSE', OK);
    await client.expect('*1\r\n', OK);
    await other.exchange('CLIENT PAUSE 100000', OK);
    client.send('PING');
    await eventually(() => node.inside.pauses.waitingCount === 1, 'everything waits');
    client.close();
    await eventually(() => node.inside.sessions.size === 1, 'a paused client may leave');
    assert.equal(node.inside.pauses.waitingCount, 0);
  });
});

test('CLIENT PAUSE and UNBLOCK refuse what makes no sense', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await client.exchange('CLIENT PAUSE abc', '-ERR timeout is not an integer or out of range\r\n');
    await client.exchange('CLIENT PAUSE -1', '-ERR timeout is negative\r\n');
    await client.exchange('CLIENT PAUSE 1 NOSUCH', '-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n');
    await client.exchange('CLIENT UNBLOCK abc', '-ERR value is not an integer or out of range\r\n');
    await client.exchange(
      'CLIENT UNBLOCK 1 NOSUCH',
      '-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n',
    );
    await client.exchange('CLIENT UNBLOCK 999', ':0\r\n');
  });
});

test('WAIT blocks its client only, until its time or CLIENT UNBLOCK', async () => {
  const clock = { now: 1000, wallMs: () => 1_800_000_000_000, monotonicMs: () => clock.now };
  await withNode({ clock }, async (node) => {
    const [client, other] = [await node.connect(), await node.connect()];
    await client.exchange('WAIT 0 0', ':0\r\n');
    await client.exchange('WAIT -1 0', ':0\r\n');
    await client.exchange('WAIT 1 -5', '-ERR timeout is negative\r\n');
    await client.exchange('WAIT x 5', '-ERR value is not an integer or out of range\r\n');
    client.write(encode(['WAIT', '1', '500']) + encode(['ECHO', 'after']));
    await eventually(() => node.inside.waits.count === 1, 'it waits');
    assert.match(
      String(await other.ask('INFO', 'clients')),
      /blocked_clients:1[\s\S]*clients_in_timeout_table:1/,
    );
    clock.now += 500;
    node.inside.cron.tick();
    await client.expect(':0\r\n', '$5\r\nafter\r\n');
    client.write(encode(['WAIT', '1', '0']) + encode(['ECHO', 'after']));
    await eventually(() => node.inside.waits.count === 1, 'it waits again');
    await other.exchange('CLIENT UNBLOCK 1 ERROR', ':1\r\n');
    await client.expect('-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n', '$5\r\nafter\r\n');
    await client.exchange('MULTI', OK);
    await client.exchange('WAIT 1 0', '+QUEUED\r\n');
    await client.exchange('EXEC', '*1\r\n:0\r\n');
    client.send('WAIT', '1', '0');
    await eventually(() => node.inside.waits.count === 1, 'it waits once more');
    client.close();
    await eventually(() => node.inside.waits.count === 0, 'a blocked client may leave');
  });
});

test('a muted client stays muted when its command has waited', async () => {
  await withNode({}, async (node) => {
    const [client, other] = [await node.connect(), await node.connect()];
    for (const how of ['SKIP', 'OFF']) {
      client.write(encode(['CLIENT', 'REPLY', how]) + encode(['WAIT', '1', '0']));
      await eventually(() => node.inside.waits.count === 1, 'it waits');
      await other.exchange('CLIENT UNBLOCK 1 ERROR', ':1\r\n');
      await client.exchange('CLIENT REPLY ON', OK);
      await other.exchange('CLIENT PAUSE 100000 WRITE', OK);
      client.write(encode(['CLIENT', 'REPLY', how]) + encode(['SET', 'k', how]));
      await eventually(() => node.inside.pauses.waitingCount === 1, 'the write waits');
      await other.exchange('CLIENT UNPAUSE', OK);
      await client.exchange('CLIENT REPLY ON', OK);
      await client.exchange('GET k', `$${how.length}\r\n${how}\r\n`);
    }
    await client.quiet();
  });
});

test('NO-TOUCH leaves the order of eviction alone', async () => {
  await withNode({ maxMemoryBytes: 2 ** 21 }, async (node) => {
    const [client, writer] = [await node.connect(), await node.connect()];
    await writer.exchange('SET k 1', OK);
    await client.exchange('CLIENT NO-TOUCH ON', OK);
    const value = 'x'.repeat(10_000);
    for (let i = 0; node.inside.store.stats.evicted === 0; i++) {
      await client.exchange('GET k', '$1\r\n1\r\n');
      await writer.ask('SET', `filler-${i}`, value);
    }
    await client.exchange('GET k', '$-1\r\n');
    await client.exchange('CLIENT NO-TOUCH maybe', '-ERR syntax error\r\n');
  });
});

test('MONITOR shows what others do, without their secrets', async () => {
  await withNode({ password: 'secret' }, async (node) => {
    const [monitor, client] = [await node.connect(), await node.connect()];
    await monitor.exchange('AUTH secret', OK);
    await monitor.exchange('MONITOR', OK);
    client.send('AUTH', 'secret');
    client.send('AUTH', 'default', 'secret');
    client.send('HELLO', '2', 'AUTH', 'default', 'secret', 'SETNAME', 'me');
    client.send('CONFIG', 'GET', 'port');
    client.send('SELECT', '2');
    client.send('SET', 'k', '\x00"\xff\n');
    client.send('MULTI');
    client.send('GET', 'k');
    client.send('EXEC');
    client.send('QUIT');
    await client.closed();
    monitor.send('ECHO', 'end');
    let text = '';
    while (!text.includes('end')) text += `${String(await monitor.reply())}\n`;
    const shown = text
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\]/, '[$1]'));
    assert.deepEqual(shown.slice(0, -1), [
      '[0] "AUTH" "(redacted)"',
      '[0] "AUTH" "(redacted)" "(redacted)"',
      '[0] "HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "me"',
      '[2] "SELECT" "2"',
      '[2] "SET" "k" "\\x00\\"\\xff\\n"',
      '[2] "MULTI"',
      '[2] "GET" "k"',
      '[2] "EXEC"',
      '[2] "QUIT"',
    ]);
    await monitor.reply();
    await monitor.exchange('GET k', "-ERR Replica can't interact with the keyspace\r\n");
  });
});

test('MONITOR tells the database that a command has selected, and nothing to a muted monitor', async () => {
  await withNode({}, async (node) => {
    const [monitor, client] = [await node.connect(), await node.connect()];
    await monitor.exchange('MONITOR', OK);
    const shown = async (words: string): Promise<string> => {
      await client.ask(...words.split(' '));
      return String(await monitor.reply()).replace(/^\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\]/, '[$1]');
    };
    assert.equal(await shown('SELECT 3'), '[3] "SELECT" "3"');
    assert.equal(await shown('ECHO a'), '[3] "ECHO" "a"');
    assert.equal(await shown('RESET'), '[0] "RESET"');
    monitor.send('CLIENT', 'REPLY', 'OFF');
    await eventually(() => monitorIsMuted(node), 'it is muted');
    await client.ask('ECHO', 'b');
    await monitor.exchange('CLIENT REPLY ON', OK);
    assert.match(String(await monitor.reply()), /"CLIENT" "REPLY" "ON"$/);
    assert.equal(await shown('ECHO c'), '[0] "ECHO" "c"');
    const list = String(await client.ask('CLIENT', 'LIST', 'TYPE', 'normal'));
    assert.match(list, / flags=O /, 'a monitor is a normal client');
    assert.equal(await client.ask('CLIENT', 'LIST', 'TYPE', 'replica'), '');
  });
});

function monitorIsMuted(node: TestNode): boolean {
  return ((node.inside.sessions.find(1)?.modes ?? 0) & Mode.MUTED) !== 0;
}

test('errors in names that clients send cannot break the protocol', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    client.send('a\r\n+OK', '\r\nb');
    await client.expect("-ERR unknown command 'a  +OK', with args beginning with: '  b' \r\n");
    client.send('x'.repeat(1000), 'y'.repeat(1000));
    await client.expect(
      `-ERR unknown command '${'x'.repeat(128)}', with args beginning with: '${'y'.repeat(128)}' \r\n`,
    );
    client.send('CLIENT', '__proto__');
    await client.expect("-ERR unknown subcommand '__proto__'. Try CLIENT HELP.\r\n");
    await resp3(client);
    await client.quiet();
  });
});
