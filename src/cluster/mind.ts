/**
 * The mind of a node: what it believes of the others, what it agrees to, and whether it may write. All machines of this layer but
 * replication, composed; they never call each other, and this file moves the facts between them.
 *
 *                    ┌──────────────────────────────── step ────────────────────────────────┐
 *   tick             │ holder clock ─jumped─> write lease                                     │  messages
 *   message          │ membership ─who is alive─> plan ─changes─> register                    │  persists, and messages behind them
 *   persisted        │ register ─may it be accepted?─> promises          (the gate: L2, L4)     │  `committed`: the newest topology
 *   proposal         │ register ─committed, accepted─> promises, write lease                  │  `writableUntilMs`
 *                    │ write lease ─wants a new epoch─> register                              │  outcomes of proposals
 *                    │ promises ─who has lapsed here─> register's answers ─at the leader─> plan │
 *                    └────────────────────────────────────────────────────────────────────────┘
 *
 * A message of another cluster, or for an earlier life of this node, is not for us: the envelope says so.
 *
 * Cost: a tick of an idle mind is some comparisons; the leader plans each PLAN_MS.
 */
import {
  deposals,
  type NodeId,
  type NodeLife,
  type Topology,
  type TopologyChange,
  type TopologyDiff,
  type TopologyNode,
} from '../ring/index.js';
import type { LapseReport } from './lapses.js';
import { HolderClock } from './lease/holder-clock.js';
import { Promises } from './lease/promises.js';
import { WriteLease } from './lease/write-lease.js';
import { Membership } from './membership/membership.js';
import { isSwimMessage } from './membership/messages.js';
import type { HostReading, MindMessage, MindOptions, MindOutbox } from './mind-options.js';
import { NodeWatch } from './node-watch.js';
import { type Health, heirOf, type PlanOptions, plan, planDefaults } from './plan.js';
import { EmbeddedRegister } from './register/embedded-register.js';
import type { Placed } from './register/messages.js';
import { registerDefaults } from './register/options.js';
import { isAbove } from './register/position.js';
import type { ProposalOutcome } from './register/register.js';
import { ShardWatch } from './shard-watch.js';
import type { Clocks } from './step.js';
import { type AdviceSources, StepAdvice } from './step-advice.js';
import { topologyKind, voterVersionOfBase } from './topology-kind.js';
import { Twins } from './twins.js';

/** The leader plans so often, in ms. */
const PLAN_MS = 100;
/** A node asks again for what was not done, in ms. */
const ASK_AGAIN_MS = 500;

export class Mind {
  readonly #self: TopologyNode;
  readonly #mutants: ReadonlySet<string>;
  readonly #clock: HolderClock;
  readonly #membership: Membership;
  readonly #register: EmbeddedRegister<Topology, TopologyChange, TopologyDiff, LapseReport>;
  readonly #promises: Promises;
  readonly #lease: WriteLease;
  readonly #twins: Twins;
  readonly #watch = new ShardWatch();
  readonly #nodeWatch = new NodeWatch();
  readonly #sources: AdviceSources;
  readonly #planOptions: PlanOptions;
  readonly #seeds: readonly string[];
  #committed: Topology | undefined;
  #binding: Placed<Topology> | undefined;
  #planAtMs = 0;
  #askAtMs = 0;
  readonly #outcomes: ProposalOutcome[] = [];
  /** Proposals of the mind itself that are under way, by their ids, and what they ask for. */
  readonly #own = new Map<number, string>();

  constructor(options: MindOptions, reading: HostReading) {
    const { self, saved, random, seeds, membership, register = registerDefaults } = options;
    const mutants = options.mutants ?? new Set<string>();
    this.#self = self;
    this.#planOptions = { ...planDefaults, ...options.plan, mutants };
    this.#mutants = mutants;
    this.#clock = new HolderClock({ mutants });
    const clocks = this.#read(reading).clocks;
    this.#membership = new Membership({ self, random, ...(membership && { shape: membership }) });
    this.#membership.seek(seeds);
    this.#seeds = seeds;
    this.#register = new EmbeddedRegister({
      self: self.node,
      kind: topologyKind,
      options: register,
      random,
      saved,
      mutants,
    });
    const accepted = saved?.accepted && {
      next: saved.accepted.value,
      baseVoterVersion: voterVersionOfBase(saved.accepted.value, saved.accepted.base),
    };
    this.#promises = new Promises({ deposals, ...(accepted && { accepted }), mutants }, clocks);
    this.#lease = new WriteLease({ self, mutants });
    this.#twins = new Twins(self);
    this.#sources = {
      self: self.node,
      promises: this.#promises,
      membership: this.#membership,
      reports: () => this.#register.reports,
      committed: () => this.#committed,
      mutants,
    };
  }

  // -- what others read

  /** The newest topology known to be committed. */
  get committed(): Topology | undefined {
    return this.#committed;
  }

  /** The term under which that is known. */
  get committedTerm(): number {
    return this.#register.committedTerm;
  }

  /** The cluster that this node belongs to, for good; to be in every message. */
  get clusterId(): string | undefined {
    return this.#register.accepted?.clusterId;
  }

  /** The version of the newest topology that this node accepted; 0: none. */
  get acceptedVersion(): number {
    return this.#register.accepted?.version ?? 0;
  }

  /** For how long the primary that this node is may write, by the holder's clock; -Infinity if it may not. */
  get writableUntilMs(): number {
    return this.hasEnded ? Number.NEGATIVE_INFINITY : this.#lease.untilMs;
  }

  /** Another process is this node: this one says and does nothing any more, and is to be stopped. See twins.ts. */
  get hasEnded(): boolean {
    return this.#twins.other !== undefined;
  }

  /** The shard and epoch that this is about; undefined if this node is no primary, or released its epoch. */
  get writable(): { readonly shard: number; readonly epoch: number } | undefined {
    return this.hasEnded ? undefined : this.#lease.shard;
  }

  /** The same on the monotonic clock, for another thread: see holder-clock.ts. To be read when it is handed over. */
  writableDeadlineMs(reading: HostReading, outbox: MindOutbox): number {
    const { clocks, jumped } = this.#read(reading);
    if (jumped) this.#lease.drop('its clocks jumped', clocks, outbox);
    return this.#lease.untilMs - (clocks.holderMs - clocks.monotonicMs);
  }

  /** Whether a write for this shard at this epoch may be executed now, or its reply may leave. */
  mayWrite(shard: number, epoch: number, reading: HostReading, outbox: MindOutbox): boolean {
    const { clocks, jumped } = this.#read(reading);
    if (jumped) this.#lease.drop('its clocks jumped', clocks, outbox);
    const of = this.#lease.shard;
    return !this.hasEnded && of?.shard === shard && of.epoch === epoch && this.#lease.mayWrite(clocks);
  }

  /** For how long another primary of its shard may have been writing, in ms: what it reads may be so old. 0 under its lease. */
  staleMs(reading: HostReading, outbox: MindOutbox): number {
    return this.#lease.staleMs(this.#begin(reading, outbox).clocks);
  }

  get role(): 'follower' | 'asking' | 'standing' | 'leader' {
    return this.#register.role;
  }

  /** The newest term heard of. */
  get term(): number {
    return this.#register.term;
  }

  /** Who led last, as far as this node has heard. */
  get leader(): NodeId | undefined {
    return this.#register.leader?.node;
  }

  get membership(): Membership {
    return this.#membership;
  }

  /** What became of proposals since the last call. */
  takeOutcomes(): readonly ProposalOutcome[] {
    return this.#outcomes.splice(0);
  }

  // -- what happens

  tick(reading: HostReading, outbox: MindOutbox): void {
    if (this.hasEnded) return;
    const step = this.#begin(reading, outbox);
    this.#membership.tick(step.clocks, outbox);
    this.#register.tick(step.clocks, step.advice, outbox);
    this.#lease.tick(step.clocks, outbox);
    this.#end(step, outbox);
    this.#ask(step, outbox);
    if (this.#register.role === 'leader' && step.clocks.monotonicMs >= this.#planAtMs)
      this.#plan(step, outbox);
  }

  /** A message of the life of a node that belongs to this cluster, or to none yet. */
  receive(
    from: NodeLife,
    cluster: string | undefined,
    message: MindMessage,
    reading: HostReading,
    outbox: MindOutbox,
  ): void {
    const isOther = cluster !== undefined && this.clusterId !== undefined && cluster !== this.clusterId;
    if (isOther && !this.#mutants.has('any-cluster')) return;
    if (!this.#mutants.has('twins-count') && !this.#admits(from, message, outbox)) return;
    const step = this.#begin(reading, outbox);
    const { clocks, advice } = step;
    if (isSwimMessage(message)) this.#membership.receive(from, message, outbox);
    else if (message.kind === 'lease/answer') this.#lease.receive(from.node, message, clocks, outbox);
    else if (message.kind === 'lease/heartbeat' || message.kind === 'lease/release')
      this.#promises.receive(from.node, message, clocks, outbox);
    else this.#register.receive(from.node, message, clocks, advice, outbox);
    this.#end(step, outbox);
  }

  persisted(number: number, reading: HostReading, outbox: MindOutbox): void {
    if (this.hasEnded) return;
    const step = this.#begin(reading, outbox);
    this.#register.persisted(number, step.clocks, step.advice, outbox);
    this.#end(step, outbox);
  }

  persistFailed(number: number, reading: HostReading, outbox: MindOutbox): void {
    const step = this.#begin(reading, outbox);
    this.#register.persistFailed(number, step.clocks, step.advice, outbox);
    this.#end(step, outbox);
  }

  /** Begins a cluster, on one of the voters of its first topology. False: this node belongs to one. */
  begin(first: Topology, reading: HostReading, outbox: MindOutbox): boolean {
    const step = this.#begin(reading, outbox);
    const isBegun = this.#register.begin(first, step.clocks, outbox);
    this.#end(step, outbox);
    return isBegun;
  }

  /** Asks for changes, all or none. Gives the id under which `takeOutcomes` tells what became of it. */
  propose(changes: readonly TopologyChange[], reading: HostReading, outbox: MindOutbox): number {
    const step = this.#begin(reading, outbox);
    const id = this.#register.propose(changes, step.clocks, step.advice, outbox);
    this.#end(step, outbox);
    return id;
  }

  /** The clocks of a thread that writes under this lease jumped: what was granted until now is void. */
  drop(why: string, reading: HostReading, outbox: MindOutbox): void {
    this.#lease.drop(why, this.#begin(reading, outbox).clocks, outbox);
  }

  /**
   * Whoever serves clients answers no more, or does again. While it is held this node asks for no promise and for no new epoch, so that
   * another may take its place; what it has been granted runs out.
   */
  hold(isHeld: boolean): void {
    this.#lease.isHeld = isHeld;
  }

  /** Never writes at this epoch again: the first part of a planned hand-over. */
  release(reading: HostReading, outbox: MindOutbox): void {
    const step = this.#begin(reading, outbox);
    this.#lease.release(step.clocks, outbox);
  }

  /** Is about to end: leaves the leadership to another, and tells the others. */
  leave(reading: HostReading, outbox: MindOutbox): void {
    const step = this.#begin(reading, outbox);
    this.#register.resign(step.clocks, step.advice, outbox);
    this.#membership.leave(outbox);
  }

  /** Whether a message counts: see twins.ts. */
  #admits(from: NodeLife, message: MindMessage, outbox: MindOutbox): boolean {
    if (this.hasEnded) return false;
    const isSwim = isSwimMessage(message);
    this.#twins.hear(isSwim ? [from, ...message.news] : [from], outbox);
    if (this.hasEnded) this.#membership.leave(outbox);
    return !this.hasEnded && (isSwim || this.#twins.counts(from));
  }

  // -- the facts that go from one machine to another

  #begin(reading: HostReading, outbox: MindOutbox): Step {
    const { clocks, jumped } = this.#read(reading);
    if (jumped) this.#lease.drop('its clocks jumped', clocks, outbox);
    return { clocks, advice: new StepAdvice(this.#sources, clocks, outbox) };
  }

  /** What a step has brought about in one machine, for the others. */
  #end({ clocks, advice }: Step, outbox: MindOutbox): void {
    const { binding, committed, committedTerm } = this.#register;
    // What is known to be committed binds before it is on disk. While the next one is on its way there the disk shows an older one; to go
    // back to that would hold up whom the newer one names.
    const goesBack = this.#mutants.has('binding-goes-back') && binding !== this.#binding;
    if (binding !== undefined && (goesBack || isAbove(binding.position, this.#binding?.position))) {
      this.#binding = binding;
      this.#promises.accepted(binding.value, clocks);
    }
    if (committed !== undefined && committed !== this.#committed) {
      this.#committed = committed;
      this.#watch.learn(committed, clocks.monotonicMs);
      this.#promises.committed(committedTerm, committed, clocks);
      this.#lease.learn(committed, clocks, outbox);
      this.#membership.belong(committed.nodes.map(({ node }) => node));
      this.#membership.seek([
        ...this.#seeds,
        ...committed.nodes.map(({ host, busPort }) => `${host}:${busPort}`),
      ]);
    }
    const newer = this.#lease.newerTopology;
    if (newer !== undefined) {
      this.#register.heard(newer.from, { term: newer.term, version: newer.version }, clocks, advice, outbox);
    }
    for (const outcome of this.#register.takeOutcomes()) {
      if (!this.#own.delete(outcome.id)) this.#outcomes.push(outcome);
    }
  }

  /** The primary that this node was goes on only under a new epoch; a node that is not in the topology as it is asks for that. */
  #ask(step: Step, outbox: MindOutbox): void {
    const { clocks } = step;
    const wish = this.#lease.wantsNewEpoch(clocks);
    if (wish === undefined || this.#lease.isHeld || clocks.monotonicMs < this.#askAtMs) return;
    this.#askAtMs = clocks.monotonicMs + ASK_AGAIN_MS;
    const { shard, epoch } = wish;
    const { node, incarnation } = this.#self;
    const reason = `${node} was without its lease and goes on under a new epoch`;
    this.#want({ kind: 'renew-epoch', shard, epoch, primary: { node, incarnation }, reason }, step, outbox);
  }

  /** Proposes a change of the mind's own, unless the same is under way. */
  #want(change: TopologyChange, { clocks, advice }: Step, outbox: MindOutbox): void {
    const { reason, ...what } = change;
    const text = JSON.stringify(what);
    for (const other of this.#own.values()) if (other === text) return;
    outbox.note(`wants ${change.kind}: ${reason}`);
    this.#own.set(this.#register.propose([change], clocks, advice, outbox), text);
  }

  #plan(step: Step, outbox: MindOutbox): void {
    const { clocks } = step;
    this.#planAtMs = clocks.monotonicMs + PLAN_MS;
    const topology = this.#committed;
    if (topology === undefined) return;
    const nowMs = clocks.monotonicMs;
    const health: Health = {
      hasLapsed: (shard) => this.#watch.hasLapsed(shard, topology.lease.leaseMs, nowMs),
      lostForMs: (shard) => this.#watch.lostForMs(shard, nowMs),
      stateOf: (life) => this.#membership.stateOf(life),
      aliveAs: (node) => this.#membership.aliveAs(node),
      alive: () =>
        [...this.#membership.claims()].filter(({ state }) => state === 'alive').map(({ node }) => node),
      goneForMs: (node) => this.#nodeWatch.goneForMs(node, nowMs),
      votersForMs: () => this.#nodeWatch.votersForMs(nowMs),
    };
    const nodes = new Map(topology.nodes.map((node) => [node.node, node]));
    this.#watch.look(
      topology,
      nowMs,
      ({ id, epoch }) => step.advice.hasLapsed(topology, id, epoch),
      (shard) => heirOf(nodes, shard, health) !== undefined,
    );
    this.#nodeWatch.look(topology, nowMs, (node) => this.#membership.isGone(node));
    for (const change of plan(topology, health, this.#planOptions)) this.#want(change, step, outbox);
  }

  #read({ monotonicMs, wallMs }: HostReading): { clocks: Clocks; jumped: boolean } {
    const { holderMs, jumped } = this.#clock.read(monotonicMs, wallMs);
    return { clocks: { monotonicMs, holderMs }, jumped };
  }
}

interface Step {
  readonly clocks: Clocks;
  readonly advice: StepAdvice;
}
