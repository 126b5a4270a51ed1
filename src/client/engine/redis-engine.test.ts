import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, type FakePeer, FakeServer, ManualTime } from '../connection/fake-server.testkit.js';
import { code } from '../connection/staged-connection.testkit.js';
import { jsonSerializer } from '../serializer.js';
import { type Engine, plainReading } from './engine.js';
import { notingHost } from './engine-host.testkit.js';
import { beginWriteScript } from './redis-scripts/begin-write.js';
import { failScript } from './redis-scripts/fail.js';
import type { LuaScript } from './redis-scripts/lua-script.js';
import { putScript } from './redis-scripts/put.js';
import { readScript } from './redis-scripts/read.js';
import { removeScript } from './redis-scripts/remove.js';
import { renewScript } from './redis-scripts/renew.js';
import { watchScript } from './redis-scripts/watch.js';
import { makeRedisEngine } from './redis-server-engine.js';

interface Stage {
  readonly server: FakeServer;
  readonly engine: Engine;
  readonly peer: FakePeer;
  readonly time: ManualTime;
  readonly told: string[];
}

const WAIT = '*2\r\n$4\r\nwait\r\n:4000\r\n';
const MISS = '*1\r\n$4\r\nmiss\r\n';
const invalidate = (key: string): string => `>2\r\n$10\r\ninvalidate\r\n*1\r\n$${key.length}\r\n${key}\r\n`;

/** An engine over a server that does what the test says. */
async function withEngine(
  tracks: boolean,
  body: (stage: Stage) => Promise<void>,
  leaseMs = 5_000,
): Promise<void> {
  const server = await FakeServer.start();
  const time = new ManualTime();
  const told: string[] = [];
  const engine = makeRedisEngine(
    { port: server.port, time },
    { serializer: jsonSerializer, leaseMs, tracks },
    notingHost(told),
    { kind: 'valkey', version: '8.1.0', mode: 'standalone' },
  );
  try {
    const ready = engine.ready();
    const peer = await server.peer();
    const commands = await peer.greet(1);
    const mode = tracks ? [] : ['OPTIN'];
    assert.deepEqual(commands.at(-1), ['CLIENT', 'TRACKING', 'ON', ...mode, 'NOLOOP']);
    await ready;
    told.length = 0;
    await body({ server, engine, peer, time, told });
  } finally {
    engine.close();
    await server.stop();
  }
}

/** Scripts that were sent as text, by the connection. */
const known = new WeakMap<FakePeer, Set<LuaScript>>();

/** The next command is a script over the key, as text if it is the first time or the server has `forgotten` it; returns its arguments. */
async function called(peer: FakePeer, script: LuaScript, key: string, forgotten = false): Promise<string[]> {
  const scripts = known.get(peer) ?? new Set();
  const by = forgotten || !scripts.has(script) ? 'EVAL' : 'EVALSHA';
  known.set(peer, scripts.add(script));
  const [command, text, keys, first, ...args] = await peer.request();
  assert.deepEqual([command, text, keys, first], [by, by === 'EVAL' ? script.source : script.hash, '1', key]);
  return args;
}

test('it says what it is', async () => {
  await withEngine(false, async ({ engine }) => {
    assert.match(engine.description, /^valkey 8\.1\.0 at 127\.0\.0\.1:\d+$/);
  });
});

test('what a process does first is executed in its order, each call sent once, on every connection anew', async () => {
  await withEngine(false, async ({ server, engine, peer, time, told }) => {
    const data = { data: '1', ttlMs: 1_000, freshMs: 1_000, loadMs: 0, isAbsent: false };
    const both = (): Promise<unknown> => Promise.all([engine.put('k', data, 200), engine.remove('k', 200)]);
    const executed = async (by: FakePeer): Promise<void> => {
      await called(by, putScript, 'k');
      await called(by, removeScript, 'k');
      by.write(':1\r\n:1\r\n');
    };
    for (let i = 0; i < 2; i++) {
      const done = both();
      await executed(peer);
      await done;
    }
    peer.close();
    await eventually(() => told.includes('unreachable 0'), 'it broke');
    await assert.rejects(both(), code('NOT_CONNECTED'));
    time.advance(100);
    const next = await server.peer();
    await next.greet(1);
    await engine.ready();
    const done = both();
    await executed(next);
    await done;
    assert.equal(next.unread, 0);
  });
});

test('a script that the server does not know is sent as text, once, with the same arguments', async () => {
  await withEngine(false, async ({ engine, peer }) => {
    const first = engine.read('k', 'lease', 200, plainReading);
    await called(peer, readScript, 'k');
    peer.write(MISS);
    await first;
    const read = engine.read('k', 'lease', 200, plainReading);
    const args = await called(peer, readScript, 'k');
    peer.write('-NOSCRIPT No matching script. Please use EVAL.\r\n');
    assert.deepEqual(await called(peer, readScript, 'k', true), args);
    peer.write(MISS);
    assert.equal((await read).status, 'miss');
    const again = assert.rejects(engine.read('k', 'look', 200, plainReading), code('REPLY'));
    await called(peer, readScript, 'k');
    peer.write('-NOSCRIPT no\r\n');
    await called(peer, readScript, 'k', true);
    peer.write('-NOSCRIPT no, and again no\r\n');
    await again;
  });
});

test('both attempts together keep to the deadline', async () => {
  await withEngine(false, async ({ engine, peer, time }) => {
    const first = engine.soften('k', 200);
    await peer.request();
    peer.write(':0\r\n');
    await first;
    const late = assert.rejects(engine.soften('k', 200), code('DEADLINE'));
    await peer.request();
    time.advance(150);
    peer.write('-NOSCRIPT no\r\n');
    await peer.request();
    time.advance(80);
    await late;
  });
});

test('who waits is tracked by a read that is announced, and woken by the push', async () => {
  await withEngine(false, async ({ engine, peer, time, told }) => {
    const read = engine.read('k', 'lease', 200, plainReading);
    await called(peer, readScript, 'k');
    peer.write(WAIT);
    assert.equal((await read).status, 'wait');
    assert.deepEqual(await peer.request(), ['CLIENT', 'CACHING', 'YES']);
    await called(peer, watchScript, 'k');
    peer.write('+OK\r\n:3000\r\n');
    const other = engine.read('k', 'lease', 200, plainReading);
    await called(peer, readScript, 'k');
    peer.write(WAIT);
    await other;
    assert.equal(peer.unread, 0, 'it is watched already');
    peer.write(invalidate('other') + invalidate('k') + invalidate('k'));
    await eventually(() => told.includes('woken k'), 'it was woken');
    time.advance(10_000);
    assert.deepEqual(told, ['ticket', 'ticket', 'woken k']);
  });
});

test('a watch that is sent again is announced again', async () => {
  await withEngine(false, async ({ engine, peer }) => {
    for (const key of ['first', 'k']) {
      const read = engine.read(key, 'lease', 200, plainReading);
      await called(peer, readScript, key);
      peer.write(WAIT);
      await read;
      assert.deepEqual(await peer.request(), ['CLIENT', 'CACHING', 'YES']);
      await called(peer, watchScript, key);
      if (key === 'first') peer.write('+OK\r\n:3000\r\n');
    }
    peer.write('+OK\r\n-NOSCRIPT no\r\n');
    assert.deepEqual(
      await peer.request(),
      ['CLIENT', 'CACHING', 'YES'],
      'that it was announced is forgotten',
    );
    await called(peer, watchScript, 'k', true);
    peer.write('+OK\r\n:3000\r\n');
  });
});

test('with tracking what was read is tracked, and the host is told before who waits', async () => {
  await withEngine(true, async ({ engine, peer, told }) => {
    const read = engine.read('k', 'lease', 200, plainReading);
    await called(peer, readScript, 'k');
    peer.write(WAIT + invalidate('k'));
    await read;
    assert.deepEqual(told, ['ticket', 'invalidated k of 0', 'woken k']);
    assert.equal(peer.unread, 0);
    const again = engine.read('k', 'lease', 200, plainReading);
    await called(peer, readScript, 'k');
    peer.write(`${WAIT}>2\r\n$10\r\ninvalidate\r\n_\r\n`);
    await again;
    assert.deepEqual(told.slice(3), ['ticket', 'invalidated undefined of 0', 'woken k']);
  });
});

test('a connection that breaks wakes all who wait', async () => {
  await withEngine(true, async ({ engine, peer, told }) => {
    const read = engine.read('k', 'lease', 200, plainReading);
    await called(peer, readScript, 'k');
    peer.write(WAIT);
    await read;
    peer.close();
    await eventually(() => told.includes('woken k'), 'it was woken');
    assert.deepEqual(told, ['ticket', 'unsound 0', 'unreachable 0', 'woken k']);
  });
});

test('our own writes wake who waits here, in the turn of their answer', async () => {
  await withEngine(true, async ({ engine, peer, told }) => {
    const read = engine.read('k', 'lease', 200, plainReading);
    const removed = engine.remove('k', 200);
    await called(peer, readScript, 'k');
    await called(peer, removeScript, 'k');
    peer.write(`${WAIT}:0\r\n`);
    assert.equal((await read).status, 'wait');
    assert.equal(await removed, false);
    assert.deepEqual(told, ['ticket', 'woken k']);
  });
});

test('a lease whose answer came too late is given back', async () => {
  await withEngine(false, async ({ engine, peer, time }) => {
    for (const mode of ['lease', 'early', 'look'] as const) {
      const late = assert.rejects(engine.read('k', mode, 200, plainReading), code('DEADLINE'));
      const [asked, token] = await called(peer, readScript, 'k');
      assert.equal(asked, mode);
      time.advance(220);
      await late;
      if (mode === 'look') continue;
      assert.deepEqual(await called(peer, failScript, 'k'), [token, '', '0']);
      peer.write(`${MISS}:1\r\n`);
    }
    const late = assert.rejects(engine.beginWrite('k', 200), code('DEADLINE'));
    const [, , , , token] = await peer.request();
    time.advance(220);
    await late;
    assert.deepEqual(await called(peer, failScript, 'k'), [token, '', '0']);
  });
});

test('a write that was given up counts as a change when it was given up, and when it surely ran', async () => {
  await withEngine(true, async ({ engine, peer, time, told }) => {
    const read = engine.read('k', 'look', 5_000, plainReading);
    const data = { data: '1', ttlMs: 1_000, freshMs: 500, loadMs: 3, isAbsent: false };
    const late = assert.rejects(engine.put('k', data, 200), code('DEADLINE'));
    await called(peer, readScript, 'k');
    assert.deepEqual(await called(peer, putScript, 'k'), ['1', '1000', '500', '3', '0']);
    time.advance(220);
    await late;
    assert.deepEqual(told, ['invalidated k of 0']);
    assert.deepEqual(await peer.request(), ['EXISTS', 'k']);
    time.advance(700);
    assert.deepEqual(await peer.request(), ['PING']);
    peer.write('*4\r\n$3\r\nhit\r\n$1\r\n0\r\n:100\r\n:0\r\n');
    assert.equal((await read).value, 0, 'the old value, from before the write');
    time.advance(330);
    assert.deepEqual(await peer.request(), ['EXISTS', 'k'], 'asked again');
    peer.write(':1\r\n:1\r\n+PONG\r\n:1\r\n');
    await eventually(() => told.at(-1) === 'invalidated k of 0', 'it was told again');
    assert.deepEqual(told, ['invalidated k of 0', 'ticket', 'unsound 0', 'invalidated k of 0']);
  });
});

test('also a server that refuses the question has executed what came before it', async () => {
  await withEngine(true, async ({ engine, peer, time, told }) => {
    const late = assert.rejects(engine.clear('p:', 200), code('DEADLINE'));
    await called(peer, removeScript, 'p:');
    time.advance(220);
    await late;
    assert.deepEqual(await peer.request(), ['EXISTS', '']);
    assert.deepEqual(told, ['invalidated undefined of 0']);
    peer.write(':0\r\n-NOPERM this user may not look at that key\r\n');
    await eventually(() => told.length === 2, 'it was told again');
    assert.deepEqual(told[1], 'invalidated undefined of 0');
  });
});

test('without a near cache nobody is told of a write that was given up', async () => {
  await withEngine(false, async ({ engine, peer, time, told }) => {
    const late = assert.rejects(engine.remove('k', 200), code('DEADLINE'));
    await called(peer, removeScript, 'k');
    time.advance(220);
    await late;
    assert.equal(peer.unread, 0);
    assert.deepEqual(told, []);
  });
});

test('lifetimes are whole, and what is for ever says nothing', async () => {
  await withEngine(false, async ({ engine, peer }) => {
    const base = { data: 'x', ttlMs: 1_000, freshMs: 1_000, loadMs: 0, isAbsent: false };
    const cases = [
      [{}, ['1000', '0', '0', '0']],
      [{ ttlMs: 0.2, freshMs: 0.1 }, ['1', '1', '0', '0']],
      [{ ttlMs: 99.2, freshMs: 50.5, loadMs: 1.5 }, ['100', '51', '2', '0']],
      [{ ttlMs: Number.POSITIVE_INFINITY, freshMs: 700 }, ['0', '700', '0', '0']],
      [{ ttlMs: Number.POSITIVE_INFINITY, freshMs: Number.POSITIVE_INFINITY }, ['0', '0', '0', '0']],
      [{ ttlMs: 1e15, freshMs: 1e14, isAbsent: true }, ['0', '0', '0', '1']],
    ] as const;
    for (const [changes, expected] of cases) {
      const put = engine.put('k', { ...base, ...changes }, 200);
      assert.deepEqual((await called(peer, putScript, 'k')).slice(1), expected);
      peer.write(':1\r\n');
      await put;
    }
  });
});

test('a replica that finds no keys to clear does not say that it has', async () => {
  await withEngine(false, async ({ engine, peer }) => {
    const cleared = assert.rejects(engine.clear('p:', 200), { replyCode: 'READONLY' });
    await called(peer, removeScript, 'p:');
    peer.write('-READONLY a replica\r\n');
    await cleared;
    assert.equal(peer.unread, 0);
  });
});

test('leases last for whole ms', async () => {
  await withEngine(
    false,
    async ({ engine, peer }) => {
      const read = engine.read('k', 'lease', 200, plainReading);
      assert.equal((await called(peer, readScript, 'k'))[2], '334');
      const renewed = engine.renew('k', 't', 200);
      assert.deepEqual(await called(peer, renewScript, 'k'), ['t', '334']);
      const write = engine.beginWrite('k', 200);
      assert.equal((await called(peer, beginWriteScript, 'k'))[1], '334');
      peer.write(`${MISS}:1\r\n*3\r\n$4\r\nload\r\n_\r\n:0\r\n`);
      await Promise.all([read, renewed, write]);
    },
    1_000 / 3,
  );
});

test('what is no answer of a script is an error of the protocol', async () => {
  await withEngine(false, async ({ engine, peer }) => {
    const wrong = assert.rejects(engine.remove('k', 200), code('PROTOCOL'));
    await called(peer, removeScript, 'k');
    peer.write('+OK\r\n');
    await wrong;
    const scan = assert.rejects(engine.clear('p:', 200), code('PROTOCOL'));
    await called(peer, removeScript, 'p:');
    peer.write(':0\r\n');
    assert.deepEqual(await peer.request(), ['SCAN', '0', 'MATCH', 'p:*', 'COUNT', '500']);
    peer.write(':0\r\n');
    await scan;
  });
});
