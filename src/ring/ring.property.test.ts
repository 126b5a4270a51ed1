/** The ring against its description in docs/ring.md, done naively: all vnodes in one list, searched from the start. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block } from '../base/index.js';
import { Ring, type RingNode } from './index.js';
import { plainMurmur3 } from './plain-murmur3.testkit.js';

interface Vnode {
  readonly position: number;
  readonly id: string;
}

class NaiveRing {
  readonly #vnodes: Vnode[] = [];

  constructor(nodes: readonly RingNode[]) {
    for (const { id, weight = 1 } of nodes) {
      for (let number = 0; number < Math.floor(weight * 3072 + 0.5); number++) {
        this.#vnodes.push({ position: plainMurmur3(Buffer.from(`${number}#${id}`)), id });
      }
    }
    this.#vnodes.sort(
      (a, b) => a.position - b.position || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)),
    );
  }

  /** All nodes, in the order in which the key meets them. */
  order(key: string): string[] {
    const position = plainMurmur3(Buffer.from(/^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key));
    const next = this.#vnodes.findIndex((vnode) => vnode.position >= position);
    const turned = next === -1 ? this.#vnodes : [...this.#vnodes.slice(next), ...this.#vnodes.slice(0, next)];
    return [...new Set(turned.map(({ id }) => id))];
  }
}

/** Light nodes: their rings are built at once. */
const weight = fc.constantFrom(0.01, 0.0152, 0.02, 0.05, 0.1);
const id = fc.string({ unit: fc.constantFrom('a', 'B', '1', '#', '~', '!'), minLength: 1, maxLength: 6 });
const nodes = fc.uniqueArray(fc.record({ id, weight }), {
  selector: (node) => node.id,
  minLength: 1,
  maxLength: 7,
});
const key = fc.string({
  unit: fc.constantFrom('a', 'b', '{', '}', 'é', '中', '😀', '\ud800'),
  maxLength: 10,
});
const keys = fc.array(key, { minLength: 1, maxLength: 20 });

test('a key belongs to the next vnode clockwise, and its copies to the next other nodes', () => {
  fc.assert(
    fc.property(nodes, keys, (nodes, keys) => {
      const ring = new Ring(nodes);
      const naive = new NaiveRing(nodes);
      for (const key of keys) {
        const order = naive.order(key);
        assert.equal(ring.pick(key), order[0]);
        for (let count = 1; count <= nodes.length + 1; count++) {
          assert.deepEqual(ring.pickN(key, count), order.slice(0, count));
        }
      }
    }),
  );
});

test('all keys of the whole circle are found as the naive ring finds them', () => {
  const nodes = ['a', 'b', 'c', 'd'].map((id) => ({ id, weight: 0.1 }));
  const ring = new Ring(nodes);
  const naive = new NaiveRing(nodes);
  for (let i = 0; i < 3000; i++) assert.deepEqual(ring.pickN(`key:${i}`, 4), naive.order(`key:${i}`));
});

test('bytes are picked like the string whose UTF-8 they are, wherever they stand in a block', () => {
  fc.assert(
    fc.property(nodes, keys, fc.nat(3), (nodes, keys, at) => {
      const ring = new Ring(nodes);
      for (const key of keys) {
        const block = new Block(Buffer.from(`{x}`.slice(0, at) + key + '}{x}'));
        const length = Buffer.byteLength(key);
        assert.equal(ring.pickBytes(block, at, length), ring.pick(key));
        assert.deepEqual(ring.pickNBytes(block, at, length, 3), ring.pickN(key, 3));
      }
    }),
  );
});

test('the order in which the nodes are listed changes nothing', () => {
  fc.assert(
    fc.property(nodes, keys, fc.nat(6), (nodes, keys, turn) => {
      const ring = new Ring(nodes);
      const other = new Ring([...nodes.slice(turn), ...nodes.slice(0, turn)].reverse());
      assert.deepEqual(other.ids, ring.ids);
      assert.deepEqual(other.shares(), ring.shares());
      for (const key of keys) assert.deepEqual(other.pickN(key, 7), ring.pickN(key, 7));
    }),
  );
});

test('a node that leaves gives each of its keys to the next in order, and all others stay', () => {
  fc.assert(
    fc.property(nodes, keys, fc.nat(), (nodes, keys, place) => {
      fc.pre(nodes.length > 1);
      const gone = nodes[place % nodes.length].id;
      const before = new Ring(nodes);
      const after = new Ring(nodes.filter(({ id }) => id !== gone));
      for (const key of keys) {
        const order = before.pickN(key, nodes.length);
        assert.deepEqual(
          after.pickN(key, nodes.length),
          order.filter((id) => id !== gone),
        );
      }
    }),
  );
});
