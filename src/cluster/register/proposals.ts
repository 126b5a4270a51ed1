/**
 * The asker's side of changes: what this node proposed and has no outcome for yet. Each gets exactly one.
 *
 * A proposal goes to one leader, of one term, and is not repeated: whether to ask again is decided by who asked, after it has
 * read what is committed now. An outcome that comes late, after 'unknown', is dropped.
 */
import type { NodeId } from '../../ring/index.js';
import type { Core, Step } from './core.js';
import type { Outcome, Propose } from './messages.js';
import type { ProposalOutcome } from './register.js';

/** Proposals of one node without an outcome. A node has a few at a time; more is a defect of its parent. */
const MAX_OPEN = 256;

interface Open {
  readonly to: NodeId;
  readonly untilMs: number;
}

export class Proposals<V, C, D, R> {
  readonly #core: Core<V, C, D>;
  readonly #open = new Map<number, Open>();
  #outcomes: ProposalOutcome[] = [];
  #lastId: number;

  constructor(core: Core<V, C, D>) {
    this.#core = core;
    // Answers to an earlier life of this node must not fit.
    this.#lastId = core.random.uint32();
  }

  /** A new id; the proposal itself, if there is somebody to send it to, is `send`'s. */
  begin(): number {
    return ++this.#lastId;
  }

  send(id: number, changes: readonly C[], { nowMs, outbox }: Step<V, C, D, R>): void {
    const { leader, position, options, self } = this.#core;
    if (leader === undefined || leader.node === self) {
      this.#outcomes.push({ id, outcome: { kind: 'not-leader', leader: undefined } });
    } else if (this.#open.size >= MAX_OPEN) {
      const why = `${MAX_OPEN} proposals of this node are open: wait for their outcome`;
      this.#outcomes.push({ id, outcome: { kind: 'refused', version: position?.version ?? 0, why } });
    } else {
      const { node, term } = leader;
      this.#open.set(id, { to: node, untilMs: nowMs + options.answerMs });
      outbox.send(node, { kind: 'register/propose', committed: position, term, id, changes });
    }
  }

  /** Somebody proposed to this node what it does not lead: it says whom to ask, or that nobody can know what became of it. */
  turnAway(from: NodeId, { term, id }: Propose<C>, { outbox }: Step<V, C, D, R>): void {
    const { promises, leader, position, self } = this.#core;
    // It may have led that term, in this life or an earlier one, and have dealt with it then.
    const mayHaveLed = term < promises.term || promises.votedFor === self;
    const outcome: Outcome = mayHaveLed
      ? { kind: 'unknown', why: `${self} leads term ${term} no more` }
      : { kind: 'not-leader', leader };
    outbox.send(from, { kind: 'register/outcome', committed: position, id, outcome });
  }

  /** Of a proposal to this node itself. */
  settle(id: number, outcome: Outcome): void {
    this.#outcomes.push({ id, outcome });
  }

  answered(from: NodeId, id: number, outcome: Outcome): void {
    if (this.#open.get(id)?.to !== from) return;
    this.#open.delete(id);
    this.#outcomes.push({ id, outcome });
  }

  tick(nowMs: number): void {
    if (this.#open.size === 0) return;
    for (const [id, { to, untilMs }] of this.#open) {
      if (nowMs < untilMs) continue;
      this.#open.delete(id);
      this.#outcomes.push({ id, outcome: { kind: 'unknown', why: `${to} has not answered` } });
    }
  }

  take(): readonly ProposalOutcome[] {
    if (this.#outcomes.length === 0) return NONE;
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    return outcomes;
  }
}

const NONE: readonly ProposalOutcome[] = [];
