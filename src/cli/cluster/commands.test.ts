import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { applyChange, isRefusal } from '../../ring/index.js';
import { viewCluster } from './cluster-view.js';
import { handOver, planHandOver } from './failover.js';
import { FakeCluster, nodeNamed, nodesNamed, topologyOf, wellStatus } from './fake-cluster.testkit.js';
import { init, planInit, voterOf } from './init.js';
import { readStatus } from './read-status.js';

const clusters: FakeCluster[] = [];
after(() => clusters.map((cluster) => cluster.close()));

async function started(count: number, isBegun: boolean): Promise<FakeCluster> {
  const cluster = await FakeCluster.start(count);
  clusters.push(cluster);
  if (isBegun) cluster.topology = topologyOf({ shards: 1, replicas: count - 1, nodes: cluster.nodes });
  return cluster;
}

const asked = ({ nodes }: FakeCluster, i = 0) => ({ host: '127.0.0.1', port: nodes[i].port, password: '' });
const plan = ({ nodes }: FakeCluster, shards?: number) => ({
  nodes,
  shards,
  replicas: 1,
  access: { password: '' },
});

describe('a view of a cluster', () => {
  it('asks all nodes that the asked one knows, and says of the silent ones why', async () => {
    const cluster = await started(3, true);
    cluster.stop(2);
    const { topology, nodes } = await viewCluster(asked(cluster));
    assert.deepEqual(topology, cluster.topology);
    assert.equal(nodes.filter(({ status }) => status !== undefined).length, 2);
    assert.match(
      nodes.find(({ node }) => node === cluster.nodes[1].node)?.problem ?? '',
      /^nothing listens there/,
    );
  });

  it('is refused by what is no node of a cluster', async () => {
    const cluster = await started(1, false);
    const one = asked(cluster);
    cluster.nodes[0] = nodeNamed(1, { node: '' });
    await assert.rejects(viewCluster(one), /no status of a node/);
    cluster.close();
    await assert.rejects(viewCluster(one), /Nothing listens/);
  });
});

describe('CLUSTER STATUS', () => {
  it('is read as it was written', () => {
    const nodes = nodesNamed(2);
    const status = wellStatus(nodes[0], topologyOf({ shards: 1, replicas: 1, nodes }));
    assert.deepEqual(readStatus(JSON.stringify(status)), status);
  });

  it('is read also from another version, and harms no terminal', () => {
    const status = readStatus(
      '{"node":"n","more":1,"members":[{"state":"new"},7],"timeline":[{"text":"a\\u001b[2Jb"}]}',
    );
    assert.equal(status?.members[1].state, 'alive');
    assert.equal(status?.timeline[0].text, 'a [2Jb');
    for (const text of ['', '7', 'null', '{}', '{"node":7}']) assert.equal(readStatus(text), undefined, text);
  });
});

describe('cluster init', () => {
  it('begins on the first node, with all names, as many shards as the nodes allow', async () => {
    const cluster = await started(5, false);
    cluster.onCommand = () => {
      cluster.topology = topologyOf({ shards: 2, replicas: 1, nodes: cluster.nodes });
      return '+OK';
    };
    assert.deepEqual(await init(plan(cluster)), { shards: 2, replicas: 1 });
    const names = cluster.nodes.map(({ port, busPort }) => `127.0.0.1:${port}@${busPort}`);
    assert.deepEqual(cluster.commands, [`1: CLUSTER INIT 2 1 ${names.join(' ')}`]);
  });

  it('names all that stands against it before anything is begun', async () => {
    const cluster = await started(3, true);
    cluster.stop(3);
    const done = await init(plan(cluster));
    assert.ok(isRefusal(done));
    assert.deepEqual(
      done.refused.split('\n').map((line) => line.replace(/127\.0\.0\.1:\d+(@\d+)?/, 'X').slice(0, 30)),
      ['X belongs to a cluster already', 'X belongs to a cluster already', 'Nothing listens on X. Start a '],
    );
    assert.deepEqual(cluster.commands, []);
  });

  it('counts the nodes that hold data', () => {
    const of = (node: ReturnType<typeof nodeNamed>) => ({
      address: node.host,
      status: wellStatus(node, undefined),
    });
    const three = [of(nodeNamed(1)), of(nodeNamed(2)), of(nodeNamed(3, { holdsData: false }))];
    assert.equal(planInit(three, undefined, 1), 1);
    assert.deepEqual(planInit(three, 2, 1), {
      refused:
        '2 shards with 1 replica each need 4 nodes that hold data, and 2 were named: name more nodes, or ask for fewer --shards or --replicas',
    });
    assert.match(
      (planInit(three, undefined, 2) as { refused: string }).refused,
      /1 shard with 2 replicas each need 3/,
    );
    assert.match(
      (planInit([three[0], three[0]], 1, 0) as { refused: string }).refused,
      /are one node: name it once/,
    );
  });

  it('goes to a node that will vote', () => {
    const of = (node: ReturnType<typeof nodeNamed>) => ({
      address: node.host,
      status: wellStatus(node, undefined),
    });
    assert.equal(voterOf(nodesNamed(6).map(of)), 0);
    const witnesses = [4, 5, 6, 7, 8].map((i) => nodeNamed(i, { holdsData: false }));
    assert.equal(voterOf([...nodesNamed(3), ...witnesses].map(of)), 3);
  });

  it('tells what the node answers', async () => {
    const cluster = await started(2, false);
    cluster.onCommand = () => '-ERR no';
    await assert.rejects(init(plan(cluster, 1)), /refused CLUSTER INIT: ERR no/);
  });
});

describe('cluster failover', () => {
  it('asks the primary, and waits until another one takes writes', async () => {
    const cluster = await started(3, true);
    const before = cluster.topology as NonNullable<typeof cluster.topology>;
    const [shard] = before.shards;
    cluster.onCommand = (_, words) => {
      const to = shard.replicas.find(({ node }) => node === words[2]) ?? shard.replicas[0];
      const change = {
        kind: 'hand-over',
        shard: 1,
        epoch: 1,
        reason: 'asked',
        from: shard.primary,
        to,
      } as never;
      const after = applyChange(before, change);
      if (isRefusal(after)) return `-ERR ${after.refused}`;
      cluster.topology = { ...after, version: 2 } as typeof before;
      return '+OK';
    };
    const [, second] = shard.replicas;
    const heir = cluster.nodes.find(({ node }) => node === second.node);
    const done = await handOver(asked(cluster, 1), 1, `127.0.0.1:${heir?.port}`);
    assert.ok(!isRefusal(done));
    assert.equal(done.to, `127.0.0.1:${heir?.port}`);
    assert.equal(done.epoch, 2);
    assert.deepEqual(cluster.commands, [`1: CLUSTER HANDOVER ${second.node}`]);
  });

  it('is refused in words where it cannot be', async () => {
    const nodes = nodesNamed(4);
    const topology = topologyOf({ shards: 2, replicas: 1, nodes });
    const why = (of: typeof topology, id: number, to?: string) =>
      (planHandOver(of, id, to) as { refused: string }).refused;
    assert.match(why(topology, 3), /no shard 3: there are 1, 2/);
    assert.match(why(topology, 1, 'x'), /x names no node/);
    assert.match(why(topology, 1, 'n-'), /n- names several nodes/);
    assert.match(
      why(topology, 1, nodes[3].node),
      /is no replica in sync of shard 1: 10\.0\.0\.3:6379 is one/,
    );
    const [first, ...others] = topology.shards;
    const bare = { ...topology, shards: [{ ...first, replicas: [] }, ...others] };
    assert.match(why(bare, 1), /no replica in sync/);
    const cluster = await started(2, true);
    cluster.stop(1);
    const refused = await handOver(asked(cluster, 1), 1, undefined);
    assert.match((refused as { refused: string }).refused, /cannot be told to hand over: nothing listens/);
  });
});
