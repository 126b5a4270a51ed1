import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, type FakePeer, FakeServer, ManualTime } from '../connection/fake-server.testkit.js';
import { jsonSerializer } from '../serializer.js';
import { notingHost } from './engine-host.testkit.js';
import { NuthatchEngine } from './nuthatch-engine.js';

const TRACKING = ['CLIENT', 'TRACKING', 'ON', 'NOLOOP'];

interface Stage {
  readonly engine: NuthatchEngine;
  readonly peer: FakePeer;
  readonly time: ManualTime;
  readonly told: string[];
}

/** An engine that is connected to a fake node. */
async function withEngine(tracks: boolean, body: (stage: Stage) => Promise<void>): Promise<void> {
  const server = await FakeServer.start();
  const time = new ManualTime();
  const told: string[] = [];
  const host = notingHost(told);
  const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks, node: 3 };
  const engine = new NuthatchEngine({ port: server.port, time }, options, host);
  try {
    const peer = await server.peer();
    const commands = await peer.greet(tracks ? 1 : 0);
    if (tracks) assert.deepEqual(commands.at(-1), TRACKING);
    await engine.ready();
    assert.deepEqual(told.splice(0), ['reachable 3']);
    await body({ engine, peer, time, told });
  } finally {
    engine.close();
    await server.stop();
  }
}

test('what is silent for a second is unsound, told once, before the connection counts as broken', async () => {
  await withEngine(true, async ({ peer, time, told }) => {
    time.advance(250);
    assert.deepEqual(await peer.request(), ['PING']);
    time.advance(749);
    assert.deepEqual(told, []);
    time.advance(1);
    assert.deepEqual(told, ['unsound 3']);
    time.advance(200);
    assert.deepEqual(told, ['unsound 3'], 'once');
    time.advance(100);
    assert.deepEqual(told, ['unsound 3', 'unsound 3', 'unreachable 3'], 'the connection is given up');
  });
});

test('a server that answers is sound, and asked again a beat later', async () => {
  await withEngine(true, async ({ peer, time, told }) => {
    for (let beat = 0; beat < 12; beat++) {
      time.advance(250);
      assert.deepEqual(await peer.request(), ['PING']);
      // Nearly too late, but it comes.
      if (beat % 3 === 0) time.advance(500);
      peer.write('>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+PONG\r\n');
      await eventually(() => told.length > 0, 'the push was read');
      assert.deepEqual(told.splice(0), ['invalidated k of 3']);
    }
  });
});

test('answers before a PING do not hide that it is not answered: what is pushed behind them waits as well', async () => {
  await withEngine(true, async ({ engine, peer, time, told }) => {
    const read = engine.read('k', 'lease', 10_000);
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'k']);
    time.advance(250);
    assert.deepEqual(await peer.request(), ['PING']);
    time.advance(500);
    peer.write('*1\r\n$4\r\nmiss\r\n');
    assert.equal((await read).status, 'miss');
    assert.deepEqual(told.splice(0), ['ticket']);
    time.advance(250);
    assert.deepEqual(told.splice(0), ['unsound 3']);
    peer.write('+PONG\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n');
    await eventually(() => told.splice(0).length === 1, 'it was answered');
    time.advance(250);
    assert.deepEqual(await peer.request(), ['PING'], 'and it goes on');
    time.advance(750);
    assert.deepEqual(told.splice(0), ['unsound 3'], 'the next silence is told again');
  });
});

test('while a call with a long deadline is waited for, a PING that was given up is sent again', async () => {
  await withEngine(true, async ({ engine, peer, time, told }) => {
    const removed = engine.remove('k', 60_000);
    await peer.request();
    time.advance(250);
    assert.deepEqual(await peer.request(), ['PING']);
    time.advance(1_100);
    assert.deepEqual(told.splice(0), ['unsound 3']);
    // The deadline of the PING has passed; its rejection is a microtask.
    await Promise.resolve();
    time.advance(250);
    assert.deepEqual(await peer.request(), ['PING']);
    peer.write(':1\r\n+PONG\r\n+PONG\r\n');
    assert.equal(await removed, true);
    time.advance(250);
    assert.deepEqual(await peer.request(), ['PING']);
    peer.write('+PONG\r\n');
    assert.deepEqual(told, []);
  });
});

test('without tracking there is no heartbeat, and after the end none', async () => {
  await withEngine(false, async ({ engine, peer, time, told }) => {
    time.advance(10_000);
    assert.equal(peer.unread, 0);
    assert.deepEqual(told, []);
    engine.close();
    assert.equal(time.alive, 0);
  });
  await withEngine(true, async ({ engine, peer, time, told }) => {
    time.advance(20);
    assert.equal(time.alive, 0, 'between beats nothing keeps the process alive');
    engine.close();
    time.advance(10_000);
    await peer.closed();
    assert.equal(peer.unread, 0);
    assert.deepEqual(told, []);
  });
});

test('clear voids leases first, then deletes page by page, bytes as they are', async () => {
  await withEngine(false, async ({ engine, peer }) => {
    const cleared = engine.clear('a*', 1_000);
    assert.deepEqual(await peer.request(), ['LEASE.VOID', 'a*']);
    assert.deepEqual(await peer.request(), ['SCAN', '0', 'MATCH', 'a\\**', 'COUNT', '1000']);
    peer.write(':1\r\n*2\r\n$2\r\n17\r\n*2\r\n$3\r\na*1\r\n$3\r\na*\xff\r\n');
    assert.deepEqual(await peer.request(), ['SCAN', '17', 'MATCH', 'a\\**', 'COUNT', '1000']);
    assert.deepEqual(await peer.request(), ['UNLINK', 'a*1', 'a*\xff']);
    peer.write('*2\r\n$1\r\n0\r\n*1\r\n$3\r\na*2\r\n:2\r\n');
    assert.deepEqual(await peer.request(), ['UNLINK', 'a*2']);
    peer.write(':1\r\n');
    assert.equal(await cleared, 3);
    const all = engine.clear('', 1_000);
    assert.deepEqual(await peer.request(), ['LEASE.VOID', '']);
    assert.deepEqual(await peer.request(), ['SCAN', '0', 'COUNT', '1000']);
    peer.write(':0\r\n*2\r\n$1\r\n0\r\n*0\r\n');
    assert.equal(await all, 0);
  });
});

test('clear ends at its deadline, and says how far it came', async () => {
  await withEngine(false, async ({ engine, peer, time }) => {
    const cleared = assert.rejects(engine.clear('a', 1_000), {
      code: 'DEADLINE',
      retryable: true,
      message: /^1 keys that begin with 'a' were deleted within 1000 ms, and there are more/,
    });
    await peer.request();
    await peer.request();
    peer.write(':0\r\n*2\r\n$1\r\n9\r\n*1\r\n$1\r\na\r\n');
    assert.equal((await peer.request())[0], 'SCAN');
    assert.equal((await peer.request())[0], 'UNLINK');
    // The answers are read before the timers run.
    time.holdUp(1_000);
    peer.write('*2\r\n$1\r\n9\r\n*0\r\n:1\r\n');
    await cleared;
  });
});

test('lifetimes are whole numbers within the bounds of the node', async () => {
  await withEngine(false, async ({ engine, peer }) => {
    const never = Number.POSITIVE_INFINITY;
    const fills: readonly (readonly [ttlMs: number, freshMs: number, loadMs: number, words: string])[] = [
      [1_000.4, 500.6, 3.2, 'PX 1000 FRESH 501 LOAD 3'],
      [1_000, 1_000, 0, 'PX 1000'],
      [0.1, 0.01, 0, 'PX 1 FRESH 1'],
      [never, never, 0, ''],
      [never, 5, 0, 'FRESH 5'],
      [1e15, 1e14, 0, ''],
    ];
    for (const [ttlMs, freshMs, loadMs, words] of fills) {
      const filled = engine.fill('k', 't', { data: 'v', ttlMs, freshMs, loadMs, isAbsent: false }, 1_000);
      assert.deepEqual((await peer.request()).join(' '), `LEASE.FILL k t v ${words}`.trim());
      peer.write(':0\r\n');
      assert.equal(await filled, false);
    }
  });
});

test('pushes are told at their place among the answers', async () => {
  await withEngine(true, async ({ engine, peer, told }) => {
    const reads = [engine.read('a', 'lease', 1_000), engine.read('b', 'look', 1_000)];
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'a']);
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'b', 'NOLEASE']);
    peer.write(
      '*4\r\n$3\r\nhit\r\n$1\r\n1\r\n:5\r\n:0\r\n>2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n' +
        '>3\r\n$5\r\nlease\r\n$1\r\nw\r\n$6\r\nfilled\r\n*1\r\n$4\r\nmiss\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n',
    );
    await Promise.all(reads);
    await eventually(() => told.length === 6, 'all was read');
    assert.deepEqual(told, [
      'ticket',
      'invalidated a of 3',
      'invalidated b of 3',
      'woken w',
      'ticket',
      'invalidated undefined of 3',
    ]);
  });
});
