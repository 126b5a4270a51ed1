import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { Freezer } from './freezer.js';

function freezeDeep(value: unknown) {
  return new Freezer().freezeDeep(value);
}

function assertRefuses(...changes: (() => unknown)[]): void {
  for (const change of changes) assert.throws(change, TypeError, String(change));
}

test('what JSON gives is frozen all the way down', () => {
  const value = JSON.parse('{"a":[1,{"b":[null,"x",{}]}],"c":{"d":true},"e":[]}');
  assert.equal(freezeDeep(value).isImmutable, true);
  assertRefuses(
    () => value.a[1].b.push(1),
    () => value.e.push(1),
    () => {
      value.c.d = false;
    },
    () => {
      value.a[1].b[2].x = 1;
    },
    () => delete value.c,
  );
  assert.deepEqual(value, JSON.parse('{"a":[1,{"b":[null,"x",{}]}],"c":{"d":true},"e":[]}'));
});

test('what is no object is immutable as it is', () => {
  for (const value of [undefined, null, 0, 1.5, 'text', true, 7n, Symbol('s'), () => 1]) {
    assert.equal(freezeDeep(value).isImmutable, true);
  }
});

test('cycles end, and what is shared is frozen and counted once', () => {
  const shared = { text: 'x'.repeat(10_000) };
  const cyclic: Record<string, unknown> = { shared, again: [shared, shared], map: new Map() };
  cyclic['self'] = cyclic;
  (cyclic['map'] as Map<unknown, unknown>).set(cyclic, shared);
  const frozen = freezeDeep(cyclic);
  assert.equal(frozen.isImmutable, true);
  assert.ok(Object.isFrozen(shared));
  assert.ok(frozen.bytes > 10_000 && frozen.bytes < 20_000, `${frozen.bytes} bytes`);
});

test('a value nested a hundred thousand deep needs no stack', () => {
  let nested: unknown[] = [];
  const innermost = nested;
  for (let depth = 0; depth < 100_000; depth++) nested = [nested];
  assert.equal(freezeDeep(nested).isImmutable, true);
  assert.ok(Object.isFrozen(innermost));
});

test('what was frozen before may hold what is not', () => {
  const inner = { changes: true };
  assert.equal(freezeDeep(Object.freeze({ inner })).isImmutable, true);
  assert.ok(Object.isFrozen(inner));
});

test('hidden properties and symbols are followed, getters are not called', () => {
  const [hidden, ofSymbol, named] = [{ n: 1 }, { n: 1 }, { n: 1 }];
  const value = Object.assign([1], { [Symbol('s')]: ofSymbol, named });
  Object.defineProperty(value, 'hidden', { value: hidden });
  Object.defineProperty(value, 'trap', { get: () => assert.fail('a getter was called'), enumerable: true });
  assert.equal(freezeDeep(value).isImmutable, true);
  for (const inner of [hidden, ofSymbol, named]) assert.ok(Object.isFrozen(inner));
});

test('an instance keeps its class, and the class is not touched', () => {
  class Point {
    at = { x: 1 };
    move = (): void => {};
    get x(): number {
      return this.at.x;
    }
  }
  const point = new Point();
  assert.equal(freezeDeep(point).isImmutable, true);
  assert.ok(point instanceof Point && point.x === 1);
  assert.ok(Object.isFrozen(point.at));
  assert.ok(!Object.isFrozen(Point) && !Object.isFrozen(Point.prototype) && !Object.isFrozen(point.move));
});

test('a Map and a Set refuse changes and are read as before', () => {
  const [key, value, item] = [{ k: 1 }, { v: 1 }, { i: 1 }];
  const map = new Map([[key, value]]);
  const set = new Set([item]);
  assert.equal(freezeDeep({ map, set }).isImmutable, true);
  assertRefuses(
    () => map.set(key, value),
    () => map.delete(key),
    () => map.clear(),
    () => set.add(item),
    () => set.delete(item),
    () => set.clear(),
  );
  assert.throws(() => map.clear(), /shared by all its readers: change a copy/);
  for (const inner of [key, value, item]) assert.ok(Object.isFrozen(inner));
  assert.ok(map.get(key) === value && set.has(item));
  assert.deepEqual(map, new Map([[{ k: 1 }, { v: 1 }]]));
  assert.deepEqual(set, new Set([{ i: 1 }]));
  const copy = structuredClone(map);
  copy.clear();
  assert.equal(copy.size, 0);
});

test('every setter of a Date is refused', () => {
  const date = new Date(1_700_000_000_000);
  const setters = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set'));
  assert.equal(freezeDeep(date).isImmutable, true);
  for (const name of setters) {
    assert.throws(() => (date as unknown as Record<string, (n: number) => void>)[name]?.(1), TypeError, name);
  }
  assert.deepEqual(date, new Date(1_700_000_000_000));
  assert.equal(JSON.stringify({ date }), '{"date":"2023-11-14T22:13:20.000Z"}');
});

test('bytes are left alone, and it is told', () => {
  const shared = new SharedArrayBuffer(8);
  for (const bytes of [
    Buffer.from('abc'),
    new Float64Array(2),
    new DataView(shared),
    new ArrayBuffer(8),
    shared,
  ]) {
    assert.equal(freezeDeep(bytes).isImmutable, false);
    assert.equal(freezeDeep({ deep: [{ bytes }] }).isImmutable, false);
  }
  const value = { bytes: Buffer.from('abc'), rest: { n: 1 } };
  freezeDeep(value);
  assert.ok(Object.isFrozen(value) && Object.isFrozen(value.rest), 'all else is frozen');
});

test('a RegExp that remembers where it is must be able to', () => {
  const [global, plain] = [/a/g, /a/];
  assert.equal(freezeDeep(global).isImmutable, false);
  assert.equal(freezeDeep(plain).isImmutable, true);
  assert.ok(global.test('ba') && plain.test('ba'));
});

test('what somebody else closed before can still change, and it is told; what we froze is known again', () => {
  const map = new Map([['k', 1]]);
  assert.equal(freezeDeep(Object.freeze(map)).isImmutable, false);
  assert.equal(freezeDeep(Object.preventExtensions(new Date(0))).isImmutable, false);
  const ours = new Set([1]);
  freezeDeep(ours);
  assert.equal(freezeDeep({ ours }).isImmutable, true);
});

test('what node:v8 decodes is frozen too', () => {
  const holes = [1, 2, 3];
  delete holes[1];
  const value = deserialize(
    serialize({ map: new Map([[1, { a: [1n, new Date(0)] }]]), error: new Error('e'), holes }),
  );
  assert.equal(freezeDeep(value).isImmutable, true);
  assertRefuses(
    () => value.map.get(1).a.push(1),
    () => value.map.get(1).a[1].setTime(1),
    () => {
      value.error.message = '';
    },
    () => {
      value.holes[1] = 2;
    },
  );
});
