/** Committed topologies form one chain: a version is one topology, whoever tells of it, and it is a valid one. */
import { type Topology, topologyProblems } from '../../../ring/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

export class OneChain implements Checker<ClusterFact> {
  readonly name = 'one-chain';
  readonly #known = new Map<number, { readonly text: string; readonly node: string }>();
  /** By life. */
  readonly #newest = new Map<number, number>();

  onFact(fact: ClusterFact, { node, life }: Moment): void {
    if (fact.kind !== 'committed') return;
    const { topology } = fact;
    const { version } = topology;
    const newest = this.#newest.get(life) ?? 0;
    if (version <= newest) throw new Violation(`${node} learns version ${version} after version ${newest}`);
    this.#newest.set(life, version);
    this.#compare(topology, node);
  }

  #compare(topology: Topology, node: string): void {
    const { version } = topology;
    const known = this.#known.get(version);
    const text = JSON.stringify(topology);
    if (known === undefined) {
      const problems = topologyProblems(topology);
      if (problems.length > 0) throw new Violation(`version ${version} is wrong: ${problems.join(' ')}`);
      this.#known.set(version, { text, node });
    } else if (known.text !== text) {
      throw new Violation(`version ${version} is not the same at ${node} as at ${known.node}`);
    }
  }
}
