/**
 * A small program to prove the world with, and to learn from: nodes vote on who of them may work, for as long as a lease lasts.
 *
 *   candidate ── ask(term) ──> voters      a voter that promised nothing lately keeps the term, then grants
 *   worker ── renew(term, sentMs) ──> voters      extends their promise; it works while a majority granted what it sent
 *                                                 less than LEASE_MS ago on its clock
 *
 * A voter keeps a promise for GRACE_MS of its clock, and is silent for as long after its start, since it forgot them. All nodes
 * that the world began with are voters; one whose disk was lost only looks on.
 *
 * Most rules can be left out (`MUTANTS`); the checkers then find two workers.
 */
import type { NodeId } from '../../ring/index.js';
import type { Effects, Host, HostClocks, Life, Program, TrialSetup } from '../program.js';

export const MUTANTS = [
  /** A voter grants whatever it promised. */
  'no-promise',
  /** A grant leaves before it is kept. */
  'no-persist',
  /** The lease counts from when the grant came. */
  'received-time',
  /** A voter counts on the wall clock. */
  'voter-on-wall-clock',
  /** The worker counts on a clock that stands still while it is suspended. */
  'worker-on-monotonic',
  /** The worker changes what it received, which others hold too. */
  'changes-message',
] as const;

const LEASE_MS = 1000;
const DRIFT = 0.05;
const GRACE_MS = Math.ceil((LEASE_MS * (1 + DRIFT)) / (1 - DRIFT)) + 5;
const RENEW_EVERY_MS = 250;
/** A candidate that has not won by then begins anew. */
const PATIENCE_MS = 400;

/** Candidates begin so far apart, so that one of them mostly is alone. */
const SPREAD_MS = 5000;

export type LeaseMessage =
  | { readonly kind: 'ask'; readonly term: number; readonly life: string; readonly sentMs: number }
  | { readonly kind: 'renew'; readonly term: number; readonly life: string; readonly sentMs: number }
  | { readonly kind: 'granted'; readonly term: number; readonly life: string; readonly sentMs: number }
  | { readonly kind: 'refused'; readonly term: number };

export interface LeaseState {
  readonly term: number;
  /** Who was granted this term. */
  readonly holder: NodeId;
}

export interface LeaseFact {
  readonly kind: 'works';
  readonly term: number;
}

type LeaseEffects = Effects<LeaseMessage, LeaseState, LeaseFact>;
type LeaseRole =
  | { readonly kind: 'waits'; readonly untilMs: number }
  | { readonly kind: 'asks'; readonly sinceMs: number; readonly grants: Map<NodeId, number> }
  | { readonly kind: 'works'; readonly grants: Map<NodeId, number> };

export function leaseProgram({ nodes, mutants }: TrialSetup): Program<LeaseMessage, LeaseState, LeaseFact> {
  return { start: (host) => new LeaseLife(host, nodes, mutants) };
}

class LeaseLife implements Life<LeaseMessage, LeaseState, LeaseFact> {
  readonly #host: Host<LeaseState>;
  readonly #voters: readonly NodeId[];
  readonly #mutants: ReadonlySet<string>;
  #state: LeaseState;
  #persists = 0;
  /** The last persist that is over. */
  #kept = 0;
  #hasFailed = false;
  /** When this life last granted, or began, on the voter's clock; and to whom. */
  #promisedMs: number;
  #promisedTo: NodeId = '';
  #role: LeaseRole;
  #renewedMs = 0;

  constructor(host: Host<LeaseState>, voters: readonly NodeId[], mutants: ReadonlySet<string>) {
    this.#host = host;
    this.#voters = voters;
    this.#mutants = mutants;
    this.#state = host.disk.kind === 'kept' ? host.disk.state : { term: 0, holder: '' };
    this.#promisedMs = this.#voterMs(host.clocks);
    this.#role = this.#waiting(host.clocks);
  }

  tick(clocks: HostClocks, effects: LeaseEffects): void {
    const role = this.#role;
    const holderMs = this.#workerMs(clocks);
    if (this.#hasFailed) this.#keep(this.#state, effects);
    if (role.kind === 'works') {
      if (!this.#isMajority(role.grants, holderMs)) {
        effects.note(`works no more: its lease of term ${this.#state.term} is over`);
        effects.mark('lapsed');
        this.#role = this.#waiting(clocks);
        return;
      }
      effects.report({ kind: 'works', term: this.#state.term });
      if (holderMs - this.#renewedMs >= RENEW_EVERY_MS) this.#tellVoters('renew', holderMs, effects);
    } else if (role.kind === 'asks') {
      if (holderMs - role.sinceMs > PATIENCE_MS) this.#role = this.#waiting(clocks);
    } else if (
      this.#isVoter &&
      clocks.monotonicMs > role.untilMs &&
      !this.#hasPromised(clocks, this.#host.id)
    ) {
      this.#ask(clocks, effects);
    }
  }

  receive(from: NodeId, message: LeaseMessage, clocks: HostClocks, effects: LeaseEffects): void {
    if (message.kind === 'granted') this.#takeGrant(from, message, clocks, effects);
    else if (message.kind === 'refused') this.#learnTerm(message.term, clocks, effects);
    else if (message.kind === 'ask') this.#answerAsk(from, message, clocks, effects);
    else this.#answerRenewal(from, message, clocks, effects);
  }

  persisted(number: number): void {
    this.#kept = number;
  }

  /** The next tick tries again. */
  persistFailed(): void {
    this.#hasFailed = true;
  }

  get #isVoter(): boolean {
    return this.#voters.includes(this.#host.id);
  }

  #ask(clocks: HostClocks, effects: LeaseEffects): void {
    const sinceMs = this.#workerMs(clocks);
    this.#keep({ term: this.#state.term + 1, holder: this.#host.id }, effects);
    this.#role = { kind: 'asks', sinceMs, grants: new Map() };
    effects.note(`asks for term ${this.#state.term}`);
    this.#tellVoters('ask', sinceMs, effects);
  }

  #answerAsk(
    from: NodeId,
    message: LeaseMessage & { kind: 'ask' },
    clocks: HostClocks,
    effects: LeaseEffects,
  ): void {
    const isOwn = from === this.#host.id && message.term === this.#state.term;
    if (message.term <= this.#state.term && !isOwn) {
      effects.send(from, { kind: 'refused', term: this.#state.term });
      return;
    }
    if (this.#hasPromised(clocks, from)) return;
    if (!isOwn) this.#follow(from, message.term, clocks, effects);
    this.#promise(from, clocks);
    effects.mark('grant', from);
    this.#grant(from, message, effects);
  }

  #answerRenewal(
    from: NodeId,
    message: LeaseMessage & { kind: 'renew' },
    clocks: HostClocks,
    effects: LeaseEffects,
  ): void {
    if (message.term < this.#state.term) {
      effects.send(from, { kind: 'refused', term: this.#state.term });
      return;
    }
    if (message.term > this.#state.term) {
      if (this.#hasPromised(clocks, from)) return;
      this.#follow(from, message.term, clocks, effects);
    }
    if (this.#state.holder !== from) return;
    this.#promise(from, clocks);
    this.#grant(from, message, effects);
  }

  /** To another than that one, lately. A candidate that begins anew has not worked on its own promise. */
  #hasPromised(clocks: HostClocks, to: NodeId): boolean {
    if (this.#mutants.has('no-promise') || (to === this.#promisedTo && to === this.#host.id)) return false;
    return this.#voterMs(clocks) - this.#promisedMs < GRACE_MS;
  }

  #promise(to: NodeId, clocks: HostClocks): void {
    this.#promisedMs = this.#voterMs(clocks);
    this.#promisedTo = to;
  }

  #follow(holder: NodeId, term: number, clocks: HostClocks, effects: LeaseEffects): void {
    this.#role = this.#waiting(clocks);
    this.#keep({ term, holder }, effects);
  }

  /** Leaves when all that this voter has decided is kept. */
  #grant(
    from: NodeId,
    { term, life, sentMs }: Exclude<LeaseMessage, { kind: 'refused' }>,
    effects: LeaseEffects,
  ): void {
    const grant = { kind: 'granted', term, life, sentMs } as const;
    if (this.#mutants.has('no-persist') || this.#persists === this.#kept) effects.send(from, grant);
    else if (!this.#hasFailed) effects.sendAfterPersist(this.#persists, from, grant);
  }

  #takeGrant(
    from: NodeId,
    message: LeaseMessage & { kind: 'granted' },
    clocks: HostClocks,
    effects: LeaseEffects,
  ): void {
    const role = this.#role;
    if (role.kind === 'waits' || message.term !== this.#state.term) return;
    if (message.life !== this.#host.incarnation) return;
    const holderMs = this.#workerMs(clocks);
    const sentMs = this.#mutants.has('received-time') ? holderMs : message.sentMs;
    role.grants.set(from, Math.max(sentMs, role.grants.get(from) ?? 0));
    if (this.#mutants.has('changes-message')) (message as { sentMs: number }).sentMs = holderMs;
    if (role.kind === 'asks' && this.#isMajority(role.grants, holderMs)) {
      effects.note(`works in term ${this.#state.term}: granted by ${[...role.grants.keys()].join(' ')}`);
      effects.mark('won', from);
      this.#role = { kind: 'works', grants: role.grants };
    }
  }

  /** Another one has gone on. */
  #learnTerm(term: number, clocks: HostClocks, effects: LeaseEffects): void {
    if (term <= this.#state.term) return;
    this.#role = this.#waiting(clocks);
    this.#keep({ term, holder: '' }, effects);
  }

  #tellVoters(kind: 'ask' | 'renew', sentMs: number, effects: LeaseEffects): void {
    this.#renewedMs = sentMs;
    const message = { kind, term: this.#state.term, life: this.#host.incarnation, sentMs };
    for (const voter of this.#voters) effects.send(voter, message);
  }

  #keep(state: LeaseState, effects: LeaseEffects): void {
    this.#state = state;
    this.#hasFailed = false;
    effects.persist(state, ++this.#persists);
  }

  #waiting(clocks: HostClocks): LeaseRole {
    return {
      kind: 'waits',
      untilMs: clocks.monotonicMs + this.#host.random.below(SPREAD_MS),
    };
  }

  #isMajority(grants: ReadonlyMap<NodeId, number>, nowMs: number): boolean {
    let fresh = 0;
    for (const sentMs of grants.values()) if (nowMs - sentMs < LEASE_MS) fresh++;
    return 2 * fresh > this.#voters.length;
  }

  #voterMs(clocks: HostClocks): number {
    return this.#mutants.has('voter-on-wall-clock') ? clocks.wallMs : clocks.monotonicMs;
  }

  #workerMs(clocks: HostClocks): number {
    return this.#mutants.has('worker-on-monotonic') ? clocks.monotonicMs : clocks.holderMs;
  }
}
