import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlotOrder } from './slot-order.js';

const step = fc.record({ op: fc.constantFrom('add', 'add', 'touch', 'remove', 'clear'), at: fc.nat(7) });

test('the order is that of a list in which what was used goes to the front', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const order = new SlotOrder(2);
      let model: number[] = [];
      for (const { op, at } of steps) {
        const slot = model[at % Math.max(1, model.length)];
        if (op === 'clear') {
          order.clear();
          model = [];
        } else if (op === 'add') {
          assert.equal(order.isFull, model.length === order.slots);
          if (order.isFull) order.grow(order.slots + 1);
          const added = order.add();
          assert.ok(added >= 1 && added <= order.highest && !model.includes(added), `slot ${added} was free`);
          model.unshift(added);
        } else if (slot !== undefined) {
          model = model.filter((other) => other !== slot);
          if (op === 'touch') {
            order.touch(slot);
            model.unshift(slot);
          } else order.remove(slot);
        }
        assert.deepEqual([...order.newestFirst()], model);
        assert.equal(order.oldest, model.at(-1) ?? 0);
      }
    }),
  );
});
