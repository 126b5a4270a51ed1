/**
 * A small world for the lease, from one seed: six hosts that can vote and three with data, one shard, the register of
 * cas-register.testkit.ts, and everything that can go wrong (lease-swarm.testkit.ts). It checks
 *
 *   one writer     whenever somebody writes, no other life that is running could; and no epoch writes after a newer one wrote
 *   one history    a committed version is one value
 *   liveness       when faults stop, somebody writes again within HEAL_BOUND_MS, and goes on
 *
 * Faults are drawn, and aimed at the moments that rules are about: commits that nobody hears of, persists that are under way,
 * voters that begin anew, primaries that learn late. A host that is suspended has a monotonic clock that stood still.
 */
import { Random } from '../../base/index.js';
import type { NodeId, NodeLife, Topology } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import { firstValue, isJoint, type Kept, placeOf, type Value } from './cas-register.testkit.js';
import { CasVoter, type Message } from './cas-voter.testkit.js';
import { popEvent, pushEvent } from './event-heap.testkit.js';
import { HolderClock } from './holder-clock.js';
import { type Event, type Host, lifeOf, newHost, readClocks, sendsOnly } from './lease-host.testkit.js';
import { CALM, Cuts, drawSwarm, type Fault, HEALED, type Swarm } from './lease-swarm.testkit.js';
import type { LeaseMessage } from './messages.js';
import { WriteLease } from './write-lease.js';

const VOTERS = ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'];
const HOLDERS = ['d0', 'd1', 'd2'];
const EVERYONE = [...VOTERS, ...HOLDERS];
const LEASE = { leaseMs: 1500, driftPermille: 50, slackMs: 20 };
const HEAL_BOUND_MS = 10_000;

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
  readonly #cuts = new Cuts(EVERYONE);
  #order = 0;
  #nowMs = 0;
  #trace = 0;
  #violation: string | undefined;
  #writes = 0;
  #writtenEpoch = 0;
  #lastWriteMs = 0;
  #longestGapMs = 0;
  #firstHealedWriteMs = Number.POSITIVE_INFINITY;
  #quietUntilMs = 0;
  readonly #history = new Map<number, Value>();
  #newest: Value;

  constructor({ seed, mutants = new Set(), runMs = 40_000, isOneWayCut = false }: WorldOptions) {
    this.#random = new Random(seed);
    this.#mutants = mutants;
    this.#runMs = runMs;
    this.#healMs = runMs - HEAL_BOUND_MS - 2000;
    this.#swarm = isOneWayCut ? CALM : drawSwarm(this.#random);
    const voters = this.#chance(0.6) ? VOTERS.slice(0, 3) : VOTERS.slice(0, 5);
    this.#newest = firstValue(LEASE, voters, { node: 'd0', incarnation: '1' });
    this.#history.set(1, this.#newest);
    for (const id of EVERYONE) this.#addHost(id);
    if (isOneWayCut) {
      this.#at(5000, undefined, () => this.#cuts.oneWay(VOTERS, ['d0']));
      this.#at(25_000, undefined, () => this.#cuts.clear());
      return;
    }
    this.#at(500, undefined, () => this.#fault());
    this.#at(this.#healMs, undefined, () => this.#cuts.clear());
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
    if (this.#firstHealedWriteMs > this.#healMs + HEAL_BOUND_MS)
      this.#violation ??= `no write within ${HEAL_BOUND_MS} ms after all was healed`;
    if (this.#lastWriteMs < this.#runMs - 2000) this.#violation ??= 'writes ceased after all was healed';
  }

  get #isQuiet(): boolean {
    return this.#nowMs < this.#quietUntilMs;
  }

  get #isHealed(): boolean {
    return this.#nowMs >= this.#healMs;
  }

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
    const swarm = this.#isHealed ? { ...this.#swarm, ...HEALED } : this.#swarm;
    const { loss, delayMs, isSpiky, lateRelease } = swarm;
    if (this.#cuts.isDown(from, to) || (from !== to && this.#chance(loss))) return;
    const isLate = message.kind === 'lease/release' && this.#chance(lateRelease);
    const slowness = isSpiky && this.#chance(0.05) ? 20 : 1;
    const delay = 1 + this.#random.fraction() * (isLate ? 1500 : delayMs) * slowness;
    this.#deliver(delay, from, to, message);
    if (this.#chance(0.03)) this.#deliver(delay + this.#random.below(1000), from, to, message);
  }

  #deliver(delayMs: number, from: NodeId, to: NodeId, message: Message): void {
    const host = this.#host(to);
    const run = (): void => {
      this.#trace = (Math.imul(this.#trace, 31) + this.#nowMs * 1024 + message.kind.length) | 0;
      host.voter?.receive(from, message);
      if (host.lease !== undefined) this.#holderHears(host, host.lease, from, message);
    };
    this.#push({ atMs: this.#nowMs + delayMs, order: this.#order++, host, life: -1, run });
  }

  #host(id: NodeId): Host {
    return this.#hosts.get(id) as Host;
  }

  #outbox(host: Host): Outbox<LeaseMessage> {
    return sendsOnly((to, message) => this.#send(host.id, to, message));
  }

  /** Reads the clocks of a host that runs; drops its lease if they jumped. */
  #clocks(host: Host): Clocks {
    const { jumped, monotonicMs, holderMs } = readClocks(host, this.#nowMs);
    const clocks = { monotonicMs, holderMs };
    if (jumped) host.lease?.drop('its clocks jumped', clocks, this.#outbox(host));
    return clocks;
  }

  #addHost(id: NodeId): void {
    const host = newHost(id, this.#random, LEASE.driftPermille);
    this.#hosts.set(id, host);
    this.#start(host, { promisedBallot: 0, acceptedBallot: 0, value: this.#newest });
    this.#learn(host, this.#newest);
  }

  #start(host: Host, kept: Kept | undefined): void {
    host.isUp = true;
    host.life++;
    host.known = undefined;
    host.clock = new HolderClock({ mutants: this.#mutants });
    if (kept !== undefined && VOTERS.includes(host.id)) {
      const voter = new CasVoter(host.id, kept, this.#surroundings(host));
      host.voter = voter;
      this.#each(host, 50, () => voter.tick());
      this.#each(host, this.#swarm.controlMs, () => voter.control());
    } else {
      const lease = new WriteLease({ self: lifeOf(host), mutants: this.#mutants });
      host.lease = lease;
      this.#each(host, 50, () => this.#holderTick(host, lease));
      this.#each(host, 10, () => this.#write(host, lease));
    }
  }

  #surroundings(host: Host): ConstructorParameters<typeof CasVoter>[2] {
    return {
      random: this.#random,
      swarm: this.#swarm,
      voters: VOTERS,
      mutants: this.#mutants,
      nowMs: () => this.#nowMs,
      isHealed: () => this.#isHealed,
      isQuiet: () => this.#isQuiet,
      clocks: () => this.#clocks(host),
      outbox: () => this.#outbox(host),
      send: (to, message) => this.#send(host.id, to, message),
      gossip: (message) => this.#send(host.id, this.#anyHost().id, message),
      after: (delayMs, run) => this.#at(delayMs, host, run),
      deposing: (current) => this.#aimAtAccept(host, current),
      committed: (value) => this.#commit(host, value),
    };
  }

  /** Again and again while this life lasts, roughly each so many ms. */
  #each(host: Host, periodMs: number, run: () => void): void {
    const again = (): void => {
      run();
      this.#at(periodMs * (0.7 + this.#random.fraction() * 0.6), host, again);
    };
    this.#at(this.#random.fraction() * periodMs, host, again);
  }

  #crash(host: Host, downMs: number): void {
    if (!host.isUp) return;
    host.isUp = false;
    const kept = host.voter?.keptAfterCrash();
    const restMs = Math.max(host.pausedUntilMs - this.#nowMs, 0);
    this.#at(restMs + downMs, undefined, () => this.#start(host, kept));
  }

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
      if (wish) this.#send(host.id, voter, { kind: 'wish', epoch: wish.epoch, to: lifeOf(host) });
    }
    if (lease.shard === undefined || this.#isHealed || this.#isQuiet) return;
    if (this.#chance(this.#swarm.freezes)) host.pausedUntilMs = this.#nowMs + 1500 + this.#random.below(2000);
    if (this.#chance(this.#swarm.handOver)) {
      const { epoch } = lease.shard;
      const to = this.#host(HOLDERS[this.#random.below(HOLDERS.length)] as NodeId);
      lease.release(clocks, outbox);
      if (to === host || this.#chance(0.3)) return;
      for (const voter of VOTERS) this.#send(host.id, voter, { kind: 'wish', epoch, to: lifeOf(to) });
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
    host.lease?.learn(value.topology, this.#clocks(host), this.#outbox(host));
    host.voter?.learn(value);
    if (value.topology.version > (host.known?.topology.version ?? 0)) host.known = value;
  }

  #commit(proposer: Host, value: Value): void {
    const { version } = value.topology;
    if ((this.#history.get(version) ?? value) !== value)
      this.#violation ??= `version ${version} was committed twice`;
    this.#history.set(version, value);
    const { primary } = placeOf(this.#newest.topology);
    const isNew = version > this.#newest.topology.version;
    if (isNew) this.#newest = value;
    if (isNew && !this.#isHealed) this.#aimAtCommit(proposer, primary, value);
    this.#learn(proposer, value);
    if (!this.#isHealed && this.#chance(this.#swarm.muteCommits)) return;
    for (const id of this.#hosts.keys())
      if (id !== proposer.id) this.#send(proposer.id, id, { kind: 'commit', value });
  }

  #aimAtCommit(proposer: Host, primary: NodeLife, { topology, quorums }: Value): void {
    if (this.#isQuiet) return;
    const known = this.#host(primary.node).known?.topology;
    if (known && !isJoint(topology) && known.voterVersion < topology.voterVersion) {
      const sides = { proposer: proposer.id, primary: primary.node, holders: HOLDERS };
      if (this.#chance(this.#swarm.cutsAfterCommit) && this.#cuts.behindCommit(sides, quorums, known))
        this.#quietUntilMs = this.#nowMs + 7000;
    } else if (this.#chance(this.#swarm.latePrimary)) {
      this.#cuts.around(new Set([placeOf(topology).primary.node]));
      const lateMs = 1500 + this.#random.below(2000);
      this.#at(lateMs, undefined, () => this.#isQuiet || this.#cuts.clear());
    }
  }

  #aimAtAccept(voter: Host, current: Topology): void {
    if (this.#isHealed || this.#isQuiet) return;
    if (this.#chance(this.#swarm.crashesAtAccept))
      this.#at(this.#random.below(100), undefined, () => this.#crash(voter, this.#random.below(500)));
    const committed = this.#history.get(current.version);
    if (committed === undefined || !this.#chance(this.#swarm.asksAtAccept)) return;
    this.#cuts.clear();
    this.#deliver(1, voter.id, placeOf(current).primary.node, { kind: 'commit', value: committed });
  }

  #anyHost(): Host {
    return this.#host(EVERYONE[this.#random.below(EVERYONE.length)] as NodeId);
  }

  #fault(): void {
    if (this.#isHealed) return;
    const { faults, faultGapMs } = this.#swarm;
    const primary = placeOf(this.#newest.topology).primary.node;
    const host = this.#chance(0.4) ? this.#host(primary) : this.#anyHost();
    const fault = faults[this.#random.below(Math.max(faults.length, 1))];
    if (!this.#isQuiet) this.#strike(fault, host);
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
        this.#cuts.around(new Set([...this.#hosts.keys()].filter(() => this.#chance(0.5))));
        break;
      case 'alone':
        this.#cuts.clear();
        this.#cuts.around(new Set([host.id]));
        break;
      case 'one-way':
        this.#cuts.oneWay(
          [host.id],
          VOTERS.filter(() => this.#chance(0.6)),
        );
        break;
      case 'deaf':
        this.#cuts.oneWay(VOTERS, [host.id]);
        break;
      default:
        this.#cuts.clear();
    }
  }
}
