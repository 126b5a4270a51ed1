/**
 * How a node learns what is committed, and asserts that it is one chain.
 *
 *   told by the leader ──────────────> has it accepted, or got it as whole or patch ──> learnt
 *   any message says a newer position ──> has it accepted ──> learnt
 *                                    └──> fetch from who said so ──> whole ──> learnt
 *   no leader heard (all learners) ──> asks a voter now and then, or one of its contacts
 *
 * What is learnt is also accepted, without asking the gate: a quorum of voters has let it through. So a learner finds the voters again
 * after a restart, and a voter that missed publications is again one that may lead.
 */
import { assert } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Core, Step } from './core.js';
import type { News, Placed } from './messages.js';
import { isAbove, type Position } from './position.js';

/** Of four looks around, one goes to a contact: all voters that a node knows may be gone. */
const LOOKS_PER_CONTACT = 4;

export class Commits<V, C, D, R> {
  readonly #core: Core<V, C, D>;
  #fetchAtMs = Number.NEGATIVE_INFINITY;
  #pollAtMs = Number.NEGATIVE_INFINITY;

  constructor(core: Core<V, C, D>) {
    this.#core = core;
  }

  /** Takes a committed value, unless it is known already or of another cluster. */
  learn(placed: Placed<V>, { outbox }: Step<V, C, D, R>): void {
    const { committed, promises } = this.#core;
    const { position, base, value } = placed;
    if (position.version <= (committed?.position.version ?? -1)) return;
    if (!promises.isOfThisCluster(value)) {
      outbox.note('a committed value of another cluster was not taken');
      return;
    }
    assert(
      committed === undefined || base.version >= committed.position.version,
      'committed values form one chain',
    );
    this.#core.committed = placed;
    promises.enter(position.term);
    this.adopt(outbox);
  }

  /** Accepts what is committed; later, if the disk is too slow now. */
  adopt(outbox: Step<V, C, D, R>['outbox']): void {
    const { committed, promises } = this.#core;
    if (committed === undefined || !isAbove(committed.position, promises.accepted?.position)) return;
    if (promises.canPromise) promises.accept(committed, outbox);
  }

  /** Somebody knows this to be committed. */
  heard(from: NodeId, position: Position | undefined, step: Step<V, C, D, R>): void {
    if (position === undefined || position.version <= (this.#core.position?.version ?? -1)) return;
    const { accepted } = this.#core.promises;
    // Whoever accepted this version in this term or a later one accepted what was committed: no other value of that
    // version can follow the commit.
    if (accepted?.position.version === position.version && accepted.position.term >= position.term) {
      this.learn({ ...accepted, position }, step);
    } else {
      this.#fetch(from, step);
    }
  }

  /** Was told of a commit, perhaps with the value. */
  told(from: NodeId, { committed, news, leader }: News<V, D>, step: Step<V, C, D, R>): void {
    this.#core.hearOf(leader);
    const known = this.#core.committed;
    if (committed === undefined || committed.version <= (known?.position.version ?? -1)) return;
    if (news === undefined) {
      this.heard(from, committed, step);
    } else if (news.content.kind === 'whole') {
      this.learn({ position: committed, base: news.base, value: news.content.value }, step);
    } else {
      const { of, diff } = news.content;
      const fits = known?.position.version === of || this.#core.mutants.has('patch-on-any-base');
      if (known === undefined || !fits) this.#fetch(from, step);
      else {
        const value = this.#core.kind.patch(known.value, diff);
        this.learn({ position: committed, base: news.base, value }, step);
      }
    }
  }

  /** Somebody asks; says what it knows, if that is not yet known there. */
  asked(from: NodeId, has: Position | undefined, { outbox }: Step<V, C, D, R>): void {
    const { committed, position, leader } = this.#core;
    if (committed !== undefined && committed.position.version > (has?.version ?? -1)) {
      outbox.send(from, this.#core.wholeNews());
    } else {
      outbox.send(from, { kind: 'register/committed', committed: position, news: undefined, leader });
    }
  }

  /** For a node that hears no leader. */
  poll(step: Step<V, C, D, R>): void {
    const { options, random, self, promises } = this.#core;
    if (step.nowMs < this.#pollAtMs) return;
    this.#pollAtMs = step.nowMs + options.pollMs / 2 + random.below(options.pollMs);
    const voters = promises.electorate?.members ?? [];
    const { contacts } = step.advice;
    const among =
      contacts.length > 0 && (voters.length === 0 || random.below(LOOKS_PER_CONTACT) === 0)
        ? contacts
        : voters;
    const one = among[random.below(Math.max(1, among.length))];
    if (one !== undefined && one !== self) this.#fetch(one, step);
  }

  /** One question in the time of a check, whatever was heard: the value is large. */
  #fetch(from: NodeId, { nowMs, outbox }: Step<V, C, D, R>): void {
    if (nowMs < this.#fetchAtMs) return;
    this.#fetchAtMs = nowMs + this.#core.options.checkMs;
    outbox.send(from, { kind: 'register/fetch', committed: this.#core.position });
  }
}
