/**
 * A small world for the lease, from one seed: six hosts that can vote and three with data, one shard, the register of
 * cas-register.testkit.ts, and everything that can go wrong. It checks
 *
 *   one writer     whenever somebody writes, no other life that is running could; and no epoch writes after a newer one wrote
 *   one history    a committed version is one value
 *   liveness       when faults stop, somebody writes again within HEAL_BOUND_MS, and goes on
 *
 * Faults are drawn per seed (a swarm: most seeds have few kinds, much of each), and aimed at the moments that rules are about:
 * commits that nobody hears of, persists that are under way, voters that begin anew, primaries that learn late.
 */
import { Random } from '../../base/index.js';
import { isQuorum, type NodeId, type NodeLife, type Topology } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import {
  type Attempt,
  type Change,
  deposalsOfOneShard,
  firstValue,
  isJoint,
  type Kept,
  placeOf,
  type RegisterMessage,
  type Value,
  valueToAccept,
} from './cas-register.testkit.js';
import { HolderClock } from './holder-clock.js';
import type { LeaseMessage } from './messages.js';
import { Promises } from './promises.js';
import { WriteLease } from './write-lease.js';

const VOTERS = ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'];
const HOLDERS = ['d0', 'd1', 'd2'];
const LEASE = { leaseMs: 1500, driftPermille: 50, slackMs: 20 };
const HEAL_BOUND_MS = 10_000;

type Message =
  | RegisterMessage
  | LeaseMessage
  | { readonly kind: 'alive'; readonly incarnation: string }
  | { readonly kind: 'wish'; readonly epoch: number; readonly to: NodeLife }
  | { readonly kind: 'fetch' };

interface Host {
  readonly id: NodeId;
  life: number;
  isUp: boolean;
  pausedUntilMs: number;
  readonly rate: number;
  readonly originMs: number;
  /** The monotonic clock missed so much. */
  suspendedMs: number;
  /** The wall clock was set forward by so much. */
  wallStepMs: number;
  clock: HolderClock;
  voter: Voter | undefined;
  lease: WriteLease | undefined;
}

interface Voter {
  promises: Promises;
  kept: Kept;
  pending: { from: NodeId; ballot: number; value: Value } | undefined;
  persisting: { from: NodeId; ballot: number; value: Value } | undefined;
  committed: Value | undefined;
  attempt: Attempt | undefined;
  round: number;
  readonly heard: Map<NodeId, { incarnation: string; atMs: number }>;
  wish: { epoch: number; to: NodeLife; atMs: number } | undefined;
}

interface Event {
  atMs: number;
  readonly order: number;
  /** Undefined: the world's own. */
  readonly host: Host | undefined;
  /** It dies with this life; -1: it does not. */
  readonly life: number;
  readonly run: () => void;
}

export interface WorldOptions {
  readonly seed: number;
  readonly mutants?: ReadonlySet<string>;
  /** Simulated time, in ms. */
  readonly runMs?: number;
  /** No faults but one: answers to the primary are cut off from 5 s to 25 s. */
  readonly isOneWayCut?: boolean;
}

export interface Verdict {
  readonly violation: string | undefined;
  readonly writes: number;
  readonly epochs: number;
  readonly voterVersions: number;
  /** The longest time without a write between the first and the last, in ms. */
  readonly longestGapMs: number;
  /** A hash of all that happened. */
  readonly trace: number;
}

/** How bad this seed is. Chances are per chance taken, times in ms. */
interface Swarm {
  readonly loss: number;
  readonly delayMs: number;
  readonly isSpiky: boolean;
  readonly persistMs: number;
  readonly controlMs: number;
  /** Deposals that nobody has a reason for, and changes of voters, per control tick. */
  readonly rashness: number;
  readonly churn: number;
  readonly handOver: number;
  readonly faultGapMs: number;
  readonly faults: readonly Fault[];
  readonly cutsAfterCommit: number;
  /** The proposer tells nobody. */
  readonly muteCommits: number;
  readonly crashesAtAccept: number;
  readonly latePrimary: number;
  readonly lateRelease: number;
}

type Fault =
  | 'crash'
  | 'crash-voters'
  | 'pause'
  | 'suspend'
  | 'wall'
  | 'split'
  | 'alone'
  | 'one-way'
  | 'deaf'
  | 'heal';
const FAULTS: readonly Fault[] = [
  'crash',
  'crash-voters',
  'pause',
  'suspend',
  'wall',
  'split',
  'alone',
  'one-way',
  'deaf',
  'heal',
];

export function runLeaseWorld(options: WorldOptions): Verdict {
  return new LeaseWorld(options).run();
}

class LeaseWorld {
  readonly #random: Random;
  readonly #mutants: ReadonlySet<string>;
  readonly #runMs: number;
  readonly #healMs: number;
  readonly #swarm: Swarm;
  readonly #hosts = new Map<NodeId, Host>();
  readonly #events: Event[] = [];
  /** 'from>to'. */
  readonly #cuts = new Set<string>();
  #order = 0;
  #nowMs = 0;
  #trace = 0;
  #violation: string | undefined;
  #writes = 0;
  #writtenEpoch = 0;
  #lastWriteMs = 0;
  #longestGapMs = 0;
  #firstHealedWriteMs = Number.POSITIVE_INFINITY;
  /** No fault disturbs an aimed one before. */
  #quietUntilMs = 0;
  readonly #history = new Map<number, Value>();
  #newest: Value;

  constructor({ seed, mutants = new Set(), runMs = 40_000, isOneWayCut = false }: WorldOptions) {
    this.#random = new Random(seed);
    this.#mutants = mutants;
    this.#runMs = runMs;
    this.#healMs = runMs - HEAL_BOUND_MS - 2000;
    this.#swarm = isOneWayCut ? this.#calm() : this.#drawSwarm();
    const voters = this.#chance(0.6) ? VOTERS.slice(0, 3) : VOTERS.slice(0, 5);
    this.#newest = firstValue(LEASE, voters, { node: 'd0', incarnation: '1' });
    this.#history.set(1, this.#newest);
    for (const id of [...VOTERS, ...HOLDERS]) this.#addHost(id);
    if (isOneWayCut) {
      this.#at(5000, undefined, () => this.#deafen('d0'));
      this.#at(25_000, undefined, () => this.#cuts.clear());
    } else {
      this.#at(500, undefined, () => this.#fault());
      this.#at(this.#healMs, undefined, () => this.#cuts.clear());
    }
  }

  run(): Verdict {
    while (this.#violation === undefined) {
      const event = popEvent(this.#events);
      if (event === undefined || event.atMs > this.#runMs) break;
      this.#nowMs = event.atMs;
      const { host } = event;
      if (host !== undefined) {
        if (!host.isUp || (event.life >= 0 && event.life !== host.life)) continue;
        if (host.pausedUntilMs > this.#nowMs) {
          this.#push({ ...event, atMs: host.pausedUntilMs + this.#random.fraction() });
          continue;
        }
      }
      event.run();
    }
    this.#checkHealed();
    return {
      violation: this.#violation,
      writes: this.#writes,
      epochs: placeOf(this.#newest.topology).epoch,
      voterVersions: this.#newest.topology.voterVersion,
      longestGapMs: this.#longestGapMs,
      trace: this.#trace,
    };
  }

  #checkHealed(): void {
    if (this.#violation !== undefined) return;
    if (this.#firstHealedWriteMs > this.#healMs + HEAL_BOUND_MS)
      this.#violation = `no write within ${HEAL_BOUND_MS} ms after all was healed`;
    else if (this.#lastWriteMs < this.#runMs - 2000) this.#violation = 'writes ceased after all was healed';
  }

  #drawSwarm(): Swarm {
    const often = (chance: number, value: number): number => (this.#chance(chance) ? value : 0);
    const isHasty = this.#chance(0.4);
    return {
      loss: this.#chance(0.5) ? 0.01 : this.#random.fraction() * 0.1,
      delayMs: isHasty ? 4 : 5 + this.#random.below(80),
      isSpiky: this.#chance(0.3),
      persistMs: [0, 20, 300][this.#random.below(3)] as number,
      controlMs: isHasty ? 30 : 150,
      rashness: often(0.5, isHasty ? 0.05 : 0.2),
      churn: often(0.6, this.#chance(0.4) ? 0.3 : 0.02),
      handOver: often(0.4, 0.02),
      faultGapMs: this.#chance(0.5) ? 1500 : 4000,
      faults: FAULTS.filter(() => this.#chance(0.5)),
      cutsAfterCommit: often(0.4, 0.5),
      muteCommits: often(0.4, 0.8),
      crashesAtAccept: often(0.3, 0.2),
      latePrimary: often(0.3, 0.4),
      lateRelease: often(0.5, 0.5),
    };
  }

  #calm(): Swarm {
    return {
      loss: 0,
      delayMs: 10,
      isSpiky: false,
      persistMs: 20,
      controlMs: 100,
      rashness: 0,
      churn: 0,
      handOver: 0,
      faultGapMs: 0,
      faults: [],
      cutsAfterCommit: 0,
      muteCommits: 0,
      crashesAtAccept: 0,
      latePrimary: 0,
      lateRelease: 0,
    };
  }

  // --- time and the network

  #chance(probability: number): boolean {
    return this.#random.fraction() < probability;
  }

  #at(delayMs: number, host: Host | undefined, run: () => void): void {
    this.#push({ atMs: this.#nowMs + delayMs, order: this.#order++, host, life: host?.life ?? -1, run });
  }

  #push(event: Event): void {
    pushEvent(this.#events, event);
  }

  #send(from: NodeId, to: NodeId, message: Message): void {
    if (this.#cuts.has(`${from}>${to}`) || (from !== to && this.#chance(this.#swarm.loss))) return;
    const { delayMs, isSpiky, lateRelease } = this.#swarm;
    const isLate = message.kind === 'lease/release' && this.#chance(lateRelease);
    const delay =
      1 + this.#random.fraction() * (isLate ? 1500 : delayMs) * (isSpiky && this.#chance(0.05) ? 20 : 1);
    this.#deliver(delay, from, to, message);
    if (this.#chance(0.03)) this.#deliver(delay + this.#random.below(1000), from, to, message);
  }

  #deliver(delayMs: number, from: NodeId, to: NodeId, message: Message): void {
    const host = this.#host(to);
    const run = (): void => {
      this.#trace = (Math.imul(this.#trace, 31) + this.#nowMs * 1024 + message.kind.length) | 0;
      if (host.voter !== undefined) this.#voterHears(host, host.voter, from, message);
      if (host.lease !== undefined) this.#holderHears(host, host.lease, from, message);
    };
    this.#push({ atMs: this.#nowMs + delayMs, order: this.#order++, host, life: -1, run });
  }

  #host(id: NodeId): Host {
    return this.#hosts.get(id) as Host;
  }

  #outbox(host: Host): Outbox<LeaseMessage> {
    return {
      send: (to, message) => this.#send(host.id, to, message),
      persist: () => {},
      sendAfterPersist: () => {},
      note: () => {},
    };
  }

  /** Reads the clocks of a host that runs; drops its lease if they jumped. */
  #clocks(host: Host): Clocks {
    const monotonicMs = host.originMs + host.rate * (this.#nowMs - host.suspendedMs);
    const wallMs = 1.7e12 + host.rate * this.#nowMs + host.wallStepMs;
    const { holderMs, jumped } = host.clock.read(monotonicMs, wallMs);
    const clocks = { monotonicMs, holderMs };
    if (jumped) host.lease?.drop('its clocks jumped', clocks, this.#outbox(host));
    return clocks;
  }

  // --- hosts

  #addHost(id: NodeId): void {
    const host: Host = {
      id,
      life: 0,
      isUp: false,
      pausedUntilMs: 0,
      rate: 1 + (this.#random.fraction() * 2 - 1) * (LEASE.driftPermille / 1000),
      originMs: this.#random.below(1e6),
      suspendedMs: 0,
      wallStepMs: 0,
      clock: new HolderClock(),
      voter: undefined,
      lease: undefined,
    };
    this.#hosts.set(id, host);
    this.#start(host, { promisedBallot: 0, acceptedBallot: 0, value: this.#newest });
  }

  #start(host: Host, kept: Kept): void {
    host.isUp = true;
    host.life++;
    host.clock = new HolderClock({ mutants: this.#mutants });
    const clocks = this.#clocks(host);
    if (VOTERS.includes(host.id)) {
      const accepted = { next: kept.value.topology, baseVoterVersion: kept.value.baseVoterVersion };
      host.voter = {
        promises: new Promises({ deposals: deposalsOfOneShard, accepted, mutants: this.#mutants }, clocks),
        kept,
        pending: undefined,
        persisting: undefined,
        committed: undefined,
        attempt: undefined,
        round: Math.floor(kept.promisedBallot / 8),
        heard: new Map(),
        wish: undefined,
      };
      this.#each(host, 50, () => this.#tryAccept(host, host.voter as Voter));
      this.#each(host, this.#swarm.controlMs, () => this.#control(host, host.voter as Voter));
    } else {
      host.lease = new WriteLease({ self: this.#lifeOf(host), mutants: this.#mutants });
      this.#each(host, 50, () => this.#holderTick(host, host.lease as WriteLease));
      this.#each(host, 10, () => this.#write(host, host.lease as WriteLease));
    }
    const known = this.#history.get(1) as Value;
    if (host.life === 1) this.#learn(host, known);
  }

  /** Again and again while this life lasts, roughly each so many ms. */
  #each(host: Host, periodMs: number, run: () => void): void {
    const again = (): void => {
      run();
      this.#at(periodMs * (0.7 + this.#random.fraction() * 0.6), host, again);
    };
    this.#at(this.#random.fraction() * periodMs, host, again);
  }

  #lifeOf({ id, life }: Host): NodeLife {
    return { node: id, incarnation: String(life) };
  }

  #crash(host: Host, downMs: number): void {
    if (!host.isUp) return;
    host.isUp = false;
    const voter = host.voter;
    // What was being written may be on the disk, or not.
    if (voter?.persisting && this.#chance(0.5)) voter.kept = keptAfter(voter.kept, voter.persisting);
    host.lease = undefined;
    const kept = voter?.kept ?? { promisedBallot: 0, acceptedBallot: 0, value: this.#newest };
    const restMs = Math.max(host.pausedUntilMs - this.#nowMs, 0);
    this.#at(restMs + downMs, undefined, () => this.#start(host, kept));
  }

  // --- a primary

  #holderTick(host: Host, lease: WriteLease): void {
    const clocks = this.#clocks(host);
    const outbox = this.#outbox(host);
    lease.tick(clocks, outbox);
    const newer = lease.newerTopology;
    if (newer !== undefined) this.#send(host.id, newer.from, { kind: 'fetch' });
    const wish = lease.wantsNewEpoch(clocks);
    for (const voter of VOTERS) {
      if (this.#chance(0.7)) continue;
      this.#send(host.id, voter, { kind: 'alive', incarnation: String(host.life) });
      if (wish) this.#send(host.id, voter, { kind: 'wish', epoch: wish.epoch, to: this.#lifeOf(host) });
    }
    if (lease.shard !== undefined && this.#nowMs < this.#healMs && this.#chance(this.#swarm.handOver)) {
      const { epoch } = lease.shard;
      const to = this.#host(HOLDERS[this.#random.below(HOLDERS.length)] as NodeId);
      lease.release(clocks, outbox);
      if (to === host || this.#chance(0.3)) return;
      for (const voter of VOTERS) this.#send(host.id, voter, { kind: 'wish', epoch, to: this.#lifeOf(to) });
    }
  }

  #holderHears(host: Host, lease: WriteLease, from: NodeId, message: Message): void {
    if (message.kind === 'commit') this.#learn(host, message.value);
    else if (message.kind === 'lease/answer')
      lease.receive(from, message, this.#clocks(host), this.#outbox(host));
  }

  #write(host: Host, lease: WriteLease): void {
    if (!lease.mayWrite(this.#clocks(host))) return;
    const epoch = lease.shard?.epoch ?? 0;
    this.#writes++;
    this.#longestGapMs = Math.max(this.#longestGapMs, this.#nowMs - this.#lastWriteMs);
    this.#lastWriteMs = this.#nowMs;
    if (this.#nowMs > this.#healMs)
      this.#firstHealedWriteMs = Math.min(this.#firstHealedWriteMs, this.#nowMs);
    if (epoch < this.#writtenEpoch)
      this.#violation ??= `${host.id} wrote at epoch ${epoch} after ${this.#writtenEpoch}, at ${this.#nowMs}`;
    this.#writtenEpoch = Math.max(this.#writtenEpoch, epoch);
    for (const id of HOLDERS) {
      const other = this.#host(id);
      if (other === host || !other.isUp || other.pausedUntilMs > this.#nowMs) continue;
      if (other.lease?.mayWrite(this.#clocks(other)))
        this.#violation ??= `${id} could write while ${host.id} wrote at epoch ${epoch}, at ${this.#nowMs}`;
    }
  }

  #learn(host: Host, value: Value): void {
    const clocks = this.#clocks(host);
    host.lease?.learn(value.topology, clocks, this.#outbox(host));
    if (host.voter === undefined) return;
    host.voter.promises.committed(1, value.topology, clocks);
    if (value.topology.version > (host.voter.committed?.topology.version ?? 0)) host.voter.committed = value;
  }

  // --- a voter

  #voterHears(host: Host, voter: Voter, from: NodeId, message: Message): void {
    switch (message.kind) {
      case 'lease/heartbeat':
      case 'lease/release':
        voter.promises.receive(from, message, this.#clocks(host), this.#outbox(host));
        break;
      case 'alive':
        voter.heard.set(from, { incarnation: message.incarnation, atMs: this.#nowMs });
        break;
      case 'wish':
        voter.wish = { epoch: message.epoch, to: message.to, atMs: this.#nowMs };
        break;
      case 'fetch':
        if (voter.committed) this.#send(host.id, from, { kind: 'commit', value: voter.committed });
        break;
      case 'commit':
        this.#learn(host, message.value);
        break;
      case 'prepare':
        if (voter.persisting || message.ballot <= voter.kept.promisedBallot) break;
        voter.kept = { ...voter.kept, promisedBallot: message.ballot };
        this.#send(host.id, from, { kind: 'prepared', ballot: message.ballot, state: voter.kept });
        break;
      case 'accept':
        if (message.ballot < voter.kept.promisedBallot) break;
        if (message.ballot === voter.kept.acceptedBallot)
          this.#send(host.id, from, { kind: 'accepted', ballot: message.ballot });
        else if (message.ballot >= (voter.pending?.ballot ?? 0)) {
          voter.pending = { from, ballot: message.ballot, value: message.value };
          this.#tryAccept(host, voter);
        }
        break;
      case 'prepared':
        this.#prepared(host, voter, from, message.ballot, message.state);
        break;
      case 'accepted':
        this.#accepted(host, voter, from, message.ballot);
        break;
    }
  }

  #tryAccept(host: Host, voter: Voter): void {
    const { pending } = voter;
    if (pending === undefined || voter.persisting) return;
    if (pending.ballot < voter.kept.promisedBallot) {
      voter.pending = undefined;
      return;
    }
    const current = voter.kept.value.topology;
    const { topology: next, baseVoterVersion } = pending.value;
    const acceptance = { current, next, baseVoterVersion };
    if (!voter.promises.beginAccept(acceptance, this.#clocks(host), this.#outbox(host))) return;
    voter.pending = undefined;
    voter.persisting = pending;
    this.#at(this.#random.fraction() * this.#swarm.persistMs, host, () => {
      voter.kept = keptAfter(voter.kept, pending);
      voter.persisting = undefined;
      voter.promises.accepted(next, this.#clocks(host));
      this.#send(host.id, pending.from, { kind: 'accepted', ballot: pending.ballot });
    });
    if (this.#isHealed()) return;
    if (deposalsOfOneShard(current, next).length > 0 && this.#chance(this.#swarm.crashesAtAccept)) {
      if (this.#chance(0.5)) this.#cuts.clear();
      else this.#at(this.#random.below(100), undefined, () => this.#crash(host, this.#random.below(500)));
    }
  }

  /** Begins a change now and then, as its kind of trouble suggests. */
  #control(host: Host, voter: Voter): void {
    if (voter.attempt !== undefined) {
      this.#pursue(host, voter, voter.attempt);
      return;
    }
    const topology = voter.kept.value.topology;
    if (this.#chance(0.05) && voter.committed)
      this.#send(host.id, this.#anyHost().id, { kind: 'commit', value: voter.committed });
    if (!topology.voters.includes(host.id) && !topology.previousVoters.includes(host.id)) return;
    const change = this.#wantedChange(host, voter, topology);
    if (change === undefined) return;
    voter.round = Math.max(voter.round, Math.floor(voter.kept.promisedBallot / 8)) + 1;
    const ballot = voter.round * 8 + VOTERS.indexOf(host.id);
    voter.attempt = { ballot, change, prepared: new Map(), accepted: new Set(), triesLeft: 30 };
    this.#pursue(host, voter, voter.attempt);
  }

  #wantedChange(host: Host, voter: Voter, topology: Topology): Change | undefined {
    const { epoch, primary } = placeOf(topology);
    const { voterVersion: fromVersion } = topology;
    if (voter.committed === undefined || voter.committed.topology.version < topology.version) {
      // Publish again what may not be committed, or find out what is.
      return this.#chance(0.3) ? { kind: 'primary', fromEpoch: 0, to: primary } : undefined;
    }
    if (isJoint(topology)) return this.#chance(0.5) ? { kind: 'finish-voters', fromVersion } : undefined;
    const { wish } = voter;
    if (wish?.epoch === epoch && wish.atMs > this.#nowMs - 1000 && this.#chance(0.5))
      return { kind: 'primary', fromEpoch: epoch, to: wish.to };
    const isLapsed = voter.promises.report(this.#clocks(host).monotonicMs).length > 0;
    const isRash = !this.#isHealed() && this.#chance(this.#swarm.rashness);
    if ((isLapsed && this.#chance(0.5)) || isRash) {
      const to = this.#candidate(voter, primary);
      return to && { kind: 'primary', fromEpoch: epoch, to };
    }
    if (this.#isHealed() || !this.#chance(this.#swarm.churn)) return undefined;
    const order = VOTERS.map((id) => ({ id, key: this.#random.uint32() })).sort((a, b) => a.key - b.key);
    const to = order.slice(0, this.#chance(0.7) ? 3 : 5).map(({ id }) => id);
    return { kind: 'voters', fromVersion, to: to.sort() };
  }

  #candidate(voter: Voter, primary: NodeLife): NodeLife | undefined {
    const candidates: NodeLife[] = [];
    for (const [node, { incarnation, atMs }] of voter.heard) {
      const isPrimary = node === primary.node && incarnation === primary.incarnation;
      if (!isPrimary && atMs > this.#nowMs - 600) candidates.push({ node, incarnation });
    }
    return candidates[this.#random.below(Math.max(candidates.length, 1))];
  }

  #pursue(host: Host, voter: Voter, attempt: Attempt): void {
    const { ballot, value } = attempt;
    if (attempt.triesLeft-- === 0) voter.attempt = undefined;
    const message: RegisterMessage = value ? { kind: 'accept', ballot, value } : { kind: 'prepare', ballot };
    for (const id of VOTERS) this.#send(host.id, id, message);
    // A prepare is answered once; who got none begins anew soon.
    if (value === undefined && attempt.triesLeft > 5) attempt.triesLeft = 5;
  }

  #prepared(host: Host, voter: Voter, from: NodeId, ballot: number, state: Kept): void {
    const { attempt } = voter;
    if (attempt === undefined || attempt.ballot !== ballot || attempt.value !== undefined) return;
    attempt.prepared.set(from, state);
    const value = valueToAccept(attempt, voter.committed?.topology.version ?? 0);
    if (value === undefined) return;
    attempt.value = value;
    attempt.triesLeft = 30;
    this.#pursue(host, voter, attempt);
  }

  #accepted(host: Host, voter: Voter, from: NodeId, ballot: number): void {
    const { attempt } = voter;
    if (attempt?.ballot !== ballot || attempt.value === undefined) return;
    attempt.accepted.add(from);
    const { value } = attempt;
    if (!isQuorum(attempt.accepted, value.quorums)) return;
    voter.attempt = undefined;
    this.#commit(host, value);
    this.#learn(host, value);
    for (const id of this.#hosts.keys())
      if (id !== host.id) this.#send(host.id, id, { kind: 'commit', value });
    if (this.#swarm.controlMs < 50) this.#control(host, voter);
  }

  #commit(proposer: Host, value: Value): void {
    const { version } = value.topology;
    const before = this.#history.get(version);
    if (before !== undefined && before !== value)
      this.#violation ??= `version ${version} was committed twice`;
    this.#history.set(version, value);
    if (version <= this.#newest.topology.version) return;
    const { primary } = placeOf(this.#newest.topology);
    this.#newest = value;
    if (this.#isHealed()) return;
    if (this.#chance(this.#swarm.cutsAfterCommit))
      this.#splitBehindCommit(proposer, primary.node, value.topology);
    if (this.#chance(this.#swarm.latePrimary)) {
      this.#isolate(placeOf(value.topology).primary.node);
      this.#at(1500 + this.#random.below(2000), undefined, () => this.#cuts.clear());
    }
  }

  // --- faults

  /** Nobody but the smallest majority of the new voters hears of the commit; the primary stays with the others. */
  #splitBehindCommit(proposer: Host, primary: NodeId, { voters }: Topology): void {
    const near = new Set<NodeId>([proposer.id]);
    for (const id of [...voters].reverse()) {
      if (!isQuorum(near, [voters])) near.add(id);
    }
    for (const id of HOLDERS) if (id !== primary) near.add(id);
    this.#cuts.clear();
    if (this.#chance(0.5)) this.#quietUntilMs = this.#nowMs + 4000;
    for (const id of near) this.#cutBetween(id, (other) => !near.has(other));
  }

  #cutBetween(id: NodeId, isOther: (other: NodeId) => boolean): void {
    for (const other of this.#hosts.keys()) {
      if (!isOther(other) || other === id) continue;
      this.#cuts.add(`${id}>${other}`);
      this.#cuts.add(`${other}>${id}`);
    }
  }

  #isolate(id: NodeId): void {
    this.#cutBetween(id, () => true);
  }

  /** What voters answer does not reach it. */
  #deafen(id: NodeId): void {
    for (const voter of VOTERS) this.#cuts.add(`${voter}>${id}`);
  }

  #anyHost(): Host {
    const ids = [...this.#hosts.keys()];
    return this.#host(ids[this.#random.below(ids.length)] as NodeId);
  }

  #isHealed(): boolean {
    return this.#nowMs >= this.#healMs;
  }

  #fault(): void {
    if (this.#isHealed()) return;
    const { faults, faultGapMs } = this.#swarm;
    const primary = placeOf(this.#newest.topology).primary.node;
    const host = this.#chance(0.4) ? this.#host(primary) : this.#anyHost();
    if (this.#nowMs >= this.#quietUntilMs)
      this.#strike(faults[this.#random.below(Math.max(faults.length, 1))], host);
    this.#at(300 + this.#random.below(faultGapMs), undefined, () => this.#fault());
  }

  #strike(fault: Fault | undefined, host: Host): void {
    const pauseMs = this.#random.below(this.#chance(0.5) ? 800 : 5000);
    switch (fault) {
      case 'crash':
        this.#crash(host, this.#random.below(this.#chance(0.5) ? 200 : 4000));
        break;
      case 'crash-voters':
        for (const id of VOTERS) if (this.#chance(0.7)) this.#crash(this.#host(id), this.#random.below(300));
        break;
      case 'suspend':
        if (!host.isUp || host.pausedUntilMs > this.#nowMs) break;
        host.suspendedMs += pauseMs;
        host.pausedUntilMs = this.#nowMs + pauseMs;
        break;
      case 'pause':
        if (host.isUp) host.pausedUntilMs = Math.max(host.pausedUntilMs, this.#nowMs + pauseMs);
        break;
      case 'wall':
        for (const one of this.#hosts.values())
          if (this.#chance(0.7)) one.wallStepMs += this.#random.below(3000) - 500;
        break;
      case 'split':
        this.#cuts.clear();
        this.#split();
        break;
      case 'alone':
        this.#cuts.clear();
        this.#isolate(host.id);
        break;
      case 'one-way':
        for (const id of VOTERS) if (this.#chance(0.6)) this.#cuts.add(`${host.id}>${id}`);
        break;
      case 'deaf':
        this.#deafen(host.id);
        break;
      default:
        this.#cuts.clear();
    }
  }

  #split(): void {
    const left = new Set([...this.#hosts.keys()].filter(() => this.#chance(0.5)));
    for (const id of left) this.#cutBetween(id, (other) => !left.has(other));
  }
}

function keptAfter(kept: Kept, { ballot, value }: { ballot: number; value: Value }): Kept {
  return { promisedBallot: Math.max(kept.promisedBallot, ballot), acceptedBallot: ballot, value };
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** A binary heap. */
function pushEvent(heap: Event[], event: Event): void {
  let index = heap.length;
  heap.push(event);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (isBefore(heap[parent] as Event, event)) break;
    heap[index] = heap[parent] as Event;
    index = parent;
  }
  heap[index] = event;
}

function popEvent(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
    if (isBefore(last, heap[child] as Event)) break;
    heap[index] = heap[child] as Event;
    index = child;
  }
  heap[index] = last;
  return first;
}
