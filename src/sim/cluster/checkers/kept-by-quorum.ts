/**
 * Agreed by the old and the new majority, and kept before answered: when somebody first knows that a version is committed, a majority of
 * its voters, of those before them, and of the voters of the version that it was made from, have had it on their disks in the term
 * in which it is known.
 */
import { isQuorum, type Topology } from '../../../ring/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

export class KeptByQuorum implements Checker<ClusterFact> {
  readonly name = 'kept-by-quorum';
  /** By node and term: the newest version that was on its disk. */
  readonly #kept = new Map<string, Map<number, number>>();
  readonly #known = new Map<number, Topology>();

  onFact(fact: ClusterFact, { node }: Moment): void {
    if (fact.kind === 'kept') {
      const versions = this.#kept.get(node) ?? new Map<number, number>();
      this.#kept.set(node, versions);
      versions.set(fact.term, Math.max(fact.version, versions.get(fact.term) ?? 0));
    } else if (fact.kind === 'committed' && !this.#known.has(fact.topology.version)) {
      this.#known.set(fact.topology.version, fact.topology);
      this.#check(fact.term, fact.topology, node);
    }
  }

  #check(term: number, { version, voters, previousVoters }: Topology, node: string): void {
    const base = this.#known.get(version - 1);
    const sets = [voters, previousVoters, ...(base === undefined ? [] : [base.voters, base.previousVoters])];
    const keepers = [...this.#kept].flatMap(([keeper, versions]) =>
      (versions.get(term) ?? 0) >= version ? [keeper] : [],
    );
    if (isQuorum(new Set(keepers), sets)) return;
    throw new Violation(
      `${node} holds version ${version} of term ${term} for committed; on disk it was at ${keepers.join(' ') || 'nobody'}`,
    );
  }
}
