import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graceMs, type NodeLife, type Topology } from '../../ring/index.js';
import { deposalsOfOneShard, firstValue, SHARD } from './cas-register.testkit.js';
import type { LeaseAnswer, LeaseHeartbeat } from './messages.js';
import { Promises } from './promises.js';

const LEASE = { leaseMs: 1500, driftPermille: 50, slackMs: 20 };
const GRACE_MS = graceMs(LEASE);
const P: NodeLife = { node: 'p', incarnation: '1' };
const Q: NodeLife = { node: 'q', incarnation: '1' };
const FIRST = firstValue(LEASE, ['a', 'b', 'c'], P).topology;

function follow(base: Topology, part: Partial<Topology>): Topology {
  return { ...base, version: base.version + 1, ...part };
}

function moved(base: Topology, to: NodeLife): Topology {
  const shards = base.shards.map((shard) => ({ ...shard, epoch: shard.epoch + 1, primary: to }));
  return follow(base, { shards });
}

/** A voter, its clock, and the last that it answered. */
class Bench {
  nowMs = 10_000;
  accepted = FIRST;
  readonly notes: string[] = [];
  #answers: LeaseAnswer[] = [];
  voter: Promises;
  readonly outbox = {
    send: (_: string, message: LeaseAnswer) => void this.#answers.push(message),
    persist: () => {},
    sendAfterPersist: () => {},
    note: (what: string) => void this.notes.push(what),
  };

  constructor() {
    this.voter = this.restart();
    this.nowMs += GRACE_MS;
  }

  restart(): Promises {
    const accepted = { next: this.accepted, baseVoterVersion: this.accepted.voterVersion };
    this.voter = new Promises({ deposals: deposalsOfOneShard, accepted }, this.clocks);
    return this.voter;
  }

  get clocks(): { monotonicMs: number; holderMs: number } {
    return { monotonicMs: this.nowMs, holderMs: this.nowMs + 1e9 };
  }

  ask(life: NodeLife = P, part: Partial<LeaseHeartbeat> = {}): LeaseAnswer {
    const heartbeat: LeaseHeartbeat = {
      kind: 'lease/heartbeat',
      shard: SHARD,
      epoch: 1,
      incarnation: life.incarnation,
      voterVersion: 1,
      leaseMs: LEASE.leaseMs,
      sentAtMs: 7,
      asksPromise: true,
      ...part,
    };
    this.#answers = [];
    this.voter.receive(life.node, heartbeat, this.clocks, this.outbox);
    assert.equal(this.#answers.length, 1);
    return this.#answers[0] as LeaseAnswer;
  }

  release(life: NodeLife = P, epoch = 1): void {
    const { incarnation } = life;
    const release = { kind: 'lease/release' as const, shard: SHARD, epoch, incarnation };
    this.voter.receive(life.node, release, this.clocks, this.outbox);
  }

  begin(next: Topology, baseVoterVersion = this.accepted.voterVersion): boolean {
    return this.voter.beginAccept(
      { current: this.accepted, next, baseVoterVersion },
      this.clocks,
      this.outbox,
    );
  }

  accept(next: Topology): void {
    this.accepted = next;
    this.voter.accepted(next, this.clocks);
  }
}

test('a promise is kept for G from the last heartbeat that asked, and then reported as lapsed', () => {
  const bench = new Bench();
  assert.equal(bench.ask().isGranted, true);
  bench.nowMs += 1000;
  bench.ask();
  bench.nowMs += GRACE_MS - 1;
  assert.deepEqual(bench.voter.report(bench.nowMs), []);
  assert.equal(bench.begin(moved(FIRST, Q)), false);
  bench.nowMs += 1;
  assert.deepEqual(bench.voter.report(bench.nowMs), [{ shard: SHARD, epoch: 1, life: P }]);
  assert.equal(bench.begin(moved(FIRST, Q)), true);
  assert.equal(bench.notes.length, 1);
});

test('an answer echoes what was asked, and tells of the newest committed version and the clock', () => {
  const bench = new Bench();
  bench.voter.committed(4, follow(FIRST, {}), bench.clocks);
  const { kind, ...rest } = bench.ask(P, { sentAtMs: 42 });
  assert.equal(kind, 'lease/answer');
  assert.deepEqual(rest, {
    shard: SHARD,
    epoch: 1,
    incarnation: '1',
    voterVersion: 1,
    leaseMs: 1500,
    sentAtMs: 42,
    isGranted: true,
    committedTerm: 4,
    committedVersion: 2,
    voterClockMs: bench.nowMs,
  });
});

test('only the primary of the accepted topology is granted anything, under its epoch, life, voters and L', () => {
  const bench = new Bench();
  assert.equal(bench.ask(Q).isGranted, false);
  assert.equal(bench.ask({ node: 'p', incarnation: '2' }).isGranted, false);
  for (const part of [{ epoch: 2 }, { epoch: 0 }, { shard: 9 }, { voterVersion: 2 }, { leaseMs: 1501 }]) {
    assert.equal(bench.ask(P, part).isGranted, false, JSON.stringify(part));
  }
  assert.equal(bench.begin(moved(FIRST, Q)), true, 'nothing was promised');
});

test('a heartbeat that does not ask is answered and extends nothing', () => {
  const bench = new Bench();
  bench.ask();
  bench.nowMs += GRACE_MS - 1;
  assert.equal(bench.ask(P, { asksPromise: false }).isGranted, false);
  bench.nowMs += 1;
  assert.equal(bench.begin(moved(FIRST, Q)), true);
});

test('a promise lasts G of the largest L that was stated', () => {
  const bench = new Bench();
  const longer = follow(FIRST, { lease: { ...LEASE, leaseMs: 3000 } });
  assert.ok(bench.begin(longer));
  bench.accept(longer);
  bench.nowMs += graceMs(longer.lease);
  bench.ask(P, { leaseMs: 3000 });
  bench.ask(P, { leaseMs: 1500 });
  bench.nowMs += graceMs(longer.lease) - 1;
  assert.equal(bench.begin(moved(longer, Q)), false);
  bench.nowMs += 1;
  assert.equal(bench.begin(moved(longer, Q)), true);
});

test('a voter that started deposes nobody for G, since it forgot what it promised; changes without a deposal pass', () => {
  const bench = new Bench();
  bench.ask();
  bench.restart();
  assert.equal(bench.begin(moved(FIRST, Q)), false);
  assert.deepEqual(bench.voter.report(bench.nowMs), []);
  bench.nowMs += GRACE_MS;
  assert.equal(bench.begin(moved(FIRST, Q)), true);
  const other = new Bench();
  other.restart();
  assert.equal(other.begin(follow(FIRST, {})), true);
});

test('after a change of voters is known to be committed nobody is deposed for G; accepting it says nothing', () => {
  const bench = new Bench();
  const joint = follow(FIRST, { voters: ['b', 'c', 'd'], voterVersion: 2 });
  assert.ok(bench.begin(joint, 1));
  bench.accept(joint);
  bench.nowMs += 10 * GRACE_MS;
  assert.equal(bench.begin(moved(joint, Q), 2), false, 'known from the base of what it is asked to accept');
  bench.nowMs += GRACE_MS - 1;
  bench.voter.committed(1, joint, bench.clocks);
  assert.equal(bench.begin(moved(joint, Q), 2), false);
  bench.nowMs += 1;
  assert.equal(bench.begin(moved(joint, Q), 2), true, 'known before, so the silence did not begin anew');
});

test('from the question on, and while it persists, it grants nothing to whom the next topology leaves out', () => {
  const bench = new Bench();
  bench.ask();
  const next = moved(FIRST, Q);
  assert.equal(bench.begin(next), false);
  assert.equal(bench.ask().isGranted, false, 'asked for');
  bench.nowMs += GRACE_MS;
  assert.equal(bench.begin(next), true);
  bench.nowMs += 20 * GRACE_MS;
  assert.equal(bench.ask().isGranted, false, 'being persisted');
  assert.equal(bench.ask(Q, { epoch: 2 }).isGranted, false, 'not accepted yet');
  bench.accept(next);
  assert.equal(bench.ask().isGranted, false);
  assert.equal(bench.ask(Q, { epoch: 2 }).isGranted, true);
});

test('while other voters are being persisted, heartbeats under neither version are granted', () => {
  const bench = new Bench();
  const joint = follow(FIRST, { voters: ['b', 'c', 'd'], voterVersion: 2 });
  assert.ok(bench.begin(joint));
  assert.equal(bench.ask().isGranted, false);
  assert.equal(bench.ask(P, { voterVersion: 2 }).isGranted, false);
  bench.accept(joint);
  assert.equal(bench.ask(P, { voterVersion: 2 }).isGranted, true);
});

test('a deposal that nobody asks for any more is forgotten after G', () => {
  const bench = new Bench();
  bench.ask();
  assert.equal(bench.begin(moved(FIRST, Q)), false);
  bench.nowMs += GRACE_MS - 1;
  assert.equal(bench.ask().isGranted, false);
  bench.nowMs += 1;
  assert.equal(bench.ask().isGranted, true);
});

test('another topology waits until the one before is persisted', () => {
  const bench = new Bench();
  const first = follow(FIRST, {});
  assert.ok(bench.begin(first));
  assert.ok(bench.begin(first), 'the same again');
  assert.equal(bench.begin(moved(first, Q)), false);
  bench.accept(first);
  assert.ok(bench.begin(moved(first, Q)));
});

test('a release ends the promise at once, for good; that of another epoch or life ends nothing', () => {
  const bench = new Bench();
  bench.ask();
  bench.release({ node: 'p', incarnation: '0' });
  bench.release(P, 2);
  assert.equal(bench.begin(moved(FIRST, Q)), false);
  bench.release();
  assert.equal(bench.ask().isGranted, false, 'a heartbeat sent before comes after');
  assert.equal(bench.begin(moved(FIRST, Q)), true);
});

test('after a release the same primary is granted its next epoch', () => {
  const bench = new Bench();
  bench.ask();
  bench.release();
  const next = moved(FIRST, P);
  assert.ok(bench.begin(next));
  bench.accept(next);
  bench.release(P, 1);
  assert.equal(bench.ask(P, { epoch: 2 }).isGranted, true);
  bench.release(P, 1);
  assert.equal(bench.begin(moved(next, Q)), false, 'a late copy takes nothing from the newer epoch');
});

test('a voter that has accepted nothing answers, and grants nothing', () => {
  const bench = new Bench();
  bench.voter = new Promises({ deposals: deposalsOfOneShard }, bench.clocks);
  const { isGranted, committedVersion } = bench.ask();
  assert.deepEqual({ isGranted, committedVersion }, { isGranted: false, committedVersion: 0 });
  assert.deepEqual(bench.voter.report(bench.nowMs), []);
});
