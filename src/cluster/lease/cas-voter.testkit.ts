/**
 * A voter of lease-world.testkit.ts: acceptor and proposer of the simple register, with the promises of the lease between them and the
 * disk, as a real register will have them.
 */
import type { Random } from '../../base/index.js';
import { isQuorum, isSameLife, type NodeId, type NodeLife, type Topology } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import {
  type Attempt,
  type Change,
  deposalsOfOneShard,
  isJoint,
  type Kept,
  placeOf,
  type RegisterMessage,
  type Value,
  valueToAccept,
} from './cas-register.testkit.js';
import type { Swarm } from './lease-swarm.testkit.js';
import type { LeaseAnswer, LeaseMessage } from './messages.js';
import { Promises } from './promises.js';

export type Message =
  | RegisterMessage
  | LeaseMessage
  | { readonly kind: 'alive'; readonly incarnation: string }
  | { readonly kind: 'wish'; readonly epoch: number; readonly to: NodeLife }
  | { readonly kind: 'fetch' };

/** What a voter needs of the world, and tells it. */
export interface VoterSurroundings {
  readonly random: Random;
  readonly swarm: Swarm;
  readonly voters: readonly NodeId[];
  readonly mutants: ReadonlySet<string>;
  nowMs(): number;
  isHealed(): boolean;
  /** An aimed fault is under way, which other changes would only disturb. */
  isQuiet(): boolean;
  clocks(): Clocks;
  outbox(): Outbox<LeaseAnswer>;
  send(to: NodeId, message: Message): void;
  /** Somebody at random. */
  gossip(message: Message): void;
  /** Runs it then, if this life lasts. */
  after(delayMs: number, run: () => void): void;
  /** It has begun to persist a deposal. */
  deposing(from: Topology): void;
  committed(value: Value): void;
}

/** What is asked to be accepted. */
interface Asked {
  readonly from: NodeId;
  readonly ballot: number;
  readonly value: Value;
}

export class CasVoter {
  readonly #id: NodeId;
  readonly #world: VoterSurroundings;
  readonly #promises: Promises;
  #kept: Kept;
  #pending: Asked | undefined;
  #persisting: Asked | undefined;
  #committed: Value | undefined;
  #attempt: Attempt | undefined;
  #round: number;
  readonly #heard = new Map<NodeId, { readonly incarnation: string; readonly atMs: number }>();
  #wish: { readonly epoch: number; readonly to: NodeLife; readonly atMs: number } | undefined;

  constructor(id: NodeId, kept: Kept, world: VoterSurroundings) {
    this.#id = id;
    this.#kept = kept;
    this.#world = world;
    this.#round = Math.floor(kept.promisedBallot / 8);
    const accepted = { next: kept.value.topology, baseVoterVersion: kept.value.baseVoterVersion };
    const options = { deposals: deposalsOfOneShard, accepted, mutants: world.mutants };
    this.#promises = new Promises(options, world.clocks());
  }

  /** What is on the disk after a crash now. What was being written may be there, or not. */
  keptAfterCrash(): Kept {
    return this.#persisting && this.#chance(0.5) ? this.#keptWith(this.#persisting) : this.#kept;
  }

  learn(value: Value): void {
    this.#promises.committed(1, value.topology, this.#world.clocks());
    if (value.topology.version > (this.#committed?.topology.version ?? 0)) this.#committed = value;
  }

  #chance(probability: number): boolean {
    return this.#world.random.fraction() < probability;
  }

  #keptWith({ ballot, value }: Asked): Kept {
    return { promisedBallot: Math.max(this.#kept.promisedBallot, ballot), acceptedBallot: ballot, value };
  }

  receive(from: NodeId, message: Message): void {
    switch (message.kind) {
      case 'lease/heartbeat':
      case 'lease/release':
        this.#promises.receive(from, message, this.#world.clocks(), this.#world.outbox());
        break;
      case 'alive':
        this.#heard.set(from, { incarnation: message.incarnation, atMs: this.#world.nowMs() });
        break;
      case 'wish':
        this.#wish = { epoch: message.epoch, to: message.to, atMs: this.#world.nowMs() };
        break;
      case 'fetch':
        if (this.#committed) this.#world.send(from, { kind: 'commit', value: this.#committed });
        break;
      case 'commit':
        this.learn(message.value);
        break;
      case 'prepare':
        if (this.#persisting || message.ballot <= this.#kept.promisedBallot) break;
        this.#kept = { ...this.#kept, promisedBallot: message.ballot };
        this.#world.send(from, { kind: 'prepared', ballot: message.ballot, state: this.#kept });
        break;
      case 'accept':
        if (message.ballot < this.#kept.promisedBallot) break;
        if (message.ballot === this.#kept.acceptedBallot)
          this.#world.send(from, { kind: 'accepted', ballot: message.ballot });
        else if (message.ballot >= (this.#pending?.ballot ?? 0)) {
          this.#pending = { from, ballot: message.ballot, value: message.value };
          this.tick();
        }
        break;
      case 'prepared':
        this.#prepared(from, message.ballot, message.state);
        break;
      case 'accepted':
        this.#accepted(from, message.ballot);
        break;
    }
  }

  /** Tries again to accept what waits for a promise to lapse. */
  tick(): void {
    const pending = this.#pending;
    if (pending === undefined || this.#persisting) return;
    if (pending.ballot < this.#kept.promisedBallot) {
      this.#pending = undefined;
      return;
    }
    const current = this.#kept.value.topology;
    const { topology: next, baseVoterVersion } = pending.value;
    const acceptance = { current, next, baseVoterVersion };
    if (!this.#promises.beginAccept(acceptance, this.#world.clocks(), this.#world.outbox())) return;
    this.#pending = undefined;
    this.#persisting = pending;
    this.#world.after(this.#world.random.fraction() * this.#world.swarm.persistMs, () => {
      this.#kept = this.#keptWith(pending);
      this.#persisting = undefined;
      this.#promises.accepted(next, this.#world.clocks());
      this.#world.send(pending.from, { kind: 'accepted', ballot: pending.ballot });
    });
    if (deposalsOfOneShard(current, next).length > 0) this.#world.deposing(current);
  }

  /** Begins a change now and then, as its kind of trouble suggests. */
  control(): void {
    if (this.#attempt !== undefined) {
      this.#pursue(this.#attempt);
      return;
    }
    const topology = this.#kept.value.topology;
    if (this.#chance(0.05) && this.#committed) this.#world.gossip({ kind: 'commit', value: this.#committed });
    if (!topology.voters.includes(this.#id) && !topology.previousVoters.includes(this.#id)) return;
    const change = this.#wantedChange(topology);
    if (change === undefined) return;
    this.#round = Math.max(this.#round, Math.floor(this.#kept.promisedBallot / 8)) + 1;
    const ballot = this.#round * 8 + this.#world.voters.indexOf(this.#id);
    this.#attempt = { ballot, change, prepared: new Map(), accepted: new Set(), triesLeft: 30 };
    this.#pursue(this.#attempt);
  }

  #wantedChange(topology: Topology): Change | undefined {
    const { epoch, primary } = placeOf(topology);
    const { voterVersion: fromVersion } = topology;
    if (this.#committed === undefined || this.#committed.topology.version < topology.version) {
      // Publish again what may not be committed, or find out what is.
      return this.#chance(0.3) ? { kind: 'primary', fromEpoch: 0, to: primary } : undefined;
    }
    if (isJoint(topology)) return this.#chance(0.5) ? { kind: 'finish-voters', fromVersion } : undefined;
    const wish = this.#wish;
    if (wish?.epoch === epoch && wish.atMs > this.#world.nowMs() - 1000 && this.#chance(0.5))
      return { kind: 'primary', fromEpoch: epoch, to: wish.to };
    const isLapsed = this.#promises.report(this.#world.clocks().monotonicMs).length > 0;
    const isRash = !this.#world.isHealed() && this.#chance(this.#world.swarm.rashness);
    if ((isLapsed && this.#chance(0.5)) || isRash) {
      const to = this.#candidate(primary);
      return to && { kind: 'primary', fromEpoch: epoch, to };
    }
    if (this.#world.isHealed() || this.#world.isQuiet() || !this.#chance(this.#world.swarm.churn))
      return undefined;
    if (this.#chance(0.5)) return { kind: 'other' };
    const order = this.#world.voters
      .map((id) => ({ id, key: this.#world.random.uint32() }))
      .sort((a, b) => a.key - b.key);
    const to = order.slice(0, this.#chance(0.7) ? 3 : 5).map(({ id }) => id);
    return { kind: 'voters', fromVersion, to: to.sort() };
  }

  #candidate(primary: NodeLife): NodeLife | undefined {
    const candidates: NodeLife[] = [];
    for (const [node, { incarnation, atMs }] of this.#heard) {
      if (!isSameLife({ node, incarnation }, primary) && atMs > this.#world.nowMs() - 600)
        candidates.push({ node, incarnation });
    }
    return candidates[this.#world.random.below(Math.max(candidates.length, 1))];
  }

  #pursue(attempt: Attempt): void {
    const { ballot, value } = attempt;
    if (attempt.triesLeft-- === 0) this.#attempt = undefined;
    const message: RegisterMessage = value ? { kind: 'accept', ballot, value } : { kind: 'prepare', ballot };
    for (const id of this.#world.voters) this.#world.send(id, message);
    // A prepare is answered once; who got none begins anew soon.
    if (value === undefined && attempt.triesLeft > 5) attempt.triesLeft = 5;
  }

  #prepared(from: NodeId, ballot: number, state: Kept): void {
    const attempt = this.#attempt;
    if (attempt === undefined || attempt.ballot !== ballot || attempt.value !== undefined) return;
    attempt.prepared.set(from, state);
    const value = valueToAccept(attempt, this.#committed?.topology.version ?? 0);
    if (value === undefined) return;
    attempt.value = value;
    attempt.triesLeft = 30;
    this.#pursue(attempt);
  }

  #accepted(from: NodeId, ballot: number): void {
    const attempt = this.#attempt;
    if (attempt?.ballot !== ballot || attempt.value === undefined) return;
    attempt.accepted.add(from);
    const { value } = attempt;
    if (!isQuorum(attempt.accepted, value.quorums)) return;
    this.#attempt = undefined;
    this.#world.committed(value);
    if (this.#world.swarm.controlMs < 50) this.control();
  }
}
