import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventHeap } from './event-heap.js';

const operation = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), timeUs: fc.nat(20) }),
  fc.record({ kind: fc.constant('pop' as const) }),
);

interface Event {
  readonly timeUs: number;
  readonly number: number;
}

test('events come by time, those of the same time in the order in which they were added', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const heap = new EventHeap();
      const model: Event[] = [];
      for (const [number, one] of operations.entries()) {
        if (one.kind === 'push') {
          heap.push(one.timeUs, 1 + (number % 9), number, number * 2, number * 3, `payload ${number}`);
          model.push({ timeUs: one.timeUs, number });
          model.sort((a, b) => a.timeUs - b.timeUs || a.number - b.number);
        } else {
          const wanted = model.shift();
          assert.equal(heap.pop(), wanted !== undefined);
          if (wanted === undefined) continue;
          const { timeUs, kind, host, first, second, payload } = heap;
          const due = wanted.number;
          assert.deepEqual(
            [timeUs, kind, host, first, second, payload],
            [wanted.timeUs, 1 + (due % 9), due, due * 2, due * 3, `payload ${due}`],
          );
        }
        assert.equal(heap.length, model.length);
      }
    }),
  );
});

test('it grows beyond its first size and keeps the order', () => {
  const heap = new EventHeap();
  for (let i = 0; i < 5000; i++) heap.push((i * 7919) % 5000, 1, i, 0, 0, undefined);
  for (let i = 0; i < 5000; i++) {
    assert.ok(heap.pop());
    assert.equal(heap.timeUs, i);
  }
  assert.equal(heap.pop(), false);
});
