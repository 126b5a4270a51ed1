/** Plans of small clusters: shards, copies and nodes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Shard } from '../ring/index.js';
import { heirOf } from './plan.js';
import { agreed, type Case, lifeOf, testPlans, withReplica, withSpares, withZones } from './plan.testkit.js';
import { clusterOf, nodeOf } from './topology.testkit.js';

const two = clusterOf(2, 1, 4);
const spare = clusterOf(1, 1, 4);
const back = (id: string) => nodeOf(id, '2-b');

/** n01 and n02 are primaries of the shards 1 and 2, n03 and n04 their replicas; in `spare` n03 and n04 are free. */
const cases: readonly Case[] = [
  { what: 'all is well', topology: two, plan: [] },

  { what: 'a primary lapsed', topology: two, lapsed: [1], plan: ['promote 1 n03'] },
  { what: 'two did', topology: two, lapsed: [1, 2], plan: ['promote 1 n03', 'promote 2 n04'] },
  {
    what: 'a dead primary with promises is left alone',
    topology: two,
    states: { n01: 'dead' },
    plan: [],
  },
  {
    what: 'a suspect is promoted if nobody else is there',
    topology: two,
    lapsed: [1],
    states: { n03: 'suspect' },
    plan: ['promote 1 n03'],
  },
  {
    what: 'rather than a suspect one who is alive',
    topology: clusterOf(1, 2, 3),
    lapsed: [1],
    states: { n02: 'suspect' },
    plan: ['promote 1 n03'],
  },
  {
    what: 'a replica that is not in sync is never promoted',
    topology: withReplica(two, 'n03', { isInSync: false }),
    lapsed: [1],
    plan: [],
  },
  {
    what: 'nor is one of a former life',
    topology: withReplica(two, 'n03', { incarnation: '0-a' }),
    lapsed: [1],
    plan: [],
  },

  {
    what: 'a copy out of reach is waited for',
    topology: two,
    lapsed: [1],
    lostForMs: 29_999,
    states: { n01: 'dead', n03: 'dead' },
    plan: [],
  },
  {
    what: 'and given up; nobody is free',
    topology: two,
    lapsed: [1],
    lostForMs: 30_000,
    states: { n01: 'dead', n03: 'dead' },
    plan: [],
  },
  {
    what: 'and given up',
    topology: spare,
    lapsed: [1],
    lostForMs: 30_000,
    states: { n01: 'dead', n02: 'dead' },
    plan: ['rehome 1 n03'],
  },
  {
    what: 'a copy that is not in sync is a home, emptied, before a free node',
    topology: withReplica(spare, 'n02', { isInSync: false }),
    lapsed: [1],
    lostForMs: 30_000,
    states: { n01: 'dead' },
    plan: ['rehome 1 n02'],
  },
  {
    what: 'who left holds nothing any more: nothing is waited for',
    topology: spare,
    lapsed: [1],
    states: { n01: 'left', n02: 'left' },
    plan: ['rehome 1 n03'],
  },
  {
    what: 'the node of the primary is back, empty, and no other copy was in sync',
    topology: agreed(withReplica(two, 'n03', { isInSync: false }), [
      { kind: 'node-returned', former: lifeOf('n01'), node: back('n01'), reason: '' },
      { kind: 'remove-replica', shard: 1, epoch: 1, replica: lifeOf('n03'), reason: '' },
    ]),
    lapsed: [1],
    now: [back('n01')],
    states: { n03: 'dead' },
    plan: ['rehome 1 n01'],
  },
  {
    what: 'two shards are not given one node',
    topology: clusterOf(2, 1, 5),
    lapsed: [1, 2],
    lostForMs: 30_000,
    states: { n01: 'dead', n02: 'dead', n03: 'dead', n04: 'dead' },
    plan: ['rehome 1 n05'],
  },

  { what: 'a node began a new life', topology: two, now: [back('n03')], plan: ['node-returned n03'] },
  {
    what: 'a node moved',
    topology: two,
    now: [{ ...nodeOf('n03'), port: 9 }],
    plan: ['node-moved n03'],
  },
  { what: 'a node is new', topology: two, now: [nodeOf('n05')], plan: ['node-joined n05'] },

  {
    what: 'a free node takes the place of a dead replica, which makes room',
    topology: withReplica(spare, 'n02', { isInSync: false }),
    states: { n02: 'dead' },
    plan: ['remove-replica 1 n02'],
  },
  {
    what: 'and is added',
    topology: agreed(spare, [
      { kind: 'remove-replica', shard: 1, epoch: 1, replica: lifeOf('n02'), reason: '' },
    ]),
    states: { n02: 'dead' },
    plan: ['add-replica 1 n03'],
  },
  {
    what: 'a dead replica stays while its primary counts on it',
    topology: spare,
    states: { n02: 'dead' },
    plan: [],
  },
  {
    what: 'and while nobody is free',
    topology: withReplica(two, 'n03', { isInSync: false }),
    states: { n03: 'dead' },
    plan: [],
  },
  {
    what: 'a suspected one stays',
    topology: withReplica(spare, 'n02', { isInSync: false }),
    states: { n02: 'suspect' },
    plan: [],
  },
  {
    what: 'who lacks most is helped first',
    topology: agreed(withSpares(clusterOf(2, 2, 6), 1), [
      { kind: 'remove-replica', shard: 1, epoch: 1, replica: lifeOf('n03'), reason: '' },
      { kind: 'remove-replica', shard: 2, epoch: 1, replica: lifeOf('n04'), reason: '' },
      { kind: 'remove-replica', shard: 2, epoch: 1, replica: lifeOf('n06'), reason: '' },
    ]),
    states: { n03: 'dead', n04: 'dead', n06: 'dead' },
    plan: ['add-replica 2 n07'],
  },
  {
    what: 'a copy is put into a zone that has none',
    topology: agreed(withZones(spare, { n03: '', n04: 'b' }), [
      { kind: 'remove-replica', shard: 1, epoch: 1, replica: lifeOf('n02'), reason: '' },
    ]),
    states: { n02: 'dead' },
    plan: ['add-replica 1 n04'],
  },
  {
    what: 'a replica too many is taken away, rather one that is not in sync',
    topology: agreed(spare, [
      { kind: 'add-replica', shard: 1, epoch: 1, replica: lifeOf('n04'), reason: '' },
    ]),
    plan: ['remove-replica 1 n04'],
  },
  {
    what: 'a witness gets no copy',
    topology: agreed(
      { ...spare, nodes: spare.nodes.map((node) => ({ ...node, holdsData: node.node < 'n03' })) },
      [{ kind: 'remove-replica', shard: 1, epoch: 1, replica: lifeOf('n02'), reason: '' }],
    ),
    states: { n02: 'dead' },
    plan: [],
  },
];

testPlans(cases);

test('whoever is promoted is in sync, alive and there, whatever is believed', () => {
  const shard: Shard = two.shards[0];
  const nodes = new Map(two.nodes.map((node) => [node.node, node]));
  for (const state of ['alive', 'suspect', 'dead', 'left', undefined] as const) {
    const heir = heirOf(nodes, shard, { stateOf: () => state });
    assert.equal(heir?.node, state === 'alive' || state === 'suspect' ? 'n03' : undefined);
  }
});
