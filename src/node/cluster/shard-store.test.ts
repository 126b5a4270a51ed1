import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block, Random } from '../../base/index.js';
import { Duo } from './duo.testkit.js';
import { assertSame, keysByUse } from './stores.testkit.js';

const MIB = 2 ** 20;
const START_MS = 1_800_000_000_000;
const EQUAL = { primaryBytes: 2 * MIB, replicaBytes: 2 * MIB };

function verify(duo: Duo): void {
  for (const { store } of duo.members) store.verify();
}

test('a replica is filled while its primary writes, deletes, expires and evicts, and is in sync then', () => {
  const duo = new Duo({ primaryBytes: 2 * MIB, replicaBytes: 4 * MIB });
  const random = new Random(1);
  const { primary, replica } = duo;
  const write = (): void => {
    const key = `k${random.below(3000)}`;
    const now = primary.node.clock.wallMs();
    if (random.below(5) === 0) primary.delete(key);
    else
      primary.set(key, 'v'.repeat(random.below(4000)), random.below(3) === 0 ? now + random.below(400) : 0);
  };
  duo.isConnected = false;
  for (let i = 0; i < 3000; i++) write();
  duo.isConnected = true;
  duo.run(400, () => {
    for (let i = 0; i < 10; i++) write();
  });
  assert.ok(duo.isInSync);
  duo.run(20);
  assert.ok(primary.store.stats.evicted > 0 && primary.store.stats.expired > 0, 'both have happened');
  assertSame(replica.store, primary.store, 'both hold the same');
  assert.equal(replica.shardStore.dropped + replica.store.stats.evicted + replica.store.stats.expired, 0);
  verify(duo);
});

test('a replica with as much memory as its primary holds all, whatever the sizes were', () => {
  const random = new Random(2);
  const duo = new Duo(EQUAL);
  const { primary, replica } = duo;
  // Sizes that come in waves leave half-filled pages of each behind.
  const wave = (): void => {
    const most = [40, 120, 250, 700, 3000, 20_000][random.below(6)] as number;
    for (let bytes = 0; bytes < MIB / 2; ) {
      const length = random.below(most);
      bytes += length + 60;
      primary.set(`k${random.below(20_000)}`, 'v'.repeat(length));
      if (bytes % 32 === 0) duo.run(1);
    }
  };
  duo.isConnected = false;
  for (let i = 0; i < 8; i++) wave();
  duo.isConnected = true;
  duo.run(200);
  assertSame(replica.store, primary.store, 'after a full sync it holds the same');
  for (let i = 0; i < 8; i++) wave();
  duo.run(200);
  assert.ok(primary.store.stats.evicted > 1000, 'the primary is full');
  assertSame(replica.store, primary.store, 'the replica holds the same');
  assert.equal(replica.shardStore.dropped, 0);
  assert.ok(replica.store.usedBytes <= replica.store.maxBytes, 'in the memory it was given');
  verify(duo);
});

test('a replica with less memory drops its oldest, says so, and holds nothing else than its primary', () => {
  const duo = new Duo({ primaryBytes: 6 * MIB, replicaBytes: 2 * MIB });
  const { primary, replica } = duo;
  for (let i = 0; i < 3000; i++) primary.set(`k${i}`, `v${i}`.repeat(200));
  const large = Block.ofLength(3 * MIB);
  assert.ok(primary.set('large', large));
  duo.run(400);
  assert.ok(duo.isInSync, 'it is in sync');
  assert.ok(replica.shardStore.dropped > 0);
  assert.equal(replica.read('large'), false, 'what is larger than all its memory is not there');
  assert.deepEqual(
    duo.logged.map((line) => /less room than its primary/.test(line)),
    [true],
    'it is said once',
  );
  const kept = keysByUse(replica.store);
  const expected = keysByUse(primary.store).filter((key) => key !== 'large');
  assert.deepEqual(kept, expected.slice(-kept.length), 'it has dropped the oldest');
  verify(duo);
});

test('a replica hides what has expired, and keeps it until it is told', () => {
  const duo = new Duo(EQUAL);
  const { primary, replica } = duo;
  duo.run(40);
  primary.set('k', 'v', primary.node.clock.wallMs() + 100);
  primary.set('other', 'v');
  duo.run(1);
  assert.ok(replica.read('k'));
  duo.isConnected = false;
  duo.run(10);
  assert.equal(replica.read('k'), false, 'it is hidden');
  assert.equal(replica.store.random(0) !== 0, true, 'what is not is found');
  for (let i = 0; i < 10; i++)
    assert.equal(
      replica.store.expireSome(() => false),
      0,
    );
  assert.equal(replica.store.count(0), 2, 'and there');
  duo.isConnected = true;
  duo.run(100);
  assert.equal(primary.read('k'), false);
  duo.run(5);
  assert.equal(replica.store.count(0), 1, 'its primary has said so');
  verify(duo);
});

test('a promoted replica decides, and who was primary follows', () => {
  const duo = new Duo(EQUAL);
  const [first, second] = duo.members;
  duo.run(40);
  first.set('mortal', 'v', first.node.clock.wallMs() + 200);
  first.set('k', 'first');
  duo.run(5);
  duo.handOver();
  assert.equal(duo.primary, second);
  second.set('k', 'second');
  second.delete('nothing');
  duo.run(60);
  assert.ok(duo.isInSync, 'it goes on from what it holds');
  assert.equal(second.store.stats.expired, 1, 'the new primary has removed what expired');
  assert.equal(first.store.stats.expired, 0);
  assertSame(first.store, second.store, 'both hold the same');
  assert.ok(first.shardStore.accountedBytes < second.shardStore.accountedBytes, 'a primary leaves some room');
  verify(duo);
});

test('what comes of one event is one write', () => {
  const duo = new Duo(EQUAL);
  const { primary } = duo;
  duo.run(40);
  const before = primary.shardStore.offset;
  for (let i = 0; i < 100; i++) primary.read(`k${i % 10}`);
  let opened = 0;
  primary.shardStore.onChanged = () => opened++;
  for (let i = 0; i < 100; i++) primary.set(`k${i}`, 'v');
  assert.equal(primary.shardStore.offset, before + 1);
  assert.equal(opened, 1, 'it is said once that something is there');
  duo.run(3);
  assert.equal(primary.shardStore.offset, before + 1);
  assert.equal(primary.copy.confirmed, before + 1);
});

test('what is read on a primary is the last to be evicted on its replica', () => {
  const duo = new Duo({ primaryBytes: 4 * MIB, replicaBytes: 4 * MIB });
  const { primary, replica } = duo;
  const random = new Random(3);
  for (let i = 0; i < 5000; i++) primary.set(`k${i}`, 'v'.repeat(100));
  for (let i = 0; i < 5000; i++) primary.read(`k${random.below(2000)}`);
  duo.run(40);
  assert.ok(duo.isInSync);
  assert.deepEqual(keysByUse(replica.store), keysByUse(primary.store), 'a full sync keeps the order');
  const hot = (): void => {
    for (let i = 0; i < 200; i++) primary.read(`k${random.below(500)}`);
  };
  const { offset } = primary.shardStore;
  const coldest = (member: typeof primary): string[] => keysByUse(member.store).slice(0, 4000);
  const isHot = (key: string): boolean => Number(key.slice(1)) < 500;
  for (let i = 5000; i < 9000; i++) primary.set(`k${i}`, 'v'.repeat(100));
  duo.run(200, hot);
  const cold = coldest(replica).filter(isHot).length;
  assert.ok(cold < 50, `${cold} of 500 keys that are read all the time are cold`);
  assert.ok(primary.shardStore.offset > offset);
  assertSame(replica.store, primary.store, 'reads change nothing else');
});

test('of a long value only what was changed is sent', () => {
  const duo = new Duo({ primaryBytes: 8 * MIB, replicaBytes: 8 * MIB });
  const { primary, replica } = duo;
  primary.set('k', 'v'.repeat(MIB));
  duo.run(40);
  const { bytes } = primary.copy.backlog;
  primary.setPart('k', MIB + 10, 'end');
  primary.setPart('k', 5, 'begin');
  duo.run(3);
  assert.ok(primary.copy.backlog.bytes < bytes + 1000);
  assertSame(replica.store, primary.store, 'it is the same');
  primary.setPart('k', 0, 'w'.repeat(MIB));
  duo.run(3);
  assertSame(replica.store, primary.store, 'it is the same');
});

test('of a value whose lifetimes change nothing else is sent', () => {
  const duo = new Duo({ primaryBytes: 8 * MIB, replicaBytes: 8 * MIB });
  const { primary, replica } = duo;
  primary.set('k', 'v'.repeat(MIB));
  duo.run(40);
  const { bytes } = primary.copy.backlog;
  const now = primary.node.clock.wallMs();
  for (const expiry of [now + 60_000, 0, now + 120_000]) {
    primary.setLifetimes('k', expiry, now + 1000);
    duo.run(3);
    assertSame(replica.store, primary.store, 'it is the same');
  }
  primary.set('k', 'w'.repeat(200));
  primary.setLifetimes('k', now + 60_000, now);
  duo.run(3);
  assertSame(replica.store, primary.store, 'written and changed in one group it is the same');
  assert.ok(primary.copy.backlog.bytes < bytes + 1000);
  verify(duo);
});

test('a part of what is not there yet is left out, and comes whole', () => {
  const duo = new Duo({ primaryBytes: 8 * MIB, replicaBytes: 8 * MIB, windowBytes: 1000 });
  const { primary, replica } = duo;
  for (let i = 0; i < 200; i++) primary.set(`k${i}`, 'v'.repeat(2000));
  let place = 0;
  duo.run(60, () => {
    for (let i = 0; i < 200; i += 7) primary.setPart(`k${i}`, ++place % 3000, 'part');
    for (let i = 0; i < 200; i += 9)
      primary.setLifetimes(`k${i}`, START_MS + 1e6 + ++place, START_MS + place);
  });
  duo.run(10);
  assert.ok(duo.isInSync);
  assertSame(replica.store, primary.store, 'it is the same');
});

test('a value larger than the backlog is replicated, and its memory counts while it is there', () => {
  const duo = new Duo({ primaryBytes: 8 * MIB, replicaBytes: 8 * MIB });
  const { primary, replica } = duo;
  duo.run(40);
  const before = primary.shardStore.accountedBytes;
  primary.set('large', Block.ofLength(2 * MIB));
  duo.run(3);
  assertSame(replica.store, primary.store, 'both have it');
  assert.ok(primary.shardStore.accountedBytes > before + MIB);
  primary.set('k', 'v');
  duo.run(3);
  assert.equal(primary.shardStore.accountedBytes, before);
  verify(duo);
});
