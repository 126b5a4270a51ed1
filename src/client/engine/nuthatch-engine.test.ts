import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, type FakePeer, FakeServer, ManualTime } from '../connection/fake-server.testkit.js';
import { jsonSerializer } from '../serializer.js';
import { type Answer, plainReading, type ReadMode } from './engine.js';
import { notingHost } from './engine-host.testkit.js';
import { NuthatchEngine } from './nuthatch-engine.js';

const TRACKING = ['CLIENT', 'TRACKING', 'ON', 'NOLOOP'];

const ASKED = ['LEASE.PUSHES'];
const PUSH = '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n';

interface Stage {
  readonly engine: NuthatchEngine;
  readonly peer: FakePeer;
  readonly time: ManualTime;
  readonly told: string[];
  /** Since when it was told to be sound. */
  readonly sinceMs: number[];
}

/** An engine that is connected to a fake node. */
async function withEngine(tracks: boolean, body: (stage: Stage) => Promise<void>): Promise<void> {
  const server = await FakeServer.start();
  const time = new ManualTime();
  const told: string[] = [];
  const sinceMs: number[] = [];
  const host = notingHost(told, sinceMs);
  const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks, node: 3 };
  const engine = new NuthatchEngine({ port: server.port, time }, options, host);
  try {
    const peer = await server.peer();
    const commands = await peer.greet(tracks ? 1 : 0);
    if (tracks) assert.deepEqual(commands.at(-1), TRACKING);
    await engine.ready();
    assert.deepEqual(told.splice(0), ['reachable 3']);
    assert.deepEqual(sinceMs.splice(0), tracks ? [time.now()] : []);
    await body({ engine, peer, time, told, sinceMs });
  } finally {
    engine.close();
    await server.stop();
  }
}

/** A beat later it is asked, and answers. */
async function beat({ peer, time, sinceMs }: Stage, answer: string, asked = ASKED): Promise<void> {
  time.advance(250);
  const sentMs = time.now();
  assert.deepEqual(await peer.request(), asked);
  peer.write(answer);
  await eventually(() => sinceMs.length > 0, 'the answer was read');
  assert.deepEqual(sinceMs.splice(0), [sentMs]);
}

test('what is silent for a second is unsound, told once, before the connection counts as broken', async () => {
  await withEngine(true, async ({ peer, time, told }) => {
    time.advance(250);
    assert.deepEqual(await peer.request(), ASKED);
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

test('a server that answers is sound since it was asked, and asked again a beat later', async () => {
  await withEngine(true, async ({ peer, time, told, sinceMs }) => {
    for (let pushes = 1; pushes <= 12; pushes++) {
      time.advance(250);
      const sentMs = time.now();
      assert.deepEqual(await peer.request(), ASKED);
      // Nearly too late, but it comes.
      if (pushes % 3 === 0) time.advance(500);
      peer.write(`${PUSH}:${pushes}\r\n`);
      await eventually(() => sinceMs.length > 0, 'the answer was read');
      assert.deepEqual(told.splice(0), ['invalidated k of 3']);
      assert.deepEqual(sinceMs.splice(0), [sentMs]);
    }
  });
});

test('a push that was lost makes the node unsound, once; then the count of the node holds', async () => {
  await withEngine(true, async (stage) => {
    const { peer, told } = stage;
    await beat(stage, `${PUSH}${PUSH}:3\r\n`);
    assert.deepEqual(told.splice(0), ['invalidated k of 3', 'invalidated k of 3', 'unsound 3']);
    await beat(stage, ':3\r\n');
    assert.deepEqual(told, [], 'it is known');
    await beat(stage, `>2\r\n$10\r\ninvalidate\r\n_\r\n:4\r\n`);
    assert.deepEqual(told.splice(0), ['invalidated undefined of 3'], 'everything is one push');
    await beat(stage, `>2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\nk\r\n$1\r\nl\r\n:5\r\n`);
    assert.deepEqual(told.splice(0), ['invalidated k of 3', 'invalidated l of 3'], 'so are two keys');
    await beat(stage, '>3\r\n$5\r\nlease\r\n$1\r\nk\r\n$6\r\nfilled\r\n:5\r\n');
    assert.deepEqual(told.splice(0), ['woken k'], 'what is no invalidation does not count');
    // One that nobody counted: sent twice on the way, or not by the node.
    await beat(stage, `${PUSH}:5\r\n`);
    assert.deepEqual(told.splice(0), ['invalidated k of 3', 'unsound 3']);
    peer.write(PUSH);
    await beat(stage, ':6\r\n');
    assert.deepEqual(told.splice(0), ['invalidated k of 3'], 'it came before it was asked for');
  });
});

test('a new connection is counted from its beginning', async () => {
  const server = await FakeServer.start();
  const time = new ManualTime();
  const told: string[] = [];
  const sinceMs: number[] = [];
  const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks: true, node: 3 };
  const engine = new NuthatchEngine({ port: server.port, time }, options, notingHost(told, sinceMs));
  try {
    for (const pushes of [2, 1, 0]) {
      const peer = await server.peer();
      await peer.greet(1);
      await eventually(() => told.includes('reachable 3'), 'it is ready');
      sinceMs.length = 0;
      await beat({ engine, peer, time, told, sinceMs }, `${PUSH.repeat(pushes)}:${pushes}\r\n`);
      assert.ok(!told.includes('unsound 3'));
      peer.close();
      await eventually(() => told.includes('unreachable 3'), 'it is broken');
      assert.equal(told.filter((one) => one === 'unsound 3').length, 1);
      told.length = 0;
      time.advance(2_000);
    }
  } finally {
    engine.close();
    await server.stop();
  }
});

test('a node that does not know the question is asked PING: it is sound, and silence is told as ever', async () => {
  await withEngine(true, async (stage) => {
    const { peer, time, told } = stage;
    await beat(stage, `${PUSH}-ERR unknown command 'LEASE.PUSHES', with args beginning with: \r\n`);
    for (let i = 0; i < 8; i++) await beat(stage, `${PUSH}+PONG\r\n`, ['PING']);
    assert.deepEqual(told.splice(0), Array(9).fill('invalidated k of 3'));
    time.advance(250);
    assert.deepEqual(await peer.request(), ['PING']);
    time.advance(500);
    assert.deepEqual(told, []);
    time.advance(250);
    assert.deepEqual(told, ['unsound 3'], 'a second after the last question that was answered');
  });
});

test('answers before a question do not hide that it is not answered: what is pushed behind them waits as well', async () => {
  await withEngine(true, async ({ engine, peer, time, told, sinceMs }) => {
    const read = engine.read('k', 'lease', 10_000, plainReading);
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'k']);
    time.advance(250);
    assert.deepEqual(await peer.request(), ASKED);
    time.advance(500);
    peer.write('*1\r\n$4\r\nmiss\r\n');
    assert.equal((await read).status, 'miss');
    assert.deepEqual(told.splice(0), ['ticket']);
    time.advance(250);
    assert.deepEqual(told.splice(0), ['unsound 3']);
    peer.write(`${PUSH}:1\r\n`);
    await eventually(() => sinceMs.length === 1, 'it was answered');
    assert.deepEqual(told.splice(0), ['invalidated k of 3']);
    time.advance(250);
    assert.deepEqual(await peer.request(), ASKED, 'and it goes on');
    assert.deepEqual(told.splice(0), ['unsound 3'], 'what was answered is a second old by now');
    time.advance(750);
    assert.deepEqual(told.splice(0), [], 'it is still unsound');
  });
});

test('an answer that comes so late says nothing', async () => {
  await withEngine(true, async ({ engine, peer, time, told, sinceMs }) => {
    // Else the connection would be given up.
    const removed = engine.remove('k', 60_000);
    await peer.request();
    // Asked at 250, and written somewhat later: so it has not been given up when the fifth beat comes.
    time.advance(259);
    assert.deepEqual(await peer.request(), ASKED);
    time.advance(995);
    assert.deepEqual(told, ['unsound 3']);
    peer.write(':1\r\n:0\r\n');
    assert.equal(await removed, true);
    assert.deepEqual(sinceMs, []);
    time.advance(250);
    assert.deepEqual(await peer.request(), ASKED);
    peer.write(':0\r\n');
    await eventually(() => sinceMs.length === 1, 'the next one does');
    assert.deepEqual(told, ['unsound 3']);
  });
});

test('while a call with a long deadline is waited for, a question that was given up is asked again', async () => {
  await withEngine(true, async ({ engine, peer, time, told }) => {
    const removed = engine.remove('k', 60_000);
    await peer.request();
    time.advance(250);
    assert.deepEqual(await peer.request(), ASKED);
    time.advance(1_100);
    assert.deepEqual(told.splice(0), ['unsound 3']);
    // The deadline of the question has passed; its rejection is a microtask.
    await Promise.resolve();
    time.advance(250);
    assert.deepEqual(await peer.request(), ASKED);
    peer.write(':1\r\n:0\r\n:0\r\n');
    assert.equal(await removed, true);
    time.advance(250);
    assert.deepEqual(await peer.request(), ASKED);
    peer.write(':0\r\n');
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
    const reading = {
      answered: ({ status }: Answer) => told.push(status),
      failed: (error: unknown) => assert.fail(String(error)),
    };
    const reads = [engine.read('a', 'lease', 1_000, reading), engine.read('b', 'look', 1_000, reading)];
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'a']);
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'b', 'NOLEASE']);
    peer.write(
      '*4\r\n$3\r\nhit\r\n$1\r\n1\r\n:5\r\n:0\r\n>2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n' +
        '>3\r\n$5\r\nlease\r\n$1\r\nw\r\n$6\r\nfilled\r\n*1\r\n$4\r\nmiss\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n',
    );
    await Promise.all(reads);
    await eventually(() => told.length === 8, 'all was read');
    assert.deepEqual(told, [
      'ticket',
      'hit',
      'invalidated a of 3',
      'invalidated b of 3',
      'woken w',
      'ticket',
      'miss',
      'invalidated undefined of 3',
    ]);
  });
});

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

test('a lease whose answer comes too late is given back, by its token, and nothing else is', async () => {
  const lateAnswers: readonly (readonly [
    mode: ReadMode | 'write',
    answer: string,
    token: string | undefined,
  ])[] = [
    ['lease', `*3\r\n${bulk('load')}${bulk('t1')}:5000\r\n`, 't1'],
    ['lease', `*5\r\n${bulk('refresh')}${bulk('[1]')}:5\r\n:5\r\n${bulk('t2')}`, 't2'],
    ['early', `*5\r\n${bulk('refresh')}${bulk(`"${'v'.repeat(100_000)}"`)}:0\r\n:5\r\n${bulk('t3')}`, 't3'],
    ['lease', `*5\r\n${bulk('refresh')}_\r\n:5\r\n:5\r\n${bulk('t4')}`, 't4'],
    ['write', `*3\r\n${bulk('load')}${bulk('t5')}:5000\r\n`, 't5'],
    ['lease', `*3\r\n${bulk('load')}_\r\n:0\r\n`, undefined],
    ['lease', `*4\r\n${bulk('hit')}${bulk('t')}:5\r\n:5\r\n`, undefined],
    ['lease', `*5\r\n${bulk('stale')}${bulk('1')}:5\r\n:5\r\n:9\r\n`, undefined],
    ['write', '-ERR no\r\n', undefined],
  ];
  await withEngine(false, async ({ engine, peer, time }) => {
    // One that is waited for, so that the connection is not given up.
    const patient = engine.remove('patient', 60_000);
    await peer.request();
    const calls = lateAnswers.map(([mode], i) =>
      mode === 'write' ? engine.beginWrite(`k${i}`, 100) : engine.read(`k${i}`, mode, 100, plainReading),
    );
    for (const _ of calls) await peer.request();
    const settled = Promise.allSettled(calls);
    time.advance(200);
    for (const call of await settled)
      assert.ok(call.status === 'rejected' && call.reason.code === 'DEADLINE');
    peer.write(':1\r\n');
    await patient;
    for (const [i, [, answer, token]] of lateAnswers.entries()) {
      peer.write(answer);
      if (token === undefined) continue;
      assert.deepEqual(await peer.request(), ['LEASE.FAIL', `k${i}`, token]);
    }
    const next = engine.read('next', 'look', 1_000, plainReading);
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'next', 'NOLEASE']);
    for (const [, , token] of lateAnswers) if (token !== undefined) peer.write(':1\r\n');
    peer.write(`*1\r\n${bulk('miss')}`);
    assert.equal((await next).status, 'miss');
  });
});

test('the deadline may pass in the middle of the answer that grants the lease', async () => {
  const answers: readonly (readonly string[])[] = [
    [`*3\r\n${bulk('load')}`, `${bulk('token')}:5000\r\n`],
    [`*3\r\n${bulk('load')}${bulk('token')}`, ':5000\r\n'],
    [`*5\r\n${bulk('refresh')}`, `${bulk('[1]')}:5\r\n:5\r\n${bulk('token')}`],
    [`*5\r\n${bulk('refresh')}${bulk('[1]')}:5\r\n`, `:5\r\n${bulk('token')}`],
  ];
  await withEngine(false, async ({ engine, peer, time }) => {
    for (const [first, rest] of answers) {
      const before = engine.remove('before', 1_000);
      const late = assert.rejects(engine.read('k', 'lease', 100, plainReading), { code: 'DEADLINE' });
      await peer.request();
      await peer.request();
      peer.write(`:1\r\n${first}`);
      await before;
      time.advance(200);
      await late;
      peer.write(rest);
      assert.deepEqual(await peer.request(), ['LEASE.FAIL', 'k', 'token']);
      peer.write(':1\r\n');
    }
  });
});
