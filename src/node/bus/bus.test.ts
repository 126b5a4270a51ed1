import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bus } from './bus.js';
import { SECRET, TestNet, until, Wire } from './buses.testkit.js';
import { ClusterSecret } from './cluster-secret.js';

test('messages go both ways, whole, in order, and named by their sender', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  const large = 'x'.repeat(4 * 1024 * 1024);
  for (let i = 0; i < 100; i++) a.bus.send('b', { i });
  b.bus.send('a', { large });
  await until(() => b.heard.length === 100 && a.heard.length === 1);
  assert.deepEqual(
    b.heard,
    Array.from({ length: 100 }, (_, i) => `a: {"i":${i}}`),
  );
  assert.equal(a.heard[0], `b: {"large":"${large}"}`);
  assert.deepEqual([...a.told(), ...b.told()], []);
});

test('an address becomes the node that is there, over one connection; who was spoken to can answer', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  net.addresses.clear();
  const wire = await Wire.before(t, b.port);
  a.bus.send(`@${wire.address}`, { is: 'first' });
  await until(() => b.heard.length === 1);
  a.bus.send('b', { is: 'second' });
  a.bus.send(`@${wire.address}`, { is: 'third' });
  await until(() => b.heard.length === 3);
  assert.equal(wire.sockets.length, 2, 'one connection went through the wire');
  // b knows the address of a from the greeting alone.
  b.bus.send('a', { is: 'answer' });
  await until(() => a.heard.length === 1);
});

test('a node that is connected and is found at another address is spoken to there, on one connection', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  const [first, second] = [await Wire.before(t, b.port), await Wire.before(t, b.port)];
  net.addresses.set('b', first.address);
  a.bus.send('b', { is: 'first' });
  await until(() => b.heard.length === 1);
  a.bus.send(`@${second.address}`, { is: 'second' });
  await until(() => b.heard.length === 2);
  await until(() => first.sockets.every((socket) => socket.destroyed));
  a.bus.send('b', { is: 'third' });
  a.bus.send(`@${second.address}`, { is: 'fourth' });
  await until(() => b.heard.length === 4);
  assert.deepEqual([first.sockets.length, second.sockets.length], [2, 2]);
});

test('a node does not speak to itself, and says nothing of it', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  a.bus.send(`@${a.address}`, { to: 'myself' });
  await until(() => a.log.lines.some((line) => line.includes('this node itself')));
  a.bus.send(`@${a.address}`, { to: 'myself' });
  a.bus.send('a', { to: 'myself' });
  a.bus.send('b', { to: 'b' });
  await until(() => b.heard.length === 1);
  assert.deepEqual(a.heard, []);
  assert.deepEqual(a.told(), []);
});

const strangers = [
  [
    'another secret',
    { secret: 'a secret of another cluster' },
    /give all nodes of a cluster the same secret/,
  ],
  ['no secret', { secret: undefined }, /give all nodes of a cluster the same secret/],
  ['another cluster', { cluster: 'two' }, /belongs to another cluster/],
] as const;

for (const [what, form, says] of strangers) {
  test(`${what}: one line on both sides, however often it is tried, and no message`, async (t) => {
    const net = new TestNet(t);
    const a = await net.start('a', { cluster: 'one' });
    const b = await net.start('b', form);
    const failures = () => b.log.lines.length;
    for (let round = 0; round < 3; round++) {
      const accepted = await Wire.before(t, b.port);
      net.addresses.set('b', accepted.address);
      a.bus.send('b', { round });
      await until(
        () => accepted.sockets.length > 0 && accepted.sockets.every((socket) => socket.destroyed),
        () => net.advance(50, [a.bus]),
      );
    }
    await until(() => failures() > 0 && a.log.lines.length > 0);
    assert.deepEqual(b.heard, []);
    assert.equal(a.told().length, 1);
    assert.equal(b.told().length, 1);
    assert.match(a.told()[0] ?? '', says);
    assert.match(b.told()[0] ?? '', says);
  });
}

test('another node at the address of one is not spoken to; nor is a copy of this one', async (t) => {
  const net = new TestNet(t);
  const [a, b, copy] = [await net.start('a'), await net.start('b'), await net.start('a')];
  net.addresses.set('c', b.address);
  a.bus.send('c', {});
  a.bus.send(`@${copy.address}`, {});
  await until(() => a.told().length === 2);
  assert.match(a.told().join('\n'), /no connection with c: another node is at that address now/);
  assert.match(a.told().join('\n'), /another node has the same id: its data folder was copied/);
  assert.deepEqual([...b.heard, ...copy.heard], []);
});

test('without a secret it listens on the loopback alone, and a short one is none', async (t) => {
  const net = new TestNet(t);
  await net.start('a', { secret: undefined });
  const bus = new Bus({
    node: 'b',
    secret: new ClusterSecret(undefined),
    random: { uint32: () => 0, below: () => 0 },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    cluster: () => undefined,
    addressOf: () => undefined,
    events: { message() {}, stream() {} },
  });
  await assert.rejects(bus.listen({ host: '0.0.0.0', port: 0, announced: 'b' }), /without a cluster secret/);
  assert.throws(() => new ClusterSecret('too short'), /has 9 characters: it has at least 16/);
  assert.ok(new ClusterSecret(SECRET).isGiven);
});

test('a peer that starts again is spoken to again, and hears nothing twice', async (t) => {
  const net = new TestNet(t);
  const a = await net.start('a');
  const first = await net.start('b');
  a.bus.send('b', { to: 'first' });
  await until(() => first.heard.length === 1);
  await first.bus.close();
  await until(() => a.log.lines.length > 0);
  const second = await net.start('b', { port: first.port });
  // Said during the wait, it is said when that is over.
  a.bus.send('b', { to: 'second' });
  assert.deepEqual(second.heard, []);
  net.advance(200);
  await until(() => second.heard.length === 1);
  assert.deepEqual(second.heard, ['a: {"to":"second"}']);
});

test('a peer that is not there is called again at longer and longer intervals, and not when nothing is to be said', async (t) => {
  const net = new TestNet(t);
  const a = await net.start('a');
  const gone = await net.start('b');
  await gone.bus.close();
  const calls = () => a.log.lines.length;
  const waits: number[] = [];
  for (let i = 1; i <= 8; i++) {
    a.bus.send('b', { i });
    let waitedMs = 0;
    await until(
      () => calls() === i,
      () => {
        // Only while it waits: a call takes turns of the network, not time.
        net.advance(50);
        waitedMs += 50;
      },
    );
    waits.push(waitedMs);
  }
  const before = calls();
  net.advance(60_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(calls(), before);
  assert.ok((waits.at(-1) as number) > (waits[1] as number), waits.join());
  assert.equal(a.bus.queuedBytes, 0);
});

test('a peer that does not read holds up nobody, and its queue is bounded: the oldest messages go', async (t) => {
  const net = new TestNet(t);
  const [a, b, slow] = [await net.start('a'), await net.start('b'), await net.start('slow')];
  const wire = await Wire.before(t, slow.port);
  net.addresses.set('slow', wire.address);
  a.bus.send('slow', { i: -1 });
  await until(() => slow.heard.length === 1);
  wire.hold();
  const padding = 'x'.repeat(1024 * 1024);
  let most = 0;
  for (let i = 0; i < 100; i++) {
    a.bus.send('slow', { i, padding });
    most = Math.max(most, a.bus.queuedBytes);
  }
  a.bus.send('b', { is: 'prompt' });
  await until(() => b.heard.length === 1);
  assert.ok(most > 8 * 1024 * 1024 && most <= 16 * 1024 * 1024, `${most} bytes waited`);
  wire.isHeld = false;
  for (const socket of wire.sockets) socket.resume();
  await until(() => slow.heard.at(-1)?.startsWith('a: {"i":99,') ?? false);
  const numbers = slow.heard.map((line) => Number(/"i":(-?\d+)/.exec(line)?.[1]));
  assert.deepEqual(
    numbers,
    numbers.toSorted((x, y) => x - y),
  );
  assert.ok(numbers.length < 60, `${numbers.length} messages came`);
});

test('half of a connection is found on both sides; an idle one is kept', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  const wire = await Wire.before(t, b.port);
  net.addresses.set('b', wire.address);
  a.bus.send('b', { is: 'first' });
  await until(() => b.heard.length === 1);
  for (let second = 0; second < 20; second++) {
    net.advance(1000);
    // What both said in this second arrives.
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  }
  a.bus.send('b', { is: 'second' });
  await until(() => b.heard.length === 2);
  assert.equal(wire.sockets.length, 2, 'it is the same connection');
  wire.hold();
  net.advance(6000);
  const isSilent = (line: string): boolean => line.includes('silent for too long');
  assert.ok(a.log.lines.some(isSilent) && b.log.lines.some(isSilent));
});
