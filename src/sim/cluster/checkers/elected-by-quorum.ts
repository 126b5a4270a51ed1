/**
 * Who leads a term was elected: the votes of a majority of the voters, and of those before them, of what it has accepted were on their
 * disks. Nobody else leads that term.
 */
import { isQuorum, type NodeId, type Topology } from '../../../ring/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

export class ElectedByQuorum implements Checker<ClusterFact> {
  readonly name = 'elected-by-quorum';
  readonly #accepted = new Map<string, Topology>();
  /** By term and candidate. */
  readonly #votes = new Map<string, Set<NodeId>>();
  readonly #leaders = new Map<number, string>();

  onFact(fact: ClusterFact, { node }: Moment): void {
    if (fact.kind === 'accepts') this.#accepted.set(node, fact.topology);
    else if (fact.kind === 'voted') {
      const name = `${fact.term} ${fact.candidate}`;
      this.#votes.set(name, (this.#votes.get(name) ?? new Set()).add(node));
    } else if (fact.kind === 'leads') this.#check(fact.term, node);
  }

  #check(term: number, node: string): void {
    const other = this.#leaders.get(term);
    if (other !== undefined) throw new Violation(`${node} leads in term ${term}, and so does ${other}`);
    this.#leaders.set(term, node);
    const topology = this.#accepted.get(node);
    if (topology === undefined) throw new Violation(`${node} leads, and has accepted nothing`);
    const votes = this.#votes.get(`${term} ${node}`) ?? new Set();
    if (isQuorum(votes, [topology.voters, topology.previousVoters])) return;
    throw new Violation(
      `${node} leads in term ${term} by the votes of ${[...votes].join(' ') || 'nobody'}; voters are ${topology.voters.join(' ')}, before ${topology.previousVoters.join(' ')}`,
    );
  }
}
