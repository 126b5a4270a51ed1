/**
 * The leader's side of changes: those that wait for their turn, and the outcomes it gave, so that a proposal that comes twice is applied
 * once and answered alike.
 */
import type { NodeId } from '../../ring/index.js';
import type { Core, Step } from './core.js';
import type { Outcome } from './messages.js';
import type { Proposals } from './proposals.js';

/** Proposals that wait. A cluster of 1,000 nodes in trouble has one of each; more are refused. */
const MAX_WAITING = 1024;
/** Outcomes remembered for those that come again: what the network may hold back meanwhile. */
const MAX_DECIDED = 4096;

export interface Waiting<C> {
  readonly from: NodeId;
  readonly id: number;
  readonly changes: readonly C[];
  readonly sinceMs: number;
}

interface Taken<V, C> {
  readonly value: V;
  readonly taken: readonly Waiting<C>[];
}

export class ProposalQueue<V, C, D, R> {
  readonly #core: Core<V, C, D>;
  readonly #proposals: Proposals<V, C, D, R>;
  readonly #decided = new Map<string, Outcome>();
  #waiting: Waiting<C>[] = [];

  constructor(core: Core<V, C, D>, proposals: Proposals<V, C, D, R>) {
    this.#core = core;
    this.#proposals = proposals;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(one: Waiting<C>, step: Step<V, C, D, R>): void {
    const outcome = this.#decided.get(keyOf(one));
    if (outcome !== undefined && !this.#core.mutants.has('repeat-applies-twice')) {
      this.answer(one, outcome, step);
    } else if (this.#waiting.some(({ from, id }) => from === one.from && id === one.id)) {
      return;
    } else if (this.#waiting.length >= MAX_WAITING) {
      this.#refuse(one, `${MAX_WAITING} proposals wait at the leader: propose again later`, step);
    } else {
      this.#waiting.push(one);
    }
  }

  /** Applies in turn what may be published and fits; what may not yet stays. */
  take(base: V, step: Step<V, C, D, R>): Taken<V, C> {
    const { kind, options } = this.#core;
    let value = base;
    const taken: Waiting<C>[] = [];
    const stay: Waiting<C>[] = [];
    for (const one of this.#waiting) {
      const verdict = this.#verdict(one, step);
      if (verdict === 'wait') {
        if (step.nowMs < one.sinceMs + options.waitMs) stay.push(one);
        else this.#refuse(one, `it might not be published for ${options.waitMs} ms: plan again`, step);
        continue;
      }
      const applied = verdict === 'publish' ? kind.apply(value, one.changes) : undefined;
      const why = verdict === 'publish' ? applied?.refused : verdict.refuse;
      if (applied === undefined || why !== undefined) {
        this.#refuse(one, why ?? 'it does not fit', step);
      } else {
        value = applied.value;
        taken.push(one);
      }
    }
    this.#waiting = stay;
    if (taken.length > 0) kind.check(value);
    return { value, taken };
  }

  decided(one: Waiting<C>, outcome: Outcome, step: Step<V, C, D, R>): void {
    this.#decided.set(keyOf(one), outcome);
    if (this.#decided.size > MAX_DECIDED) {
      for (const oldest of this.#decided.keys()) {
        this.#decided.delete(oldest);
        break;
      }
    }
    this.answer(one, outcome, step);
  }

  answer({ from, id }: Waiting<C>, outcome: Outcome, { outbox }: Step<V, C, D, R>): void {
    if (from === this.#core.self) this.#proposals.settle(id, outcome);
    else outbox.send(from, { kind: 'register/outcome', committed: this.#core.position, id, outcome });
  }

  /** The leadership ended before their turn came. */
  end(step: Step<V, C, D, R>): void {
    for (const one of this.#waiting) this.answer(one, { kind: 'not-leader', leader: undefined }, step);
    this.#waiting = [];
  }

  #verdict(one: Waiting<C>, { advice }: Step<V, C, D, R>): ReturnType<typeof advice.mayPublish> {
    if (this.#core.mutants.has('publish-without-asking')) return 'publish';
    let waits = false;
    for (const change of one.changes) {
      const verdict = advice.mayPublish(change);
      if (typeof verdict === 'object') return verdict;
      if (verdict === 'wait') waits = true;
    }
    return waits ? 'wait' : 'publish';
  }

  /** Refused on what is committed or about to be: if that is lost with the leadership, the refusal stands all the same. */
  #refuse(one: Waiting<C>, why: string, step: Step<V, C, D, R>): void {
    step.outbox.note(`refuses a change of ${one.from}: ${why}`);
    this.decided(one, { kind: 'refused', version: this.#core.position?.version ?? 0, why }, step);
  }
}

function keyOf({ from, id }: { readonly from: NodeId; readonly id: number }): string {
  return `${from} ${id}`;
}
