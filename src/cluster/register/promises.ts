/**
 * What this node promised, and the order in which it does so: first on disk, then said.
 *
 *   term, votedFor     one vote in a term, and no word for a leader of an older term
 *   accepted           the newest value it accepted, perhaps not committed
 *   pending            a publication that waits for the gate; only the newest
 *
 *   publish ──> pending ──gate says yes──> accepted ──on disk──> 'accepted' is said
 *                  └──── something newer, a newer term ────> dropped: nothing was promised
 *
 * Invariants
 * - The term never goes back; what is accepted only moves to later positions.
 * - The state in memory may be ahead of the disk, so that later promises include it; what is *said* is not.
 * - A term that was only heard of is not written: it promises nothing. It goes to disk with the next promise.
 * - A node accepts values of one cluster, for good. That makes a first start safe: a fresh node may accept from any
 *   leader, but two clusters that were begun at once over the same nodes can never both have a majority of them.
 */
import { assert } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Outbox } from '../step.js';
import { type Electorate, electorateOf } from './electorate.js';
import type { Placed, RegisterDisk } from './messages.js';
import { isAbove, type Position } from './position.js';
import type { ValueFacts } from './value-kind.js';

/** Writes under way; at more the disk is too slow, and a node that promises nothing for a moment does no harm. */
const MAX_WRITES = 16;

interface Write<V> {
  readonly number: number;
  readonly accepted: Placed<V> | undefined;
}

export interface Pending<V> extends Placed<V> {
  readonly leader: NodeId;
}

export class Promises<V> {
  /** Who agrees on what is accepted; undefined: nothing is. */
  electorate: Electorate | undefined;
  pending: Pending<V> | undefined;
  /** The number of the write that failed; nothing is promised until a later one, of the whole state, has succeeded. */
  #failedNumber: number | undefined;
  readonly #facts: ValueFacts<V>;
  readonly #mutants: ReadonlySet<string>;
  #term: number;
  #votedFor: NodeId | undefined;
  #accepted: Placed<V> | undefined;
  #number = 0;
  #durableNumber = 0;
  #durable: Placed<V> | undefined;
  #writes: Write<V>[] = [];

  constructor(facts: ValueFacts<V>, saved: RegisterDisk<V> | undefined, mutants: ReadonlySet<string>) {
    this.#facts = facts;
    this.#mutants = mutants;
    this.#term = saved?.term ?? 0;
    this.#votedFor = saved?.votedFor;
    this.#accepted = saved?.accepted;
    this.#durable = this.#accepted;
    this.electorate = this.#accepted && electorateOf(facts, this.#accepted, mutants);
  }

  get term(): number {
    return this.#term;
  }

  get votedFor(): NodeId | undefined {
    return this.#votedFor;
  }

  get accepted(): Placed<V> | undefined {
    return this.#accepted;
  }

  /** What is accepted and on disk. */
  get durable(): Position | undefined {
    return this.#mutants.has('persist-after-answer') ? this.#accepted?.position : this.#durable?.position;
  }

  get canPromise(): boolean {
    if (this.#failedNumber !== undefined && !this.#mutants.has('broken-disk-promises')) return false;
    return this.#writes.length < MAX_WRITES;
  }

  /** True if it is a newer term: what was begun in an older one is over. */
  enter(term: number): boolean {
    if (term <= this.#term) return false;
    this.#term = term;
    this.#votedFor = undefined;
    if (!this.#mutants.has('pending-outlives-term')) this.pending = undefined;
    return true;
  }

  /** Whether this one's vote in the term that is entered was or is now given. What is said about it waits for the disk. */
  vote(candidate: NodeId, outbox: Outbox<never, RegisterDisk<V>>): boolean {
    if (!this.canPromise) return false;
    if (this.#votedFor === candidate) return true;
    if (this.#votedFor !== undefined && !this.#mutants.has('vote-twice')) return false;
    this.#votedFor = candidate;
    this.#write(outbox);
    return true;
  }

  /** False: the value is of another cluster than what was accepted before. */
  isOfThisCluster(value: V): boolean {
    const accepted = this.#accepted;
    return (
      accepted === undefined ||
      this.#facts.idOf(accepted.value) === this.#facts.idOf(value) ||
      this.#mutants.has('any-cluster')
    );
  }

  /** Accepts what the gate let through, what is committed, or what begins a cluster. */
  accept(placed: Placed<V>, outbox: Outbox<never, RegisterDisk<V>>): void {
    const { position, base, value } = placed;
    assert(isAbove(position, this.#accepted?.position), 'a node accepts only what is later');
    assert(position.term <= this.#term, 'a node accepts nothing of a term it has not entered');
    assert(position.version === this.#facts.versionOf(value), 'a position has the version of its value');
    assert(this.isOfThisCluster(value), 'a node accepts values of one cluster');
    this.#accepted = { position, base, value };
    this.electorate = electorateOf(this.#facts, placed, this.#mutants);
    if (!isAbove(this.pending?.position, position)) this.pending = undefined;
    this.#write(outbox);
  }

  /** Says something that rests on all promises so far. */
  say<M>(to: NodeId, message: M, outbox: Outbox<M, RegisterDisk<V>>): void {
    if (this.isDurable(this.#number)) outbox.send(to, message);
    else outbox.sendAfterPersist(this.#number, to, message);
  }

  get placedOnDisk(): Placed<V> | undefined {
    return this.#durable;
  }

  /** The number of the last write. */
  get number(): number {
    return this.#number;
  }

  isDurable(number: number): boolean {
    return this.#durableNumber >= number || this.#mutants.has('persist-after-answer');
  }

  /** The disk did not keep a write. */
  failed(number: number): void {
    this.#failedNumber = Math.max(number, this.#failedNumber ?? 0);
    this.#writes = this.#writes.filter((write) => write.number > number);
    this.pending = undefined;
  }

  get isBroken(): boolean {
    return this.#failedNumber !== undefined;
  }

  /** Tries the disk again, with everything. */
  retry(outbox: Outbox<never, RegisterDisk<V>>): void {
    if (this.#writes.length === 0) this.#write(outbox);
  }

  persisted(number: number): void {
    if (this.#failedNumber !== undefined && number > this.#failedNumber) this.#failedNumber = undefined;
    this.#durableNumber = Math.max(this.#durableNumber, number);
    while (this.#writes.length > 0 && this.#writes[0]!.number <= number) {
      this.#durable = this.#writes.shift()!.accepted;
    }
  }

  #write(outbox: Outbox<never, RegisterDisk<V>>): void {
    this.#number++;
    this.#writes.push({ number: this.#number, accepted: this.#accepted });
    outbox.persist({ term: this.#term, votedFor: this.#votedFor, accepted: this.#accepted }, this.#number);
  }
}
