/**
 * Who leads a term was elected: the votes of a majority of the voters of what it has accepted, of those before them, and of those of what
 * that was made from, were on their disks. It is a voter itself, and nobody else leads that term.
 */
import { isQuorum, type NodeId } from '../../../ring/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

export class ElectedByQuorum implements Checker<ClusterFact> {
  readonly name = 'elected-by-quorum';
  /** By node: who agrees on what it has accepted. */
  readonly #voterSets = new Map<string, readonly (readonly NodeId[])[]>();
  /** By term and candidate. */
  readonly #votes = new Map<string, Set<NodeId>>();
  readonly #leaders = new Map<number, string>();

  onFact(fact: ClusterFact, { node }: Moment): void {
    if (fact.kind === 'accepts') {
      const { voters, previousVoters } = fact.topology;
      this.#voterSets.set(node, [voters, previousVoters, ...fact.baseVoterSets]);
    } else if (fact.kind === 'voted') {
      const name = `${fact.term} ${fact.candidate}`;
      this.#votes.set(name, (this.#votes.get(name) ?? new Set()).add(node));
    } else if (fact.kind === 'leads') this.#check(fact.term, node);
  }

  #check(term: number, node: string): void {
    const other = this.#leaders.get(term);
    if (other !== undefined) throw new Violation(`${node} leads in term ${term}, and so does ${other}`);
    this.#leaders.set(term, node);
    const sets = this.#voterSets.get(node) ?? [];
    if (!sets.flat().includes(node as NodeId))
      throw new Violation(`${node} leads in term ${term}, and is no voter`);
    const votes = this.#votes.get(`${term} ${node}`) ?? new Set();
    if (isQuorum(votes, sets)) return;
    const words = sets.map((voters) => voters.join(' ')).join(' and ');
    throw new Violation(
      `${node} leads in term ${term} by the votes of ${[...votes].join(' ') || 'nobody'}; voters are ${words}`,
    );
  }
}
