import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Shard, type Topology, type TopologyNode, topologyProblems } from './index.js';
import { cluster, node, nodesOf } from './topology.testkit.js';

const witness = node('w1', { holdsData: false });
/** Shard 1 on n01 with n03, shard 2 on n02 with n04; n05 and the witness hold nothing. */
const base = cluster(2, 1, [...nodesOf(5), witness]);

function withNode(topology: Topology, index: number, change: Partial<TopologyNode>): Topology {
  return {
    ...topology,
    nodes: topology.nodes.map((node, i) => (i === index ? { ...node, ...change } : node)),
  };
}

function withShard(topology: Topology, index: number, change: Partial<Shard>): Topology {
  return {
    ...topology,
    shards: topology.shards.map((shard, i) => (i === index ? { ...shard, ...change } : shard)),
  };
}

const n05 = { node: 'n05', incarnation: '1-a', isInSync: false };
const all = { first: 0, last: 16383, shard: 1 };

const wrong: [name: string, topology: Topology, says: RegExp][] = [
  ['cluster id', { ...base, clusterId: 'A b' }, /cluster id is "A b"/],
  ['version', { ...base, version: 0 }, /the version is 0: it is a whole number from 1/],
  ['version, a fraction', { ...base, version: 1.5 }, /the version is 1.5/],
  ['lease', { ...base, lease: { ...base.lease, leaseMs: 10 } }, /leaseMs is 10: .* from 50 to 60000/],
  [
    'lease, endless',
    { ...base, lease: { ...base.lease, leaseMs: Number.POSITIVE_INFINITY } },
    /leaseMs is Infinity/,
  ],
  ['drift', { ...base, lease: { ...base.lease, driftPermille: 1000 } }, /driftPermille is 1000/],
  ['slack', { ...base, lease: { ...base.lease, slackMs: -1 } }, /slackMs is -1/],
  ['unreplicated', { ...base, maxUnreplicatedMs: Number.NaN }, /maxUnreplicatedMs is NaN/],
  ['no voters', { ...base, voters: [] }, /voters has 0 nodes: they are 1, 3 or 5/],
  ['two voters', { ...base, voters: ['n01', 'n02'] }, /voters has 2 nodes/],
  [
    'a voter twice',
    { ...base, voters: ['n01', 'n01', 'n02'] },
    /voters is not in the order of the ids, each once/,
  ],
  ['previous voters', { ...base, previousVoters: ['n09'] }, /previousVoters names "n09", which is no node/],
  ['voter version', { ...base, voterVersion: 0 }, /version of the voters is 0/],
  ['node id', withNode(base, 5, { node: 'W 1' }), /node "W 1": an id has 1 to 40/],
  [
    'node twice',
    { ...base, nodes: [...base.nodes, base.nodes[5]] },
    /nodes are not in the order of their ids, each once/,
  ],
  ['incarnation', withNode(base, 4, { incarnation: '7' }), /node "n05" has the incarnation "7"/],
  ['host', withNode(base, 0, { host: 'a b' }), /node "n01" has the host "a b"/],
  ['host, a line end', withNode(base, 0, { host: 'a\n' }), /has the host "a\\n"/],
  ['port', withNode(base, 0, { port: 0 }), /has the ports 0 and 16379/],
  ['bus port', withNode(base, 0, { busPort: 70_000 }), /has the ports 6379 and 70000/],
  ['zone', withNode(base, 0, { zone: 'a b' }), /has the zone "a b"/],
  ['no shards', { ...base, shards: [] }, /there are no shards/],
  ['shard order', { ...base, shards: [...base.shards].reverse() }, /shards are not in the order/],
  ['shard id', withShard(base, 1, { id: 65_536 }), /the id of a shard is 65536/],
  ['epoch', withShard(base, 0, { epoch: 0 }), /the epoch of shard 1 is 0/],
  ['weight', withShard(base, 0, { weight: 0 }), /the weight of shard 1 is 0/],
  ['vnodes', withShard(base, 0, { vnodes: [2 ** 32] }), /the vnodes of shard 1 are not positions/],
  ['vnode twice', withShard(base, 0, { vnodes: [5, 5] }), /the vnodes of shard 1 are not positions/],
  [
    'unknown primary',
    withShard(base, 0, { primary: { node: 'n09', incarnation: '1-a' } }),
    /copy on "n09", which is no node/,
  ],
  [
    'witness',
    withShard(base, 0, { primary: { node: 'w1', incarnation: '1-a' } }),
    /copy on "w1", which holds no data/,
  ],
  [
    'life to come',
    withShard(base, 0, { primary: { node: 'n01', incarnation: '2-a' } }),
    /in the life "2-a" of "n01", whose life is "1-a"/,
  ],
  [
    'other life',
    withShard(base, 0, { primary: { node: 'n01', incarnation: '1-b' } }),
    /in the life "1-b" of "n01"/,
  ],
  [
    'twice in a shard',
    withShard(base, 0, { replicas: [{ ...n05, node: 'n01' }] }),
    /"n01" has a copy of shard 1 and one of shard 1/,
  ],
  [
    'in two shards',
    withShard(base, 0, { replicas: [{ ...n05, node: 'n04' }] }),
    /"n04" has a copy of shard 1 and one of shard 2/,
  ],
  [
    'replica twice',
    withShard(base, 0, { replicas: [n05, n05] }),
    /the replicas of shard 1 are not in the order/,
  ],
  [
    'replicas',
    withShard(base, 0, { replicas: Array(9).fill(n05) }),
    /there are 9 replicas of shard 1: there can be 8/,
  ],
  ['no slots', { ...base, slots: [] }, /the slots from 0 on belong to nobody/],
  [
    'a gap',
    {
      ...base,
      slots: [
        { ...all, last: 5 },
        { ...all, first: 7, shard: 2 },
      ],
    },
    /the slots 7 to 16383 follow the slots up to 5/,
  ],
  [
    'an overlap',
    {
      ...base,
      slots: [
        { ...all, last: 5 },
        { ...all, first: 5, shard: 2 },
      ],
    },
    /the slots 5 to 16383 follow/,
  ],
  ['a slot too many', { ...base, slots: [{ ...all, last: 16384 }] }, /the slots 0 to 16384/],
  [
    'the last slots',
    { ...base, slots: [{ ...all, last: 16382 }] },
    /the slots from 16383 on belong to nobody/,
  ],
  ['unknown owner', { ...base, slots: [{ ...all, shard: 3 }] }, /belong to shard 3, which is none/],
  [
    'one range as two',
    {
      ...base,
      slots: [
        { ...all, last: 5 },
        { ...all, first: 6 },
      ],
    },
    /they are one range/,
  ],
  [
    'too many nodes',
    { ...base, nodes: Array(1025).fill(witness) },
    /there are 1025 nodes: there can be 1024/,
  ],
];

test('a topology that is right has no problems', () => {
  assert.deepEqual(topologyProblems(base), []);
  const former = withNode(base, 0, { incarnation: '2-b' });
  assert.deepEqual(topologyProblems(former), [], 'a copy in a former life');
  assert.deepEqual(
    topologyProblems(withShard(base, 0, { primary: undefined, replicas: [] })),
    [],
    'no copies',
  );
});

for (const [name, topology, says] of wrong) {
  test(`a topology with a wrong ${name}`, () => {
    const problems = topologyProblems(topology);
    assert.ok(
      problems.some((problem) => says.test(problem)),
      problems.join('\n'),
    );
  });
}

test('problems are told at once, but not endlessly', () => {
  const nodes = base.nodes.map((node) => ({ ...node, port: 0, host: '', incarnation: '' }));
  assert.equal(topologyProblems({ ...base, nodes }).length, 10);
});
