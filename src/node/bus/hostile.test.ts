import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type Falsify, TestNet, until, Wire } from './buses.testkit.js';

const garbage: readonly [what: string, bytes: Buffer, says: RegExp][] = [
  ['a line of another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /at most \d+ are taken here/],
  ['a frame of nothing', Buffer.from([0, 0, 0, 0]), /it has at least 2/],
  ['a frame too large for a stranger', Buffer.from([0, 1, 0, 0]), /a frame of 65536 bytes/],
  ['a frame of another version', Buffer.from([0, 0, 0, 2, 99, 1]), /version 99, and ours is 1/],
  ['a message before the greeting', Buffer.from([0, 0, 0, 4, 1, 4, 0x7b, 0x7d]), /type 4 instead of a hello/],
  ['a hello that is no JSON', Buffer.from([0, 0, 0, 3, 1, 1, 0x7b]), /no JSON/],
  ['a hello without its fields', Buffer.from([0, 0, 0, 4, 1, 1, 0x7b, 0x7d]), /hello\.node is undefined/],
];

for (const [what, bytes, says] of garbage) {
  test(`${what}: it is refused, and others are served`, async (t) => {
    const net = new TestNet(t);
    const [a, b] = [await net.start('a'), await net.start('b')];
    const socket = connect(a.port, '127.0.0.1');
    t.after(() => socket.destroy());
    const closed = once(socket, 'close');
    socket.resume();
    socket.write(bytes);
    await closed;
    b.bus.send('a', { is: 'served' });
    await until(() => a.heard.length === 1);
    assert.match(a.told().join('\n'), says);
  });
}

test('who greets too slowly is left, also if he goes on sending', async (t) => {
  const net = new TestNet(t);
  const a = await net.start('a');
  const socket = connect(a.port, '127.0.0.1');
  t.after(() => socket.destroy());
  const closed = once(socket, 'close');
  socket.resume();
  socket.on('error', () => {});
  socket.write(Buffer.from([0, 0, 1, 0, 1, 1, 0x7b]));
  let isClosed = false;
  closed.then(
    () => (isClosed = true),
    () => {},
  );
  await until(
    () => isClosed,
    () => {
      net.advance(50);
      if (!socket.destroyed) socket.write(' ');
    },
  );
  assert.ok(
    a.log.lines.some((line) => line.includes('silent for too long') || line.includes('not of our protocol')),
  );
});

test('any number of strangers who say nothing keep no node out', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  let closed = 0;
  for (let i = 0; i < 200; i++) {
    const socket = connect(a.port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => closed++);
    socket.resume();
  }
  // The oldest are left for the newest.
  await until(() => closed === 200 - 128);
  b.bus.send('a', { is: 'served' });
  await until(() => a.heard.length === 1);
});

/** Frames of the dialer: 0 hello, 1 proof, from 2 on messages. */
const falsifications: readonly [what: string, falsify: Falsify][] = [
  ['sent twice', (frame, number) => (number === 3 ? [frame, frame] : [frame])],
  ['left out', (frame, number) => (number === 3 ? [] : [frame])],
  ['sent again later', replayLater()],
  ['moved', moved()],
  ['changed by a bit', (frame, number) => [number === 3 ? flipped(frame, frame.length - 40) : frame]],
  ['given another type', (frame, number) => [number === 3 ? flipped(frame, 5) : frame]],
  ['cut short, with a length that fits', (frame, number) => [number === 3 ? shortened(frame) : frame]],
];

function replayLater(): Falsify {
  let third: Buffer | undefined;
  return (frame, number) => {
    if (number === 3) third = Buffer.from(frame);
    return number === 5 && third !== undefined ? [frame, third] : [frame];
  };
}

function moved(): Falsify {
  let held: Buffer | undefined;
  return (frame, number) => {
    if (number === 3) {
      held = Buffer.from(frame);
      return [];
    }
    return number === 4 && held !== undefined ? [frame, held] : [frame];
  };
}

function flipped(frame: Buffer, at: number): Buffer {
  const copy = Buffer.from(frame);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

function shortened(frame: Buffer): Buffer {
  const copy = Buffer.from(frame.subarray(0, -1));
  copy.writeUInt32BE(copy.length - 4, 0);
  return copy;
}

for (const [what, falsify] of falsifications) {
  test(`a frame that is ${what} on the way ends the connection; what came before it stands, nothing comes twice`, async (t) => {
    const net = new TestNet(t);
    const [a, b] = [await net.start('a'), await net.start('b')];
    const wire = await Wire.before(t, b.port, falsify);
    net.addresses.set('b', wire.address);
    for (let i = 0; i < 6; i++) a.bus.send('b', { i });
    await until(() => b.told().length > 0);
    assert.match(b.told()[0] ?? '', /a frame was changed, repeated or left out on its way/);
    const came = b.heard.map((line) => Number(/\d+/.exec(line)?.[0]));
    assert.deepEqual(
      came,
      came.map((_, i) => i),
      'in order, without a gap',
    );
    assert.ok(came.length >= 1 && came.length <= 4);
  });
}

test('a handshake that was recorded proves nothing later', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  const recorded: Buffer[] = [];
  const wire = await Wire.before(t, b.port, (frame) => {
    recorded.push(Buffer.from(frame));
    return [frame];
  });
  net.addresses.set('b', wire.address);
  a.bus.send('b', { pay: 1 });
  await until(() => b.heard.length === 1);
  const socket = connect(b.port, '127.0.0.1');
  t.after(() => socket.destroy());
  const closed = once(socket, 'close');
  socket.resume();
  for (const frame of recorded) socket.write(frame);
  await closed;
  await until(() => b.told().length > 0);
  assert.match(b.told()[0] ?? '', /another cluster secret/);
  assert.equal(b.heard.length, 1);
});
