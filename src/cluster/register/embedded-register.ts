/**
 * The register that the nodes keep among themselves: one value, agreed by voters that the value itself names.
 *
 *              no leader heard                quorum would vote              quorum voted
 *   FOLLOWER ──────────────────> ASKING ─────────────────────────> STANDING ──────────────> LEADER
 *     ^  ^                        │  ^ └─ time over: asks again      │                        │
 *     │  └────── leader heard ────┘  └────────── time over ──────────┘                        │
 *     └──── newer term heard, leader of this term heard, quorum not heard, disk broken ───────┘
 *
 * The form is that of Elasticsearch's cluster coordination rather than a log: a leader publishes the whole value, one at a time, and
 * what counts is the last one only. Terms, votes and quorums are those of Raft and Paxos. docs/register.md tells the rules.
 *
 * This class has all control flow between the parts, which do not call back: it enters newer terms, changes roles and
 * gives each message to the part it concerns. Whoever votes for nobody (a learner) is a follower that never asks.
 *
 * A tick costs a few comparisons; a commit costs one message for each node, a write for each that hears of it.
 *
 * Sources: D. Ongaro, Consensus: Bridging Theory and Practice (2014), chapters 3, 4, 6 and 9; the description of discovery and
 * cluster formation in the guide to Elasticsearch.
 */
import { assert } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import { Acceptor } from './acceptor.js';
import { answerPreVote, answerVote } from './ballots.js';
import { Asking, Standing } from './candidacy.js';
import { Commits } from './commits.js';
import { Core, type RegisterParts, type Step } from './core.js';
import { type LeaderParts, Leadership, type VoterReport } from './leadership.js';
import {
  type LeaderHint,
  type Placed,
  type Propose,
  type RegisterDisk,
  type RegisterMessage,
  termOf,
} from './messages.js';
import type { Position } from './position.js';
import { isAbove } from './position.js';
import { Proposals } from './proposals.js';
import type { ProposalOutcome } from './register.js';
import type { Advice } from './value-kind.js';

/** A disk that failed is tried again after so long, in ms. */
const RETRY_MS = 1_000;

interface Follower {
  readonly kind: 'follower';
  /** Undefined until the first tick. */
  electionAtMs: number | undefined;
}

type Role<V, C, D, R> = Follower | Asking<V, C, D, R> | Standing<V, C, D, R> | Leadership<V, C, D, R>;

type RegisterOutbox<V, C, D, R> = Outbox<RegisterMessage<V, C, D, R>, RegisterDisk<V>>;

export class EmbeddedRegister<V, C, D, R> {
  readonly #core: Core<V, C, D>;
  readonly #parts: LeaderParts<V, C, D, R>;
  readonly #acceptor: Acceptor<V, C, D, R>;
  readonly #commits: Commits<V, C, D, R>;
  readonly #proposals: Proposals<V, C, D, R>;
  #role: Role<V, C, D, R> = { kind: 'follower', electionAtMs: undefined };
  #heardLeaderMs = Number.NEGATIVE_INFINITY;
  #rounds = 0;
  /** When a disk that failed is tried again. */
  #retryAtMs = 0;

  constructor(parts: RegisterParts<V, C, D>) {
    this.#core = new Core(parts);
    this.#acceptor = new Acceptor(this.#core);
    this.#commits = new Commits(this.#core);
    this.#proposals = new Proposals(this.#core);
    this.#parts = {
      core: this.#core,
      acceptor: this.#acceptor,
      commits: this.#commits,
      proposals: this.#proposals,
    };
  }

  // -- what the parent reads

  get committed(): V | undefined {
    return this.#core.committed?.value;
  }

  /** What this node accepted last, committed or not, perhaps on its way to disk: what it promised counts from here. */
  get accepted(): V | undefined {
    return this.#core.promises.accepted?.value;
  }

  /**
   * What binds this node as a voter: what it accepted last, once that is on disk or known to be committed. Another object with each
   * acceptance, also if the value is the same under a later leader.
   */
  get binding(): Placed<V> | undefined {
    const { promises, committed } = this.#core;
    const { accepted } = promises;
    return accepted !== undefined && accepted.position.version === committed?.position.version
      ? accepted
      : promises.placedOnDisk;
  }

  /** The term under which the newest committed value is known; -1: none is. */
  get committedTerm(): number {
    return this.#core.position?.term ?? -1;
  }

  /** What it has begun to accept and the gate holds back. */
  get pending(): V | undefined {
    return this.#core.promises.pending?.value;
  }

  get term(): number {
    return this.#core.promises.term;
  }

  get role(): 'follower' | 'asking' | 'standing' | 'leader' {
    return this.#role.kind;
  }

  /** The newest leader heard of. */
  get leader(): LeaderHint | undefined {
    return this.#core.leader;
  }

  /** At the leader: what the other voters reported last, in this term. Elsewhere empty. */
  get reports(): ReadonlyMap<NodeId, VoterReport<R>> {
    return this.#role.kind === 'leader' ? this.#role.reports : NO_REPORTS;
  }

  // -- what happens

  tick(clocks: Clocks, advice: Advice<V, C, R>, outbox: RegisterOutbox<V, C, D, R>): void {
    const step = { nowMs: clocks.monotonicMs, advice, outbox };
    this.#proposals.tick(step.nowMs);
    if (this.#core.promises.isBroken && step.nowMs >= this.#retryAtMs) this.#core.promises.retry(outbox);
    this.#commits.adopt(outbox);
    if (this.#core.promises.pending !== undefined) this.#acceptor.ask(step);
    const role = this.#role;
    if (role.kind === 'leader') {
      if (!role.tick(step)) this.#stepDown('no quorum was heard', step);
    } else {
      if (role.kind === 'follower') role.electionAtMs ??= step.nowMs + this.#core.electionMs();
      const untilMs = role.kind === 'follower' ? role.electionAtMs! : role.untilMs;
      if (step.nowMs >= untilMs) this.#timeOver(role, step);
      if (step.nowMs >= this.#heardLeaderMs + this.#core.options.pollMs) this.#commits.poll(step);
    }
    this.#settle(step);
  }

  receive(
    from: NodeId,
    message: RegisterMessage<V, C, D, R>,
    clocks: Clocks,
    advice: Advice<V, C, R>,
    outbox: RegisterOutbox<V, C, D, R>,
  ): void {
    const step = { nowMs: clocks.monotonicMs, advice, outbox };
    if (message.kind === 'register/committed') {
      this.#commits.told(from, message, step);
    } else {
      this.#enter(termOf(message), step);
      this.#dispatch(from, message, step);
      // After the message itself, which may be the very value.
      this.#commits.heard(from, message.committed, step);
    }
    this.#settle(step);
  }

  /** Somebody said, in a message of another kind, that this is committed. */
  heard(
    from: NodeId,
    position: Position,
    clocks: Clocks,
    advice: Advice<V, C, R>,
    outbox: RegisterOutbox<V, C, D, R>,
  ): void {
    const step = { nowMs: clocks.monotonicMs, advice, outbox };
    this.#commits.heard(from, position, step);
    this.#settle(step);
  }

  persisted(
    number: number,
    clocks: Clocks,
    advice: Advice<V, C, R>,
    outbox: RegisterOutbox<V, C, D, R>,
  ): void {
    const step = { nowMs: clocks.monotonicMs, advice, outbox };
    this.#core.promises.persisted(number);
    if (this.#role.kind === 'leader') this.#role.persisted(step);
    this.#settle(step);
  }

  /** The disk did not keep it. This node promises nothing until a later write succeeds; it still learns, and tries again. */
  persistFailed(
    number: number,
    clocks: Clocks,
    advice: Advice<V, C, R>,
    outbox: RegisterOutbox<V, C, D, R>,
  ): void {
    const step = { nowMs: clocks.monotonicMs, advice, outbox };
    if (!this.#core.promises.isBroken)
      outbox.note(`write ${number} to disk failed: votes and accepts nothing until one succeeds`);
    this.#core.promises.failed(number);
    this.#retryAtMs = step.nowMs + RETRY_MS;
    if (this.#core.mutants.has('broken-disk-promises')) return;
    if (this.#role.kind !== 'follower') this.#stepDown('its disk failed', step);
  }

  /** Gives the id under which `takeOutcomes` tells what became of it. */
  propose(
    changes: readonly C[],
    clocks: Clocks,
    advice: Advice<V, C, R>,
    outbox: RegisterOutbox<V, C, D, R>,
  ): number {
    const step = { nowMs: clocks.monotonicMs, advice, outbox };
    const id = this.#proposals.begin();
    if (this.#role.kind === 'leader') this.#role.propose(this.#core.self, id, changes, step);
    else this.#proposals.send(id, changes, step);
    this.#settle(step);
    return id;
  }

  takeOutcomes(): readonly ProposalOutcome[] {
    return this.#proposals.take();
  }

  /**
   * Begins a cluster with this value, on one node that is a voter in it; false: this node belongs to one already. It is accepted in
   * term 0, before all elections, and committed like any other by the first leader. Voters that accepted nothing yet take
   * it from that leader; see `Promises` for why that is safe.
   */
  begin(value: V, clocks: Clocks, outbox: RegisterOutbox<V, C, D, R>): boolean {
    const { promises, kind, self } = this.#core;
    if (promises.accepted !== undefined || !promises.canPromise) return false;
    assert(kind.votersOf(value).flat().includes(self), 'a cluster is begun on one of its voters');
    const position = { term: 0, version: kind.versionOf(value) };
    promises.accept({ position, base: { version: 0, voterSets: [] }, value }, outbox);
    outbox.note('begins a cluster');
    this.#role = { kind: 'follower', electionAtMs: clocks.monotonicMs };
    return true;
  }

  /** Leaves the leadership to the voter that fits best, at once: for a node that is about to stop. */
  resign(clocks: Clocks, advice: Advice<V, C, R>, outbox: RegisterOutbox<V, C, D, R>): void {
    this.#resign('it was told to', { nowMs: clocks.monotonicMs, advice, outbox });
  }

  // -- roles

  /** No leader was heard, or the attempt to become one took too long. */
  #timeOver(role: Follower | Asking<V, C, D, R> | Standing<V, C, D, R>, step: Step<V, C, D, R>): void {
    if (!this.#canStand()) {
      this.#follow(step);
    } else if (this.#core.mutants.has('no-prevote')) {
      this.#stand(this.term + 1, step);
    } else {
      if (role.kind === 'follower') step.outbox.note('hears no leader: asks whether it would be elected');
      const asking = new Asking(this.#core, ++this.#rounds, step);
      this.#role = asking;
      if (asking.isWanted) this.#stand(asking.newestTerm + 1, step);
    }
  }

  /**
   * Whoever is asked to agree on what it accepted may stand; once that is known to be committed, only who stays a voter. Nobody stands
   * that knows more to be committed than it has accepted: others vote by what is known.
   */
  #canStand(): boolean {
    const { promises, self, mutants, position } = this.#core;
    const { accepted, electorate } = promises;
    if (!promises.canPromise || accepted === undefined || electorate === undefined) return false;
    if (isAbove(position, accepted.position)) return false;
    const isCommitted = accepted.position.version === position?.version;
    const isVoter = isCommitted ? this.#core.isVoterOf(accepted.value) : electorate.has(self);
    return isVoter || mutants.has('learner-stands');
  }

  #stand(term: number, step: Step<V, C, D, R>): void {
    this.#role = new Standing(this.#core, term, step);
  }

  #lead(term: number, step: Step<V, C, D, R>): void {
    const { self } = this.#core;
    this.#core.leader = { node: self, term };
    this.#role = new Leadership(this.#parts, term, step);
    this.#role.tick(step);
  }

  #follow({ nowMs }: Step<V, C, D, R>): void {
    this.#role = { kind: 'follower', electionAtMs: nowMs + this.#core.electionMs() };
  }

  #stepDown(why: string, step: Step<V, C, D, R>): void {
    const role = this.#role;
    this.#follow(step);
    if (role.kind !== 'leader') return;
    step.outbox.note(`leads no more: ${why}`);
    role.end(step);
  }

  #resign(why: string, step: Step<V, C, D, R>): void {
    if (this.#role.kind !== 'leader') return;
    const { term, successor } = this.#role;
    this.#stepDown(why, step);
    if (this.#core.mutants.has('no-handover') || successor === undefined) return;
    step.outbox.note(`asks ${successor} to lead`);
    step.outbox.send(successor, { kind: 'register/stand', committed: this.#core.position, term });
    // The successor needs this one's vote, not its rivalry.
    this.#role = { kind: 'follower', electionAtMs: step.nowMs + 2 * this.#core.options.electionMaxMs };
  }

  /** A newer term ends every role of an older one. */
  #enter(term: number, step: Step<V, C, D, R>): void {
    if (this.#core.promises.enter(term)) this.#dropOldRole(step);
  }

  #dropOldRole(step: Step<V, C, D, R>): void {
    const role = this.#role;
    if (role.kind !== 'standing' && role.kind !== 'leader') return;
    if (role.term < this.term) this.#stepDown(`term ${this.term} has begun`, step);
  }

  /** What a step may have brought about: a newer term learnt with a commit, an election won, a leader that is to vote no more. */
  #settle(step: Step<V, C, D, R>): void {
    this.#dropOldRole(step);
    const role = this.#role;
    if (role.kind === 'standing' && role.isElected) this.#lead(role.term, step);
    if (this.#role.kind === 'leader' && this.#role.mustLeave) this.#resign('it is a voter no more', step);
  }

  // -- messages

  #dispatch(from: NodeId, message: RegisterMessage<V, C, D, R>, step: Step<V, C, D, R>): void {
    const role = this.#role;
    const isOfTerm = termOf(message) === this.term;
    switch (message.kind) {
      case 'register/pre-vote':
        answerPreVote(this.#core, from, message, this.#hears(step.nowMs), step);
        return;
      case 'register/pre-vote-answer':
        if (role.kind !== 'asking') return;
        role.answered(from, message);
        if (role.isWanted && this.#canStand()) this.#stand(role.newestTerm + 1, step);
        return;
      case 'register/vote':
        // Also one that asked itself waits now: the one that it voted for is to have its time.
        if (
          answerVote(this.#core, from, message, step) &&
          role.kind !== 'standing' &&
          role.kind !== 'leader'
        ) {
          this.#follow(step);
        }
        return;
      case 'register/vote-answer':
        if (role.kind === 'standing' && isOfTerm && message.isGranted) role.granted(from);
        return;
      case 'register/publish':
        if (this.#hearsLeader(from, message.position.term, step)) this.#acceptor.receive(from, message, step);
        return;
      case 'register/check':
        if (this.#hearsLeader(from, message.term, step)) this.#acceptor.checked(from, message, step);
        return;
      case 'register/check-answer':
        if (role.kind === 'leader' && isOfTerm) role.checked(from, message, step);
        return;
      case 'register/accepted':
        if (role.kind === 'leader') role.accepted(from, message.position, step);
        return;
      case 'register/needs-whole':
        if (role.kind === 'leader') role.needsWhole(from, message.position, step);
        return;
      case 'register/fetch':
        this.#commits.asked(from, message.committed, step);
        return;
      case 'register/propose':
        this.#propose(from, message, step);
        return;
      case 'register/outcome':
        if (message.outcome.kind === 'not-leader') this.#core.hearOf(message.outcome.leader);
        this.#proposals.answered(from, message.id, message.outcome);
        return;
      case 'register/stand':
        if (isOfTerm && role.kind !== 'leader' && this.#canStand()) this.#stand(this.term + 1, step);
        return;
      case 'register/outdated':
      case 'register/committed':
        // They are told by their term and by what is committed.
        return;
    }
  }

  #hears(nowMs: number): boolean {
    return this.#role.kind === 'leader' || nowMs < this.#heardLeaderMs + this.#core.options.electionMinMs;
  }

  /** Whether who sent this leads the term; one of an older term is told. */
  #hearsLeader(from: NodeId, term: number, step: Step<V, C, D, R>): boolean {
    const { position, mutants } = this.#core;
    if (term < this.term && !mutants.has('accept-older-term')) {
      step.outbox.send(from, { kind: 'register/outdated', committed: position, term: this.term });
      return false;
    }
    assert(this.#role.kind !== 'leader', 'a term has one leader');
    this.#core.hearOf({ node: from, term });
    this.#heardLeaderMs = step.nowMs;
    this.#follow(step);
    return true;
  }

  #propose(from: NodeId, message: Propose<C>, step: Step<V, C, D, R>): void {
    const role = this.#role;
    const isTheirs = role.kind === 'leader' && role.term === message.term;
    if (role.kind === 'leader' && (isTheirs || this.#core.mutants.has('proposal-of-any-term'))) {
      role.propose(from, message.id, message.changes, step);
    } else {
      this.#proposals.turnAway(from, message, step);
    }
  }
}

const NO_REPORTS: ReadonlyMap<NodeId, never> = new Map<NodeId, never>();
