/**
 * Voters change one step at a time: first to the old and the new ones together, then to the new ones alone; and each step raises the
 * version of the voters by one. Of two versions that follow each other and were both seen.
 */
import type { Topology } from '../../../ring/index.js';
import { type Checker, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

export class VotersByStep implements Checker<ClusterFact> {
  readonly name = 'voters-by-step';
  readonly #known = new Map<number, Topology>();

  onFact(fact: ClusterFact): void {
    if (fact.kind !== 'committed' || this.#known.has(fact.topology.version)) return;
    const { topology } = fact;
    const { version } = topology;
    this.#known.set(version, topology);
    const [before, after] = [this.#known.get(version - 1), this.#known.get(version + 1)];
    if (before !== undefined) compare(before, topology);
    if (after !== undefined) compare(topology, after);
  }
}

function compare(before: Topology, after: Topology): void {
  const text = ({ voters, previousVoters }: Topology): string =>
    `${previousVoters.join(' ')} > ${voters.join(' ')}`;
  const isSame = text(before) === text(after);
  const raised = after.voterVersion - before.voterVersion;
  const isJoint = before.voters.join() !== before.previousVoters.join();
  const isStep = isJoint
    ? text(after) === text({ ...before, previousVoters: before.voters })
    : after.previousVoters.join() === before.voters.join();
  if (isSame ? raised === 0 : isStep && raised === 1) return;
  throw new Violation(
    `the voters ${text(before)} of version ${before.version} become ${text(after)} with ${raised} voter versions more`,
  );
}
