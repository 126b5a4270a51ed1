import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Scheduled, SoonestQueue } from './soonest-queue.js';

const step = fc.record({
  op: fc.constantFrom('add' as const, 'add' as const, 'move' as const, 'remove' as const, 'take' as const),
  which: fc.nat(),
  dueMs: fc.integer({ min: 0, max: 20 }),
});

test('every run of adding, moving and removing agrees with a sorted list', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const queue = new SoonestQueue<Scheduled>();
      let model: Scheduled[] = [];
      for (const { op, which, dueMs } of steps) {
        const item = op === 'take' ? queue.first : model[which % Math.max(1, model.length)];
        if (op === 'add') {
          const added = { dueMs, place: 0 };
          queue.add(added);
          model.push(added);
        } else if (item !== undefined && op === 'move') {
          queue.move(item, dueMs);
          assert.equal(item.dueMs, dueMs);
        } else if (item !== undefined) {
          queue.remove(item);
          model = model.filter((other) => other !== item);
        }
        assert.equal(queue.size, model.length);
        assert.equal(
          queue.first?.dueMs ?? -1,
          model.length === 0 ? -1 : Math.min(...model.map((i) => i.dueMs)),
        );
        assert.ok(queue.first === undefined || model.includes(queue.first));
      }
    }),
  );
});
