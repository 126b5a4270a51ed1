/**
 * The write lease of this node: whether it may execute writes now, as the primary of its shard.
 *
 *              learns a topology that                  a majority of every voter set granted
 *              names it, at a new epoch                 what it sent less than L ago
 *     none ────────────────────────────> asking <──────────────────────────────> holding
 *      ^                                   │                                        │
 *      │ learns one that does not name it  └── without its lease for L ──> released <── hand-over
 *      └──────────────────────────────────────────────────────────────────────┘
 *
 *   send time   a grant counts from when its heartbeat was *sent*: the voter's promise began later, so it ends later:
 *               sent ─────────────── L ───────────┤ I stop
 *                    └ promised ────────────────── G ──────┤ it may depose me
 *   use         whether it may write is asked at each write, with clocks read for it; no timer ends a lease, since timers come late
 *   voters      a grant counts under the voterVersion and the L under which it was asked for; a newer topology with others begins anew
 *   asking      it asks for a promise while it holds the lease, and for L from the beginning of its epoch. Afterwards its heartbeats
 *               ask for nothing, so that it is not kept in office by voters whose answers do not reach it (a one-way cut). Nor
 *               does it ask while it is held: who hangs is to lose its place
 *   release     final: whoever released an epoch never writes at it again, or a late copy of the release would take a promise
 *               that it relies on. It goes on under a new epoch, which it wants from the register
 *   clocks      all times are the holder's (holder-clock.ts). Grants are dropped when its clocks jumped, and when a voter's
 *               clock ran away from ours: then this machine was stopped and knows nothing of it
 *
 * Not here: what to answer a client without the lease, and when reads end. Cost: a tick is a few comparisons, an answer a sort
 * of as many numbers as there are voters; `mayWrite` is one comparison, and `untilMs` can be shared as a number.
 */
import { isSameLife, type LeaseTerms, type NodeId, type NodeLife, type Topology } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import type { LeaseAnswer, LeaseHeartbeat, LeaseRelease } from './messages.js';

/** So that some may be lost: each 250 ms under an L of 1.5 s. */
const HEARTBEATS_PER_LEASE = 6;
/** A voter's clock that ran so much more than ours between two answers, beyond what rates allow, says that ours stood still. In ms. */
const VOTER_AHEAD_MS = 200;

const NEVER = Number.NEGATIVE_INFINITY;

/** Rules that can be left out, to see whether a test misses them. docs/write-lease.md has the interleaving of each. */
export const WRITE_LEASE_MUTANTS = [
  'one-voter',
  'timer-lease',
  'receive-time',
  'no-voter-version',
  'resumed-release',
  'heartbeat-without-lease-extends',
] as const;

export interface WriteLeaseOptions {
  readonly self: NodeLife;
  readonly mutants?: ReadonlySet<string>;
}

/** A topology that somebody knows to be committed, and this node not. */
export interface NewerTopology {
  readonly from: NodeId;
  readonly term: number;
  readonly version: number;
}

export interface NewEpochWish {
  readonly shard: number;
  /** Released. */
  readonly epoch: number;
}

interface OfShard {
  readonly shard: number;
  readonly epoch: number;
  readonly voterSets: readonly (readonly NodeId[])[];
  /** Everyone in the voter sets, once. */
  readonly voters: readonly NodeId[];
  readonly voterVersion: number;
  readonly terms: LeaseTerms;
}

interface Primary extends OfShard {
  readonly kind: 'primary';
  /** It may ask without its lease for L from then. */
  askingSinceMs: number;
  /** What was sent then or before counts for nothing. */
  droppedMs: number;
  /** When the newest granted heartbeat was sent, by voter. */
  readonly grants: Map<NodeId, number>;
}

interface Released extends OfShard {
  readonly kind: 'released';
  readonly sinceMs: number;
  /** It had lost its lease; else it hands the shard over. */
  readonly isLost: boolean;
}

type Role = { readonly kind: 'none' } | Primary | Released;

/** What a voter's clock showed in its answer to what we sent then. */
interface VoterClock {
  readonly sentAtMs: number;
  readonly voterClockMs: number;
}

export class WriteLease {
  /** Whoever would write under it answers nobody: no promise is asked for. */
  isHeld = false;
  readonly #self: NodeLife;
  readonly #mutants: ReadonlySet<string>;
  #role: Role = { kind: 'none' };
  #version = 0;
  #untilMs = NEVER;
  /** When it last held the lease of the shard that it has; of use only while it holds none. */
  #heldMs = NEVER;
  #heartbeatDueMs = NEVER;
  #newer: NewerTopology | undefined;
  /** By voter of the newest topology. */
  readonly #voterClocks = new Map<NodeId, VoterClock>();
  /** For the mutant timer-lease. */
  #couldWriteAtTick = false;

  constructor({ self, mutants = new Set() }: WriteLeaseOptions) {
    this.#self = self;
    this.#mutants = mutants;
  }

  /** Whether a write for this shard may be executed now, or its reply may leave. Read the clocks for this question. */
  mayWrite(clocks: Clocks): boolean {
    if (this.#mutants.has('timer-lease')) return this.#role.kind === 'primary' && this.#couldWriteAtTick;
    return clocks.holderMs < this.#untilMs;
  }

  /** It may write until the holder's clock shows this; -Infinity without a lease. Grows with answers, and can end at once. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** For how long another may have been writing, in ms: 0 under the lease, Infinity if it never had it for this shard. */
  staleMs({ holderMs }: Clocks): number {
    return this.#holds(holderMs) ? 0 : holderMs - Math.max(this.#heldMs, this.#untilMs);
  }

  /** The shard and epoch that `untilMs` is about; undefined if this node is no primary, or released its epoch. */
  get shard(): { readonly shard: number; readonly epoch: number } | undefined {
    return this.#role.kind === 'primary' ? this.#role : undefined;
  }

  /** The newest topology that a voter knew to be committed, if it is newer than the one learnt here: to be fetched. */
  get newerTopology(): NewerTopology | undefined {
    return this.#newer;
  }

  /** Set when this primary goes on only under a new epoch, which the register is to give it: its lease was lost, or a hand-over failed. */
  wantsNewEpoch({ holderMs }: Clocks): NewEpochWish | undefined {
    if (this.#role.kind !== 'released') return undefined;
    const { shard, epoch, isLost, sinceMs, terms } = this.#role;
    return isLost || holderMs - sinceMs >= terms.leaseMs ? { shard, epoch } : undefined;
  }

  /** This topology is known to be committed. To be told at once, before anything else is done. */
  learn(topology: Topology, clocks: Clocks, outbox: Outbox<LeaseHeartbeat | LeaseRelease>): void {
    if (topology.version <= this.#version) return;
    this.#version = topology.version;
    if (this.#newer && this.#newer.version <= topology.version) this.#newer = undefined;
    const before = this.#role;
    const next = this.#placeIn(topology);
    if (next === undefined) {
      if (before.kind === 'primary') outbox.note(`no longer primary of shard ${before.shard}`);
      this.#become({ kind: 'none' }, clocks);
      this.#heldMs = NEVER;
      return;
    }
    for (const voter of this.#voterClocks.keys()) {
      if (!next.voters.includes(voter)) this.#voterClocks.delete(voter);
    }
    const isSameEpoch = before.kind !== 'none' && before.shard === next.shard && before.epoch === next.epoch;
    if (isSameEpoch && (before.kind === 'released' || this.#isSameQuestion(before, next))) {
      this.#become({ ...before, ...next }, clocks);
      return;
    }
    // Other voters or another L: nothing granted counts any more, but who held the lease may ask anew. Who had lost it may not.
    const mayNotAsk = isSameEpoch && before.kind === 'primary' && !this.#holds(clocks.holderMs);
    const askingSinceMs = mayNotAsk ? before.askingSinceMs : clocks.holderMs;
    this.#become({ kind: 'primary', ...next, askingSinceMs, droppedMs: NEVER, grants: new Map() }, clocks);
    if (before.kind !== 'none' && before.shard !== next.shard) this.#heldMs = NEVER;
    if (!isSameEpoch) outbox.note(`primary of shard ${next.shard} at epoch ${next.epoch}`);
    this.#speak(clocks, outbox);
  }

  tick(clocks: Clocks, outbox: Outbox<LeaseHeartbeat | LeaseRelease>): void {
    this.#couldWriteAtTick = clocks.holderMs < this.#untilMs;
    const role = this.#role;
    if (role.kind === 'primary' && this.#isLost(role, clocks.holderMs)) {
      outbox.note(
        `without its lease for ${role.terms.leaseMs} ms: releases shard ${role.shard} at epoch ${role.epoch}`,
      );
      this.#release(role, true, clocks, outbox);
    } else if (role.kind !== 'none' && clocks.holderMs >= this.#heartbeatDueMs) {
      this.#speak(clocks, outbox);
    }
  }

  /** Answers of voters. */
  receive(from: NodeId, answer: LeaseAnswer, clocks: Clocks, outbox: Outbox<never>): void {
    if (answer.incarnation !== this.#self.incarnation || answer.sentAtMs > clocks.holderMs) return;
    if (answer.committedVersion > Math.max(this.#version, this.#newer?.version ?? 0))
      this.#newer = { from, term: answer.committedTerm, version: answer.committedVersion };
    const role = this.#role;
    if (role.kind === 'none' || !role.voters.includes(from)) return;
    this.#compareClocks(from, answer, role.terms, clocks, outbox);
    if (role.kind !== 'primary' || !this.#answersUs(answer, role)) return;
    const sentAtMs = this.#mutants.has('receive-time') ? clocks.holderMs : answer.sentAtMs;
    if (answer.sentAtMs <= role.droppedMs || sentAtMs <= (role.grants.get(from) ?? NEVER)) return;
    role.grants.set(from, sentAtMs);
    const had = this.#holds(clocks.holderMs);
    this.#untilMs = this.#grantedMs(role) + role.terms.leaseMs;
    if (!had && this.#holds(clocks.holderMs))
      outbox.note(`has the write lease of shard ${role.shard} at epoch ${role.epoch}`);
  }

  /** A planned hand-over: from here on nothing is written at this epoch, whatever becomes of it. */
  release(clocks: Clocks, outbox: Outbox<LeaseRelease | LeaseHeartbeat>): void {
    const role = this.#role;
    if (role.kind !== 'primary') return;
    outbox.note(`releases shard ${role.shard} at epoch ${role.epoch} to hand it over`);
    if (this.#mutants.has('resumed-release')) this.#sendRelease(role, outbox);
    else this.#release(role, false, clocks, outbox);
  }

  /** Something happened to this machine that makes its clocks doubtful: what was granted until now is void, and asked for anew. */
  drop(why: string, clocks: Clocks, outbox: Outbox<never>): void {
    const role = this.#role;
    if (role.kind !== 'primary') return;
    outbox.note(`drops what was granted for shard ${role.shard}: ${why}`);
    role.grants.clear();
    role.droppedMs = clocks.holderMs;
    if (this.#holds(clocks.holderMs)) role.askingSinceMs = clocks.holderMs;
    this.#noteHeld(clocks);
    this.#untilMs = NEVER;
    this.#heartbeatDueMs = NEVER;
  }

  #become(role: Role, clocks: Clocks): void {
    this.#noteHeld(clocks);
    this.#role = role;
    this.#untilMs = role.kind === 'primary' ? this.#grantedMs(role) + role.terms.leaseMs : NEVER;
  }

  #noteHeld({ holderMs }: Clocks): void {
    this.#heldMs = Math.max(this.#heldMs, Math.min(this.#untilMs, holderMs));
  }

  #placeIn({ shards, voters, previousVoters, voterVersion, lease }: Topology): OfShard | undefined {
    const place = shards.find(({ primary }) => isSameLife(primary, this.#self));
    return (
      place && {
        shard: place.id,
        epoch: place.epoch,
        voterSets: [voters, previousVoters],
        voters: [...new Set([...voters, ...previousVoters])],
        voterVersion,
        terms: lease,
      }
    );
  }

  #isSameQuestion(a: OfShard, b: OfShard): boolean {
    return a.voterVersion === b.voterVersion && a.terms.leaseMs === b.terms.leaseMs;
  }

  #answersUs(answer: LeaseAnswer, role: Primary): boolean {
    return (
      answer.isGranted &&
      answer.shard === role.shard &&
      answer.epoch === role.epoch &&
      answer.leaseMs === role.terms.leaseMs &&
      (this.#mutants.has('no-voter-version') || answer.voterVersion === role.voterVersion)
    );
  }

  /** The latest time at or after which a majority of every voter set was asked, and granted it. */
  #grantedMs({ grants, voterSets }: Primary): number {
    if (this.#mutants.has('one-voter')) return Math.max(NEVER, ...grants.values());
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const voters of voterSets) {
      const sentMs = voters.map((id) => grants.get(id) ?? NEVER).sort((a, b) => (a < b ? 1 : -1));
      earliestMs = Math.min(earliestMs, sentMs[Math.floor(voters.length / 2)] ?? NEVER);
    }
    return earliestMs;
  }

  #holds(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  #asksPromise({ askingSinceMs, terms }: Primary, nowMs: number): boolean {
    if (this.isHeld) return false;
    if (this.#mutants.has('heartbeat-without-lease-extends')) return true;
    return this.#holds(nowMs) || nowMs - askingSinceMs < terms.leaseMs;
  }

  #isLost({ askingSinceMs, terms }: Primary, nowMs: number): boolean {
    if (this.#mutants.has('heartbeat-without-lease-extends')) return false;
    return nowMs - Math.max(askingSinceMs, this.#untilMs) >= terms.leaseMs;
  }

  #release(
    role: Primary,
    isLost: boolean,
    clocks: Clocks,
    outbox: Outbox<LeaseRelease | LeaseHeartbeat>,
  ): void {
    const { shard, epoch, voterSets, voters, voterVersion, terms } = role;
    const sinceMs = clocks.holderMs;
    this.#become(
      { kind: 'released', shard, epoch, voterSets, voters, voterVersion, terms, sinceMs, isLost },
      clocks,
    );
    this.#speak(clocks, outbox);
  }

  /** What is said each heartbeat: a primary asks, or only shows itself; who released says so again, and hears the news. */
  #speak(clocks: Clocks, outbox: Outbox<LeaseHeartbeat | LeaseRelease>): void {
    const role = this.#role;
    if (role.kind === 'none') return;
    this.#heartbeatDueMs = clocks.holderMs + role.terms.leaseMs / HEARTBEATS_PER_LEASE;
    if (role.kind === 'released') this.#sendRelease(role, outbox);
    const heartbeat: LeaseHeartbeat = {
      kind: 'lease/heartbeat',
      shard: role.shard,
      epoch: role.epoch,
      incarnation: this.#self.incarnation,
      voterVersion: role.voterVersion,
      leaseMs: role.terms.leaseMs,
      sentAtMs: clocks.holderMs,
      asksPromise: role.kind === 'primary' && this.#asksPromise(role, clocks.holderMs),
    };
    for (const voter of role.voters) outbox.send(voter, heartbeat);
  }

  #sendRelease({ shard, epoch, voters }: OfShard, outbox: Outbox<LeaseRelease>): void {
    const { incarnation } = this.#self;
    for (const voter of voters) outbox.send(voter, { kind: 'lease/release', shard, epoch, incarnation });
  }

  /**
   * Between the answers to what was sent at s and to what is answered now, the voter's clock ran at most from s to now, on ours. If it ran
   * more, beyond what the rates of clocks allow, then ours stood still meanwhile and nothing that it counted is what it seems.
   */
  #compareClocks(
    from: NodeId,
    { sentAtMs, voterClockMs }: LeaseAnswer,
    { driftPermille }: LeaseTerms,
    clocks: Clocks,
    outbox: Outbox<never>,
  ): void {
    const last = this.#voterClocks.get(from);
    if (last !== undefined && sentAtMs <= last.sentAtMs) return;
    this.#voterClocks.set(from, { sentAtMs, voterClockMs });
    if (last === undefined) return;
    const ranMs = voterClockMs - last.voterClockMs;
    const oursMs = ((clocks.holderMs - last.sentAtMs) * (1000 + driftPermille)) / (1000 - driftPermille);
    if (ranMs - oursMs > VOTER_AHEAD_MS)
      this.drop(`the clock of ${from} ran ${Math.round(ranMs - oursMs)} ms more than ours`, clocks, outbox);
  }
}
