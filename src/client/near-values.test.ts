import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../base/index.js';
import { NearValues } from './near-values.js';
import { jsonSerializer } from './serializer.js';
import { hostTime } from './time.js';

const times = { node: 0, freshMs: 60_000, loadMs: 0, refreshes: false };

test('a process that was stopped between two events is given nothing that is over', async () => {
  let nowMs = 1_000;
  const time = { ...hostTime, now: () => nowMs };
  const near = new NearValues(
    { maxBytes: 65_536, ttlMs: 1_000, copy: false },
    jsonSerializer,
    time,
    new Random(1),
  );
  const held = near.hold({ value: 1, data: undefined });
  near.enter('k', held, { ...times, sentMs: nowMs }, near.drawTicket());
  assert.equal(await near.get('k', true), 1);
  // No timer has a chance: it is stopped while it waits for the next event.
  await new Promise((resolve) => process.nextTick(() => queueMicrotask(() => setImmediate(resolve))));
  nowMs += 1_500;
  assert.equal(near.get('k', true), undefined);
});

test('what is kept is immutable in depth, whatever made it', () => {
  const decode = (data: string | Uint8Array): unknown => new Map([['made of', { text: data }]]);
  const serializers = [jsonSerializer, { ...jsonSerializer, name: 'maps', decode }];
  for (const serializer of serializers) {
    const options = { maxBytes: 65_536, ttlMs: 1_000, copy: false };
    const near = new NearValues(options, serializer, hostTime, new Random(1));
    const value = serializer.decode('{"deep":[{"list":[1]}]}');
    const held = near.hold({ value, data: undefined });
    assert.ok(held !== undefined && held.valueBytes > 0, serializer.name);
    const parts =
      value instanceof Map ? [value, ...value.values()] : [value, ...Object.values(value as object)];
    for (const part of parts) assert.ok(Object.isFrozen(part), serializer.name);
    if (value instanceof Map) assert.throws(() => value.set('another', 1), TypeError);
    if (serializer === jsonSerializer) continue;
    const bytes = { value: [new Uint8Array(1)], data: undefined };
    assert.equal(near.hold(bytes), undefined, 'its readers could change it for each other');
  }
});
