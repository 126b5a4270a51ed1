import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NOT_IN_WHEEL, TimerWheel, type WheelItem } from './index.js';

class Deadline implements WheelItem<Deadline> {
  wheelSlot = NOT_IN_WHEEL;
  wheelTick = 0;
  wheelPrevious: Deadline | undefined;
  wheelNext: Deadline | undefined;
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), inMs: fc.integer({ min: -20, max: 300 }) }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({
    kind: fc.constant('advance' as const),
    byMs: fc.oneof(fc.integer({ min: -3, max: 15 }), fc.integer({ min: 0, max: 200 })),
    // Of the items that fire, each so-manieth removes one that waits, or waits again.
    removeEach: fc.integer({ min: 2, max: 5 }),
    againEach: fc.integer({ min: 2, max: 5 }),
  }),
);

test('a wheel fires what a plain list of deadlines would, each in the tick after its time', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.constantFrom(1, 3, 10),
      fc.constantFrom(1, 2, 8),
      (steps, tickMs, slots) => {
        let nowMs = 1000;
        const wheel = new TimerWheel<Deadline>({ tickMs, slots }, nowMs);
        /** The first tick at which each item that waits may fire: no earlier, and no later. */
        const model = new Map<Deadline, number>();
        let passedTick = Math.floor(nowMs / tickMs);
        const add = (item: Deadline, dueMs: number): void => {
          wheel.add(item, dueMs);
          model.set(item, Math.max(Math.ceil(dueMs / tickMs), passedTick + 1));
        };
        for (const one of steps) {
          if (one.kind === 'add') add(new Deadline(), nowMs + one.inMs);
          else if (one.kind === 'remove') {
            const item = [...model.keys()][one.which % Math.max(model.size, 1)] ?? new Deadline();
            wheel.remove(item);
            model.delete(item);
          } else {
            nowMs += one.byMs;
            passedTick = Math.max(passedTick, Math.floor(nowMs / tickMs));
            let fired = 0;
            wheel.advance(nowMs, (item) => {
              const tick = model.get(item);
              assert.ok(tick !== undefined && tick <= passedTick, 'due, and not fired before');
              model.delete(item);
              fired++;
              if (fired % one.againEach === 0) add(item, nowMs - fired + 10);
              const other = [...model.keys()].at(-1);
              if (fired % one.removeEach === 0 && other !== undefined) {
                wheel.remove(other);
                model.delete(other);
              }
            });
            for (const tick of model.values()) assert.ok(tick > passedTick, 'nothing that is due is left');
          }
          assert.equal(wheel.size, model.size);
        }
      },
    ),
    { numRuns: 300 },
  );
});
