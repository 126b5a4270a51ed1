import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvariantError, SLOT_COUNT } from '../base/index.js';
import { MAX_SHARD_ID, type SlotRange, SlotTable } from './index.js';
import { slotOwners, slotRanges } from './slots.js';

const cuts = fc.array(
  fc.record({ from: fc.nat(SLOT_COUNT - 1), shard: fc.constantFrom(0, 1, 2, MAX_SHARD_ID) }),
  {
    maxLength: 8,
  },
);

test('ranges and owners say the same, and ranges that touch have different owners', () => {
  fc.assert(
    fc.property(cuts, (cuts) => {
      const owners = new Uint16Array(SLOT_COUNT);
      for (const { from, shard } of cuts) owners.fill(shard, from);
      const ranges = slotRanges(owners);
      assert.deepEqual(slotOwners(ranges), owners);
      assert.ok(ranges.every(({ shard }, i) => i === 0 || ranges[i - 1].shard !== shard));
      const table = new SlotTable(ranges);
      for (const { first, last, shard } of ranges) {
        assert.equal(table.ownerOf(first), shard);
        assert.equal(table.ownerOf(last), shard);
        assert.ok(table.rangesOf(shard).some((range) => range.first === first && range.last === last));
      }
    }),
  );
});

test('a table of three shards', () => {
  const slots = [
    { first: 0, last: 5, shard: 1 },
    { first: 6, last: 6, shard: 2 },
    { first: 7, last: 16383, shard: 1 },
  ];
  const table = new SlotTable(slots);
  assert.deepEqual(
    [5, 6, 7, 16383].map((slot) => table.ownerOf(slot)),
    [1, 2, 1, 1],
  );
  assert.deepEqual(table.rangesOf(1), [slots[0], slots[2]]);
  assert.deepEqual(table.rangesOf(3), []);
  assert.throws(() => table.ownerOf(16384), InvariantError);
});

test('ranges with a gap, an overlap or an end too early are defects', () => {
  const wrong: SlotRange[][] = [
    [],
    [{ first: 0, last: 16382, shard: 1 }],
    [{ first: 1, last: 16383, shard: 1 }],
    [{ first: 0, last: 16384, shard: 1 }],
    [
      { first: 0, last: 5, shard: 1 },
      { first: 5, last: 16383, shard: 2 },
    ],
  ];
  for (const ranges of wrong) assert.throws(() => new SlotTable(ranges), InvariantError);
});
