import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring, type RingNode, RingNodesError } from './index.js';

function problemsOf(nodes: unknown): readonly string[] {
  try {
    new Ring(nodes as RingNode[]);
  } catch (error) {
    assert.ok(error instanceof RingNodesError);
    assert.equal(error.message, `nodes: ${error.problems.join('; ')}`);
    assert.deepEqual([error.code, error.retryable], ['RING_NODES', false]);
    return error.problems;
  }
  return [];
}

test('a list without nodes, or with too many, is refused', () => {
  assert.deepEqual(problemsOf([]), ['the list is empty: give at least one node']);
  const many = Array.from({ length: 1025 }, (_, i) => ({ id: `n${i}`, weight: 0.01 }));
  assert.deepEqual(problemsOf(many), ['there are 1025: give at most 1024']);
  assert.deepEqual(problemsOf(many.slice(1)), []);
  for (const wrong of [undefined, null, 'a:6379', { id: 'a' }]) {
    assert.match(problemsOf(wrong)[0], /^they are .*: give a list of \{ id, weight \}$/);
  }
});

test('a node without a usable id is refused', () => {
  const form = "give 1 to 255 characters from '!' to '~', without blanks";
  for (const [id, shown] of [
    ['', '""'],
    [' 10.0.0.1:6379', '" 10.0.0.1:6379"'],
    ['käse', '"käse"'],
    ['a\n', '"a\\n"'],
    ['x'.repeat(256), `"${'x'.repeat(40)}..."`],
    [undefined, 'undefined'],
    [7, '7'],
    [{}, 'an object'],
  ]) {
    assert.deepEqual(problemsOf([{ id: 'a' }, { id }]), [`[1].id is ${shown}: ${form}`]);
  }
  assert.deepEqual(problemsOf(['a', null]), [
    '[0] is "a": give an object { id, weight }',
    '[1] is null: give an object { id, weight }',
  ]);
  assert.deepEqual(problemsOf([{ id: '!~' }, { id: 'x'.repeat(255) }]), []);
});

test('a node listed twice is refused', () => {
  assert.deepEqual(problemsOf([{ id: 'a' }, { id: 'b' }, { id: 'a', weight: 2 }]), [
    '[2].id is "a", as [0].id is: give each node once, with its weight',
  ]);
});

test('a weight out of bounds is refused', () => {
  for (const weight of [0, -1, 0.009, 1025, Number.NaN, Number.POSITIVE_INFINITY, '2', null]) {
    const shown = typeof weight === 'string' ? '"2"' : weight;
    assert.deepEqual(problemsOf([{ id: 'a', weight }]), [
      `the weight of "a" is ${shown}: give a number from 0.01 to 1024`,
    ]);
  }
  assert.deepEqual(
    problemsOf([
      { id: 'a', weight: 0.01 },
      { id: 'b', weight: undefined },
    ]),
    [],
  );
});

test('weights that add up to more vnodes than there may be are refused', () => {
  const heavy = (weight: number) => Array.from({ length: 5 }, (_, i) => ({ id: `n${i}`, weight }));
  assert.deepEqual(problemsOf(heavy(256)), [
    'the weights add up to 1280: divide all of them by one number, so that they add up to at most 1024',
  ]);
});

test('all problems are told together, up to ten', () => {
  assert.deepEqual(problemsOf([{ id: '' }, { id: 'a', weight: 0 }, { id: 'a' }]).length, 3);
  assert.deepEqual(problemsOf(Array.from({ length: 100 }, () => ({ id: '' }))).length, 10);
});
