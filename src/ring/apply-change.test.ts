/** What each change does, and what each refuses, on one small cluster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyChange,
  describeChanges,
  isRefusal,
  readChange,
  type Topology,
  type TopologyChange,
} from './index.js';
import { cluster, life, node, nodesOf, refused, right } from './topology.testkit.js';

/** Shard 1 on n01 with n03 and n05, shard 2 on n02 with n04 and n06; n07 and the witness hold nothing. Voters n01 to n04 and w1. */
const base = cluster(2, 2, [...nodesOf(7), node('w1', { holdsData: false })]);
const reason = 'a test';
const of = { shard: 1, epoch: 1, reason };
const at = (id: string, incarnation = '1-a') => ({ node: id, incarnation });
const copy = (id: string, isInSync: boolean) => ({ ...at(id), isInSync });

function after(...changes: TopologyChange[]): Topology {
  return changes.reduce((topology, change) => right(applyChange(topology, change)), base);
}

const outOfSync: TopologyChange = { kind: 'replica-out-of-sync', ...of, replica: at('n03') };
const returned = (id: string): TopologyChange => ({
  kind: 'node-returned',
  former: at(id),
  node: { ...node(id), incarnation: '2-b' },
  reason,
});

test('the cluster of these tests', () => {
  assert.deepEqual(
    base.shards.map(({ primary, replicas }) => [primary, ...replicas].map((copy) => copy?.node)),
    [
      ['n01', 'n03', 'n05'],
      ['n02', 'n04', 'n06'],
    ],
  );
});

test('promote: the former primary becomes a replica that is not in sync', () => {
  const [shard, other] = after({ kind: 'promote', ...of, to: at('n05') }).shards;
  assert.deepEqual(shard, {
    ...base.shards[0],
    epoch: 2,
    primary: at('n05'),
    replicas: [copy('n01', false), copy('n03', true)],
  });
  assert.equal(other, base.shards[1]);
});

test('promote: a former primary that restarted meanwhile is gone', () => {
  const [shard] = after(returned('n01'), { kind: 'promote', ...of, to: at('n05') }).shards;
  assert.deepEqual([shard.primary, shard.replicas], [at('n05'), [copy('n03', true)]]);
});

test('hand-over is a promotion that the primary asked for', () => {
  const changed = after({ kind: 'hand-over', ...of, from: at('n01'), to: at('n03') });
  assert.deepEqual(changed, after({ kind: 'promote', ...of, to: at('n03') }));
});

test('renew-epoch: the same copies under a new epoch', () => {
  const [shard] = after({ kind: 'renew-epoch', ...of, primary: at('n01') }).shards;
  assert.deepEqual(shard, { ...base.shards[0], epoch: 2 });
});

test('replicas come and go, and are in sync or not', () => {
  const without = after({ kind: 'remove-replica', ...of, replica: at('n03') });
  assert.deepEqual(without.shards[0].replicas, [copy('n05', true)]);
  const other = right(applyChange(without, { kind: 'add-replica', ...of, replica: at('n07') }));
  assert.deepEqual(other.shards[0].replicas, [copy('n05', true), copy('n07', false)]);
  const inSync = right(
    applyChange(other, { kind: 'replica-in-sync', ...of, replica: at('n07'), syncVersion: 2 }),
  );
  assert.deepEqual(inSync.shards[0].replicas, [copy('n05', true), copy('n07', true)]);
  assert.equal(inSync.shards[0].epoch, 1);
});

test('a wish to count a replica in is void once that was taken away, also if it is back', () => {
  const without = after({ kind: 'remove-replica', ...of, replica: at('n03') });
  const back = right(applyChange(without, { kind: 'add-replica', ...of, replica: at('n03') }));
  const late = { kind: 'replica-in-sync', ...of, replica: at('n03'), syncVersion: 1 } as const;
  assert.match(refused(applyChange(back, late)), /meant for version 1/);
});

test('who is out of sync is so again: what was asked for before is void', () => {
  const out: TopologyChange = { kind: 'replica-out-of-sync', ...of, replica: at('n03') };
  const before = base.shards[0].syncVersion;
  const twice = after(out, out);
  assert.deepEqual(twice.shards[0].replicas, [copy('n03', false), copy('n05', true)]);
  assert.equal(twice.shards[0].syncVersion, before + 2);
  const late: TopologyChange = {
    kind: 'replica-in-sync',
    ...of,
    replica: at('n03'),
    syncVersion: before + 1,
  };
  assert.ok(isRefusal(applyChange(twice, late)));
});

test('a node that returned has lost its replica, and is still named as primary until another is', () => {
  const replica = after(returned('n03'));
  assert.deepEqual(replica.shards[0].replicas, [copy('n05', true)]);
  assert.deepEqual(life(replica, 'n03'), at('n03', '2-b'));
  assert.deepEqual(after(returned('n01')).shards, base.shards);
});

test('rehome: empty on another node, under a new epoch, what lives becomes a replica that is not in sync', () => {
  const [shard] = after(returned('n03'), returned('n05'), { kind: 'rehome', ...of, to: at('n07') }).shards;
  assert.deepEqual([shard.epoch, shard.primary, shard.replicas], [2, at('n07'), [copy('n01', false)]]);
  assert.deepEqual([shard.beganEpoch, base.shards[0].beganEpoch], [2, 1]);
  const stale = after(outOfSync, { kind: 'rehome', ...of, to: at('n03') }).shards[0];
  assert.deepEqual([stale.primary, stale.replicas], [at('n03'), [copy('n01', false), copy('n05', false)]]);
  const alone = after(returned('n01'), { kind: 'rehome', ...of, to: at('n01', '2-b') }).shards[0];
  assert.deepEqual(alone.primary, at('n01', '2-b'));
});

test('voters change in two steps, each a version of theirs', () => {
  const set: TopologyChange = { kind: 'set-voters', voterVersion: 1, voters: ['n03', 'n01', 'n02'], reason };
  const joint = after(set);
  assert.deepEqual(
    [joint.voters, joint.previousVoters, joint.voterVersion],
    [['n01', 'n02', 'n03'], base.voters, 2],
  );
  const settle: TopologyChange = { kind: 'settle-voters', voterVersion: 2, reason };
  const settled = right(applyChange(joint, settle));
  assert.deepEqual(
    [settled.voters, settled.previousVoters, settled.voterVersion],
    [joint.voters, joint.voters, 3],
  );
  assert.match(
    refused(applyChange(joint, { ...set, voterVersion: 2, voters: ['n04'] })),
    /is under way: settle it first/,
  );
  assert.match(
    refused(applyChange(joint, set)),
    /the voters have version 2, and the change was meant for version 1/,
  );
  assert.match(
    refused(applyChange(settled, { ...settle, voterVersion: 3 })),
    /no change of voters is under way/,
  );
});

const lease = { ...base.lease, leaseMs: 3000 };
const refusals: [name: string, change: TopologyChange, says: RegExp, before?: TopologyChange][] = [
  ['no such shard', { kind: 'promote', ...of, shard: 3, to: at('n03') }, /there is no shard 3/],
  [
    'an epoch that is over',
    { kind: 'promote', ...of, epoch: 2, to: at('n03') },
    /is in epoch 1, .* meant for epoch 2/,
  ],
  [
    'promote, not in sync',
    { kind: 'promote', ...of, to: at('n03') },
    /n03 in its life 1-a is not in sync/,
    outOfSync,
  ],
  ['promote, not a replica', { kind: 'promote', ...of, to: at('n07') }, /n07 .* is no replica of shard 1/],
  ['promote, the primary', { kind: 'promote', ...of, to: at('n01') }, /n01 .* is no replica of shard 1/],
  [
    'promote, a former life',
    { kind: 'promote', ...of, to: at('n03') },
    /n03 in its life 1-a is no replica/,
    returned('n03'),
  ],
  [
    'hand-over by another',
    { kind: 'hand-over', ...of, from: at('n05'), to: at('n03') },
    /n05 .* is not the primary of shard 1/,
  ],
  [
    'hand-over, not in sync',
    { kind: 'hand-over', ...of, from: at('n01'), to: at('n03') },
    /is not in sync/,
    outOfSync,
  ],
  ['renew by another', { kind: 'renew-epoch', ...of, primary: at('n03') }, /is not the primary/],
  ['renew, another life', { kind: 'renew-epoch', ...of, primary: at('n01', '2-b') }, /is not the primary/],
  [
    'in sync already',
    { kind: 'replica-in-sync', ...of, replica: at('n03'), syncVersion: 1 },
    /is in sync already/,
  ],
  [
    'in sync, who is so has changed',
    { kind: 'replica-in-sync', ...of, replica: at('n03'), syncVersion: 0 },
    /was changed to version 1, and the change was meant for version 0/,
  ],
  [
    'in sync, another life',
    { kind: 'replica-in-sync', ...of, replica: at('n03', '1-b'), syncVersion: 1 },
    /n03 in its life 1-b is not there/,
  ],
  ['add a node that serves', { kind: 'add-replica', ...of, replica: at('n04') }, /n04 serves shard 2/],
  ['add a witness', { kind: 'add-replica', ...of, replica: at('w1') }, /node w1 only votes/],
  ['add a stranger', { kind: 'add-replica', ...of, replica: at('n99') }, /there is no node n99/],
  [
    'add a life that is over',
    { kind: 'add-replica', ...of, replica: at('n07') },
    /n07 in its life 1-a is not there: the node is in its life 2-b/,
    returned('n07'),
  ],
  ['remove a stranger', { kind: 'remove-replica', ...of, replica: at('n07') }, /is no replica/],
  [
    'rehome to the primary',
    { kind: 'rehome', ...of, to: at('n01') },
    /is the primary of shard 1: renew its epoch/,
  ],
  ['rehome to an in-sync replica', { kind: 'rehome', ...of, to: at('n03') }, /is in sync: promote it/],
  ['rehome to a node that serves', { kind: 'rehome', ...of, to: at('n06') }, /n06 serves shard 2/],
  ['rehome to a witness', { kind: 'rehome', ...of, to: at('w1') }, /node w1 only votes/],
  ['join again', { kind: 'node-joined', node: node('n07'), reason }, /node n07 is known, in its life 1-a/],
  [
    'join with a wrong port',
    { kind: 'node-joined', node: { ...node('n08'), port: 0 }, reason },
    /node "n08" has the ports 0/,
  ],
  ['return of a stranger', returned('n99'), /there is no node n99/],
  [
    'return, not later',
    { kind: 'node-returned', former: at('n03'), node: { ...node('n03'), incarnation: '1-b' }, reason },
    /the life 1-b of node n03 is not later than its life 1-a/,
  ],
  [
    'return twice',
    returned('n03'),
    /is in its life 2-b, and the change was meant for its life 1-a/,
    returned('n03'),
  ],
  [
    'move in a former life',
    { kind: 'node-moved', node: node('n03'), reason },
    /is in its life 2-b, .* meant for its life 1-a/,
    returned('n03'),
  ],
  [
    'move to a witness',
    { kind: 'node-moved', node: node('n03', { holdsData: false }), reason },
    /node n03 serves shard 1: it cannot only vote/,
  ],
  ['to forget a stranger', { kind: 'node-left', life: at('n99'), reason }, /there is no node n99/],
  [
    'to forget another life',
    { kind: 'node-left', life: at('n07'), reason },
    /is in its life 2-b, and the change was meant for its life 1-a/,
    returned('n07'),
  ],
  ['to forget a voter', { kind: 'node-left', life: at('w1'), reason }, /node w1 votes/],
  [
    'to forget a voter of before the change that is under way',
    { kind: 'node-left', life: at('w1'), reason },
    /node w1 votes/,
    { kind: 'set-voters', voterVersion: 1, voters: ['n01'], reason },
  ],
  ['to forget a primary', { kind: 'node-left', life: at('n01'), reason }, /node n01 (votes|serves shard 1)/],
  ['to forget a replica', { kind: 'node-left', life: at('n05'), reason }, /node n05 serves shard 1/],
  [
    'the same voters',
    { kind: 'set-voters', voterVersion: 1, voters: base.voters, reason },
    /the voters are n01, n02, n03, n04, w1 already/,
  ],
  [
    'two voters',
    { kind: 'set-voters', voterVersion: 1, voters: ['n01', 'n02'], reason },
    /they are 1, 3 or 5/,
  ],
  [
    'lease terms, outdated',
    { kind: 'set-lease-terms', former: lease, lease, reason },
    /have been changed meanwhile/,
  ],
  [
    'lease terms, the same',
    { kind: 'set-lease-terms', former: base.lease, lease: base.lease, reason },
    /are these already/,
  ],
  [
    'lease terms, too short',
    { kind: 'set-lease-terms', former: base.lease, lease: { ...lease, leaseMs: 1 }, reason },
    /a lease of 1 ms .* can only be made longer/,
  ],
  [
    'a shorter lease',
    {
      kind: 'set-lease-terms',
      former: base.lease,
      lease: { ...base.lease, leaseMs: 1499, driftPermille: 100 },
      reason,
    },
    /a lease of 1499 ms .* is shorter than 1500 ms .* it can only be made longer/,
  ],
  [
    'a shorter promise',
    { kind: 'set-lease-terms', former: base.lease, lease: { ...base.lease, slackMs: 19 }, reason },
    /with a promise of 1677 ms is shorter than 1500 ms with 1678 ms/,
  ],
  [
    'lease terms, too long',
    { kind: 'set-lease-terms', former: base.lease, lease: { ...lease, leaseMs: 60_001 }, reason },
    /leaseMs is 60001/,
  ],
];

for (const [name, change, says, before] of refusals) {
  test(`refused in words: ${name}`, () => {
    const topology = before === undefined ? base : after(before);
    assert.match(refused(applyChange(topology, change)), says);
  });
}

test('node-left: a node that is gone, and serves nothing, is forgotten, and may come back as a new one', () => {
  const without = after({ kind: 'node-left', life: at('n07'), reason });
  assert.deepEqual(without, { ...base, nodes: base.nodes.filter((one) => one.node !== 'n07') });
  assert.deepEqual(describeChanges(base, without), ['node n07: gone']);
  const again = { ...node('n07'), incarnation: '2-b' };
  assert.ok(right(applyChange(without, { kind: 'node-joined', node: again, reason })).nodes.includes(again));
});

test('a change of a shape that nobody knows is refused in words', () => {
  const change = { kind: 'promote', ...of, to: at('n03') };
  assert.deepEqual(readChange(change), change);
  const wrong: [value: unknown, says: RegExp][] = [
    [null, /the kind undefined is not known/],
    [{ ...change, kind: 'move-slots' }, /the kind "move-slots" is not known/],
    [{ ...change, kind: 'constructor' }, /the kind "constructor" is not known/],
    [{ ...change, epoch: '1' }, /change.epoch is "1": it is a number/],
    [{ ...change, to: { node: 'n03' } }, /change.to.incarnation is undefined/],
    [{ ...change, force: true }, /change has a field "force"/],
    [{ ...change, reason: 'x'.repeat(1001) }, /change.reason has 1001 characters/],
  ];
  for (const [value, says] of wrong) assert.match(refused(readChange(value)), says);
  const unknown = { ...change, kind: 'split' } as unknown as TopologyChange;
  assert.match(refused(applyChange(base, unknown)), /the kind "split" is not known here/);
});

test('changes are told in words', () => {
  const told = (...changes: TopologyChange[]) => describeChanges(base, after(...changes));
  assert.deepEqual(told({ kind: 'promote', ...of, to: at('n05') }), [
    'shard 1: primary n01 -> n05 (epoch 2), replica n01 (not in sync)',
  ]);
  assert.deepEqual(told({ kind: 'renew-epoch', ...of, primary: at('n01') }), ['shard 1: epoch 1 -> 2']);
  assert.deepEqual(told(outOfSync), ['shard 1: replica n03 is not in sync']);
  assert.deepEqual(told(returned('n03')), [
    'node n03: returned in the life 2-b',
    'shard 1: replica n03 is gone',
  ]);
  assert.deepEqual(told({ kind: 'node-joined', node: node('n08'), reason }), [
    'node n08: joined at host-n08:6379',
  ]);
  assert.deepEqual(told({ kind: 'node-moved', node: { ...node('n07'), port: 7000, zone: 'b' }, reason }), [
    'node n07: address host-n07:6379 -> host-n07:7000, zone none -> b',
  ]);
  const set: TopologyChange = { kind: 'set-voters', voterVersion: 1, voters: ['n01'], reason };
  assert.deepEqual(told(set), ['voters: n01, n02, n03, n04, w1 -> n01 (version 2)']);
  const joint = after(set);
  const settled = right(applyChange(joint, { kind: 'settle-voters', voterVersion: 2, reason }));
  assert.deepEqual(describeChanges(joint, settled), ['voters: n01 are settled (version 3)']);
  assert.deepEqual(told({ kind: 'set-lease-terms', former: base.lease, lease, reason }), [
    'lease: 1500 ms, clocks within 5 %, 20 ms on top -> 3000 ms, clocks within 5 %, 20 ms on top',
  ]);
  const slots = [{ first: 0, last: 16383, shard: 2 }];
  const [first] = describeChanges(base, { ...base, slots });
  assert.match(first, /^slots \d+-\d+: now of shard 2$/);
  assert.deepEqual(describeChanges(base, base), []);
});
