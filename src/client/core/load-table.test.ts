import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Load, type LoadCaller, type LoadEnding, LoadTable } from './load-table.js';

class Caller implements LoadCaller<Caller> {
  load: Load<Caller> | undefined = undefined;
  isFirst = false;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const names = (callers: Iterable<Caller>) => [...callers].map(({ name }) => name).join('');

/** A load of 'k' that the node was asked for: a and b came before, c and d after. */
function loadWithCallers() {
  const table = new LoadTable<Caller>();
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => new Caller(name));
  assert.equal(table.join('k', a), false);
  const load = table.begin('k', a);
  assert.ok(table.join('k', b));
  table.asked(load);
  assert.ok(table.join('k', c) && table.join('k', d));
  return { table, load, a, b, c, d };
}

test('each ending gives the value to whom it is true for', () => {
  for (const [ending, have, readAgain] of [
    ['hit', 'ab', 'cd'],
    ['accepted', 'abcd', ''],
    ['refused', 'ab', 'cd'],
    ['unfilled', 'ab', 'cd'],
    ['unfenced', 'abcd', ''],
    ['failed', 'abcd', ''],
  ] as [LoadEnding, string, string][]) {
    const { table, load, c } = loadWithCallers();
    if (ending === 'accepted' || ending === 'refused') table.filling(load);
    const { callers, next } = table.settle(load, ending);
    assert.equal(names(callers), have, ending);
    assert.equal(names(next?.callers ?? []), readAgain, ending);
    assert.equal(c.load, next);
    assert.equal(table.size, next === undefined ? 0 : 1);
  }
});

test('first callers have what was loaded before the fill is answered', () => {
  const { table, load } = loadWithCallers();
  assert.equal(names(table.takeFirst(load)), 'ab');
  table.filling(load);
  assert.equal(names(table.settle(load, 'accepted').callers), 'cd');
});

test('who was sent to read again is a first caller, and can be joined', () => {
  const { table, load } = loadWithCallers();
  const { next } = table.settle(load, 'hit');
  assert.ok(next !== undefined);
  assert.ok(table.join('k', new Caller('e')));
  table.asked(next);
  assert.ok(table.join('k', new Caller('f')));
  const settled = table.settle(next, 'hit');
  assert.equal(names(settled.callers), 'cde');
  assert.equal(names(settled.next?.callers ?? []), 'f');
});

test('while the fill is under way nobody joins, and what it refuses is read with the newer load', () => {
  const { table, load } = loadWithCallers();
  table.filling(load);
  const late = new Caller('l');
  assert.equal(table.join('k', late), false);
  const newer = table.begin('k', late);
  assert.equal(table.settle(load, 'refused').next, undefined);
  table.asked(newer);
  assert.equal(names(table.settle(newer, 'hit').callers), 'lcd');
});

test('if the newer load has asked its node, who reads again has a load that nobody joins', () => {
  const { table, load } = loadWithCallers();
  table.filling(load);
  const newer = table.begin('k', new Caller('l'));
  table.asked(newer);
  const { next } = table.settle(load, 'refused');
  assert.ok(next !== undefined);
  const other = new Caller('m');
  assert.ok(table.join('k', other));
  assert.equal(other.load, newer);
  table.asked(next);
  const settled = table.settle(next, 'hit');
  assert.equal(names(settled.callers), 'cd');
  assert.equal(settled.next, undefined);
});

test('after an invalidation nobody joins the load under way', () => {
  for (const invalidate of [
    (table: LoadTable<Caller>) => table.invalidate('k'),
    (table: LoadTable<Caller>) => table.invalidateWhere((key) => key === 'k'),
  ]) {
    const { table, load } = loadWithCallers();
    const other = table.begin('other', new Caller('o'));
    invalidate(table);
    assert.equal(table.join('k', new Caller('e')), false);
    assert.ok(table.join('other', new Caller('p')));
    const newer = table.begin('k', new Caller('e'));
    assert.equal(table.settle(load, 'unfenced').callers.length, 4);
    assert.ok(table.join('k', new Caller('f')), 'the end of the old one does not end the newer');
    assert.equal(newer.size, 2);
    assert.equal(other.size, 2);
  }
});

test('a refresh is one load, begun by nobody and joined like any other', () => {
  const table = new LoadTable<Caller>();
  const load = table.refresh('k');
  assert.ok(load !== undefined && load.size === 0);
  assert.equal(table.refresh('k'), undefined);
  table.asked(load);
  table.filling(load);
  assert.deepEqual(table.settle(load, 'refused'), { callers: [], next: undefined });
  assert.equal(table.size, 0);
});

test('who left is told nothing, and leaves nothing behind', () => {
  const { table, load, a, b, c, d } = loadWithCallers();
  for (const caller of [a, c, c]) table.leave(caller);
  assert.equal(load.size, 2);
  assert.deepEqual(table.settle(load, 'unfenced').callers, [b, d]);
  assert.ok(table.join('k', a) === false && a.load === undefined);
});

test('a load that is driven out of turn is a defect', () => {
  const { table, load, a } = loadWithCallers();
  assert.throws(() => table.asked(load), /asked twice/);
  assert.throws(() => table.settle(load, 'accepted'), /after it was sent/);
  assert.throws(() => table.begin('k', new Caller('x')), /could have joined/);
  assert.throws(() => table.join('k', a), /one load at a time/);
  table.settle(load, 'failed');
  assert.throws(() => table.settle(load, 'failed'), /ends once/);
  assert.throws(() => table.filling(load), /settled/);
});
