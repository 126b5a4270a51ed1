import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, Random } from '../base/index.js';
import { TrackingTable } from './tracking-table.js';

/** Room for some hundred keys with few readers: eviction happens at once. */
const TABLE_BYTES = 64 * 1024;

type Step = { readonly key: number; readonly id: number; readonly kind: 'add' | 'take' | 'leave' };

const step: fc.Arbitrary<Step> = fc.record({
  key: fc.oneof({ weight: 3, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.nat(2000) }),
  id: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2 ** 32 - 2, max: 2 ** 32 + 2 })),
  kind: fc.constantFrom('add', 'add', 'add', 'add', 'add', 'take', 'leave'),
});

test('no reader of a key is ever forgotten, but who has left', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1500 }), fc.nat(), (steps, seed) => {
      const gone = new Set<number>();
      const model = new Map<string, Set<number>>();
      const table = new TrackingTable(TABLE_BYTES, new Random(seed), (id) => !gone.has(id));
      table.onEvicted = (key, readers) => {
        check(model.get(key), readers, gone);
        model.delete(key);
      };
      for (const { key, id, kind } of steps) {
        // Keys of several lengths, so that entries of several sizes compete.
        const name = `${key}-${'x'.repeat((key * 37) % 300)}`;
        const block = Block.of(name);
        if (kind === 'add' && !gone.has(id)) {
          assert.equal(table.add(block, 0, name.length, id), true);
          model.set(name, (model.get(name) ?? new Set()).add(id));
        } else if (kind === 'take') {
          const readers = table.take(block, 0, name.length);
          assert.equal(readers !== undefined, model.has(name));
          if (readers !== undefined) check(model.get(name), readers, gone);
          model.delete(name);
        } else if (kind === 'leave') {
          gone.add(id);
        }
        assert.equal(table.keys, model.size);
      }
      table.verify();
      assert.ok(table.usedBytes <= TABLE_BYTES);
      let items = 0;
      for (const [name, ids] of model) {
        const readers = table.take(Block.of(name), 0, name.length);
        assert.ok(readers !== undefined);
        check(ids, readers, gone);
        items += readers.count;
      }
      assert.ok(items >= 0);
      assert.equal(table.items, 0);
      assert.equal(table.keys, 0);
    }),
    { numRuns: 60 },
  );
});

test('many readers of one key, in any order', () => {
  const table = new TrackingTable(2 ** 20, new Random(1), () => true);
  const block = Block.of('hot');
  const random = new Random(2);
  const ids = new Set<number>();
  for (let i = 0; i < 5000; i++) {
    const id = 1 + random.below(3000);
    ids.add(id);
    assert.equal(table.add(block, 0, 3, id), true);
  }
  assert.equal(table.items, ids.size);
  const readers = table.take(block, 0, 3);
  assert.ok(readers !== undefined);
  const found = Array.from({ length: readers.count }, (_, i) => readers.id(i));
  assert.deepEqual(
    found,
    [...ids].sort((a, b) => a - b),
  );
});

test('a key with more readers than fit is refused, and can be taken', () => {
  const table = new TrackingTable(TABLE_BYTES, new Random(1), () => true);
  const block = Block.of('hot');
  let id = 1;
  while (table.add(block, 0, 3, id)) {
    id++;
    assert.ok(id < 100_000, 'it is full some time');
  }
  const readers = table.take(block, 0, 3);
  assert.equal(readers?.count, id - 1);
  table.verify();
});

/** All who have not left are among the readers, and nobody who never read. */
function check(
  expected: ReadonlySet<number> | undefined,
  readers: { readonly count: number; id(index: number): number },
  gone: ReadonlySet<number>,
): void {
  assert.ok(expected !== undefined, 'the key has readers');
  const found = new Set<number>();
  for (let i = 0; i < readers.count; i++) found.add(readers.id(i));
  assert.equal(found.size, readers.count, 'nobody is there twice');
  for (const id of expected) assert.ok(found.has(id) || gone.has(id), `${id} is forgotten`);
  for (const id of found) assert.ok(expected.has(id), `${id} never read it`);
}
