import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterRoutes } from './cluster-routes.js';
import { cluster, promoted, withShard } from './cluster-routes.test-helper.js';

/** Ports of the nodes that a read of the first slot asks, in their order. */
function ports(routes: ClusterRoutes, drawn = 0): number[] {
  return routes.readersOf(0, drawn).map((number) => routes.node(number)!.port);
}

function numberAt(routes: ClusterRoutes, port: number): number {
  return routes.nodeAt('127.0.0.1', port)!.number;
}

/** Of the shard of slot 0. */
function portsOfShard(routes: ClusterRoutes): { primary: number; replicas: number[] } {
  const { shard, primary, copies } = routes.shardOf(0)!;
  const [first, ...replicas] = copies.map((number) => routes.node(number)!.port);
  assert.equal(routes.node(primary!)!.port, first);
  assert.equal(replicas.length, shard.replicas.length);
  return { primary: first, replicas };
}

test('a read asks the primary, and the replicas when it is away', () => {
  const routes = new ClusterRoutes('primary');
  assert.deepEqual(routes.readersOf(0, 0), []);
  assert.equal(routes.primaryOf(0), undefined);
  routes.learn(cluster(2, 2));
  const { primary, replicas } = portsOfShard(routes);
  assert.deepEqual(ports(routes), [primary, ...replicas]);
  routes.setAway(numberAt(routes, primary), true);
  assert.deepEqual(ports(routes), [...replicas, primary]);
  routes.setAway(numberAt(routes, primary), false);
  assert.deepEqual(ports(routes), [primary, ...replicas]);
});

test('any copy is the first one as often as the others', () => {
  const routes = new ClusterRoutes('any');
  routes.learn(cluster(1, 2));
  const { primary, replicas } = portsOfShard(routes);
  assert.deepEqual(ports(routes, 0), [primary, ...replicas]);
  assert.deepEqual(ports(routes, 0.34), [replicas[0], replicas[1], primary]);
  assert.deepEqual(ports(routes, 0.99), [replicas[1], primary, replicas[0]]);
  routes.setAway(numberAt(routes, replicas[0]), true);
  assert.deepEqual(ports(routes, 0), [primary, replicas[1], replicas[0]]);
  assert.deepEqual(ports(routes, 0.99), [replicas[1], primary, replicas[0]]);
});

test('the nearest copy is the one that answers soonest on average', () => {
  const routes = new ClusterRoutes('nearest');
  routes.learn(cluster(1, 1));
  const { primary, replicas } = portsOfShard(routes);
  assert.deepEqual(ports(routes), [primary, ...replicas]);
  routes.tookMs(numberAt(routes, primary), 5);
  routes.tookMs(numberAt(routes, replicas[0]), 1);
  assert.deepEqual(ports(routes), [...replicas, primary]);
  for (let i = 0; i < 10; i++) routes.tookMs(numberAt(routes, replicas[0]), 9);
  assert.deepEqual(ports(routes), [primary, ...replicas]);
});

test('a failover moves what was near of both nodes, and of no other', () => {
  const routes = new ClusterRoutes('primary');
  const first = cluster(2, 1);
  assert.deepEqual(routes.learn(first), { moved: [], gone: [] });
  const before = portsOfShard(routes);
  const next = withShard(first, routes.shardOf(0)!.shard.id, promoted);
  const learnt = routes.learn(next);
  assert.equal(portsOfShard(routes).primary, before.replicas[0]);
  const expected = [before.primary, before.replicas[0]].map((port) => numberAt(routes, port));
  assert.deepEqual([...learnt!.moved].sort(), expected.sort());
  assert.equal(routes.learn(first), undefined);
  assert.equal(routes.topology, next);
});

test('another cluster is followed only if that is allowed, and then nothing of the former is kept', () => {
  const routes = new ClusterRoutes('primary');
  routes.learn({ ...cluster(1, 1), version: 9 });
  const other = cluster(1, 1, 'other');
  assert.equal(routes.learn(other), undefined);
  const [{ number }] = [...routes.shards].map(({ primary }) => ({ number: primary! }));
  assert.ok(routes.learn(other, true)!.moved.includes(number));
  assert.equal(routes.topology, other);
});
