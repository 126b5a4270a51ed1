/**
 * The leader of a term: publishes one value at a time, and commits it when a quorum accepted it.
 *
 *   proposals ──> queue ──parent says 'publish', changes fit──> open publication ──quorum accepted──> committed, told to all
 *                  ^   └── refused, in words                      │
 *                  └────── wait until it is committed ────────────┘
 *
 * Invariants
 * - The next value is derived from one known to be committed. A leader that finds a value it accepted, and does not know to be
 *   committed, first publishes that one again, unchanged but for the term.
 * - Acceptances count only of this term: one of an older term may be undone by a leader in between.
 * - A leader that has heard no quorum for a while leads no more; what was open then is 'unknown' to who proposed it.
 */
import { assert } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Acceptor } from './acceptor.js';
import type { Commits } from './commits.js';
import type { Core, Step } from './core.js';
import { type Electorate, electorateOf } from './electorate.js';
import type { CheckAnswer, Content, Placed } from './messages.js';
import { isAbove, isSamePosition, type Position, positionText } from './position.js';
import { ProposalQueue, type Waiting } from './proposal-queue.js';
import type { Proposals } from './proposals.js';

export interface VoterReport<R> {
  readonly report: R;
  readonly atMs: number;
}

interface Publication<V, C, D> extends Placed<V> {
  readonly electorate: Electorate;
  readonly proposals: readonly Waiting<C>[];
  /** What is sent first; who has not its base asks for the whole. */
  readonly content: Content<V, D>;
  readonly acceptedBy: Set<NodeId>;
  /** When it was sent last. */
  readonly sentMs: Map<NodeId, number>;
}

export interface LeaderParts<V, C, D, R> {
  readonly core: Core<V, C, D>;
  readonly acceptor: Acceptor<V, C, D, R>;
  readonly commits: Commits<V, C, D, R>;
  readonly proposals: Proposals<V, C, D, R>;
}

export class Leadership<V, C, D, R> {
  readonly kind = 'leader';
  readonly term: number;
  readonly #parts: LeaderParts<V, C, D, R>;
  readonly #core: Core<V, C, D>;
  readonly #queue: ProposalQueue<V, C, D, R>;
  /** Voters, by when they were heard; only of this term. */
  readonly #heardMs = new Map<NodeId, number>();
  readonly #reports = new Map<NodeId, VoterReport<R>>();
  /** The number of the check that each answered last. */
  readonly #answered = new Map<NodeId, number>();
  readonly #sinceMs: number;
  #open: Publication<V, C, D> | undefined;
  #checkAtMs: number;
  #checks = 0;
  #mustLeave = false;

  constructor(parts: LeaderParts<V, C, D, R>, term: number, step: Step<V, C, D, R>) {
    this.#parts = parts;
    this.#core = parts.core;
    this.term = term;
    this.#sinceMs = step.nowMs;
    this.#checkAtMs = step.nowMs;
    this.#queue = new ProposalQueue(parts.core, parts.proposals);
    const { accepted } = this.#core.promises;
    assert(accepted !== undefined, 'a leader has accepted something');
    assert(
      !isAbove(this.#core.position, accepted.position),
      'a leader has accepted all that it knows to be committed',
    );
    step.outbox.note(`leads in term ${term}`);
    if (this.#core.mutants.has('derive-uncommitted')) parts.commits.learn(accepted, step);
    if (accepted.position.version === this.#core.position?.version) {
      this.#mustLeave = !this.#core.isVoterOf(accepted.value);
      return;
    }
    step.outbox.note(`publishes ${positionText(accepted.position)} again: it may be committed`);
    const { base, value } = accepted;
    this.#publish(base, value, { kind: 'whole', value }, [], step);
  }

  get reports(): ReadonlyMap<NodeId, VoterReport<R>> {
    return this.#reports;
  }

  /** It is a voter no more, and that is committed. */
  get mustLeave(): boolean {
    return this.#mustLeave;
  }

  /** False: a quorum has not been heard for too long. */
  tick(step: Step<V, C, D, R>): boolean {
    if (step.nowMs >= this.#checkAtMs) {
      if (!this.#hearsQuorum(step.nowMs)) return false;
      this.#checkAtMs = step.nowMs + this.#core.options.checkMs;
      this.#check(step);
    }
    this.#publishNext(step);
    return true;
  }

  propose(from: NodeId, id: number, changes: readonly C[], step: Step<V, C, D, R>): void {
    const inOpen = this.#open?.proposals.some((one) => one.from === from && one.id === id) ?? false;
    if (!inOpen) this.#queue.add({ from, id, changes, sinceMs: step.nowMs }, step);
    this.#publishNext(step);
    // It may wait for what voters report, which may be so already: of a hand-over they have heard the release.
    if (this.#open === undefined && !this.#queue.isEmpty) this.#check(step);
  }

  checked(from: NodeId, { number, accepted, held, report }: CheckAnswer<R>, step: Step<V, C, D, R>): void {
    this.#heardMs.set(from, step.nowMs);
    if (number > (this.#answered.get(from) ?? 0)) {
      this.#answered.set(from, number);
      this.#reports.set(from, { report, atMs: step.nowMs });
    }
    const open = this.#open;
    if (open === undefined) {
      this.#publishNext(step);
      return;
    }
    if (this.#isOf(open, accepted)) this.accepted(from, open.position, step);
    else if (!isSamePosition(held, open.position)) this.#sendAgain(open, from, step);
  }

  accepted(from: NodeId, position: Position, step: Step<V, C, D, R>): void {
    this.#heardMs.set(from, step.nowMs);
    const open = this.#open;
    if (open === undefined || !this.#isOf(open, position)) return;
    open.acceptedBy.add(from);
    const { electorate } = open;
    const counted = this.#core.mutants.has('commit-by-one-set') ? electorate.firstSetOnly() : electorate;
    if (counted.agrees(open.acceptedBy)) this.#commit(open, step);
  }

  needsWhole(from: NodeId, position: Position, step: Step<V, C, D, R>): void {
    this.#heardMs.set(from, step.nowMs);
    const open = this.#open;
    if (open === undefined || !isSamePosition(open.position, position)) return;
    this.#send(open, from, { kind: 'whole', value: open.value }, step);
  }

  /** Something of this node's own came to disk: its acceptance is one like the others. */
  persisted(step: Step<V, C, D, R>): void {
    const { promises, self } = this.#core;
    if (this.#open !== undefined && this.#isOf(this.#open, promises.durable)) {
      this.accepted(self, this.#open.position, step);
    }
  }

  /** It leads no more: whoever waits is told. */
  end(step: Step<V, C, D, R>): void {
    const open = this.#open;
    this.#open = undefined;
    const why = 'the leader lost its leadership while this was being published';
    for (const one of open?.proposals ?? []) this.#queue.answer(one, { kind: 'unknown', why }, step);
    this.#queue.end(step);
  }

  /** Who should lead instead: a voter to stay, heard last. Undefined: nobody was heard. */
  get successor(): NodeId | undefined {
    const { self, kind, promises } = this.#core;
    let best: NodeId | undefined;
    for (const voter of kind.votersOf(this.#core.committed?.value ?? promises.accepted!.value)[0]!) {
      const heardMs = this.#heardMs.get(voter);
      if (voter === self || heardMs === undefined) continue;
      // One that has not accepted what is open might be refused by those who have.
      if (this.#open !== undefined && !this.#open.acceptedBy.has(voter)) continue;
      if (best === undefined || heardMs > this.#heardMs.get(best)!) best = voter;
    }
    return best;
  }

  get #electorate(): Electorate {
    return this.#open?.electorate ?? this.#core.promises.electorate!;
  }

  #hearsQuorum(nowMs: number): boolean {
    const { options, self, mutants } = this.#core;
    const afterMs = nowMs - options.electionMaxMs;
    if (this.#sinceMs > afterMs || mutants.has('no-check-quorum')) return true;
    const heard = new Set([self]);
    for (const [voter, heardMs] of this.#heardMs) if (heardMs > afterMs) heard.add(voter);
    return this.#electorate.agrees(heard);
  }

  #check({ outbox }: Step<V, C, D, R>): void {
    const { self, position } = this.#core;
    const number = ++this.#checks;
    for (const voter of this.#electorate.members) {
      if (voter === self) continue;
      outbox.send(voter, { kind: 'register/check', committed: position, term: this.term, number });
    }
  }

  /** Whether who accepted this accepted the open publication. */
  #isOf(open: Publication<V, C, D>, position: Position | undefined): boolean {
    if (this.#core.mutants.has('answer-of-any-term')) return position?.version === open.position.version;
    return isSamePosition(open.position, position);
  }

  #publishNext(step: Step<V, C, D, R>): void {
    if (this.#open !== undefined || this.#queue.isEmpty || this.#mustLeave) return;
    const { kind } = this.#core;
    const base = this.#core.committed!;
    const { value, taken } = this.#queue.take(base.value, step);
    if (taken.length === 0) return;
    const version = base.position.version;
    assert(kind.versionOf(value) > version, 'changes raise the version');
    const diff = kind.diff(base.value, value);
    const content: Content<V, D> =
      diff === undefined ? { kind: 'whole', value } : { kind: 'patch', of: version, diff };
    this.#publish({ version, voterSets: kind.votersOf(base.value) }, value, content, taken, step);
  }

  #publish(
    base: Placed<V>['base'],
    value: V,
    content: Content<V, D>,
    proposals: readonly Waiting<C>[],
    step: Step<V, C, D, R>,
  ): void {
    const { kind, mutants, self } = this.#core;
    const position = { term: this.term, version: kind.versionOf(value) };
    const electorate = electorateOf(kind, { value, base }, mutants);
    const acceptedBy = new Set<NodeId>();
    const open = { position, base, value, electorate, proposals, content, acceptedBy, sentMs: new Map() };
    this.#open = open;
    for (const voter of electorate.members) if (voter !== self) this.#send(open, voter, content, step);
    // Were it none, nobody could be elected: it would refuse its vote to all who have less, and not stand itself.
    assert(electorate.has(self), 'only who votes on a value accepts it before it is committed');
    this.#parts.acceptor.offer({ position, base, value, leader: self }, step);
  }

  #send(
    open: Publication<V, C, D>,
    to: NodeId,
    content: Content<V, D>,
    { nowMs, outbox }: Step<V, C, D, R>,
  ): void {
    const { position, base, sentMs } = open;
    sentMs.set(to, nowMs);
    outbox.send(to, { kind: 'register/publish', committed: this.#core.position, position, base, content });
  }

  /** To one who seems to have missed it; not while the last one may still be under way. */
  #sendAgain(open: Publication<V, C, D>, to: NodeId, step: Step<V, C, D, R>): void {
    const sentMs = open.sentMs.get(to);
    if (sentMs === undefined || step.nowMs < sentMs + this.#core.options.checkMs) return;
    this.#send(open, to, open.content, step);
  }

  #commit(open: Publication<V, C, D>, step: Step<V, C, D, R>): void {
    const { position, base, value, content, proposals, electorate } = open;
    const { kind, self, leader } = this.#core;
    const before = this.#core.committed?.value;
    this.#open = undefined;
    this.#parts.commits.learn({ position, base, value }, step);
    this.#mustLeave = !this.#core.isVoterOf(value);
    step.outbox.note(`commits ${positionText(position)}`);
    const all = [
      ...kind.nodesOf(value),
      ...electorate.members,
      ...(before === undefined ? [] : kind.nodesOf(before)),
    ];
    for (const node of new Set(all)) {
      if (node === self) continue;
      const news = open.acceptedBy.has(node) ? undefined : { base, content };
      step.outbox.send(node, { kind: 'register/committed', committed: position, news, leader });
    }
    for (const one of proposals) {
      this.#queue.decided(one, { kind: 'done', version: position.version }, step);
    }
    this.#publishNext(step);
  }
}
