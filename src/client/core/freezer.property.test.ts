import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Freezer } from './freezer.js';

function isFrozenDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozenDeep);
}

test('JSON is frozen and counted by the short way as by the long one, and reads as before', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const [short, long] = [JSON.parse(text), JSON.parse(text)];
      assert.deepEqual(new Freezer().freezeJson(short), new Freezer().freezeDeep(long));
      assert.ok(isFrozenDeep(short) && isFrozenDeep(long));
      assert.deepEqual(short, JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});
