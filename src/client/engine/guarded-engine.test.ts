import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FakePeer, FakeServer, ManualTime } from '../connection/fake-server.testkit.js';
import { code } from '../connection/staged-connection.testkit.js';
import { circuitDefaults } from '../core/index.js';
import { jsonSerializer } from '../serializer.js';
import { plainReading } from './engine.js';
import { notingHost } from './engine-host.testkit.js';
import { GuardedEngine } from './guarded-engine.js';
import { NuthatchEngine } from './nuthatch-engine.js';

const { maxFailuresInRow, firstPauseMs } = circuitDefaults;
/** The longest of each wait that has jitter. */
const random = { uint32: () => 2 ** 32 - 1, below: () => 0 };
const MISS = '*1\r\n$4\r\nmiss\r\n';
const PAYLOAD = { data: '1', ttlMs: 1_000, freshMs: 500, loadMs: 0, isAbsent: false };

interface Stage {
  readonly engine: GuardedEngine;
  readonly peer: FakePeer;
  readonly server: FakeServer;
  readonly time: ManualTime;
}

async function withGuarded(body: (stage: Stage) => Promise<void>): Promise<void> {
  const server = await FakeServer.start();
  const time = new ManualTime();
  const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks: false };
  const engine = new GuardedEngine(
    // It is patient, so that what ends the calls is their deadline.
    (host) => new NuthatchEngine({ port: server.port, time, random, maxSilenceMs: 60_000 }, options, host),
    notingHost([]),
    { time, random },
  );
  try {
    const peer = await server.peer();
    await peer.greet();
    await engine.ready();
    await body({ engine, peer, server, time });
  } finally {
    engine.close();
    await server.stop();
  }
}

/** Reads that are not answered, until the circuit is open. */
async function letItOpen({ engine, peer, time }: Stage): Promise<void> {
  for (let i = 0; i < maxFailuresInRow; i++) {
    const read = assert.rejects(engine.read('k', 'look', 100, plainReading), code('DEADLINE'));
    await peer.request();
    time.advance(120);
    await read;
  }
  assert.equal(engine.circuit, 'open');
}

test('after some unanswered calls what is not urgent is refused at once, and what invalidates still tries', async () => {
  await withGuarded(async (stage) => {
    const { engine, peer } = stage;
    await letItOpen(stage);
    const refused: readonly (() => Promise<unknown>)[] = [
      () => engine.read('k', 'lease', 100, plainReading),
      () => engine.fill('k', 'token', PAYLOAD, 100),
      () => engine.fail('k', 'token', '', 0, 100),
      () => engine.renew('k', 'token', 100),
    ];
    for (const call of refused) {
      await assert.rejects(call(), (error: Error & { retryable: boolean; mayHaveRun: boolean }) => {
        assert.deepEqual([error.retryable, error.mayHaveRun], [true, false]);
        assert.match(error.message, /^nuthatch at 127\.0\.0\.1:\d+ did not answer of late/);
        return code('NODE_DOWN')(error);
      });
    }
    assert.equal(peer.unread, 0);
    const urgent: readonly [string, () => Promise<unknown>][] = [
      ['LEASE.FILL', () => engine.put('k', PAYLOAD, 1_000)],
      ['UNLINK', () => engine.remove('k', 1_000)],
      ['LEASE.EXPIRE', () => engine.soften('k', 1_000)],
      ['LEASE.GET', () => engine.beginWrite('k', 1_000)],
      ['LEASE.VOID', () => engine.clear('k', 1_000)],
    ];
    for (const [name, call] of urgent) {
      call().catch(() => {});
      assert.equal((await peer.request())[0], name);
    }
  });
});

test('after the pause one call is the probe; its answer lets all through again', async () => {
  await withGuarded(async (stage) => {
    const { engine, peer, time } = stage;
    await letItOpen(stage);
    time.advance(firstPauseMs + 1);
    const probe = engine.read('probe', 'look', 100, plainReading);
    await assert.rejects(engine.read('other', 'look', 100, plainReading), code('NODE_DOWN'));
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'probe', 'NOLEASE']);
    peer.write(MISS.repeat(maxFailuresInRow + 1));
    assert.equal((await probe).status, 'miss');
    assert.equal(engine.circuit, 'closed');
    const next = engine.read('next', 'look', 100, plainReading);
    await peer.request();
    peer.write(MISS);
    await next;
  });
});

test('an answer to an invalidation ends the pause, and so does a new connection', async () => {
  await withGuarded(async (stage) => {
    const { engine, peer, server, time } = stage;
    await letItOpen(stage);
    const removed = engine.remove('k', 1_000);
    await peer.request();
    peer.write(`${MISS.repeat(maxFailuresInRow)}:1\r\n`);
    await removed;
    const probe = assert.rejects(engine.read('k', 'look', 100, plainReading), code('CONNECTION_LOST'));
    await peer.request();
    peer.close();
    await probe;
    assert.equal(engine.circuit, 'open');
    await assert.rejects(engine.read('k', 'look', 100, plainReading), code('NODE_DOWN'));
    time.advance(50);
    const again = await server.peer();
    await again.greet();
    await engine.ready();
    const second = engine.read('k', 'look', 100, plainReading);
    await again.request();
    again.write(MISS);
    await second;
    assert.equal(engine.circuit, 'closed');
  });
});

test('a read that was sent before the circuit opened is not counted after it', async () => {
  await withGuarded(async (stage) => {
    const { engine, peer, time } = stage;
    const early = engine.read('early', 'look', 60_000, plainReading);
    await peer.request();
    await letItOpen(stage);
    time.advance(firstPauseMs + 1);
    const probe = engine.read('probe', 'look', 100, plainReading);
    await peer.request();
    assert.equal(engine.circuit, 'half-open');
    peer.write(MISS);
    assert.equal((await early).status, 'miss');
    assert.equal(engine.circuit, 'half-open', 'it was not the probe');
    peer.write(MISS.repeat(maxFailuresInRow + 1));
    await probe;
    assert.equal(engine.circuit, 'closed');
  });
});

test('an error reply is an answer', async () => {
  await withGuarded(async ({ engine, peer }) => {
    for (let i = 0; i < 3 * maxFailuresInRow; i++) {
      const read = assert.rejects(engine.read('k', 'look', 100, plainReading), code('REPLY'));
      await peer.request();
      peer.write('-OOM command not allowed\r\n');
      await read;
    }
    assert.equal(engine.circuit, 'closed');
  });
});

test('a call that could not be sent is none', async () => {
  await withGuarded(async (stage) => {
    const { engine, peer, time } = stage;
    await letItOpen(stage);
    const tooLarge = 'k'.repeat(65 * 2 ** 20);
    await assert.rejects(engine.remove(tooLarge, 100), code('OVERLOADED'));
    await assert.rejects(engine.read('k', 'look', 100, plainReading), code('NODE_DOWN'), 'its pause goes on');
    time.advance(firstPauseMs + 1);
    await assert.rejects(engine.read(tooLarge, 'look', 100, plainReading), code('OVERLOADED'));
    assert.equal(engine.circuit, 'half-open');
    time.advance(circuitDefaults.probeMs);
    const probe = engine.read('probe', 'look', 100, plainReading);
    assert.deepEqual(await peer.request(), ['LEASE.GET', 'probe', 'NOLEASE']);
    peer.write(MISS.repeat(maxFailuresInRow + 1));
    await probe;
    assert.equal(engine.circuit, 'closed');
  });
});
