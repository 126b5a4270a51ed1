/**
 * The two steps to leadership. A node first asks whether it would be elected, which changes nothing for anybody; only if a quorum says so
 * does it enter a new term and stand. So a node that was cut off, and comes back after many attempts, disturbs no leader.
 *
 * Each is a role with its own fields; what they count is worth something only while the role lasts.
 */
import { assert } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Core, Step } from './core.js';
import type { PreVoteAnswer } from './messages.js';

export class Asking<V, C, D, R> {
  readonly kind = 'asking';
  readonly untilMs: number;
  readonly #core: Core<V, C, D>;
  readonly #round: number;
  readonly #given = new Set<NodeId>();
  #newestTerm: number;

  constructor(core: Core<V, C, D>, round: number, { nowMs, outbox }: Step<V, C, D, R>) {
    this.#core = core;
    this.#round = round;
    this.untilMs = nowMs + core.electionMs();
    const { promises, self } = core;
    this.#newestTerm = promises.term;
    this.#given.add(self);
    const accepted = promises.accepted?.position;
    for (const voter of promises.electorate!.members) {
      if (voter === self) continue;
      outbox.send(voter, { kind: 'register/pre-vote', committed: core.position, round, accepted });
    }
  }

  /** The term to stand in must be above this. */
  get newestTerm(): number {
    return Math.max(this.#newestTerm, this.#core.promises.term);
  }

  get isWanted(): boolean {
    return elects(this.#core, this.#given);
  }

  answered(from: NodeId, { round, term, isGranted }: PreVoteAnswer): void {
    if (round !== this.#round) return;
    this.#newestTerm = Math.max(this.#newestTerm, term);
    if (isGranted) this.#given.add(from);
  }
}

export class Standing<V, C, D, R> {
  readonly kind = 'standing';
  readonly term: number;
  readonly untilMs: number;
  readonly #core: Core<V, C, D>;
  readonly #write: number;
  readonly #given = new Set<NodeId>();

  /** Enters the term and votes for itself; the others are asked when that is on disk. */
  constructor(core: Core<V, C, D>, term: number, { nowMs, outbox }: Step<V, C, D, R>) {
    const { promises, self } = core;
    this.#core = core;
    this.term = term;
    this.untilMs = nowMs + core.electionMs();
    assert(promises.enter(term), 'a candidate stands in a new term');
    const accepted = promises.accepted?.position;
    assert(promises.vote(self, outbox), 'a candidate has its own vote');
    this.#write = promises.number;
    for (const voter of promises.electorate!.members) {
      if (voter === self) continue;
      promises.say(voter, { kind: 'register/vote', committed: core.position, term, accepted }, outbox);
    }
    outbox.note(`stands for term ${term}`);
  }

  get isElected(): boolean {
    if (this.#core.promises.isDurable(this.#write)) this.#given.add(this.#core.self);
    return elects(this.#core, this.#given);
  }

  granted(from: NodeId): void {
    this.#given.add(from);
  }
}

function elects<V, C, D>({ promises, mutants }: Core<V, C, D>, given: ReadonlySet<NodeId>): boolean {
  const electorate = promises.electorate!;
  return (mutants.has('elect-by-one-set') ? electorate.firstSetOnly() : electorate).agrees(given);
}
