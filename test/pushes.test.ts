/** A node counts what it pushes as its client does, whatever is read and written, and however the stream is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Connection,
  jsonSerializer,
  NuthatchEngine,
  plainReading,
  type Timer,
  type TimeSource,
  utf8Text,
} from '#layers/client';
import { eventually } from './engines/world.js';
import { startNuthatch } from './kit/servers.js';

const ROUNDS = 40;
const KEYS = 20;
const BEAT_MS = 250;
const DEADLINE_MS = 10_000;

/** Time that passes when the test says so: no heartbeat lapses because the machine is slow. */
class TestTime implements TimeSource {
  #nowMs = 0;
  readonly #timers = new Map<() => void, number>();

  now(): number {
    return this.#nowMs;
  }

  later(run: () => void, ms: number): Timer {
    const due = (): void => run();
    this.#timers.set(due, this.#nowMs + ms);
    return { cancel: () => this.#timers.delete(due) };
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const [run, dueMs] of [...this.#timers]) {
      if (dueMs <= this.#nowMs && this.#timers.delete(run)) run();
    }
  }
}

test('no push is missed', async () => {
  const node = await startNuthatch();
  const time = new TestTime();
  const told = { invalidated: 0, unsound: 0, sound: 0 };
  const host = {
    woken() {},
    invalidated: () => void told.invalidated++,
    unsound: () => void told.unsound++,
    sound: () => void told.sound++,
    drawTicket: () => 0,
    reachable() {},
  };
  const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks: true };
  const engine = new NuthatchEngine({ port: node.port, time }, options, host);
  const other = new Connection({ port: node.port, deadlineMs: DEADLINE_MS });
  try {
    await Promise.all([engine.ready(), other.ready()]);
    let drawn = 0;
    const key = (): string => `k${(drawn++ * 7 + (drawn >> 4)) % KEYS}`;
    const payload = { data: '1', ttlMs: 60_000, freshMs: 60_000, loadMs: 0, isAbsent: false };
    for (let round = 1; round <= ROUNDS; round++) {
      const work: Promise<unknown>[] = [];
      for (let i = 0; i < 100; i++) {
        work.push(engine.read(key(), 'look', DEADLINE_MS, plainReading));
        if (i % 5 === 0) work.push(engine.put(key(), payload, DEADLINE_MS));
        if (i % 7 === 0) work.push(other.call(['MSET', key(), '2', key(), '3']));
        if (i % 30 === 0) work.push(other.call(['UNLINK', key(), key()]));
        // In the midst of it.
        if (i === 50) time.pass(BEAT_MS);
      }
      if (round % 10 === 0) work.push(other.call(['FLUSHDB']));
      await Promise.all(work);
      await eventually(() => told.sound === round + 1, 'the node has answered how many');
    }
    assert.ok(told.invalidated > ROUNDS);
    assert.equal(told.unsound, 0);
    const info = JSON.stringify(await other.call(['INFO', 'commandstats'], { decode: utf8Text }));
    assert.match(info, new RegExp(`cmdstat_lease\\.pushes:calls=${ROUNDS},`));
  } finally {
    engine.close();
    other.close();
    await node.stop();
  }
});
