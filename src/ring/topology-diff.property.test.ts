import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../base/index.js';
import {
  applyDiff,
  decodeTopology,
  deposals,
  diffTopologies,
  encodeTopology,
  isSameLife,
  readDiff,
  type Topology,
  topologyHash,
} from './index.js';
import { slotOwners } from './slots.js';
import { evolved, randomTopology, refused, right } from './topology.testkit.js';

const seed = fc.integer();

/** A topology and one that came of it by some changes, or one that has nothing to do with it. */
const pair = fc.tuple(seed, fc.nat(12), fc.nat(5)).map(([seed, steps, foreign]): [Topology, Topology] => {
  const from = randomTopology(seed);
  return [from, foreign === 0 ? randomTopology(seed + 1) : evolved(from, new Random(seed + 2), steps)];
});

test('a text gives back its topology, and equal topologies are equal texts', () => {
  fc.assert(
    fc.property(seed, (seed) => {
      const topology = randomTopology(seed);
      const text = encodeTopology(topology);
      const decoded = right(decodeTopology(text));
      assert.deepEqual(decoded, topology);
      assert.equal(encodeTopology(reversed(topology)), text);
      assert.equal(topologyHash(decoded), topologyHash(topology));
      assert.match(text, /^[ -~]*$/);
    }),
  );
});

test('a diff makes the one of the other, also when it came as text', () => {
  fc.assert(
    fc.property(pair, ([from, to]) => {
      const diff = diffTopologies(from, to);
      assert.deepEqual(right(applyDiff(from, diff)), to);
      const read = right(readDiff(JSON.parse(JSON.stringify(diff))));
      assert.deepEqual(read, diff);
      assert.deepEqual(right(applyDiff(from, read)), to);
    }),
    { numRuns: 500 },
  );
});

test('a diff has only what differs', () => {
  fc.assert(
    fc.property(pair, ([from, to]) => {
      const diff = diffTopologies(from, to);
      const before = slotOwners(from.slots);
      const after = slotOwners(to.slots);
      const isChanged = new Uint8Array(before.length);
      for (const { first, last, shard } of diff.slots) {
        isChanged.fill(1, first, last + 1);
        for (let slot = first; slot <= last; slot++) assert.equal(after[slot], shard);
      }
      for (let slot = 0; slot < before.length; slot++) {
        if ((isChanged[slot] === 1) !== (before[slot] !== after[slot])) assert.fail(`slot ${slot}`);
      }
      for (const node of diff.nodes)
        assert.notDeepEqual(
          from.nodes.find((other) => other.node === node.node),
          node,
        );
      for (const shard of diff.shards)
        assert.notDeepEqual(
          from.shards.find((other) => other.id === shard.id),
          shard,
        );
    }),
  );
});

test('a diff is refused by any other base, also of the same version', () => {
  fc.assert(
    fc.property(pair, ([from, to]) => {
      const diff = diffTopologies(from, to);
      const twin = { ...from, maxUnreplicatedMs: from.maxUnreplicatedMs + 1 };
      assert.match(
        refused(applyDiff(twin, diff)),
        /^the diff is one of version .* ask for the whole topology/,
      );
      assert.match(
        refused(applyDiff({ ...from, version: from.version + 1 }, diff)),
        /^the diff is one of version .* ask for the whole topology/,
      );
    }),
  );
});

test('deposed is who may write a slot less', () => {
  let found = 0;
  fc.assert(
    fc.property(pair, ([from, to]) => {
      const deposed = deposals(from, to);
      const ids = new Set(
        deposed.map(({ shard, epoch, life }) => `${shard} ${epoch} ${life.node} ${life.incarnation}`),
      );
      assert.equal(ids.size, deposed.length);
      const before = writersOfSlots(from);
      const after = writersOfSlots(to);
      const losers = new Set(before.filter((writer, slot) => writer !== '' && writer !== after[slot]));
      const writers = new Set(before);
      found += losers.size;
      for (const loser of losers) assert.ok(ids.has(loser), loser);
      // Who has no slot has nothing to lose; it is named all the same when it is primary no more.
      for (const id of ids) assert.ok(losers.has(id) || !writers.has(id), id);
      for (const { shard, epoch, life } of deposed) {
        const named = from.shards.find(({ id }) => id === shard)!;
        assert.ok(named.epoch === epoch && isSameLife(named.primary, life));
      }
      assert.deepEqual(deposals(from, from), []);
    }),
    { numRuns: 100 },
  );
  assert.ok(found > 20);
});

function writersOfSlots(topology: Topology): string[] {
  const writers = new Map(
    topology.shards.map(({ id, epoch, primary }) => [
      id,
      primary === undefined ? '' : `${id} ${epoch} ${primary.node} ${primary.incarnation}`,
    ]),
  );
  return Array.from(slotOwners(topology.slots), (owner) => writers.get(owner)!);
}

/** The same with the fields of every object the other way round. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, reversed(field)]),
  ) as T;
}
