import assert from 'node:assert/strict';
import { test } from 'node:test';
import { membershipDefaults } from './membership.js';
import { incarnation, World } from './world.testkit.js';

const { periodMs, suspicionFactor } = membershipDefaults;
/** All are probed within two rounds; then the longest suspicion of a small cluster, and time for the news. */
const foundOutMs = (count: number): number => 2 * count * periodMs + 6 * suspicionFactor * periodMs + 5_000;

for (const count of [2, 3, 7, 25]) {
  test(`${count} nodes that know one of them find each other, and a dead one is found out by all`, () => {
    const world = new World(count);
    world.startAll(count);
    world.run(20_000, () => world.areAllAlive());
    assert.ok(world.areAllAlive());
    const victim = `n${count}`;
    world.stop(victim);
    world.run(foundOutMs(count), () => world.seen(victim).every((state) => state === 'dead'));
    assert.deepEqual(new Set(world.seen(victim)), new Set(['dead']));
    assert.ok(world.areAllAlive(), 'nobody else');
  });
}

test('a node that starts again is alive in its later life, and dead in the one before', () => {
  const world = new World(1);
  world.startAll(5);
  world.run(5_000);
  world.stop('n3');
  world.run(1_000);
  world.start('n3', 2).seek(['n1:1']);
  world.run(10_000);
  assert.deepEqual(new Set(world.seen('n3', 2)), new Set(['alive']));
  assert.deepEqual(new Set(world.seen('n3', 1)), new Set(['dead']));
});

test('islands that formed while links were down find each other', () => {
  const world = new World(1);
  world.side = (node) => Number(node.slice(1)) % 2;
  for (let i = 1; i <= 6; i++) world.start(`n${i}`).seek(['n1:2', 'n2:2', 'n3:2', 'n4:2', 'n5:2', 'n6:2']);
  world.run(5_000);
  assert.ok(!world.areAllAlive());
  world.side = () => 0;
  world.run(10_000);
  assert.ok(world.areAllAlive());
});

test('who missed a newcomer hears of it with the first word of it', () => {
  const world = new World(1);
  world.startAll(2);
  world.run(3_000);
  world.cut.add('n2');
  world.start('n3').seek(['n1:1']);
  world.run(1_500);
  assert.deepEqual(world.members.get('n2')?.stateOf({ node: 'n3', incarnation: incarnation(1) }), undefined);
  world.cut.delete('n2');
  world.run(3_000);
  assert.ok(world.areAllAlive());
});

test('a node that leaves is known to have left within a moment, and nobody suspected it', () => {
  const world = new World(1);
  world.startAll(5);
  world.run(5_000);
  world.members.get('n2')?.leave(world.outboxOf('n2'));
  world.stop('n2');
  world.run(3_000);
  assert.deepEqual(new Set(world.seen('n2')), new Set(['left']));
  assert.ok(!world.notes.some((note) => /n2 is (suspect|dead)/.test(note)));
});

test('two halves that took each other for dead find each other when the cut ends', () => {
  const world = new World(1);
  world.startAll(6);
  world.run(5_000);
  world.side = (node) => Number(node.slice(1)) % 2;
  world.run(foundOutMs(6));
  assert.ok(world.seen('n1').includes('dead') && world.seen('n2').includes('dead'));
  world.side = () => 0;
  world.run(10_000);
  assert.ok(world.areAllAlive());
});

test('a link that is down between two nodes makes none of them dead', () => {
  const world = new World(1);
  world.startAll(6);
  world.run(5_000);
  world.cutLink('n1', 'n2');
  world.run(60_000);
  assert.ok(!world.notes.some((note) => / is dead/.test(note)), world.notes.join('\n'));
});

test('a node that was stopped for a while takes nobody for dead when it goes on', () => {
  const world = new World(1);
  world.startAll(6);
  world.run(5_000);
  for (let round = 0; round < 5; round++) {
    world.paused.add('n4');
    world.run(1_500);
    world.paused.delete('n4');
    world.run(3_000);
  }
  assert.ok(!world.notes.some((note) => / is dead/.test(note)));
});

test('loss and delay of a bad network kill nobody', () => {
  let deaths = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const world = new World(seed);
    world.loss = 0.05;
    world.mostDelayMs = 75;
    world.startAll(8);
    world.run(120_000);
    deaths += world.notes.filter((note) => / is dead/.test(note)).length;
  }
  assert.equal(deaths, 0);
});

test('one that hears little doubts itself, and does not make the others dead', () => {
  const world = new World(3);
  world.startAll(8);
  world.run(10_000);
  world.deafness.set('n5', 0.6);
  world.run(60_000);
  assert.ok((world.members.get('n5')?.slowness ?? 0) > 0);
  assert.ok(!world.notes.some((note) => /: n[1-46-8] is dead/.test(note)));
});

test('the load of a node does not grow with the cluster', () => {
  const perNode = (count: number): number => {
    const world = new World(1);
    world.startAll(count);
    world.run(30_000);
    const before = world.sent;
    world.run(60_000);
    return (world.sent - before) / count;
  };
  const [small, large] = [perNode(5), perNode(50)];
  assert.ok(large < 1.5 * small, `${small} and ${large} messages a minute`);
});

test('who is gone and belongs to the cluster no more is forgotten by all, and no newcomer hears of it', () => {
  const world = new World(1);
  world.startAll(5);
  world.run(5_000);
  for (const member of world.members.values()) member.belong(['n1', 'n2', 'n4', 'n5']);
  world.stop('n3');
  world.stop('n4');
  world.run(foundOutMs(5));
  assert.deepEqual(new Set([...world.seen('n3'), ...world.seen('n4')]), new Set(['dead']));
  // Its time goes on while the others compare all they know, now and then.
  world.run(240_000);
  assert.deepEqual(new Set(world.seen('n3')), new Set([undefined]));
  assert.deepEqual(new Set(world.seen('n4')), new Set(['dead']), 'n4 belongs to it');
  const newcomer = world.start('n6');
  newcomer.seek(['n1:1']);
  newcomer.belong(['n1', 'n2', 'n4', 'n5']);
  world.run(40_000);
  assert.equal(newcomer.stateOf({ node: 'n4', incarnation: incarnation(1) }), 'dead');
  assert.equal(newcomer.stateOf({ node: 'n3', incarnation: incarnation(1) }), undefined);
});

test('a node that was forgotten comes back like a new one', () => {
  const world = new World(1);
  world.startAll(3);
  for (const member of world.members.values()) member.belong(['n1', 'n2']);
  world.run(5_000);
  world.stop('n3');
  world.run(foundOutMs(3) + 240_000);
  assert.deepEqual(new Set(world.seen('n3')), new Set([undefined]));
  world.start('n3', 2).seek(['n1:1']);
  world.run(10_000);
  assert.deepEqual(world.seen('n3', 2), ['alive', 'alive']);
});
