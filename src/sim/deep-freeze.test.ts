import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepFreeze } from './deep-freeze.js';

test('data is frozen all the way down', () => {
  const data = deepFreeze({ kind: 'a', list: [{ number: 1 }], nothing: undefined, no: null });
  assert.ok(Object.isFrozen(data) && Object.isFrozen(data.list) && Object.isFrozen(data.list[0]));
  assert.equal(deepFreeze(7), 7);
});

test('what no wire would carry is refused', () => {
  assert.throws(() => deepFreeze({ call: () => 1 }), /functions are no data/);
  assert.throws(() => deepFreeze({ set: new Set() }), /an instance of a class/);
  interface Circle {
    inner?: Circle;
  }
  const circle: Circle = {};
  circle.inner = circle;
  deepFreeze(circle);
  const deep: Circle = {};
  let at = deep;
  for (let i = 0; i < 200; i++) at = at.inner = {};
  assert.throws(() => deepFreeze(deep), /nested deeper/);
});
