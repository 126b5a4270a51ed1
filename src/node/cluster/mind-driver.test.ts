import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffTopologies } from '../../ring/index.js';
import { type DrivenNode, DriverWorld } from './drivers.testkit.js';

async function withWriter(): Promise<{ world: DriverWorld; writer: DrivenNode }> {
  const world = await DriverWorld.begun();
  return { world, writer: world.writer ?? assert.fail() };
}

test('a main thread that says nothing loses its shard to another, and asks for nothing until it is back', async () => {
  const { world, writer } = await withWriter();
  writer.isHeld = true;
  const before = world.said.length;
  await world.until(() => world.writer !== undefined && world.writer !== writer);
  const asked = world.said.slice(before).filter(({ from, text }) => {
    return from === writer.self.node && text.includes('"asksPromise":true');
  });
  assert.deepEqual(asked, []);
  writer.isHeld = false;
  await world.tick();
  assert.match(writer.notes, /the main thread says nothing.*the main thread is back/s);
});

test('while it is held a primary that lost its lease wants no new epoch; afterwards it does', async () => {
  const { world, writer } = await withWriter();
  for (const one of world.nodes.values()) one.isUp = one === writer;
  writer.isHeld = true;
  for (let ticks = 0; ticks < 100; ticks++) await world.tick();
  assert.equal(writer.mayWrite, false);
  assert.doesNotMatch(writer.notes, /wants renew-epoch/);
  writer.isHeld = false;
  await world.until(() => writer.notes.includes('wants renew-epoch'));
});

test('what a primary that is cut off wants again and again is told once, and anew under a newer topology', async () => {
  const { world, writer } = await withWriter();
  for (const one of world.nodes.values()) one.isUp = one === writer;
  const outOfSync = (ms: number): void => {
    const reason = `n2 has not had all of shard 1 for ${ms} ms`;
    writer.driver.propose(
      [{ kind: 'node-left', life: { node: 'n2', incarnation: '1-a' }, reason }],
      () => {},
    );
  };
  for (let ticks = 0; ticks < 100; ticks++) {
    await world.tick();
    outOfSync(ticks);
  }
  const told = (what: string) => writer.notes.split('\n').filter((note) => note.startsWith(what)).length;
  assert.equal(told('wants renew-epoch'), 1);
  assert.equal(told('wants node-left'), 1);
  for (const one of world.nodes.values()) one.isUp = true;
  const { version = 0 } = writer.topology ?? {};
  await world.until(() => (writer.topology?.version ?? 0) > version);
  outOfSync(1);
  assert.equal(told('wants node-left'), 2);
});

test('a release is in the cell before anybody hears of it', async () => {
  const { world, writer } = await withWriter();
  const couldWrite: boolean[] = [];
  world.onSend = ({ from, text }) => {
    if (from === writer.self.node && text.includes('lease/release')) couldWrite.push(writer.mayWrite);
  };
  writer.driver.release();
  assert.ok(couldWrite.length > 0);
  assert.ok(!couldWrite.includes(true));
});

test('a jump of the clocks that the main thread read drops the lease in the worker, which asks anew', async () => {
  const { world, writer } = await withWriter();
  world.jump(writer);
  assert.equal(writer.mayWrite, false);
  await world.until(() => writer.mayWrite);
  assert.match(
    writer.notes,
    /drops what was granted for shard 1: the clocks jumped that the main thread read/,
  );
});

test('what rests on a write is said when the disk has it, and never if it failed', async () => {
  const world = new DriverWorld();
  const all = ['n1', 'n2', 'n3'].map((node) => world.start(node));
  for (const one of all) one.isDiskFull = one.self.node !== 'n1';
  await world.until(() => all.every(({ driver }) => driver.status().members.length === 3));
  assert.equal(world.begin(all), undefined);
  for (let ticks = 0; ticks < 100; ticks++) await world.tick();
  const asked = world.said.filter(({ text }) => text.includes('"register/vote"'));
  const granted = world.said.filter(({ text }) => /"register\/vote-answer".*"isGranted":true/.test(text));
  assert.ok(asked.length > 0);
  assert.deepEqual(granted, []);
  assert.equal(world.writer, undefined);
  for (const one of all) one.isDiskFull = false;
  await world.until(() => world.writer !== undefined);
  assert.ok(all.every(({ kept }) => kept.accepted !== undefined));
});

test('a cluster is begun once, on one of its voters, with a topology that is right', async () => {
  const { world, writer } = await withWriter();
  const { topology, driver } = writer;
  assert.ok(topology !== undefined);
  assert.match(driver.begin(topology)?.refused ?? '', /belongs to the cluster c-test already/);
  assert.match(driver.begin({ ...topology, voters: [] })?.refused ?? '', /voter/);
  const stranger = world.start('n4');
  assert.match(
    stranger.driver.begin(topology)?.refused ?? '',
    /n4 is no voter of this cluster: begin it on one of n1/,
  );
});

test('each proposal has its outcome, and a node that ends is told to all as one that left', async () => {
  const { world, writer } = await withWriter();
  const ids: number[] = [];
  for (const { driver } of world.nodes.values()) driver.propose([], (id) => ids.push(id));
  const outcomes = () => [...world.nodes.values()].flatMap((one) => [...one.outcomes]);
  await world.until(() => outcomes().length === 3);
  assert.deepEqual(
    outcomes().map(([id]) => id),
    ids,
  );
  assert.ok(outcomes().every(([, { kind }]) => kind === 'done'));
  writer.driver.leave();
  writer.isUp = false;
  await world.until(() =>
    [...world.nodes.values()].every((one) => one === writer || one.deadNodes.length === 1),
  );
  await world.until(() => world.writer !== undefined);
  const steps = writer.notes;
  writer.driver.tick(false);
  assert.equal(writer.notes, steps);
});

test('what is no message is dropped, and told once for each sender', async () => {
  const { world, writer } = await withWriter();
  const before = writer.notes;
  const warnings = () => writer.log.lines.filter((line) => line.startsWith('warn'));
  for (const garbage of [{}, [], { life: 1 }, { life: '1-a', body: { kind: 'swim/gossip', news: [null] } }]) {
    writer.driver.receive('n8', garbage);
    writer.driver.receive('n9', garbage);
  }
  assert.equal(warnings().length, 2);
  assert.match(
    warnings()[0] ?? '',
    /a message of n8 is dropped, as all like it will be: message\.life is undefined/,
  );
  assert.equal(writer.notes, before);
  await world.tick();
});

test('what has its form and cannot be true ends no node', async () => {
  const world = await DriverWorld.begun();
  const leader = [...world.nodes.values()].find(({ driver }) => driver.status().role === 'leader');
  const follower = [...world.nodes.values()].find((one) => one !== leader);
  assert.ok(leader?.topology !== undefined && follower?.topology !== undefined);
  const { term } = leader.driver.status();
  const { topology } = follower;
  const { version, voters } = topology;
  const wire = (body: object) => ({ life: '1-a', cluster: topology.clusterId, body });
  const base = { version, voterSets: [voters, voters] };
  const committed = { term, version: version + 1 };
  const diff = diffTopologies(topology, { ...topology, version: version + 1 });
  const damaged = { ...diff, from: { ...diff.from, hash: 'damaged' } };
  const patch = { kind: 'patch', of: version, diff: damaged };
  const whole = { kind: 'whole', value: { ...topology, version: version + 1 } };
  const publish = { kind: 'register/publish', position: { term: term + 1, version: version + 1 }, base };
  const lies = [
    wire({ kind: 'register/check', term, number: 1 }),
    wire({ ...publish, position: { term, version: version + 1 }, content: whole }),
    wire({ ...publish, content: patch }),
    wire({ kind: 'register/committed', committed, news: { base, content: patch } }),
    wire({ kind: 'register/committed', committed, news: { base: { ...base, version: 0 }, content: whole } }),
  ];
  lies.forEach((lie, i) => {
    leader.driver.receive(`liar-${i}`, lie);
    if (i > 1) follower.driver.receive(`liar-${i}`, lie);
  });
  const told = (one: DrivenNode) => one.log.lines.filter((line) => line.includes('it cannot be true')).length;
  assert.deepEqual([told(leader), told(follower)], [5, 3]);
  await world.tick();
  assert.equal(leader.topology.version, version);
});

test('a node that nobody was found for says so once, with where it looked', async () => {
  const world = new DriverWorld();
  const alone = world.start('n1');
  const warnings = (one: DrivenNode) => one.log.lines.filter((line) => line.startsWith('warn'));
  await world.until(() => warnings(alone).length > 0);
  for (let ticks = 0; ticks < 300; ticks++) await world.tick();
  assert.equal(warnings(alone).length, 1);
  assert.match(warnings(alone)[0] ?? '', /no other node was found in 10 s, at the buses 127\.0\.0\.1:1:/);
  const second = world.start('n2');
  for (let ticks = 0; ticks < 300; ticks++) await world.tick();
  assert.deepEqual(warnings(second), []);
});

test('who hears of another process that is the same node ends', async () => {
  const { world, writer } = await withWriter();
  const heard = world.said.findLast(({ from, to }) => from !== writer.self.node && to === writer.self.node);
  assert.ok(heard !== undefined);
  writer.driver.receive(writer.self.node, { ...JSON.parse(heard.text), life: '1-b' });
  assert.equal(writer.mayWrite, false);
  assert.throws(() => writer.driver.tick(false), /another process is n\d, in life 1-b/);
});
