import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Topology, TopologyNode } from '../../ring/index.js';
import { summarize } from './cluster-summary.js';
import { examine } from './doctor.js';
import { doctorText } from './doctor-text.js';
import { nodeNamed, nodesNamed, topologyOf, type ViewChanges, viewOf } from './fake-cluster.testkit.js';
import { painter } from './paint.js';

const nodes = nodesNamed(6);
const topology = topologyOf({ shards: 3, replicas: 1, nodes });

function found(of: Topology | undefined, all: readonly TopologyNode[], changes: ViewChanges = {}): string[] {
  const view = viewOf(of, all, changes);
  return examine(view, summarize(view)).map(({ level, what }) => `${level} ${what}`);
}

const primaries = (more: Partial<Topology['shards'][number]>): Topology => ({
  ...topology,
  shards: topology.shards.map((shard, i) => (i === 0 ? { ...shard, ...more } : shard)),
});

describe('the doctor', () => {
  it('finds nothing in a cluster that is well', () => {
    assert.deepEqual(found(topology, nodes), []);
    assert.equal(
      doctorText([], 6, 80, painter(false)),
      'well   6 nodes asked, nothing wrong or risky found.\n',
    );
  });

  it('finds what is wrong', () => {
    assert.match(found(undefined, nodes)[0], /^wrong No cluster was begun/);
    assert.match(found(primaries({ primary: undefined }), nodes)[0], /^wrong Shard 1 has no primary/);
    const [replica] = topology.shards[0].replicas;
    const late = primaries({ replicas: [{ ...replica, isInSync: false }] });
    assert.deepEqual(found(late, nodes), [
      'wrong Shard 1 has no replica in sync: if 10.0.0.1:6379 fails its keys are gone',
    ]);
    assert.deepEqual(found(topology, nodes, { away: [6] }), [
      'wrong 10.0.0.6:6379 does not answer: nothing listens there',
    ]);
    assert.match(found(topology, nodes, { away: [1] })[0], /, and it is a voter: nothing/);
    assert.match(
      found(topology, nodes, { away: [1, 2, 3] }).join('\n'),
      /^wrong 3 of 5 voters do not answer: without a majority/m,
    );
    const copy = { ...(viewOf(topology, nodes).nodes[0].status?.copy as object), leaseLeftMs: 0 } as never;
    assert.match(found(topology, nodes, { says: { 1: { copy } } })[0], /^wrong Shard 1 takes no writes/);
    assert.match(found(topology, nodes, { says: { 1: { role: 'follower' } } })[0], /^wrong No voter leads/);
  });

  it('finds a node that answers and is reached by no other, and tells a cluster that is cut off from one that was not begun', () => {
    const others = Object.fromEntries(
      nodes.map((_, i) => {
        const { members = [] } = viewOf(topology, nodes).nodes[i].status ?? {};
        return [i + 1, { members: members.filter(({ node }) => node !== nodes[5].node) }];
      }),
    );
    const says = { ...others, 6: { version: 0, members: [] } };
    assert.deepEqual(found(topology, nodes, { says }), [
      'wrong 10.0.0.6:6379 answers here, and no other node reaches it',
    ]);
    const restarted = found(undefined, nodes.slice(0, 1), { says: { 1: { clusterId: 'c-1' } } });
    assert.equal(restarted.length, 1);
    assert.match(restarted[0], /^wrong The cluster c-1 was begun, and no node that answers here/);
  });

  it('finds what would break at the next failure', () => {
    const risky = (of: Topology, all = nodes, changes: ViewChanges = {}) => {
      const [first, ...others] = found(of, all, changes);
      assert.deepEqual(others, []);
      return first;
    };
    const alone = topologyOf({ shards: 3, replicas: 0, nodes });
    assert.match(found(alone, nodes).join('\n'), /^risky Shard 1 has one copy/);
    const zones = nodes.map((node, i) => ({ ...node, zone: i % 2 === 0 ? 'a' : 'b' }));
    const spread = topologyOf({ shards: 3, replicas: 1, nodes: zones });
    assert.match(risky(spread, zones), /^risky 3 of 5 voters are in one zone, a/);
    const together = {
      ...topology,
      nodes: topology.nodes.map((node) => ({ ...node, host: node.host.replace(/[14]$/, '1') })),
    };
    assert.match(risky(together), /^risky 2 copies of shard 1 are in one host, 10\.0\.0\.1/);
    const local = nodes.map((node, i) => ({ ...node, host: '127.0.0.1', port: 7000 + i }));
    assert.match(
      risky(topologyOf({ shards: 3, replicas: 1, nodes: local }), local),
      /^risky All nodes are on one host/,
    );
    const two = nodesNamed(2);
    assert.match(
      risky(topologyOf({ shards: 1, replicas: 1, nodes: two }), two),
      /^risky One node alone votes/,
    );
    const four = {
      ...topology,
      voters: topology.voters.slice(0, 4),
      previousVoters: topology.voters.slice(0, 4),
    };
    assert.match(risky(four), /^risky 4 voters bear no more failures than 3/);
    const changing = { ...topology, previousVoters: topology.voters.slice(0, 3) };
    assert.match(risky(changing), /^risky A change of voters is under way/);
    assert.match(
      risky(topology, nodes, { skewMs: { 2: 3000 } }),
      /clocks of 10\.0\.0\.2:6379 and .* are 3\.0 s apart/,
    );
    assert.match(risky(topology, nodes, { says: { 2: { nuthatch: '0.2.0' } } }), /several versions: 0\.1\.0/);
    assert.match(
      risky({ ...topology, version: 9 }, nodes, {
        says: Object.fromEntries(nodes.map((_, i) => [i + 1, { version: i === 1 ? 8 : 9 }])),
      }),
      /10\.0\.0\.2:6379 \(8\) knows an older/,
    );
    assert.match(
      risky(topology, nodes, { says: { 1: { acceptedVersion: 2 } } }),
      /Version 2 .* not committed/,
    );
    const lagging = viewOf(topology, nodes).nodes[0].status?.copy as never as { followers: object[] };
    const copy = { ...lagging, followers: [{ ...lagging.followers[0], lagMs: 2500 }] } as never;
    assert.match(risky(topology, nodes, { says: { 1: { copy } } }), /is 2\.5 s behind/);
    assert.match(
      risky(topology, [...nodes, nodeNamed(7)], { says: { 7: { clusterId: 'c-2' } } }),
      /another cluster, c-2/,
    );
  });

  it('counts a witness as a place of its own', () => {
    const three = [nodeNamed(1), nodeNamed(2), nodeNamed(3, { holdsData: false })];
    assert.deepEqual(found(topologyOf({ shards: 1, replicas: 1, nodes: three }), three), []);
  });

  it('says of each what to do, what is wrong first', () => {
    const view = viewOf(topology, nodes, { away: [6], skewMs: { 2: 3000 } });
    const text = doctorText(examine(view, summarize(view)), 6, 50, painter(false));
    assert.ok(text.startsWith('wrong  10.0.0.6:6379 does not answer'));
    assert.ok(text.indexOf('wrong') < text.indexOf('risky'));
    for (const line of text.split('\n')) assert.ok(line.length <= 50, line);
  });
});
