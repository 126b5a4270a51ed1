/** How evenly slots are placed, and how few move. The figures are exact, since placement is; docs/topology.md has them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvariantError, SLOT_COUNT } from '../base/index.js';
import {
  addShard,
  type Placement,
  placeFirst,
  placementOf,
  removeShard,
  reweighShard,
  type WeighedShard,
} from './index.js';
import { slotOwners } from './slots.js';

const SLOT_DISTANCE = 2 ** 32 / SLOT_COUNT;

function shardsOf(count: number, weightOf: (id: number) => number = () => 1): WeighedShard[] {
  return Array.from({ length: count }, (_, i) => ({ id: i + 1, weight: weightOf(i + 1) }));
}

/** Slots of each shard, for a weight of 1, in means of it. */
function sharesOf({ shards, slots }: Placement): number[] {
  const counts = new Map(shards.map(({ id }) => [id, 0]));
  for (const { first, last, shard } of slots) counts.set(shard, counts.get(shard)! + last - first + 1);
  const total = shards.reduce((sum, { weight }) => sum + weight, 0);
  return shards.map(({ id, weight }) => ((counts.get(id)! / SLOT_COUNT) * total) / weight);
}

function largest(placement: Placement): number {
  return Math.max(...sharesOf(placement));
}

/** The moves from one placement to another: 'from to' and the number of slots. */
function movesOf(before: Placement, after: Placement): Map<string, number> {
  const moves = new Map<string, number>();
  const next = slotOwners(after.slots);
  for (const [slot, owner] of slotOwners(before.slots).entries()) {
    if (owner === next[slot]) continue;
    const move = `${owner} ${next[slot]}`;
    moves.set(move, (moves.get(move) ?? 0) + 1);
  }
  return moves;
}

function slotsMoved(moves: ReadonlyMap<string, number>): number {
  return [...moves.values()].reduce((sum, count) => sum + count, 0);
}

/** The owner of each slot by the words of the design: the next vnode clockwise. */
function ownersByVnodes({ shards }: Placement): number[] {
  const vnodes = shards.flatMap(({ id, vnodes }) => vnodes.map((position) => ({ id, position })));
  vnodes.sort((a, b) => a.position - b.position);
  return Array.from({ length: SLOT_COUNT }, (_, slot) => {
    const next = vnodes.find(({ position }) => position >= slot * SLOT_DISTANCE) ?? vnodes[0];
    return next.id;
  });
}

test('from 3 to 100 shards no share exceeds 1.04 of the mean, a join moves what is due and only to the newcomer', () => {
  let placement = placeFirst(shardsOf(1));
  const shares = new Map<number, number>();
  for (let count = 2; count <= 100; count++) {
    const after = addShard(placement.shards, { id: count, weight: 1 });
    const moves = movesOf(placement, after);
    assert.ok([...moves.keys()].every((move) => move.endsWith(` ${count}`)));
    const least = SLOT_COUNT / count;
    assert.ok(slotsMoved(moves) <= 1.01 * least && slotsMoved(moves) > 0.98 * least, `${count}`);
    placement = after;
    if (count >= 3) shares.set(count, largest(placement));
  }
  const figures = [3, 10, 30, 100].map((count) => shares.get(count)!.toFixed(3));
  const worst = Math.max(...shares.values());
  assert.ok(worst <= 1.04);
  assert.deepEqual([...figures, worst.toFixed(3)], ['1.000', '1.014', '1.025', '1.038', '1.039']);
  const ranges = placement.shards.map(({ vnodes }) => vnodes.length);
  assert.ok(Math.max(...ranges) <= 20);
  assert.equal((placement.slots.length / 100).toFixed(1), '15.4');
  assert.deepEqual(placement, placeFirst(shardsOf(100)));
});

test('weights are respected, at the start and when they change', () => {
  const weightOf = (id: number) => [1, 2, 1.5, 4][id % 4];
  for (const count of [3, 10, 30, 100])
    assert.ok(largest(placeFirst(shardsOf(count, weightOf))) <= 1.04, `${count}`);
  for (const count of [3, 10, 30, 100]) {
    const before = placeFirst(shardsOf(count));
    const heavier = reweighShard(before.shards, 2, 3);
    assert.ok(Math.abs(sharesOf(heavier)[1] - 1) < 0.01 && largest(heavier) <= 1.06, `${count}`);
    const moves = movesOf(before, heavier);
    assert.ok([...moves.keys()].every((move) => move.endsWith(' 2')));
    const lighter = reweighShard(heavier.shards, 2, 1);
    assert.ok([...movesOf(heavier, lighter).keys()].every((move) => move.startsWith('2 ')));
    assert.ok(largest(lighter) <= 1.04, `${count}`);
  }
});

test('who leaves hands its slots to all, none moves between others', () => {
  for (const count of [3, 4, 10, 30, 100]) {
    const before = placeFirst(shardsOf(count));
    for (const id of [1, 2, count]) {
      const after = removeShard(before.shards, id);
      const moves = movesOf(before, after);
      assert.ok([...moves.keys()].every((move) => move.startsWith(`${id} `)));
      assert.ok(largest(after) <= 1.04, `${id} of ${count}`);
    }
  }
});

test('after much coming and going shares are even still, and ranges few', () => {
  for (const count of [4, 17, 40]) {
    let placement = placeFirst(shardsOf(count));
    let worst = 0;
    for (let turn = 0; turn < 60; turn++) {
      placement = addShard(placement.shards, { id: 1000 + turn, weight: 1 });
      worst = Math.max(worst, largest(placement));
      placement = removeShard(placement.shards, placement.shards[(turn * 5) % count].id);
      worst = Math.max(worst, largest(placement));
    }
    assert.ok(worst <= 1.06, `${count}: ${worst}`);
    assert.ok(placement.slots.length / count <= 24, `${count}: ${placement.slots.length / count}`);
  }
});

test('a weight that goes up and down brings no more ranges each time', () => {
  let placement = placeFirst(shardsOf(10));
  for (let turn = 0; turn < 100; turn++) {
    placement = reweighShard(placement.shards, 3, 2);
    placement = reweighShard(placement.shards, 3, 1);
  }
  assert.ok(placement.slots.length / 10 <= 20);
});

type Step = readonly ['add' | 'remove' | 'reweigh', number, number];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('add', 'remove', 'reweigh'),
  fc.nat(),
  fc.constantFrom(0.001, 0.5, 1, 2, 1000),
);

test('whatever comes and goes: slots are as the vnodes say, what moves has to, and the same steps lead to the same', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const run = (check: (before: Placement, after: Placement, id: number) => void): Placement => {
        let placement = placeFirst(shardsOf(2));
        for (const [i, [kind, number, weight]] of steps.entries()) {
          const { shards } = placement;
          if (kind === 'remove' && shards.length === 1) continue;
          const id = kind === 'add' ? 100 + i : shards[number % shards.length].id;
          const after =
            kind === 'add'
              ? addShard(shards, { id, weight })
              : kind === 'remove'
                ? removeShard(shards, id)
                : reweighShard(shards, id, weight);
          check(placement, after, id);
          placement = after;
        }
        return placement;
      };
      const end = run((before, after, id) => {
        const moves = [...movesOf(before, after).keys()];
        assert.ok(
          moves.every((move) => move.startsWith(`${id} `)) || moves.every((move) => move.endsWith(` ${id}`)),
        );
        assert.ok(after.shards.every(({ vnodes }) => vnodes.length > 0));
      });
      assert.deepEqual([...slotOwners(end.slots)], ownersByVnodes(end));
      assert.deepEqual(placementOf(end.shards), end);
      assert.deepEqual(
        run(() => {}),
        end,
      );
    }),
    { numRuns: 30 },
  );
});

test('1,024 shards have 16 slots each', () => {
  const { slots, shards } = placeFirst(shardsOf(1024));
  const counts = new Map<number, number>();
  for (const owner of slotOwners(slots)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  assert.equal(shards.length, 1024);
  assert.deepEqual(new Set(counts.values()), new Set([16]));
});

test('the last shard cannot leave, nor one that is not there, and no id comes twice', () => {
  const { shards } = placeFirst(shardsOf(1));
  assert.throws(() => removeShard(shards, 1), InvariantError);
  assert.throws(() => reweighShard(shards, 2, 1), InvariantError);
  assert.throws(() => addShard(shards, { id: 1, weight: 1 }), InvariantError);
  assert.throws(() => placeFirst([]), InvariantError);
});
