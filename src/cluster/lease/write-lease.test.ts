import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId, NodeLife, Topology } from '../../ring/index.js';
import { firstValue, SHARD } from './cas-register.testkit.js';
import type { LeaseAnswer, LeaseHeartbeat, LeaseRelease } from './messages.js';
import { WriteLease } from './write-lease.js';

const L = 1500;
const SELF: NodeLife = { node: 'p', incarnation: '3' };
const FIRST = firstValue({ leaseMs: L, driftPermille: 50, slackMs: 20 }, ['a', 'b', 'c'], SELF).topology;

function follow(base: Topology, part: Partial<Topology>): Topology {
  return { ...base, version: base.version + 1, ...part };
}

function moved(base: Topology, to: NodeLife): Topology {
  const shards = base.shards.map((shard) => ({ ...shard, epoch: shard.epoch + 1, primary: to }));
  return follow(base, { shards });
}

/** A primary, its clock, and what it said since it was looked at last. */
class Bench {
  nowMs = 1000;
  readonly lease = new WriteLease({ self: SELF });
  readonly sent: { to: NodeId; message: LeaseHeartbeat | LeaseRelease }[] = [];
  readonly notes: string[] = [];
  readonly outbox = {
    send: (to: NodeId, message: LeaseHeartbeat | LeaseRelease) => void this.sent.push({ to, message }),
    persist: () => {},
    sendAfterPersist: () => {},
    note: (what: string) => void this.notes.push(what),
  };

  constructor(topology = FIRST) {
    this.lease.learn(topology, this.clocks, this.outbox);
  }

  get clocks(): { monotonicMs: number; holderMs: number } {
    return { monotonicMs: this.nowMs - 500, holderMs: this.nowMs };
  }

  get mayWrite(): boolean {
    return this.lease.mayWrite(this.clocks);
  }

  said(): { to: NodeId; message: LeaseHeartbeat | LeaseRelease }[] {
    return this.sent.splice(0);
  }

  tick(atMs = this.nowMs): void {
    this.nowMs = atMs;
    this.lease.tick(this.clocks, this.outbox);
  }

  learn(topology: Topology): void {
    this.lease.learn(topology, this.clocks, this.outbox);
  }

  answer(from: NodeId, sentAtMs: number, part: Partial<LeaseAnswer> = {}): void {
    const answer: LeaseAnswer = {
      kind: 'lease/answer',
      shard: SHARD,
      epoch: 1,
      incarnation: SELF.incarnation,
      voterVersion: 1,
      leaseMs: L,
      sentAtMs,
      isGranted: true,
      committedTerm: 1,
      committedVersion: 1,
      voterClockMs: this.nowMs + 7e6,
      ...part,
    };
    this.lease.receive(from, answer, this.clocks, this.outbox);
  }

  /** Both answer to what is sent now. */
  hold(): this {
    for (const voter of ['a', 'b']) this.answer(voter, this.nowMs);
    assert.ok(this.mayWrite);
    return this;
  }
}

test('it asks every voter at once and then six times in L', () => {
  const bench = new Bench(follow(FIRST, { voters: ['b', 'c', 'd'], voterVersion: 2 }));
  const first = bench.said();
  assert.deepEqual(first.map(({ to }) => to).sort(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(first[0]?.message, {
    kind: 'lease/heartbeat',
    shard: SHARD,
    epoch: 1,
    incarnation: '3',
    voterVersion: 2,
    leaseMs: L,
    sentAtMs: 1000,
    asksPromise: true,
  });
  bench.tick(1249);
  assert.equal(bench.said().length, 0);
  bench.tick(1250);
  assert.equal(bench.said().length, 4);
});

test('it may write for L from when it sent what a majority granted', () => {
  const bench = new Bench();
  bench.nowMs = 1400;
  bench.answer('a', 1000);
  assert.equal(bench.mayWrite, false, 'one of three');
  bench.answer('b', 1300);
  assert.equal(bench.lease.untilMs, 1000 + L);
  bench.answer('c', 1250);
  assert.equal(bench.lease.untilMs, 1250 + L);
  bench.answer('c', 1100);
  assert.equal(bench.lease.untilMs, 1250 + L, 'an older answer takes nothing away');
  bench.nowMs = 1250 + L - 1;
  assert.equal(bench.mayWrite, true);
  bench.nowMs += 1;
  assert.equal(bench.mayWrite, false);
});

test('a majority of both voter sets is needed while voters change', () => {
  const bench = new Bench(follow(FIRST, { voters: ['c', 'd', 'e'], voterVersion: 2 }));
  for (const voter of ['a', 'b', 'c']) bench.answer(voter, 1000, { voterVersion: 2 });
  assert.equal(bench.mayWrite, false);
  bench.answer('d', 1000, { voterVersion: 2 });
  assert.equal(bench.mayWrite, true);
});

test('what is not granted to this life, epoch, voter version and L counts for nothing; nor what strangers say', () => {
  const other: Partial<LeaseAnswer>[] = [
    { isGranted: false },
    { epoch: 2 },
    { shard: 1 },
    { incarnation: '2' },
    { voterVersion: 2 },
    { leaseMs: 3000 },
    { sentAtMs: 1001 },
  ];
  for (const part of other) {
    const bench = new Bench();
    bench.answer('a', 1000);
    bench.answer('b', 1000, part);
    bench.answer('x', 1000);
    assert.equal(bench.mayWrite, false, JSON.stringify(part));
  }
});

test('a newer topology with the same voters keeps the lease; other voters, or another L, make it ask anew', () => {
  const bench = new Bench().hold();
  bench.learn(follow(FIRST, {}));
  assert.ok(bench.mayWrite);
  bench.nowMs = 2400;
  bench.said();
  const next = follow(follow(FIRST, {}), { voterVersion: 2 });
  bench.learn(next);
  assert.equal(bench.mayWrite, false);
  bench.answer('a', 2400);
  bench.answer('b', 2400);
  assert.equal(bench.mayWrite, false, 'granted under the old version');
  bench.tick(3900 - 1);
  const asks = bench.said().map(({ message }) => message.kind === 'lease/heartbeat' && message.asksPromise);
  assert.ok(asks.length === 6 && asks.every(Boolean), 'it held the lease, so it may ask for another L');
  bench.learn(follow(next, { lease: { ...FIRST.lease, leaseMs: 3000 } }));
  assert.equal(bench.mayWrite, false);
});

test('an older topology changes nothing, one that names another ends the lease at once', () => {
  const bench = new Bench(moved(FIRST, SELF));
  bench.answer('a', 1000, { epoch: 2 });
  bench.answer('b', 1000, { epoch: 2 });
  bench.learn(FIRST);
  assert.ok(bench.mayWrite);
  bench.learn(moved(moved(FIRST, SELF), { node: 'p', incarnation: '4' }));
  assert.equal(bench.mayWrite, false);
  assert.equal(bench.lease.shard, undefined);
  bench.said();
  bench.tick(5000);
  assert.deepEqual(bench.said(), []);
});

test('who lost its lease asks no more, and without it for L it releases and wants a new epoch', () => {
  const bench = new Bench().hold();
  bench.said();
  bench.tick(2499);
  assert.ok(bench.said().every(({ message }) => message.kind === 'lease/heartbeat' && message.asksPromise));
  bench.tick(2800);
  const late = bench.said();
  assert.ok(
    late.length === 3 && late.every(({ message }) => 'asksPromise' in message && !message.asksPromise),
  );
  bench.tick(3999);
  assert.equal(bench.lease.wantsNewEpoch(bench.clocks), undefined);
  bench.said();
  bench.tick(4000);
  assert.deepEqual(bench.said().slice(0, 3), [
    { to: 'a', message: { kind: 'lease/release', shard: SHARD, epoch: 1, incarnation: '3' } },
    { to: 'b', message: { kind: 'lease/release', shard: SHARD, epoch: 1, incarnation: '3' } },
    { to: 'c', message: { kind: 'lease/release', shard: SHARD, epoch: 1, incarnation: '3' } },
  ]);
  assert.deepEqual(bench.lease.wantsNewEpoch(bench.clocks), { shard: SHARD, epoch: 1 });
});

test('an answer that comes late, but not too late, gives a lost lease back', () => {
  const bench = new Bench().hold();
  bench.tick(2400);
  bench.tick(2600);
  assert.equal(bench.mayWrite, false);
  bench.answer('a', 2400);
  bench.answer('b', 2400);
  assert.equal(bench.mayWrite, true);
});

test('while it is held it asks for no promise; what it has been granted runs out, and then it is lost', () => {
  const bench = new Bench().hold();
  bench.lease.isHeld = true;
  bench.said();
  bench.tick(1250);
  const asks = () =>
    bench.said().map(({ message }) => message.kind === 'lease/heartbeat' && message.asksPromise);
  assert.deepEqual(asks(), [false, false, false]);
  assert.ok(bench.mayWrite, 'until what it has is over');
  bench.lease.isHeld = false;
  bench.tick(1500);
  assert.deepEqual(asks(), [true, true, true], 'it goes on if it still has it');
  bench.lease.isHeld = true;
  bench.tick(1000 + L);
  assert.equal(bench.mayWrite, false);
  bench.tick(1000 + 2 * L);
  assert.deepEqual(bench.lease.wantsNewEpoch(bench.clocks), { shard: SHARD, epoch: 1 });
});

test('a primary that never got its lease stops asking after L, and releases', () => {
  const bench = new Bench();
  bench.tick(2499);
  assert.equal(bench.lease.wantsNewEpoch(bench.clocks), undefined);
  bench.tick(2500);
  assert.ok(bench.lease.wantsNewEpoch(bench.clocks));
});

test('a release is final: neither answers nor topologies of that epoch bring the lease back, a new epoch does', () => {
  const bench = new Bench().hold();
  bench.lease.release(bench.clocks, bench.outbox);
  assert.equal(bench.mayWrite, false);
  bench.answer('a', 1000);
  bench.answer('b', 1000);
  bench.learn(follow(FIRST, { voterVersion: 2 }));
  bench.answer('a', 1000, { voterVersion: 2 });
  bench.answer('b', 1000, { voterVersion: 2 });
  assert.equal(bench.mayWrite, false);
  assert.equal(bench.lease.wantsNewEpoch(bench.clocks), undefined, 'the hand-over is under way');
  bench.said();
  bench.tick(1000 + L);
  assert.ok(
    bench.said().some(({ message }) => message.kind === 'lease/release'),
    'said again, it may be lost',
  );
  assert.deepEqual(bench.lease.wantsNewEpoch(bench.clocks), { shard: SHARD, epoch: 1 }, 'it failed');
  bench.learn(moved(follow(FIRST, { voterVersion: 2 }), SELF));
  bench.answer('a', 2500, { voterVersion: 2, epoch: 2 });
  bench.answer('b', 2500, { voterVersion: 2, epoch: 2 });
  assert.equal(bench.mayWrite, true);
});

test('dropped grants do not come back with answers to what was sent before; what is sent later counts', () => {
  const bench = new Bench().hold();
  bench.tick(2000);
  bench.said();
  bench.lease.drop('its clocks jumped', bench.clocks, bench.outbox);
  assert.equal(bench.mayWrite, false);
  assert.equal(bench.lease.untilMs, Number.NEGATIVE_INFINITY);
  bench.answer('a', 2000);
  bench.answer('b', 2000);
  assert.equal(bench.mayWrite, false);
  bench.tick(2050);
  assert.equal(bench.said().length, 3, 'it asks at the next tick');
  bench.answer('a', 2050);
  bench.answer('b', 2050);
  assert.equal(bench.mayWrite, true);
});

test('a voter whose clock ran away shows that ours stood still: all grants are dropped', () => {
  const bench = new Bench().hold();
  bench.tick(1250);
  bench.nowMs = 1260;
  const oursMs = (260 * 1.05) / 0.95;
  bench.answer('a', 1250, { voterClockMs: 1000 + 7e6 + oursMs + 200 });
  assert.equal(bench.mayWrite, true);
  bench.tick(1500);
  bench.answer('b', 1500, { voterClockMs: 1000 + 7e6 + 10_000 });
  assert.equal(bench.mayWrite, false);
  assert.match(bench.notes.at(-1) ?? '', /the clock of b ran \d+ ms more than ours/);
});

test('slow answers, a voter that starts anew and rates within rho are no such sign', () => {
  const bench = new Bench().hold();
  bench.tick(1250);
  bench.nowMs = 2000;
  bench.answer('a', 1250, { voterClockMs: 1260 + 7e6 });
  bench.tick(2000);
  bench.answer('a', 2000, { voterClockMs: 2000 + 7e6 });
  bench.answer('b', 2000, { voterClockMs: 5 });
  bench.tick(9000);
  bench.answer('a', 9000, { voterClockMs: 2000 + 7e6 + 7700 });
  assert.equal(bench.notes.filter((note) => note.includes('drops')).length, 0);
});

test('a newer committed topology is told with who knows it, until it is learnt', () => {
  const bench = new Bench();
  bench.answer('a', 1000, { committedTerm: 2, committedVersion: 3, isGranted: false });
  bench.answer('b', 1000, { committedTerm: 2, committedVersion: 2 });
  assert.deepEqual(bench.lease.newerTopology, { from: 'a', term: 2, version: 3 });
  bench.learn(follow(follow(FIRST, {}), {}));
  assert.equal(bench.lease.newerTopology, undefined);
});

test('how long another may have been writing is counted from the end of the lease', () => {
  const bench = new Bench();
  assert.equal(bench.lease.staleMs(bench.clocks), Number.POSITIVE_INFINITY, 'it never held it');
  bench.hold();
  const heldFromMs = bench.nowMs;
  bench.nowMs += L - 1;
  assert.equal(bench.lease.staleMs(bench.clocks), 0);
  bench.nowMs = heldFromMs + L + 700;
  assert.equal(bench.lease.staleMs(bench.clocks), 700);
  bench.tick(heldFromMs + 2 * L);
  assert.equal(bench.lease.shard, undefined, 'it has released its epoch');
  assert.equal(bench.lease.staleMs(bench.clocks), L, 'and has been reading what is as old as before');
});

test('what was held of the lease ends with a hand-over, a jump of the clocks, and with the role', () => {
  const released = new Bench().hold();
  released.lease.release(released.clocks, released.outbox);
  released.nowMs += 10;
  assert.equal(released.lease.staleMs(released.clocks), 10);
  const jumped = new Bench().hold();
  jumped.lease.drop('its clocks jumped', jumped.clocks, jumped.outbox);
  jumped.nowMs += 20;
  assert.equal(jumped.lease.staleMs(jumped.clocks), 20);
  jumped.learn(moved(FIRST, { node: 'q', incarnation: '1' }));
  assert.equal(jumped.lease.staleMs(jumped.clocks), Number.POSITIVE_INFINITY);
});
