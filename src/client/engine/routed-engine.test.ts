import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/index.js';
import { Ring } from '../../ring/index.js';
import { code } from '../connection/staged-connection.testkit.js';
import { ClientError } from '../errors.js';
import { jsonSerializer } from '../serializer.js';
import { hostTime } from '../time.js';
import { CacheMemory } from './cache-memory.js';
import { type Engine, type EngineHost, plainReading } from './engine.js';
import { notingHost } from './engine-host.testkit.js';
import { MemoryEngine } from './memory-engine.js';
import { NuthatchEngine } from './nuthatch-engine.js';
import { RoutedEngine } from './routed-engine.js';

const ids = ['10.0.0.1:6379', '10.0.0.2:6379', '10.0.0.3:6379'];
const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks: true };
const keys = Array.from({ length: 60 }, (_, i) => `user:${i}`);
const payload = (value: unknown) => {
  const data = jsonSerializer.encode(value);
  return { data, ttlMs: 60_000, freshMs: 30_000, loadMs: 0, isAbsent: false };
};
/** Nothing listens there: connections are refused. */
const DEAD_PORT = 1;

function routed(memories: ReadonlyMap<string, CacheMemory>, told: string[]): RoutedEngine {
  const make = (id: string, node: number, host: EngineHost): Engine => {
    const memory = memories.get(id);
    if (memory !== undefined) return new MemoryEngine(memory, { ...options, node }, host);
    return new NuthatchEngine({ port: DEAD_PORT, connectDeadlineMs: 1_000 }, { ...options, node }, host);
  };
  const nodes = ids.map((id) => ({ id }));
  return new RoutedEngine({ nodes, make, time: hostTime, random: new Random(1) }, notingHost(told));
}

test('every key has its node, and what is told says which', async () => {
  const memories = new Map(ids.map((id) => [id, new CacheMemory({ maxBytes: 2 ** 20 })]));
  const ring = new Ring(ids.map((id) => ({ id })));
  const told: string[] = [];
  const [engine, other] = [routed(memories, told), routed(memories, [])];
  await engine.ready();
  assert.deepEqual(told.splice(0), ['reachable 0', 'reachable 1', 'reachable 2']);
  for (const key of keys) await other.put(key, payload(key), 1_000);
  for (const key of keys) {
    const { value, node } = await engine.read(key, 'look', 1_000, plainReading);
    assert.deepEqual([value, ids[node]], [key, ring.pick(key)]);
  }
  const counts = ids.map((id) => memories.get(id)?.store.count(0) ?? 0);
  assert.ok(
    counts.every((count) => count > 5),
    `all nodes have some: ${counts}`,
  );
  told.length = 0;
  await other.remove('user:7', 1_000);
  assert.deepEqual(told, [`invalidated user:7 of ${ids.indexOf(ring.pick('user:7'))}`]);
  assert.equal(await engine.clear('user:', 1_000), keys.length - 1);
  assert.match(engine.description, /^3 nodes: 10\.0\.0\.1:6379, 10/);
  engine.close();
  other.close();
  await assert.rejects(engine.read('k', 'look', 1_000, plainReading), code('CLOSED'));
});

test('the keys of a dead node are not given to others: their calls fail, and may be tried again', async () => {
  const [dead, ...alive] = ids;
  const memories = new Map(alive.map((id) => [id, new CacheMemory({ maxBytes: 2 ** 20 })]));
  const ring = new Ring(ids.map((id) => ({ id })));
  const engine = routed(memories, []);
  await engine.ready();
  const codes = new Set<string>();
  for (const key of keys) {
    const call = engine
      .put(key, payload(key), 1_000)
      .then(() => engine.read(key, 'look', 1_000, plainReading));
    if (ring.pick(key) !== dead) {
      assert.equal((await call).value, key);
      continue;
    }
    await assert.rejects(call, code('NOT_CONNECTED'));
    await assert.rejects(engine.read(key, 'look', 1_000, plainReading), (error) => {
      assert.ok(error instanceof ClientError && error.retryable);
      codes.add(error.code);
      return true;
    });
  }
  assert.deepEqual(codes, new Set(['NOT_CONNECTED', 'NODE_DOWN']), 'at last it is not even tried');
  await assert.rejects(engine.clear('user:', 1_000), code('NOT_CONNECTED'));
  for (const memory of memories.values()) assert.equal(memory.store.count(0), 0, 'the others have done it');
  engine.close();
});

test('when no node can be reached it says so', async () => {
  const engine = routed(new Map(), []);
  await assert.rejects(engine.ready(), (error: Error) => {
    assert.match(error.message, /^none of 3 nodes: .* is ready: .*was not ready within 1000 ms/);
    return code('CONNECT_FAILED')(error);
  });
  engine.close();
});
