import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError, NOT_IN_WHEEL, TimerWheel, type WheelItem } from './index.js';

class Deadline implements WheelItem<Deadline> {
  wheelSlot = NOT_IN_WHEEL;
  wheelTick = 0;
  wheelPrevious: Deadline | undefined;
  wheelNext: Deadline | undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const SHAPE = { tickMs: 10, slots: 8 };

function wheelWith(deadlines: Readonly<Record<string, number>>, startMs = 0) {
  const wheel = new TimerWheel<Deadline>(SHAPE, startMs);
  const items: Record<string, Deadline> = {};
  for (const [name, dueMs] of Object.entries(deadlines)) {
    items[name] = new Deadline(name);
    wheel.add(items[name], dueMs);
  }
  const firedBy = (nowMs: number): string => {
    const fired: string[] = [];
    wheel.advance(nowMs, (item) => fired.push(item.name));
    return fired.join(' ');
  };
  return { wheel, items, firedBy };
}

test('deadlines fire in their tick, mixed lengths in one slot included', () => {
  const { wheel, firedBy } = wheelWith({ round3: 175, a: 15, round2: 95, b: 20, later: 21 });
  assert.equal(firedBy(14.9), '');
  assert.equal(firedBy(19.9), '', 'within the tick');
  assert.deepEqual(firedBy(20).split(' ').sort(), ['a', 'b']);
  assert.equal(firedBy(30), 'later');
  assert.equal(firedBy(99), '');
  assert.equal(firedBy(100), 'round2');
  assert.equal(firedBy(180), 'round3');
  assert.equal(wheel.size, 0);
});

test('after a long pause all that is due fires, once', () => {
  const { firedBy } = wheelWith({ a: 5, b: 95, c: 500, d: 1000.1 });
  assert.deepEqual(firedBy(1000).split(' ').sort(), ['a', 'b', 'c']);
  assert.equal(firedBy(1000), '');
  assert.equal(firedBy(1010), 'd');
});

test('a deadline in the past fires with the next tick, one at Infinity never', () => {
  const { wheel, items, firedBy } = wheelWith({ past: 3, never: Number.POSITIVE_INFINITY }, 505);
  assert.equal(firedBy(509), '');
  assert.equal(firedBy(510), 'past');
  assert.equal(firedBy(1e9), '');
  wheel.remove(items['never']);
  assert.equal(wheel.size, 0);
});

test('an item that was removed does not fire, and may be added again', () => {
  const { wheel, items, firedBy } = wheelWith({ a: 20, b: 20, c: 20 });
  wheel.remove(items['b']);
  wheel.remove(items['b']);
  assert.equal(wheel.size, 2);
  wheel.add(items['b'], 50);
  assert.deepEqual(firedBy(40).split(' ').sort(), ['a', 'c']);
  assert.equal(firedBy(50), 'b');
});

test('firing may remove what else is due and add what is due already', () => {
  const { wheel, items } = wheelWith({ a: 20, b: 20, c: 20, far: 100 });
  const fired: string[] = [];
  wheel.advance(60, (item) => {
    fired.push(item.name);
    for (const other of ['a', 'b', 'c']) wheel.remove(items[other]);
    wheel.add(item, 0);
  });
  assert.equal(fired.length, 1, 'the others were removed, and what was added waits');
  assert.equal(wheel.size, 2);
  wheel.advance(70, (item) => fired.push(item.name));
  assert.equal(fired[1], fired[0]);
});

test('what would break the lists is refused', () => {
  const { wheel, items } = wheelWith({ a: 20 });
  assert.throws(() => wheel.add(items['a'], 30), InvariantError, 'twice');
  assert.throws(() => wheel.add(new Deadline('b'), Number.NaN), InvariantError);
  assert.throws(() => new TimerWheel({ tickMs: 10, slots: 12 }, 0), InvariantError);
  assert.throws(() => new TimerWheel({ tickMs: 0, slots: 8 }, 0), InvariantError);
});
