import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ClusterPlan,
  chooseVoters,
  firstTopology,
  type Topology,
  type TopologyNode,
  topologyProblems,
  voterCount,
} from './index.js';
import { cluster, lease, node, nodesOf, refused, right } from './topology.testkit.js';

function plan(nodes: readonly TopologyNode[], shards: number, replicasPerShard: number): ClusterPlan {
  return { clusterId: 'test', nodes, shards, replicasPerShard, lease, maxUnreplicatedMs: 1000 };
}

/** Shards of which two copies are in one group: on one host, or in one zone. */
function shardsTogether(topology: Topology, groupOf: (node: TopologyNode) => string): number {
  const groups = new Map(topology.nodes.map((node) => [node.node, groupOf(node)]));
  return topology.shards.filter(({ primary, replicas }) => {
    const copies = [primary!, ...replicas].map((copy) => groups.get(copy.node));
    return new Set(copies).size < copies.length;
  }).length;
}

const host = ({ host }: TopologyNode) => host;
const zone = ({ zone }: TopologyNode) => zone;

test('a cluster of three shards with a replica each', () => {
  const topology = cluster(3, 1);
  assert.deepEqual(topologyProblems(topology), []);
  assert.deepEqual(
    topology.shards.map(({ id, epoch, primary, replicas }) => [id, epoch, primary?.node, replicas]),
    [1, 2, 3].map((id) => [id, 1, `n0${id}`, [{ node: `n0${id + 3}`, incarnation: '1-a', isInSync: true }]]),
  );
  assert.deepEqual(topology.voters, ['n01', 'n02', 'n03', 'n04', 'n05']);
  assert.equal(topology.version, 1);
});

test('copies of a shard are on different hosts and in different zones where that can be', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer(),
      (groups, perGroup, shards, seed) => {
        fc.pre(2 * shards <= groups * perGroup);
        // The same number of nodes on each of several hosts, in any order.
        const nodes = nodesOf(groups * perGroup).map((node, i) => ({ ...node, host: `h${i % groups}` }));
        nodes.sort(
          (a, b) => ((seed ^ (a.port + a.node.length)) & 1) - ((seed ^ b.port) & 1) || (seed & 1 ? -1 : 1),
        );
        const onHosts = right(firstTopology(plan(nodes, shards, 1)));
        assert.equal(shardsTogether(onHosts, host), 0);
        const zoned = nodes.map((node) => ({ ...node, zone: node.host, host: `host-${node.node}` }));
        assert.equal(shardsTogether(right(firstTopology(plan(zoned, shards, 1))), zone), 0);
      },
    ),
  );
});

test('the last replica is exchanged when only the host of its primary is left for it', () => {
  const nodes = nodesOf(6, (number) => ({ host: `h${number % 3}` }));
  const topology = right(firstTopology(plan(nodes, 3, 1)));
  assert.equal(shardsTogether(topology, host), 0);
});

test('primaries are in all zones, and replicas in the other two', () => {
  const nodes = nodesOf(9, (number) => ({ zone: 'abc'[Math.floor((number - 1) / 3)] }));
  const topology = right(firstTopology(plan(nodes, 3, 2)));
  const zones = new Map(nodes.map((node) => [node.node, node.zone]));
  assert.equal(new Set(topology.shards.map(({ primary }) => zones.get(primary!.node))).size, 3);
  assert.equal(shardsTogether(topology, zone), 0);
  assert.equal(new Set(topology.voters.map((id) => zones.get(id))).size, 3);
});

test('on one host copies are where there is room', () => {
  const nodes = nodesOf(6, () => ({ host: 'localhost' }));
  assert.equal(shardsTogether(right(firstTopology(plan(nodes, 3, 1))), host), 3);
});

test('what cannot be is refused in words', () => {
  assert.match(
    refused(firstTopology(plan(nodesOf(5), 3, 1))),
    /3 shards with 1 replicas each need 6 nodes .* there are 5/,
  );
  const witnesses = nodesOf(6, (number) => ({ holdsData: number > 3 }));
  assert.match(refused(firstTopology(plan(witnesses, 2, 1))), /need 4 nodes that hold data, and there are 3/);
  assert.match(refused(firstTopology(plan(nodesOf(3), 0, 1))), /0 shards: there are 1 to 1024/);
  assert.match(refused(firstTopology(plan(nodesOf(3), 1.5, 1))), /1.5 shards/);
  assert.match(refused(firstTopology(plan(nodesOf(20), 1, 9))), /9 replicas of each shard: there are 0 to 8/);
  assert.match(
    refused(firstTopology(plan([...nodesOf(2), node('n01')], 1, 1))),
    /nodes are not in the order .* each once/,
  );
  assert.match(
    refused(firstTopology({ ...plan(nodesOf(2), 1, 1), maxUnreplicatedMs: 0 })),
    /maxUnreplicatedMs is 0/,
  );
});

test('voters are 1, 3 or 5, from different zones and hosts, witnesses before others', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 100].map(voterCount), [1, 1, 3, 3, 5, 5]);
  const witness = node('w1', { holdsData: false });
  assert.deepEqual(chooseVoters([...nodesOf(2), witness]), ['n01', 'n02', 'w1']);
  assert.deepEqual(chooseVoters([...nodesOf(9), witness]), ['n01', 'n02', 'n03', 'n04', 'w1']);
  const zones = nodesOf(8, (number) => ({ zone: number < 7 ? 'a' : 'b' }));
  assert.deepEqual(chooseVoters([...zones, { ...witness, zone: 'c' }], 3), ['n01', 'n07', 'w1']);
  const hosts = nodesOf(8, (number) => ({ host: number < 6 ? 'h1' : `h${number}` }));
  assert.deepEqual(chooseVoters(hosts), ['n01', 'n02', 'n06', 'n07', 'n08']);
});
