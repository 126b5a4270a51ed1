import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Block } from '../base/index.js';
import { Ring } from './index.js';
import { nodesOf } from './ring-shares.testkit.js';

/** Keys and their nodes in order, the last number of each host. These never change: other clients pick them too. */
const golden: Record<string, number[]> = {
  '': [2, 3, 1],
  a: [3, 1, 2],
  b: [1, 2, 3],
  'user:2': [1, 3, 2],
  'user:3': [2, 3, 1],
  '{user:3}.cart': [2, 3, 1],
  'x{user:3}{b}': [2, 3, 1],
  '{{a}}b': [1, 2, 3],
  '{a': [1, 2, 3],
  'a{}b': [3, 2, 1],
  größe: [2, 1, 3],
  中文: [3, 1, 2],
  '😀': [3, 2, 1],
  'key:2712': [2, 3, 1],
};
const goldenNodes = [{ id: '10.0.0.1:7000' }, { id: '10.0.0.2:7000' }, { id: '10.0.0.3:7000', weight: 2 }];

const keys = Array.from({ length: 20_000 }, (_, i) => `key:${i}`);

test('keys are where they have always been, and where docs/ring.md says', () => {
  const ring = new Ring(goldenNodes);
  for (const [key, order] of Object.entries(golden)) {
    const expected = order.map((last) => `10.0.0.${last}:7000`);
    assert.equal(ring.pick(key), expected[0], key);
    assert.deepEqual(ring.pickN(key, 3), expected, key);
    const block = new Block(Buffer.from(key));
    assert.equal(ring.pickBytes(block, 0, block.bytes.length), expected[0], key);
  }
  const page = readFileSync(new URL('../../docs/ring.md', import.meta.url), 'utf8');
  assert.deepEqual(JSON.parse(/^golden = (\{.*?^\})$/ms.exec(page)?.[1] ?? ''), golden);
});

test('the keys of one tag are on one node', () => {
  const ring = new Ring(nodesOf('hosts', 50));
  for (let i = 0; i < 500; i++) {
    assert.deepEqual(ring.pickN(`cart:{user:${i}}:items`, 3), ring.pickN(`user:${i}`, 3));
    assert.deepEqual(ring.pickN(`{user:${i}}`, 3), ring.pickN(`user:${i}`, 3));
  }
});

test('a single node has everything', () => {
  const ring = new Ring([{ id: 'only', weight: 0.01 }]);
  assert.equal(ring.vnodes, 31);
  assert.deepEqual(ring.shares(), new Map([['only', 1]]));
  for (const key of keys.slice(0, 100)) assert.deepEqual(ring.pickN(key, 3), ['only']);
});

test('an eleventh node takes at most 1.1/11 of the keys, and nothing moves between the ten', () => {
  for (const set of ['addresses', 'hosts', 'ports', 'letters', 'random']) {
    const before = new Ring(nodesOf(set, 10));
    const nodes = nodesOf(set, 11);
    const after = new Ring(nodes);
    const newcomer = nodes[10].id;
    assert.ok(after.shares().get(newcomer)! <= 1.1 / 11, set);
    let moved = 0;
    for (const key of keys) {
      const pick = after.pick(key);
      if (pick === before.pick(key)) continue;
      assert.equal(pick, newcomer);
      moved++;
    }
    assert.ok(moved > 0 && moved <= (keys.length * 1.1) / 11, `${set}: ${moved}`);
  }
});

test('when a node leaves, its keys alone move, each to the second of its nodes', () => {
  const nodes = nodesOf('ports', 10);
  const before = new Ring(nodes);
  const gone = nodes[4].id;
  const after = new Ring(nodes.filter(({ id }) => id !== gone));
  let moved = 0;
  for (const key of keys) {
    const [first, second] = before.pickN(key, 2);
    assert.equal(after.pick(key), first === gone ? second : first);
    if (first === gone) moved++;
  }
  assert.ok(moved > 0);
});

test('a node of another weight takes from the others or gives to them, and nothing moves between these', () => {
  const nodes = nodesOf('hosts', 5);
  const before = new Ring(nodes);
  const after = new Ring([...nodes.slice(0, 4), { id: nodes[4].id, weight: 2.5 }]);
  let moved = 0;
  for (const key of keys) {
    const pick = after.pick(key);
    if (pick === before.pick(key)) continue;
    assert.equal(pick, nodes[4].id);
    moved++;
  }
  assert.ok(moved > 0);
});

test('the keys on a node are as many as its share says', () => {
  const ring = new Ring([...nodesOf('hosts', 9), { id: 'large', weight: 3 }]);
  const counts = new Map(ring.ids.map((id) => [id, 0]));
  for (const key of keys) {
    const id = ring.pick(key);
    counts.set(id, counts.get(id)! + 1);
  }
  for (const [id, share] of ring.shares()) {
    const deviation = Math.sqrt(keys.length * share * (1 - share));
    assert.ok(Math.abs(counts.get(id)! - keys.length * share) < 4 * deviation, id);
  }
});

test('a pick allocates nothing', () => {
  const ring = new Ring(nodesOf('hosts', 20));
  const some = [...keys.slice(0, 1000), 'größe:{42}:名', 'a{b'];
  const picks = 100_000;
  const round = (): number => {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < picks; i++) ring.pick(some[i % some.length]);
    return process.memoryUsage().heapUsed - before;
  };
  // The smallest object, a number, has 16 bytes. A collection or the compiler at work can spoil a round, not all of them.
  const grown: number[] = [];
  do grown.push(round());
  while (!(grown.at(-1)! >= 0 && grown.at(-1)! < picks) && grown.length < 20);
  const last = grown.at(-1)!;
  assert.ok(last >= 0 && last < picks, `the heap grew by ${grown.join(', ')} bytes`);
});

test('a number of copies that is none is refused', () => {
  const ring = new Ring(nodesOf('hosts', 3));
  for (const count of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => ring.pickN('a', count), {
      name: 'RangeError',
      message: `count is ${count}: give an integer from 1 on`,
    });
  }
});
