/**
 * Clients that are slow, greedy or hostile: each is bounded, and the client beside it is unharmed. Memory is read from
 * the process (resident bytes), since that is what kills a machine. The node runs with a heap of 256 MB, so a leak of
 * objects dies as well.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { RawConnection } from './kit/connection.js';
import { encodeRequest } from './kit/frames.js';
import { startNuthatch, type TestServer } from './kit/servers.js';

const mib = 1024 * 1024;
const smallHeap = ['--max-old-space-size=256'];
/** The node's budget for data in this file (`--max-memory`). */
const maxMemoryBytes = 256 * mib;
/** The bound on the buffers of all clients together (`--max-clients-memory`). */
const maxClientsBytes = 64 * mib;
/**
 * What may be resident: the data, the process, and the buffers of the clients some times over, since one that grows is
 * copied, and the old one is garbage until the next collection.
 */
const maxResidentBytes = maxMemoryBytes + 4 * maxClientsBytes + 96 * mib;

let node: TestServer;
let guarded: TestServer;

before(async () => {
  node = await startNuthatch(
    ['--max-clients-memory', String(maxClientsBytes), '--tracking-table-max-bytes', '1mb'],
    smallHeap,
  );
  guarded = await startNuthatch(
    ['--password', 'secret', '--auth-timeout', '3s', '--max-clients', '40'],
    smallHeap,
  );
});

after(async () => {
  await node?.stop();
  await guarded?.stop();
});

/** The next client is served, by a process that has not grown over its budget. */
async function unharmed(server: TestServer, pass = ''): Promise<void> {
  assert.equal(server.ended, undefined, `the node ended: ${server.output}`);
  const next = await RawConnection.open(server.port);
  if (pass) assert.equal(await next.call('AUTH', pass), 'OK');
  assert.equal(await next.call('SET', 'next client', 'unharmed'), 'OK');
  assert.equal(await next.call('GET', 'next client'), 'unharmed');
  next.close();
  const resident = server.residentBytes();
  assert.ok(resident < maxResidentBytes, `${Math.round(resident / mib)} MB are resident`);
}

/** Asks until no other client is connected: a closed connection is known to the node a moment later. */
async function untilAlone(server: TestServer, pass = ''): Promise<void> {
  for (let asked = 0; asked < 1_000; asked++) {
    const control = await RawConnection.open(server.port);
    if (pass) await control.call('AUTH', pass);
    const clients = String(await control.call('INFO', 'clients').catch((error: Error) => error.message));
    control.close();
    if (clients.includes('connected_clients:1\r\n')) return;
  }
  assert.fail('other clients stay connected');
}

test('a stream of requests split at every byte, and sent byte by byte, gets the same replies', async () => {
  const connection = await RawConnection.open(node.port);
  const control = await RawConnection.open(node.port);
  const stream = Buffer.concat([
    encodeRequest(['SET', 'k', 'a\r\nb\x00$5\r\n*1']),
    encodeRequest(['GET', 'k']),
    Buffer.from('ECHO "in line"\r\n\r\n'),
    encodeRequest(['']),
    encodeRequest(['MGET', 'k', '', 'none']),
    Buffer.from('*0\r\n*-1\r\nPING\n'),
    encodeRequest(['INCRBY', 'n', '0']),
    encodeRequest(['PING', 'end']),
  ]);
  const replies = async () => {
    let all = '';
    while (!all.endsWith('$3\r\nend\r\n'))
      all += (await connection.frame())?.toString('latin1') ?? assert.fail('closed');
    return all;
  };
  connection.send(stream);
  const whole = await replies();
  assert.equal(whole.split('\r\n').length, 20, whole);
  for (let at = 1; at < stream.length; at++) {
    connection.send(stream.subarray(0, at));
    // The reply of another connection shows that the node has been around once.
    await control.call('PING');
    connection.send(stream.subarray(at));
    assert.equal(await replies(), whole, `split at ${at}`);
  }
  for (const byte of stream) {
    connection.send(Buffer.of(byte));
    await control.call('PING');
  }
  assert.equal(await replies(), whole, 'byte by byte');
  connection.close();
  control.close();
});

test('ten thousand commands in one write are answered in their order', async () => {
  const connection = await RawConnection.open(node.port);
  await connection.call('DEL', 'counter');
  connection.send(Buffer.concat(new Array<Buffer>(10_000).fill(encodeRequest(['INCR', 'counter']))));
  for (let i = 1; i <= 10_000; i++) assert.equal((await connection.frame())?.toString(), `:${i}\r\n`);
  connection.close();
});

test('a command behind 500 bytes of nothing is the command it says', async () => {
  const connection = await RawConnection.open(node.port);
  for (const nothing of [
    '\r\n'.repeat(250),
    '*0\r\n'.repeat(125),
    '*-1\r\n'.repeat(100),
    `${' '.repeat(498)}\r\n`,
    '\n'.repeat(500),
  ]) {
    connection.send(nothing);
    assert.equal(await connection.call('ECHO', 'x'), 'x');
    connection.send(`${nothing}PING\r\n${nothing}`);
    assert.equal((await connection.frame())?.toString(), '+PONG\r\n');
  }
  connection.close();
});

test('declared lengths take no memory: it grows with what arrives', async () => {
  const before = node.residentBytes();
  const greedy = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(node.port)));
  for (const connection of greedy) {
    connection.send('*1048576\r\n$3\r\nSET\r\n$536870912\r\nx');
    for (let i = 0; i < 20; i++) connection.send('y'.repeat(100));
  }
  await unharmed(node);
  const grown = node.residentBytes() - before;
  assert.ok(
    grown < 32 * mib,
    `50 clients which declared 25 GB and sent 100 KB took ${Math.round(grown / mib)} MB`,
  );
  for (const connection of greedy) connection.close();
});

test('a million empty arguments are one unknown command, and leave nothing behind', async () => {
  const body = Buffer.concat([Buffer.from('*1000000\r\n'), Buffer.from('$0\r\n\r\n'.repeat(1_000_000))]);
  const connection = await RawConnection.open(node.port);
  const before = node.residentBytes();
  for (let round = 0; round < 20; round++) {
    connection.send(body);
    assert.match(
      (await connection.frame())?.toString() ?? 'closed',
      /^-ERR unknown command '', with args beginning with: /,
    );
  }
  // A round takes 6 MB of requests and 12 MB of their positions: were they kept, it would be 360 MB by now.
  const grown = node.residentBytes() - before;
  assert.ok(grown < 160 * mib, `grown by ${Math.round(grown / mib)} MB`);
  connection.close();
  await unharmed(node);
});

test('a million arguments that come slowly hold up nobody', async () => {
  const slow = await RawConnection.open(node.port);
  const good = await RawConnection.open(node.port);
  slow.send('*1000000\r\n');
  for (let i = 0; i < 300; i++) {
    slow.send('$1\r\nx\r\n'.repeat(7));
    assert.equal(await good.call('PING'), 'PONG');
  }
  slow.close();
  good.close();
  await unharmed(node);
});

test('a client that asks for 20 GB and reads nothing waits with its requests', async () => {
  const greedy = await RawConnection.open(node.port);
  assert.equal(await greedy.call('SET', 'large', 'v'.repeat(20 * mib)), 'OK');
  greedy.socket.pause();
  greedy.send(Buffer.concat(new Array<Buffer>(1_000).fill(encodeRequest(['GET', 'large']))));
  for (let i = 0; i < 50; i++) await unharmed(node);
  greedy.close();
  // What it had asked for is not executed for nobody.
  const started = node.cpuMs();
  for (let i = 0; i < 50; i++) await unharmed(node);
  assert.ok(node.cpuMs() - started < 1_000, `${node.cpuMs() - started} ms of CPU for a client that is gone`);
  const control = await RawConnection.open(node.port);
  await control.call('DEL', 'large');
  control.close();
});

test('a subscriber that never reads is closed at its limit', async () => {
  const silent = await RawConnection.open(node.port);
  assert.deepEqual(await silent.call('SUBSCRIBE', 'news'), ['subscribe', 'news', '1']);
  silent.socket.pause();
  const sender = await RawConnection.open(node.port);
  const message = 'm'.repeat(256 * 1024);
  let receivers = 1;
  for (let sent = 0; sent < 1_000 && receivers > 0; sent++) {
    receivers = Number(await sender.call('PUBLISH', 'news', message));
    assert.ok(node.residentBytes() < maxResidentBytes);
  }
  assert.equal(receivers, 0, 'after 250 MB the subscriber still gets messages');
  sender.close();
  silent.close();
  await unharmed(node);
});

test('a monitor that never reads is closed at its limit', async () => {
  const silent = await RawConnection.open(node.port);
  assert.equal(await silent.call('MONITOR'), 'OK');
  silent.socket.pause();
  const sender = await RawConnection.open(node.port);
  assert.equal(await sender.call('CONFIG', 'SET', 'client-output-buffer-limit', 'replica 8mb 0 0'), 'OK');
  const echo = encodeRequest(['ECHO', 'e'.repeat(100_000)]);
  const clients = async () =>
    /connected_clients:(\d+)/.exec(String(await sender.call('INFO', 'clients')))?.[1];
  const before = await clients();
  for (let round = 0; round < 100 && (await clients()) === before; round++) {
    for (let i = 0; i < 50; i++) sender.send(echo);
    for (let i = 0; i < 50; i++) await sender.frame();
  }
  assert.notEqual(await clients(), before, 'after 500 MB the monitor is still there');
  sender.close();
  silent.close();
  await unharmed(node);
});

test('a transaction that is never executed is bounded like any input', async () => {
  const greedy = await RawConnection.open(node.port);
  assert.equal(await greedy.call('MULTI'), 'OK');
  const part = Buffer.concat(new Array<Buffer>(1_000).fill(encodeRequest(['SET', 'k', 'x'.repeat(1_000)])));
  for (let sent = 0; sent < 400 && !greedy.closed; sent++) {
    greedy.send(part);
    for (let i = 0; i < 1_000; i++) if ((await greedy.frame()) === undefined) break;
  }
  assert.ok(greedy.closed, 'after 400 MB of queued commands the client is still there');
  await unharmed(node);
});

test('one request that never ends is bounded', async () => {
  const greedy = await RawConnection.open(node.port);
  greedy.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n');
  const part = 'x'.repeat(mib);
  for (let sent = 0; sent < 400 && !greedy.closed; sent++) {
    greedy.send(part);
    await unharmed(node);
  }
  assert.ok(greedy.closed, 'after 400 MB of one argument the client is still there');
});

test('a tracking client that reads 50,000 keys stays within the table', async () => {
  const tracking = await RawConnection.open(node.port);
  await tracking.call('HELLO', '3');
  assert.equal(await tracking.call('CLIENT', 'TRACKING', 'ON'), 'OK');
  let invalidations = 0;
  for (let batch = 0; batch < 50; batch++) {
    const reads: Buffer[] = [];
    for (let i = 0; i < 1_000; i++)
      reads.push(encodeRequest(['GET', `tracked:${batch}:${i}`.padEnd(100, '.')]));
    tracking.send(Buffer.concat(reads));
    for (let replies = 0; replies < 1_000; ) {
      const frame = await tracking.frame();
      if (frame?.[0] === 0x3e) invalidations++;
      else replies++;
    }
  }
  // Reads that the table has no room for are told of at once: no client keeps what nobody watches.
  assert.ok(
    invalidations > 25_000,
    `${invalidations} invalidations came for 50,000 tracked keys of 100 bytes`,
  );
  tracking.close();
  await unharmed(node);
});

test('patterns which make a naive matcher run for ever take no time', async () => {
  const connection = await RawConnection.open(node.port);
  await connection.call('SET', 'a'.repeat(2_000), 'v');
  const pattern = `${'a*'.repeat(200)}b`;
  const started = node.cpuMs();
  assert.deepEqual(await connection.call('KEYS', pattern), []);
  assert.deepEqual(await connection.call('SCAN', '0', 'COUNT', '10000', 'MATCH', pattern), ['0', []]);
  assert.deepEqual(await connection.call('KEYS', `${'*a'.repeat(50_000)}b`), []);
  assert.deepEqual(await connection.call('CONFIG', 'GET', pattern), []);
  assert.deepEqual(await connection.call('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', pattern), []);
  await connection.call('PSUBSCRIBE', pattern, `${'?*'.repeat(1_000)}b`, `${'[^b]*'.repeat(500)}b`);
  const sender = await RawConnection.open(node.port);
  assert.equal(await sender.call('PUBLISH', 'a'.repeat(2_000), 'm'), '0');
  const spent = node.cpuMs() - started;
  assert.ok(spent < 2_000, `${spent} ms of CPU`);
  sender.close();
  connection.close();
  await unharmed(node);
});

test('a monitor sees no password', async () => {
  const monitor = await RawConnection.open(node.port);
  assert.equal(await monitor.call('MONITOR'), 'OK');
  const client = await RawConnection.open(node.port);
  await client.call('AUTH', 'hidden-1');
  await client.call('AUTH', 'default', 'hidden-2');
  await client.call('HELLO', '2', 'AUTH', 'default', 'hidden-3');
  await client.call('MULTI');
  await client.call('AUTH', 'hidden-4');
  await client.call('EXEC');
  await client.call('CONFIG', 'SET', 'requirepass', '');
  await client.call('ECHO', 'the end');
  let seen = '';
  while (!seen.includes('the end')) seen += (await monitor.frame())?.toString() ?? assert.fail('closed');
  assert.doesNotMatch(seen, /hidden/);
  monitor.close();
  client.close();
});

test('connections that come and go leave nothing behind', async () => {
  const descriptors = () => readdirSync(`/proc/${node.pid}/fd`).length;
  const before = descriptors();
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const socket = connect({ port: node.port, host: '127.0.0.1' });
        socket.on('error', () => {});
        await once(socket, 'connect');
        if (index % 4 === 1) socket.write('*3\r\n$3\r\nSET\r\n');
        if (index % 4 === 2) socket.write('SUBSCRIBE a b c\r\nPSUBSCRIBE *\r\n');
        if (index % 4 === 3) socket.write('WATCH a\r\nMULTI\r\nHELLO 3\r\n');
        if (index % 2 === 0) socket.resetAndDestroy();
        else socket.end();
      }),
    );
  }
  await untilAlone(node);
  const control = await RawConnection.open(node.port);
  assert.deepEqual(await control.call('PUBSUB', 'NUMPAT'), '0');
  assert.deepEqual(await control.call('PUBSUB', 'CHANNELS'), []);
  control.close();
  assert.ok(descriptors() <= before + 2, `${before} descriptors became ${descriptors()}`);
  await unharmed(node);
});

test('one client too many is told so and closed', async () => {
  const crowd = await Promise.all(Array.from({ length: 40 }, () => RawConnection.open(guarded.port)));
  for (const connection of crowd) assert.equal(await connection.call('AUTH', 'secret'), 'OK');
  const extra = await RawConnection.open(guarded.port);
  assert.equal((await extra.untilClosed()).toString(), '-ERR max number of clients reached\r\n');
  for (const connection of crowd) connection.close();
  await untilAlone(guarded, 'secret');
});

test('without the password: a silent client is closed', async () => {
  const silent = await RawConnection.open(guarded.port);
  assert.equal((await silent.untilClosed()).toString(), '');
  await unharmed(guarded, 'secret');
});

test('without the password: a client that does not read its refusals is closed', async () => {
  const deaf = await RawConnection.open(guarded.port);
  deaf.socket.pause();
  const part = Buffer.concat(new Array<Buffer>(10_000).fill(encodeRequest(['GET', 'k'])));
  for (let sent = 0; sent < 200 && !deaf.closed; sent++) {
    deaf.send(part);
    await unharmed(guarded, 'secret');
  }
  deaf.socket.resume();
  await deaf.untilClosed();
});

test('without the password: a request that does not end is closed at 1 MB', async () => {
  const greedy = await RawConnection.open(guarded.port);
  greedy.send('*10\r\n');
  const part = `$16384\r\n${'x'.repeat(16_384)}\r\n`;
  for (let sent = 0; sent < 9; sent++) greedy.send(part);
  greedy.send('$16384\r\n');
  await unharmed(guarded, 'secret');
  greedy.send(`${'x'.repeat(2 * mib)}`);
  await greedy.untilClosed();
});

test('a hundred thousand wrong passwords cost little, one of a megabyte costs nothing', async () => {
  const guest = await RawConnection.open(guarded.port);
  const started = guarded.cpuMs();
  const part = Buffer.concat(new Array<Buffer>(100).fill(encodeRequest(['AUTH', 'wrong'])));
  for (let sent = 0; sent < 1_000; sent++) {
    guest.send(part);
    for (let i = 0; i < 100; i++) assert.match((await guest.frame())?.toString() ?? 'closed', /^-WRONGPASS /);
  }
  const spent = guarded.cpuMs() - started;
  assert.ok(spent < 10_000, `${spent} ms of CPU`);
  guest.send(encodeRequest(['AUTH', 'p'.repeat(mib)]));
  assert.equal(
    (await guest.untilClosed()).toString(),
    '-ERR Protocol error: unauthenticated bulk length\r\n',
  );
  await unharmed(guarded, 'secret');
});
