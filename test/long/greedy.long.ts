/**
 * Greedy clients at full size: a request of a million arguments that comes in drops, a client that tracks a million keys,
 * 20,000 connections that come and go. The node stays small, and the next client is served.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { RawConnection } from '../kit/connection.js';
import { startNuthatch, type TestServer } from '../kit/servers.js';

const mib = 2 ** 20;
const million = 1_000_000;

let node: TestServer;

before(async () => {
  node = await startNuthatch(['--tracking-table-max-bytes', '16mb'], ['--max-old-space-size=256']);
});

after(async () => node?.stop());

async function unharmed(): Promise<void> {
  assert.equal(node.ended, undefined, node.output);
  const next = await RawConnection.open(node.port);
  assert.equal(await next.call('SET', 'next client', 'unharmed'), 'OK');
  assert.equal(await next.call('GET', 'next client'), 'unharmed');
  next.close();
}

test('a request of a million arguments is answered, and its header alone takes nothing', async () => {
  const client = await RawConnection.open(node.port);
  assert.equal(await client.call('PING'), 'PONG');
  const before = node.residentBytes();
  const other = await RawConnection.open(node.port);
  client.send(`*${million + 1}\r\n$3\r\nDEL\r\n`);
  assert.equal(await other.call('PING'), 'PONG');
  assert.ok(node.residentBytes() - before < 8 * mib, 'room is made as arguments come');
  const drop = '$4\r\nname\r\n'.repeat(1000);
  for (let sent = 0; sent < million; sent += 1000) {
    client.send(drop);
    if (sent % 100_000 === 0) assert.equal(await other.call('PING'), 'PONG');
  }
  assert.deepEqual(await client.frame(), Buffer.from(':0\r\n'));
  client.close();
  other.close();
  await unharmed();
});

test('a client that tracks a million keys is told of those that do not fit, and the table keeps its bound', async () => {
  const client = await RawConnection.open(node.port);
  await client.call('HELLO', '3');
  assert.equal(await client.call('CLIENT', 'TRACKING', 'ON'), 'OK');
  let told = 0;
  for (let first = 0; first < million; first += 10_000) {
    client.request('MGET', ...Array.from({ length: 10_000 }, (_, i) => `key:${first + i}`));
    for (;;) {
      const frame = (await client.frame()) as Buffer;
      if (frame[0] !== 0x3e) break;
      told++;
    }
  }
  assert.ok(told > million / 10, `${told} keys were given up`);
  const other = await RawConnection.open(node.port);
  const stats = String(await other.call('INFO', 'memory'));
  assert.ok(Number(/^used_memory:(\d+)/m.exec(stats)?.[1]) <= 256 * mib);
  const tracked = Number(/^tracking_total_keys:(\d+)/m.exec(String(await other.call('INFO', 'stats')))?.[1]);
  assert.ok(tracked > 0 && tracked <= million - told, `${tracked} keys are tracked`);
  client.close();
  other.close();
  await unharmed();
});

test('20,000 connections that come and go leave nothing behind', async () => {
  const before = node.residentBytes();
  for (let batch = 0; batch < 200; batch++) {
    const sockets = Array.from({ length: 100 }, () => connect(node.port, '127.0.0.1').on('error', () => {}));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const [i, socket] of sockets.entries())
      i % 2 === 0 ? socket.resetAndDestroy() : socket.end('PING\r\n');
    await Promise.all(sockets.map((socket) => (socket.closed ? undefined : once(socket.resume(), 'close'))));
  }
  const other = await RawConnection.open(node.port);
  const clients = String(await other.call('INFO', 'clients'));
  assert.ok(Number(/^connected_clients:(\d+)/m.exec(clients)?.[1]) <= 101, clients);
  assert.ok(node.residentBytes() - before < 64 * mib);
  other.close();
  await unharmed();
});
