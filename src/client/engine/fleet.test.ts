import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, type FakePeer, FakeServer, ManualTime } from '../connection/fake-server.testkit.js';
import type { ConnectionOptions } from '../index.js';
import { Fleet } from './fleet.js';
import { NewsServers } from './news-servers.js';

interface Stage {
  readonly peer: FakePeer;
  readonly time: ManualTime;
  readonly fleet: Fleet;
  readonly heard: number[];
  readonly refused: string[];
}

const SUBSCRIBED = '>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n';
const counted = (caches: number): string => `*2\r\n$1\r\nc\r\n:${caches}\r\n`;

/** A fleet at a server that has been greeted. */
async function withFleet(body: (stage: Stage) => Promise<void>, more: ConnectionOptions = {}): Promise<void> {
  const server = await FakeServer.start();
  const time = new ManualTime();
  const heard: number[] = [];
  const refused: string[] = [];
  const listener = {
    heard: (_channel: string, caches: number) => heard.push(caches),
    silence: () => {},
    refused: (error: Error) => refused.push(error.message),
  };
  const fleet = new Fleet(new NewsServers([{ ...more, port: server.port, time }]), ['c'], listener, time);
  try {
    const peer = await server.peer();
    await peer.greet();
    await body({ peer, time, fleet, heard, refused });
  } finally {
    fleet.close();
    await server.stop();
  }
}

/** The server answers what comes next. */
async function answers(peer: FakePeer, command: string, reply: string): Promise<void> {
  assert.equal((await peer.request())[0], command);
  peer.write(reply);
}

/** Time passes until the next command is there, in steps far shorter than an answer may take. */
async function asksAgain(peer: FakePeer, time: ManualTime): Promise<void> {
  await eventually(() => {
    if (peer.unread === 0) time.advance(10);
    return peer.unread > 0;
  }, 'it asks again');
}

test('it subscribes, says so, and asks how many have', async () => {
  await withFleet(async ({ peer, time, heard }) => {
    await answers(peer, 'SUBSCRIBE', SUBSCRIBED);
    await answers(peer, 'PUBLISH', ':3\r\n');
    await answers(peer, 'PUBSUB', counted(3));
    await eventually(() => heard.length === 1, 'it was heard');
    time.advance(2_000);
    await answers(peer, 'PUBSUB', counted(2));
    await eventually(() => heard.length === 2, 'it was heard again');
    assert.deepEqual(heard, [3, 2]);
  });
});

test('what could not be asked is asked again: too late, or the server was busy', async () => {
  await withFleet(
    async ({ peer, time, heard, refused }) => {
      assert.equal((await peer.request())[0], 'SUBSCRIBE');
      time.advance(1_020);
      peer.write(SUBSCRIBED);
      await asksAgain(peer, time);
      await answers(peer, 'SUBSCRIBE', '-BUSY running a script\r\n');
      await asksAgain(peer, time);
      await answers(peer, 'SUBSCRIBE', SUBSCRIBED);
      await answers(peer, 'PUBLISH', ':1\r\n');
      await answers(peer, 'PUBSUB', counted(1));
      await eventually(() => heard.length === 1, 'it was heard');
      assert.deepEqual(refused, []);
    },
    { maxSilenceMs: 60_000 },
  );
});

test('who may not is told so once', async () => {
  await withFleet(async ({ peer, time, fleet, refused }) => {
    await answers(peer, 'SUBSCRIBE', '-NOPERM no channels\r\n');
    await eventually(() => refused.length === 1, 'it was told');
    time.advance(60_000);
    fleet.close();
    await peer.closed();
    assert.equal(peer.unread, 0);
  });
});
