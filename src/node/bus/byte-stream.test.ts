import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { TestNet, until, Wire } from './buses.testkit.js';

const pattern = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251));

test('a stream carries bytes both ways, and its end', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  const stream = await a.bus.openStream('b', 'stream');
  await until(() => b.streams.length === 1);
  const other = b.streams[0]!;
  other.pipe(other);
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  for (let i = 0; i < 5; i++) stream.write(pattern);
  stream.end();
  await Promise.all([once(stream, 'close'), once(other, 'close')]);
  assert.ok(Buffer.concat(parts).equals(Buffer.concat(Array.from({ length: 5 }, () => pattern))));
});

test('a stream that is cut is an error on both sides, not an end', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  const wire = await Wire.before(t, b.port, (frame, number) => (number === 4 ? 'cut' : [frame]));
  net.addresses.set('b', wire.address);
  const stream = await a.bus.openStream('b', 'stream');
  await until(() => b.streams.length === 1);
  const other = b.streams[0]!;
  other.resume();
  const errors = Promise.all([once(stream, 'error'), once(other, 'error')]);
  stream.write(pattern);
  for (const [error] of await errors) assert.match(String(error), /the connection was lost/);
});

test('a reader that is slow slows down the writer', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  const stream = await a.bus.openStream('b', 'stream');
  await until(() => b.streams.length === 1);
  const other = b.streams[0]!;
  let written = 0;
  // The buffers of two kernels and two streams are full long before so much.
  const much = 400;
  while (written < much && stream.write(pattern)) written++;
  let turns = 0;
  await until(
    () => turns++ > 200,
    () => {
      while (written < much && !stream.writableNeedDrain && stream.write(pattern)) written++;
    },
  );
  assert.ok(written < much, `${written} writes went through`);
  // A minute in which nothing is read is not silence.
  for (let second = 0; second < 60; second++) {
    net.advance(1000);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  }
  let bytes = 0;
  other.on('data', (part: Buffer) => {
    bytes += part.length;
  });
  stream.end();
  other.end();
  await Promise.all([once(other, 'close'), once(stream.resume(), 'close')]);
  assert.equal(bytes % pattern.length, 0);
  assert.ok(bytes >= written * pattern.length);
});

test('a stream that fails in the turn in which it opens is an error like any other', async (t) => {
  const net = new TestNet(t);
  const [a, b] = [await net.start('a'), await net.start('b')];
  // What follows the proof of b in one piece with it: sealed by nobody.
  const forged = Buffer.concat([Buffer.from([0, 0, 0, 34, 1, 6]), Buffer.alloc(32)]);
  const wire = await Wire.before(t, b.port, undefined, (chunk, number) =>
    number === 1 ? Buffer.concat([chunk, forged]) : chunk,
  );
  net.addresses.set('b', wire.address);
  const stream = await a.bus.openStream('b', 'stream');
  await until(() => stream.destroyed);
  assert.match(String(stream.errored), /changed, repeated or left out/);
});

test('a stream to nobody is refused', async (t) => {
  const net = new TestNet(t);
  const a = await net.start('a');
  await assert.rejects(a.bus.openStream('nobody', 'stream'), /nobody knows where nobody is/);
});
