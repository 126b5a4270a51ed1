import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChange, deposals, type Shard, type Topology, type TopologyChange } from './index.js';
import { cluster, node, right } from './topology.testkit.js';

const base = cluster(2, 1);
const reason = 'a test';
const n01 = { node: 'n01', incarnation: '1-a' };
const n03 = { node: 'n03', incarnation: '1-a' };
const of = { shard: 1, epoch: 1, reason };

function whyAfter(topology: Topology): string[] {
  return deposals(base, topology).map(({ shard, epoch, life, why }) => {
    assert.deepEqual(life, base.shards[shard - 1].primary);
    assert.equal(epoch, 1);
    return `${shard}: ${why}`;
  });
}

function changed(change: TopologyChange): Topology {
  return right(applyChange(base, change));
}

function withShard(change: Partial<Shard>): Topology {
  return { ...base, shards: [{ ...base.shards[0], ...change }, base.shards[1]] };
}

test('who may write less by the next topology is deposed, with the reason', () => {
  assert.deepEqual(whyAfter(changed({ kind: 'promote', ...of, to: n03 })), [
    '1: the primary is n03 in the life 1-a',
  ]);
  assert.deepEqual(whyAfter(changed({ kind: 'renew-epoch', ...of, primary: n01 })), ['1: the epoch is 2']);
  assert.deepEqual(whyAfter(withShard({ primary: undefined })), ['1: the shard has no primary']);
  assert.deepEqual(whyAfter(withShard({ primary: { ...n01, incarnation: '2-b' }, epoch: 2 })), [
    '1: the primary is n01 in the life 2-b',
  ]);
  assert.deepEqual(whyAfter({ ...base, shards: [base.shards[1]] }), ['1: the shard is gone']);
  assert.deepEqual(whyAfter({ ...base, nodes: base.nodes.slice(1) }), ['1: the node is gone']);
  const [{ first, last, shard }] = base.slots;
  const slots = [
    { first, last: last - 1, shard },
    { first: last, last: 16383, shard: 3 - shard },
  ];
  const lost = whyAfter({ ...base, slots });
  assert.ok(lost.includes(`${shard}: slot ${last} goes to shard ${3 - shard}`), lost.join());
});

test('who may write as before, or more, is not deposed', () => {
  assert.deepEqual(whyAfter({ ...base, version: 2 }), []);
  assert.deepEqual(whyAfter(changed({ kind: 'replica-out-of-sync', ...of, replica: n03 })), []);
  assert.deepEqual(whyAfter(changed({ kind: 'node-joined', node: node('n09'), reason })), []);
  assert.deepEqual(whyAfter(structuredClone(base)), []);
  const all = [{ first: 0, last: 16383, shard: 1 }];
  assert.deepEqual(
    whyAfter({ ...base, slots: all }).filter((why) => why.startsWith('1:')),
    [],
  );
  const homeless = withShard({ primary: undefined });
  assert.deepEqual(deposals(homeless, base), []);
});

test('a node that returned does not depose its former life by that', () => {
  const former = { node: 'n01', incarnation: '1-a' };
  const returned = changed({
    kind: 'node-returned',
    former,
    node: { ...node('n01'), incarnation: '2-b' },
    reason,
  });
  assert.deepEqual(whyAfter(returned), []);
});
