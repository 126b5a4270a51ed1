import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTime } from '../connection/fake-server.testkit.js';
import { code } from '../connection/staged-connection.testkit.js';
import { jsonSerializer } from '../serializer.js';
import { CacheMemory } from './cache-memory.js';
import { type Answer, type Payload, plainReading } from './engine.js';
import { notingHost } from './engine-host.testkit.js';
import { MemoryEngine } from './memory-engine.js';

const MIB = 2 ** 20;
const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks: false };

const payload = (value: unknown, ttlMs = 60_000): Payload => {
  const data = jsonSerializer.encode(value);
  return { data, ttlMs, freshMs: ttlMs, loadMs: 0, isAbsent: false };
};

function memoryAndEngine(maxBytes = MIB) {
  const time = new ManualTime();
  const memory = new CacheMemory({ maxBytes, time });
  const told: string[] = [];
  const host = notingHost(told);
  return { time, memory, told, host, engine: new MemoryEngine(memory, options, host) };
}

test('what expires goes, and a lease that ends wakes who waits, without being asked', async () => {
  const { time, memory, told, engine } = memoryAndEngine();
  const other = new MemoryEngine(memory, options, notingHost([]));
  for (let i = 0; i < 10; i++) await engine.put(`k${i}`, payload(i, 1_000));
  assert.equal((await other.read('loading', 'lease', 0, plainReading)).status, 'load');
  assert.equal((await engine.read('loading', 'lease', 0, plainReading)).status, 'wait');
  time.advance(900);
  assert.equal(memory.store.count(0), 10);
  time.advance(4_000);
  assert.equal(memory.store.count(0), 0);
  assert.ok(!told.includes('woken loading'));
  time.advance(300);
  assert.ok(told.includes('woken loading'));
  assert.equal(memory.leases.records.count, 0);
  assert.equal(time.alive, 0, 'upkeep does not keep the process alive');
});

test('its memory is bounded: what was used longest ago goes', async () => {
  const { memory, engine } = memoryAndEngine();
  const value = 'x'.repeat(10_000);
  for (let i = 0; i < 300; i++) {
    await engine.put(`k${i}`, payload(value));
    await engine.read('k0', 'look', 0, plainReading);
  }
  assert.ok(memory.store.usedBytes + memory.leases.records.usedBytes <= MIB);
  const there: string[] = [];
  for (let i = 0; i < 300; i++) {
    if ((await engine.read(`k${i}`, 'look', 0, plainReading)).isThere) there.push(`k${i}`);
  }
  assert.ok(there.length > 50 && there.length < 110, `${there.length} are there`);
  assert.ok(there.includes('k0') && there.includes('k299') && !there.includes('k1'));
});

test('what is too large is refused, and a lease for it is free again', async () => {
  const { engine } = memoryAndEngine();
  const large = payload('x'.repeat(2 * MIB));
  await assert.rejects(engine.put('k', large), code('TOO_LARGE'));
  const { token } = await engine.read('k', 'lease', 0, plainReading);
  await assert.rejects(engine.fill('k', String(token), large), code('TOO_LARGE'));
  assert.equal((await engine.read('k', 'lease', 0, plainReading)).status, 'load');
  await assert.rejects(engine.read('k'.repeat(65_537), 'lease', 0, plainReading), code('TOO_LARGE'));
});

test('without room for leases one may load, but not fill', async () => {
  const { memory, engine } = memoryAndEngine();
  let answer: Answer;
  let leases = 0;
  do {
    answer = await engine.read(`k${leases++}`, 'lease', 0, plainReading);
    assert.equal(answer.status, 'load');
  } while (answer.token !== undefined && leases < 1_000);
  assert.ok(leases > 50 && leases < 1_000, `${leases} leases`);
  assert.equal(answer.leaseMs, 0);
  assert.ok(memory.leases.records.usedBytes <= memory.maxBytes / 16);
});

test('who is told may call at once: the store is at rest then', async () => {
  const { memory, engine: loader } = memoryAndEngine();
  const answers: Promise<Answer>[] = [];
  const order: string[] = [];
  const waiter: MemoryEngine = new MemoryEngine(
    memory,
    { ...options, tracks: true },
    {
      ...notingHost(order),
      woken: (key) => {
        order.push('woken');
        answers.push(
          waiter.read(key, 'lease', 0, plainReading),
          waiter.beginWrite('other').then(() => waiter.read(key, 'lease', 0, plainReading)),
        );
      },
    },
  );
  const { token } = await loader.read('k', 'lease', 0, plainReading);
  await waiter.read('k', 'lease', 0, plainReading);
  order.length = 0;
  assert.equal(await loader.fill('k', String(token), payload('v')), true);
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status, value }) => [status, value]),
    [
      ['hit', 'v'],
      ['hit', 'v'],
    ],
  );
  assert.deepEqual(order.slice(0, 3), ['woken', 'ticket', 'invalidated k of 0']);
});

test('a size that cannot be is refused', () => {
  for (const maxBytes of [0, 1_000, MIB - 1, 1.5 * MIB + 0.5, 2 ** 50, Number.NaN]) {
    assert.throws(() => new CacheMemory({ maxBytes }), /maxBytes is .*; give an integer from 1048576 to /);
  }
});
