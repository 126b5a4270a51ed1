import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freezeDeep } from './freeze-deep.js';

test('what JSON gives is frozen all the way down', () => {
  const value = JSON.parse('{"a":[1,{"b":[null,"x",{}]}],"c":{"d":true},"e":[]}');
  assert.equal(freezeDeep(value).isImmutable, true);
  assert.throws(() => value.a[1].b.push(1), TypeError);
  assert.throws(() => {
    value.c.d = false;
  }, TypeError);
  for (const inner of [value, value.a, value.a[1], value.a[1].b, value.a[1].b[2], value.c, value.e]) {
    assert.ok(Object.isFrozen(inner));
  }
});

test('what is no object is immutable as it is', () => {
  for (const value of [undefined, null, 0, 'text', true, 7n, Symbol('s'), () => 1]) {
    assert.equal(freezeDeep(value).isImmutable, true);
  }
});
