import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../base/index.js';
import { NearValues } from './near-values.js';
import { jsonSerializer } from './serializer.js';
import { hostTime } from './time.js';

const value = { value: 1, data: undefined, node: 0, freshMs: 60_000, loadMs: 0, refreshes: false };

test('a process that was stopped between two events is given nothing that is over', async () => {
  let nowMs = 1_000;
  const time = { ...hostTime, now: () => nowMs };
  const near = new NearValues(
    { maxBytes: 65_536, ttlMs: 1_000, copy: false },
    jsonSerializer,
    time,
    new Random(1),
  );
  near.enter('k', { ...value, sentMs: nowMs }, near.drawTicket());
  assert.equal(await near.get('k'), 1);
  // No timer has a chance: it is stopped while it waits for the next event.
  await new Promise((resolve) => process.nextTick(() => queueMicrotask(() => setImmediate(resolve))));
  nowMs += 1_500;
  assert.equal(near.get('k'), undefined);
});
