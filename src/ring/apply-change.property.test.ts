/** Random changes, many of them late or senseless: what must hold of whatever comes out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../base/index.js';
import {
  applyChange,
  assertRight,
  changeTopology,
  isRefusal,
  isSameLife,
  readChange,
  type Topology,
  type TopologyChange,
  topologyProblems,
} from './index.js';
import { randomChange, randomTopology, right } from './topology.testkit.js';

const seed = fc.integer();

/** How often each kind was applied and refused, so that the properties are known to have been tried. */
const applied = new Map<string, number>();

function afterChanges(
  seed: number,
  check: (before: Topology, after: Topology, change: TopologyChange) => void,
): void {
  const random = new Random(seed + 1);
  let topology = randomTopology(seed);
  for (let step = 0; step < 12; step++) {
    const change = randomChange(topology, random);
    const next = applyChange(topology, change);
    if (isRefusal(next)) continue;
    assert.deepEqual(readChange(JSON.parse(JSON.stringify(change))), change);
    applied.set(change.kind, (applied.get(change.kind) ?? 0) + 1);
    check(topology, next, change);
    topology = next;
  }
}

test('random topologies are right, and stay so', () => {
  fc.assert(
    fc.property(seed, (seed) => {
      assert.deepEqual(topologyProblems(randomTopology(seed)), []);
      afterChanges(seed, (_, after) => assert.deepEqual(topologyProblems(after), []));
    }),
    { numRuns: 100 },
  );
});

test('a primary changes only with its epoch, which goes up by one', () => {
  fc.assert(
    fc.property(seed, (seed) => {
      afterChanges(seed, (before, after) => {
        for (const [i, shard] of before.shards.entries()) {
          const next = after.shards[i];
          assert.ok(next.epoch === shard.epoch || next.epoch === shard.epoch + 1);
          if (next.epoch === shard.epoch) assert.ok(isSameLife(next.primary, shard.primary));
        }
      });
    }),
    { numRuns: 100 },
  );
});

test('only an in-sync replica in its present life is promoted, and nobody is in sync by chance', () => {
  fc.assert(
    fc.property(seed, (seed) => {
      afterChanges(seed, (before, after, change) => {
        for (const [i, shard] of before.shards.entries()) {
          const next = after.shards[i];
          if (!isSameLife(next.primary, shard.primary) && change.kind !== 'rehome') {
            const replica = shard.replicas.find((other) => isSameLife(other, next.primary));
            assert.ok(replica?.isInSync);
            assert.ok(before.nodes.some((node) => isSameLife(node, next.primary)));
          }
          for (const replica of next.replicas) {
            const was = shard.replicas.find((other) => isSameLife(other, replica));
            if (replica.isInSync && change.kind !== 'replica-in-sync') assert.ok(was?.isInSync);
          }
        }
      });
    }),
    { numRuns: 100 },
  );
});

test('a change that was applied is refused when it comes again', () => {
  fc.assert(
    fc.property(seed, (seed) => {
      afterChanges(seed, (_, after, change) => {
        if (change.kind === 'node-moved') assert.deepEqual(applyChange(after, change), after);
        // What was asked for before the second one is void too.
        else if (change.kind === 'replica-out-of-sync') right(applyChange(after, change));
        else assert.ok(isRefusal(applyChange(after, change)), change.kind);
      });
    }),
    { numRuns: 100 },
  );
});

test('changes that are applied without a look at the whole leave it right all the same', () => {
  fc.assert(
    fc.property(seed, (seed) => {
      const random = new Random(seed + 2);
      const topology = randomTopology(seed);
      let [one, other] = [topology, topology];
      for (let i = random.below(8); i > 0; i--) {
        const change = randomChange(one, random);
        const [checked, unchecked] = [applyChange(one, change), changeTopology(other, change)];
        assert.deepEqual(unchecked, checked);
        if (!isRefusal(checked)) one = checked;
        if (!isRefusal(unchecked)) other = unchecked;
      }
      assertRight(other);
    }),
    { numRuns: 100 },
  );
});

test('each kind of change was applied in these runs', () => {
  const kinds = [
    'node-joined',
    'node-returned',
    'node-moved',
    'node-left',
    'promote',
    'hand-over',
    'renew-epoch',
    'replica-in-sync',
  ];
  kinds.push(
    'replica-out-of-sync',
    'add-replica',
    'remove-replica',
    'rehome',
    'set-voters',
    'settle-voters',
    'set-lease-terms',
  );
  for (const kind of kinds) assert.ok((applied.get(kind) ?? 0) >= 5, `${kind}: ${applied.get(kind)}`);
});
