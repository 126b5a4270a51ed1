/**
 * Who must agree to a value: a majority of *every* voter set in it and in the value it was derived from.
 *
 * So any quorum of a value shares a set with any quorum of the next, whatever changed between them, and two majorities of
 * one set meet. Whoever counts with other sets (the next voters alone, the first set alone) gets two quorums that do not.
 */
import { isQuorum, type NodeId } from '../../ring/index.js';
import type { Placed, VoterSets } from './messages.js';
import type { ValueFacts } from './value-kind.js';

export class Electorate {
  readonly sets: VoterSets;
  /** Each once. */
  readonly members: readonly NodeId[];

  constructor(sets: VoterSets) {
    // A voter set is given once and shared by many values: the same list need not be counted twice.
    this.sets = sets.filter((set, index) => sets.indexOf(set) === index);
    this.members = this.sets.length === 1 ? this.sets[0]! : [...new Set(this.sets.flat())];
  }

  has(node: NodeId): boolean {
    return this.members.includes(node);
  }

  agrees(given: ReadonlySet<NodeId>): boolean {
    return isQuorum(given, this.sets);
  }

  /** The same without all sets but the first: a rule left out. */
  firstSetOnly(): Electorate {
    return new Electorate(this.sets.slice(0, 1));
  }
}

export function electorateOf<V>(
  facts: ValueFacts<V>,
  { value, base }: Pick<Placed<V>, 'value' | 'base'>,
  mutants: ReadonlySet<string>,
): Electorate {
  const own = facts.votersOf(value);
  return new Electorate(mutants.has('no-quorum-of-base') ? own : [...own, ...base.voterSets]);
}
