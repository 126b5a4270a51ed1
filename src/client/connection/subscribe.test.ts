import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8Text } from '../index.js';
import { code, withReady } from './staged-connection.testkit.js';

const TEXT = { decode: utf8Text };
const confirmed = (channel: string) => `>3\r\n$9\r\nsubscribe\r\n$${channel.length}\r\n${channel}\r\n:1\r\n`;
const message = '>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n';

test('a subscription is answered by its push, in its order among calls and other pushes', async () => {
  await withReady({}, async ({ connection, peer, happened }) => {
    const calls = [
      connection.call(['GET', 'k'], TEXT),
      connection.subscribe('a'),
      connection.subscribe('b'),
      connection.call(['PING'], TEXT),
    ];
    for (let i = 0; i < calls.length; i++) await peer.request();
    peer.write(`${message}$1\r\nv\r\n${message}${confirmed('a')}${confirmed('b')}${message}+PONG\r\n`);
    assert.deepEqual(await Promise.all(calls), ['v', ['subscribe', 'a', 1], ['subscribe', 'b', 1], 'PONG']);
    assert.deepEqual(
      happened,
      [1, 2, 3].map(() => ['message', 'a', 'hi']),
    );
    assert.equal(connection.pendingCalls, 0);
  });
});

test('a subscription that is refused fails alone; one that is late keeps its place', async () => {
  await withReady({}, async ({ connection, peer, time }) => {
    const refused = assert.rejects(connection.subscribe('a'), code('REPLY'));
    await peer.request();
    peer.write('-NOPERM no such channel for you\r\n');
    await refused;
    const late = assert.rejects(connection.subscribe('b', 100), code('DEADLINE'));
    const call = connection.call(['GET', 'k'], { ...TEXT, deadlineMs: 5_000 });
    await peer.request();
    await peer.request();
    time.advance(150);
    await late;
    peer.write(`${confirmed('b')}$1\r\nv\r\n`);
    assert.equal(await call, 'v');
  });
});
