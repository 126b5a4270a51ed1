import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../../base/index.js';
import type { Topology } from '../../ring/index.js';
import { ClusterRoutes, READS_FROM } from './cluster-routes.js';
import { changed, cluster } from './cluster-routes.test-helper.js';

const SLOTS = [0, 1, 5000, 8191, 8192, 12_000, 16_383];

/** Who has a slot, by looking everything up. */
function holderOf(topology: Topology, slot: number): string {
  const shard = topology.slots.findLast(({ first, last }) => first <= slot && slot <= last)?.shard;
  const { epoch, primary } = topology.shards.find(({ id }) => id === shard)!;
  const at = topology.nodes.find(({ node }) => node === primary?.node);
  return JSON.stringify([shard, epoch, primary, at?.host, at?.port]);
}

function addressOf(routes: ClusterRoutes, number: number): string {
  const { host, port } = routes.node(number)!;
  return `${host}:${port}`;
}

test('whatever a cluster goes through, routes follow the newest topology, and name all that moved', () => {
  const world = fc.record({
    seed: fc.nat(),
    shards: fc.integer({ min: 1, max: 3 }),
    replicas: fc.integer({ min: 0, max: 2 }),
    reads: fc.constantFrom(...READS_FROM),
    steps: fc.array(fc.nat({ max: 9 }), { maxLength: 25 }),
  });
  fc.assert(
    fc.property(world, ({ seed, shards, replicas, reads, steps }) => {
      const random = new Random(seed);
      const routes = new ClusterRoutes(reads);
      const history = [cluster(shards, replicas)];
      assert.ok(routes.learn(history[0]));
      for (const step of steps) {
        const before = routes.topology!;
        if (step === 0) {
          // Somebody who lags tells of a version that is known, or older.
          assert.equal(routes.learn(history[random.below(history.length)]), undefined);
          assert.equal(routes.topology, before);
        } else if (step <= 3) {
          const [...nodes] = routes.nodes;
          const { number } = nodes[random.below(nodes.length)];
          if (step === 1) routes.tookMs(number, random.below(100));
          else routes.setAway(number, random.below(2) === 0);
        } else {
          learnsNext(routes, history, random);
        }
        holds(routes, reads, random.below(1000) / 1000);
      }
    }),
  );
});

function learnsNext(routes: ClusterRoutes, history: Topology[], random: Random): void {
  const before = routes.topology!;
  let next = before;
  for (let more = random.below(3); more >= 0; more--) next = changed(next, random);
  const held = SLOTS.map((slot) => ({
    slot,
    holder: holderOf(before, slot),
    number: routes.primaryOf(slot),
  }));
  const addresses = new Map([...routes.nodes].map(({ number }) => [number, addressOf(routes, number)]));
  const learnt = routes.learn(next);
  history.push(next);
  assert.ok(learnt);
  for (const { slot, holder, number } of held) {
    if (holder === holderOf(next, slot)) continue;
    if (number !== undefined) assert.ok(learnt.moved.includes(number), `${number} has lost slot ${slot}`);
    const heir = routes.primaryOf(slot);
    if (heir !== undefined) assert.ok(learnt.moved.includes(heir), `${heir} has won slot ${slot}`);
  }
  for (const [number, address] of addresses) {
    const isGone = learnt.gone.includes(number);
    if (isGone) assert.ok(learnt.moved.includes(number), 'nothing is kept of who has left');
    else assert.equal(addressOf(routes, number), address, 'who stays keeps its number');
  }
}

function holds(routes: ClusterRoutes, reads: string, drawn: number): void {
  const topology = routes.topology!;
  for (const slot of SLOTS) {
    const route = routes.shardOf(slot)!;
    const { shard, primary, copies } = route;
    const isAway = (number: number): boolean => routes.isAway(number);
    const order = routes.readersOf(slot, drawn);
    assert.deepEqual([...order].sort(), [...copies].sort(), 'each copy is asked once');
    assert.equal(copies.length, shard.replicas.length + (primary === undefined ? 0 : 1));
    const firstAway = order.findIndex(isAway);
    if (firstAway >= 0) assert.ok(order.slice(firstAway).every(isAway), 'those that are away come last');
    const laggards = new Set(shard.replicas.filter(({ isInSync }) => !isInSync).map(({ node }) => node));
    const isLaggard = (number: number): boolean => {
      const { host, port } = routes.node(number)!;
      return topology.nodes.some((one) => one.host === host && one.port === port && laggards.has(one.node));
    };
    const here = order.filter((number) => !isAway(number));
    const firstLaggard = here.findIndex(isLaggard);
    if (firstLaggard >= 0)
      assert.ok(here.slice(firstLaggard).every(isLaggard), 'who lags comes after who does not');
    if (primary === undefined) continue;
    assert.equal(routes.primaryOf(slot), primary);
    const { host, port } = routes.node(primary)!;
    assert.match(holderOf(topology, slot), new RegExp(`"${host}",${port}]$`));
    if (reads === 'primary' && !isAway(primary)) assert.equal(order[0], primary);
    if (reads === 'nearest') {
      const equals = here.filter((number) => !isLaggard(number));
      const trips = equals.map((number) => routes.roundTripMs(number) ?? Number.MAX_VALUE);
      assert.deepEqual(
        trips,
        [...trips].sort((a, b) => a - b),
        'the nearest is first',
      );
    }
  }
  const numbers = [...routes.nodes].map(({ number }) => number);
  assert.equal(new Set(numbers).size, numbers.length);
  assert.equal(numbers.length, topology.nodes.length);
}
