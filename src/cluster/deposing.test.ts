/** When a primary may be deposed: what voters say, what the leader remembers, and what waits for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Topology, TopologyChange } from '../ring/index.js';
import { Lapses, type TimedReport } from './lapses.js';
import { mayPublish } from './may-publish.js';
import { ShardWatch } from './shard-watch.js';
import { clusterOf, nodeOf } from './topology.testkit.js';

const topology = clusterOf(2, 1, 4);
const { leaseMs } = topology.lease;
const lapsedOne = { lapsed: [{ shard: 1, epoch: 1 }] };
const nothing = { lapsed: [] };

function has(own: boolean, others: Readonly<Record<string, number>>, nowMs: number, of = topology): boolean {
  const reports = new Map<string, TimedReport>(
    Object.entries(others).map(([voter, atMs]) => [voter, { report: lapsedOne, atMs }]),
  );
  return new Lapses(of, 'n01', own ? lapsedOne : nothing, reports, nowMs).has(1, 1);
}

test('a primary has lapsed when a majority of every set of voters says so', () => {
  assert.ok(!has(true, {}, 0), 'one of three');
  assert.ok(has(true, { n02: 0 }, 0));
  assert.ok(has(false, { n02: 0, n03: 0 }, 0));
  assert.ok(!has(true, { n04: 0 }, 0), 'n04 is no voter');
  const joint: Topology = { ...topology, voters: ['n04'], previousVoters: topology.voters };
  assert.ok(!has(true, { n02: 0 }, 0, joint));
  assert.ok(has(true, { n02: 0, n04: 0 }, 0, joint));
});

test('of another epoch, it has not', () => {
  const lapses = new Lapses(
    topology,
    'n01',
    lapsedOne,
    new Map([['n02', { report: lapsedOne, atMs: 0 }]]),
    0,
  );
  assert.ok(!lapses.has(1, 2) && !lapses.has(2, 1));
});

test('a word that is older than a lease counts no more', () => {
  assert.ok(has(true, { n02: 0 }, leaseMs));
  assert.ok(!has(true, { n02: 0 }, leaseMs + 1));
});

const of = { shard: 1, epoch: 1, reason: 'a test' };
const to = { node: 'n03', incarnation: '1-a' };
const deposing: readonly TopologyChange[] = [
  { kind: 'promote', ...of, to },
  { kind: 'hand-over', ...of, from: { node: 'n01', incarnation: '1-a' }, to },
  { kind: 'renew-epoch', ...of, primary: { node: 'n01', incarnation: '1-a' } },
  { kind: 'rehome', ...of, to },
];

for (const change of deposing) {
  test(`${change.kind} waits until the promises have run out`, () => {
    const verdict = (lapsed: boolean) =>
      mayPublish(topology, change, { hasLapsed: () => lapsed, isAlive: () => true });
    assert.equal(verdict(false), 'wait');
    assert.equal(verdict(true), 'publish');
  });
}

test('a promotion waits also if it is the change before it in the batch that makes it fit', () => {
  const [shard, other] = topology.shards;
  const replicas = shard.replicas.map((replica) => ({ ...replica, isInSync: false }));
  const before: Topology = { ...topology, shards: [{ ...shard, replicas }, other] };
  const facts = { hasLapsed: () => false, isAlive: () => true };
  assert.equal(mayPublish(before, { kind: 'promote', ...of, to }, facts), 'wait');
});

test('voters change one step at a time, and to those who are there', () => {
  const facts = { hasLapsed: () => false, isAlive: (node: string) => node !== 'n04' };
  const set = (voters: string[]): TopologyChange => ({
    kind: 'set-voters',
    voterVersion: 1,
    voters,
    reason: '',
  });
  const settle = { kind: 'settle-voters', voterVersion: 2, reason: '' } as const;
  const joint: Topology = { ...topology, voters: ['n01'] };
  assert.equal(mayPublish(topology, set(['n01']), facts), 'publish');
  assert.match(JSON.stringify(mayPublish(topology, set(['n04']), facts)), /n04 is not alive/);
  assert.equal(mayPublish(joint, set(['n02']), facts), 'wait');
  assert.equal(mayPublish(topology, settle, facts), 'wait');
  assert.equal(mayPublish(joint, settle, facts), 'publish');
});

test('who votes already may be away, but no majority of the next voters', () => {
  const verdict = (voters: string[], ...away: string[]) => {
    const change = { kind: 'set-voters', voterVersion: 1, voters, reason: '' } as const;
    return mayPublish(topology, change, { hasLapsed: () => false, isAlive: (node) => !away.includes(node) });
  };
  assert.equal(verdict(['n01', 'n02', 'n04'], 'n02'), 'publish');
  assert.match(JSON.stringify(verdict(['n01', 'n02', 'n04'], 'n04')), /n04 is not alive/);
  assert.match(JSON.stringify(verdict(['n01', 'n02', 'n04'], 'n01', 'n02')), /the others are no majority/);
});

test('a node that is alive is not forgotten', () => {
  const change = { kind: 'node-left', life: { node: 'n04', incarnation: '1-a' }, reason: '' } as const;
  const verdict = (isAlive: boolean) =>
    mayPublish(topology, change, { hasLapsed: () => false, isAlive: () => isAlive });
  assert.match(JSON.stringify(verdict(true)), /n04 is alive/);
  assert.equal(verdict(false), 'publish');
});

test('who takes no writes from anybody does not wait', () => {
  const facts = { hasLapsed: () => false, isAlive: () => false };
  const change = { kind: 'node-joined', node: nodeOf('n05'), reason: '' } as const;
  assert.equal(mayPublish(topology, change, facts), 'publish');
});

const [shard] = topology.shards;
const yes = () => true;
const no = () => false;

test('a new epoch is given the time of a lease, counted also by who did not lead then', () => {
  const watch = new ShardWatch();
  watch.learn(topology, 1000);
  watch.look(topology, 1000 + leaseMs - 1, yes, yes);
  assert.ok(!watch.hasLapsed(shard, leaseMs, 1000 + leaseMs - 1));
  assert.ok(watch.hasLapsed(shard, leaseMs, 1000 + leaseMs));
  const renewed = { ...topology, shards: topology.shards.map((one) => ({ ...one, epoch: 2 })) };
  watch.learn(renewed, 5000);
  watch.look(renewed, 5000, yes, yes);
  assert.ok(!watch.hasLapsed(renewed.shards[0], leaseMs, 5000));
});

test('a shard is lost while it has no heir, and what another leader saw is not known', () => {
  const watch = new ShardWatch();
  watch.learn(topology, 0);
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 100) watch.look(topology, nowMs, yes, yes);
  assert.equal(watch.lostForMs(shard, 10_000), 0, 'somebody could be promoted all the time');
  for (let nowMs = 10_000; nowMs <= 20_000; nowMs += 100) watch.look(topology, nowMs, yes, no);
  assert.equal(watch.lostForMs(shard, 20_000), 10_000);
  // Another leads for a minute.
  watch.look(topology, 80_000, yes, no);
  assert.equal(watch.lostForMs(shard, 80_000), 0);
});

test('a shard without a primary is lost too', () => {
  const homeless = { ...shard, primary: undefined };
  const watch = new ShardWatch();
  const alone = { ...topology, shards: [homeless] };
  watch.learn(alone, 0);
  watch.look(alone, 0, no, no);
  watch.look(alone, 1000, no, no);
  assert.equal(watch.lostForMs(homeless, 1000), 1000);
});
