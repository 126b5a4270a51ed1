/**
 * The promises of a voter: "I shall help nobody to depose this primary for G from now". They are what a write lease is made of.
 *
 *            heartbeat that asks, of whom the accepted topology names           G of silence on the voter's clock
 *   nothing ─────────────────────────────────────────────────────────> promised ────────────────────────────────> lapsed
 *                                                                         │ release by the primary itself           │
 *                                                                         └───────────> released, for good <────────┘
 *
 *   gate      a topology that deposes (s, e) is accepted when no promise to s is alive. From the question on nothing more is
 *             granted to (s, e), or it would never lapse; and nothing to anyone whom the topology that is being persisted leaves out (L4):
 *             voter: no promise alive, begins to persist ── heartbeat of p: granted? ── persisted, "accepted" ──> q writes, p writes
 *   silence   nothing is deposed for G after the start (the promises of the life before are forgotten), nor for G after a change
 *             of voters was first *known* to be committed: a majority of the old voters and one of the new need not meet (L3)
 *
 * All times are the monotonic clock's: a wall clock that is set forward would end promises early, and a promise that lasts too
 * long (a suspended voter) costs time only. Nothing is kept on disk.
 *
 * A heartbeat that asks for nothing extends nothing: else a primary whose answers are lost, and that cannot write, would be kept in office
 * by what it sends. A release is final, so that a late copy of it can take nothing from anyone.
 *
 * Cost: a heartbeat is one bisection in the accepted topology and one Map entry; at most one entry a shard. See docs/write-lease.md.
 */
import { graceMs, type LeaseTerms, type NodeId, type Topology } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import { type Deposal, epochOf, type FindDeposals, namesPrimary } from './deposal.js';
import type { LeaseAnswer, LeaseHeartbeat, LeaseRelease } from './messages.js';

/** Rules that can be left out, to see whether a test misses them. docs/write-lease.md has the interleaving of each. */
export const PROMISE_MUTANTS = [
  'no-acceptor-check',
  'grace-short',
  'no-drift',
  'no-silence',
  'no-voter-silence',
  'no-voter-version',
  'grants-during-persist',
  'resumed-release',
  'voter-wall-clock',
] as const;

export interface PromisesOptions {
  readonly deposals: FindDeposals;
  /** What this voter had accepted when it stopped, from its disk; left out at its first start. */
  readonly accepted?: Pick<Acceptance, 'next' | 'baseVoterVersion'>;
  readonly mutants?: ReadonlySet<string>;
}

/** What the register wants to accept. */
export interface Acceptance {
  /** What this voter accepted last. */
  readonly current: Topology;
  readonly next: Topology;
  /** The voterVersion of the committed topology from which `next` was derived. Names the newest change of voters known to be committed. */
  readonly baseVoterVersion: number;
}

interface Promised extends Deposal {
  /** On the voter's clock. */
  readonly untilMs: number;
}

/** A deposal that was refused for now: its primaries get nothing more. */
interface Withheld {
  readonly from: readonly Deposal[];
  /** Whoever wants this deposal asks again and again. If nobody did for G, grants go on. */
  readonly untilMs: number;
}

export class Promises {
  readonly #mutants: ReadonlySet<string>;
  readonly #deposals: FindDeposals;
  #accepted: Topology | undefined;
  /** Being persisted: between a gate that opened and `accepted`. */
  #accepting: Topology | undefined;
  #withheld: Withheld | undefined;
  /** By shard. */
  readonly #promised = new Map<number, Promised>();
  /** By shard: nothing is granted at this epoch or an older one. */
  readonly #released = new Map<number, number>();
  /** Silence after the start, and after a change of voters. */
  readonly #startedMs: number;
  #votersKnownMs = Number.NEGATIVE_INFINITY;
  #voterVersion = 0;
  /** With the largest L of all topologies seen. */
  #longestTerms: LeaseTerms = { leaseMs: 0, driftPermille: 0, slackMs: 0 };
  #committedTerm = 0;
  #committedVersion = 0;

  constructor({ deposals, accepted, mutants = new Set() }: PromisesOptions, clocks: Clocks) {
    this.#deposals = deposals;
    this.#mutants = mutants;
    this.#startedMs = this.#now(clocks);
    if (accepted === undefined) return;
    this.#accepted = accepted.next;
    this.#seeTerms(accepted.next.lease);
    // Known before the start, so the silence after it is enough.
    this.#voterVersion = accepted.baseVoterVersion;
  }

  /** Heartbeats and releases of primaries. */
  receive(
    from: NodeId,
    message: LeaseHeartbeat | LeaseRelease,
    clocks: Clocks,
    outbox: Outbox<LeaseAnswer>,
  ): void {
    const { shard, epoch, incarnation } = message;
    const primary = { shard, epoch, life: { node: from, incarnation } };
    if (message.kind === 'lease/release') this.#release(primary, outbox);
    else this.#answer(from, primary, message, clocks, outbox);
  }

  /**
   * The gate: whether the register may begin to persist `next` now. It persists in the same step if so, and calls `accepted` when that is
   * over; if not, it asks again at each tick. One at a time: false while another topology is being persisted.
   */
  beginAccept(
    { current, next, baseVoterVersion }: Acceptance,
    clocks: Clocks,
    outbox: Outbox<never>,
  ): boolean {
    const nowMs = this.#now(clocks);
    this.#seeTerms(next.lease);
    this.#seeVoters(baseVoterVersion, nowMs);
    if (this.#accepting !== undefined) return this.#accepting === next;
    const deposed = this.#deposals(current, next);
    const obstacle = deposed.length > 0 ? this.#obstacle(deposed, nowMs) : undefined;
    if (obstacle !== undefined) {
      if (this.#withheld === undefined)
        outbox.note(
          `topology ${next.version} waits: ${obstacle}; nothing more is granted to whom it deposes`,
        );
      this.#withheld = { from: deposed, untilMs: nowMs + this.#graceMs(this.#longestTerms) };
      return false;
    }
    this.#withheld = undefined;
    this.#accepting = next;
    return true;
  }

  /** This voter's accepted topology is now this one: it is on disk, or known to be committed. */
  accepted(topology: Topology, clocks: Clocks): void {
    this.#accepted = topology;
    this.#accepting = undefined;
    this.#seeTerms(topology.lease);
    for (const [shard, { untilMs }] of this.#promised) {
      if (untilMs <= this.#now(clocks)) this.#promised.delete(shard);
    }
  }

  /** This topology is known to be committed. Older ones, and those that are known already, change nothing. */
  committed(term: number, topology: Topology, clocks: Clocks): void {
    this.#seeTerms(topology.lease);
    this.#seeVoters(topology.voterVersion, this.#now(clocks));
    if (topology.version <= this.#committedVersion) return;
    this.#committedTerm = term;
    this.#committedVersion = topology.version;
    for (const [shard, epoch] of this.#released) {
      if (epochOf(topology, shard) !== epoch) this.#released.delete(shard);
    }
  }

  /**
   * Whom this voter would help to depose now: the primaries of its accepted topology that have no promise here. A leader publishes
   * a deposal only when a majority of every voter set reported it, as a refused one holds up all other changes.
   */
  report(nowMs: number): readonly Deposal[] {
    if (this.#accepted === undefined || this.#silenceEndsMs() > nowMs) return [];
    const lapsed: Deposal[] = [];
    for (const { id, epoch, primary } of this.#accepted.shards) {
      if (primary === undefined || this.#promisedUntilMs(id) > nowMs) continue;
      lapsed.push({ shard: id, epoch, life: { node: primary.node, incarnation: primary.incarnation } });
    }
    return lapsed;
  }

  #answer(
    from: NodeId,
    primary: Deposal,
    heartbeat: LeaseHeartbeat,
    clocks: Clocks,
    outbox: Outbox<LeaseAnswer>,
  ): void {
    const isGranted = heartbeat.asksPromise && this.#mayPromise(primary, heartbeat, this.#now(clocks));
    if (isGranted) this.#promise(primary, heartbeat.leaseMs, this.#now(clocks));
    outbox.send(from, {
      kind: 'lease/answer',
      shard: primary.shard,
      epoch: primary.epoch,
      incarnation: primary.life.incarnation,
      voterVersion: heartbeat.voterVersion,
      leaseMs: heartbeat.leaseMs,
      sentAtMs: heartbeat.sentAtMs,
      isGranted,
      committedTerm: this.#committedTerm,
      committedVersion: this.#committedVersion,
      voterClockMs: clocks.monotonicMs,
    });
  }

  #mayPromise(primary: Deposal, { voterVersion, leaseMs }: LeaseHeartbeat, nowMs: number): boolean {
    // A longer L than agreed would keep its sender in office for as long as it likes.
    if (this.#accepted === undefined || leaseMs > this.#accepted.lease.leaseMs) return false;
    const isLeftOut = (topology: Topology): boolean =>
      !namesPrimary(topology, primary) ||
      (!this.#mutants.has('no-voter-version') && topology.voterVersion !== voterVersion);
    if (isLeftOut(this.#accepted)) return false;
    if (!this.#mutants.has('grants-during-persist') && this.#accepting && isLeftOut(this.#accepting))
      return false;
    if (this.#isWithheld(primary, nowMs)) return false;
    const releasedEpoch = this.#released.get(primary.shard) ?? 0;
    return this.#mutants.has('resumed-release') || primary.epoch > releasedEpoch;
  }

  #isWithheld({ shard, epoch }: Deposal, nowMs: number): boolean {
    if (this.#withheld === undefined || this.#withheld.untilMs <= nowMs) return false;
    return this.#withheld.from.some((deposed) => deposed.shard === shard && deposed.epoch >= epoch);
  }

  #promise(primary: Deposal, leaseMs: number, nowMs: number): void {
    const { driftPermille, slackMs } = this.#longestTerms;
    const untilMs = nowMs + this.#graceMs({ leaseMs, driftPermille, slackMs });
    // A heartbeat that was sent under a shorter L may come after one under a longer.
    this.#promised.set(primary.shard, {
      ...primary,
      untilMs: Math.max(untilMs, this.#promisedUntilMs(primary.shard)),
    });
  }

  #release(primary: Deposal, outbox: Outbox<never>): void {
    const promised = this.#promised.get(primary.shard);
    const isPromised =
      promised?.epoch === primary.epoch && promised.life.incarnation === primary.life.incarnation;
    if (isPromised) this.#promised.delete(primary.shard);
    if (this.#accepted === undefined || !namesPrimary(this.#accepted, primary)) return;
    if (this.#released.get(primary.shard) === primary.epoch) return;
    this.#released.set(primary.shard, primary.epoch);
    outbox.note(`${primary.life.node} released shard ${primary.shard} at epoch ${primary.epoch}`);
  }

  /** Why these may not be deposed yet, in words. */
  #obstacle(deposed: readonly Deposal[], nowMs: number): string | undefined {
    if (this.#mutants.has('no-acceptor-check')) return undefined;
    const silenceMs = this.#silenceEndsMs() - nowMs;
    if (silenceMs > 0) return `this voter deposes nobody for ${Math.ceil(silenceMs)} ms more`;
    const alive = deposed.find(({ shard }) => this.#promisedUntilMs(shard) > nowMs);
    return (
      alive && `the promise to ${alive.life.node} for shard ${alive.shard} at epoch ${alive.epoch} is alive`
    );
  }

  #promisedUntilMs(shard: number): number {
    return this.#promised.get(shard)?.untilMs ?? Number.NEGATIVE_INFINITY;
  }

  #silenceEndsMs(): number {
    const graceMs = this.#graceMs(this.#longestTerms);
    const startMs = this.#mutants.has('no-silence') ? Number.NEGATIVE_INFINITY : this.#startedMs;
    const votersMs = this.#mutants.has('no-voter-silence') ? Number.NEGATIVE_INFINITY : this.#votersKnownMs;
    return Math.max(startMs, votersMs) + graceMs;
  }

  #seeVoters(voterVersion: number, nowMs: number): void {
    if (voterVersion <= this.#voterVersion) return;
    this.#voterVersion = voterVersion;
    this.#votersKnownMs = nowMs;
  }

  #seeTerms(terms: LeaseTerms): void {
    if (this.#graceMs(terms) > this.#graceMs(this.#longestTerms)) this.#longestTerms = terms;
  }

  /** G. */
  #graceMs(terms: LeaseTerms): number {
    if (this.#mutants.has('grace-short')) return terms.leaseMs * 0.9;
    return this.#mutants.has('no-drift') ? terms.leaseMs : graceMs(terms);
  }

  #now(clocks: Clocks): number {
    return this.#mutants.has('voter-wall-clock') ? clocks.holderMs : clocks.monotonicMs;
  }
}
