import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PendingCalls } from './pending-calls.js';

test('calls are answered in their order, also around the end of the ring and while it grows', () => {
  const steps = fc.array(fc.integer({ min: -150, max: 150 }), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (changes) => {
      const calls = new PendingCalls();
      const model: string[] = [];
      let next = 0;
      for (const change of changes) {
        for (let i = 0; i < change; i++) {
          const name = `c${next++}`;
          calls.push().command = name;
          model.push(name);
        }
        for (let i = 0; i > change && model.length > 0; i--) {
          assert.equal(calls.first?.command, model.shift());
          calls.shift();
        }
        assert.equal(calls.size, model.length);
        assert.deepEqual(
          model.map((_, place) => calls.at(place).command),
          model,
        );
      }
      if (model.length === 0) assert.equal(calls.first, undefined);
    }),
  );
});
