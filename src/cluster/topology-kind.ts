/** The topology as the value of the register. */
import { assert } from '../base/index.js';
import {
  applyDiff,
  assertRight,
  changeTopology,
  diffTopologies,
  isRefusal,
  type Topology,
  type TopologyChange,
  type TopologyDiff,
} from '../ring/index.js';
import type { Base } from './register/messages.js';
import type { ValueKind } from './register/value-kind.js';

export const topologyKind: ValueKind<Topology, TopologyChange, TopologyDiff> = {
  idOf: ({ clusterId }) => clusterId,
  versionOf: ({ version }) => version,
  votersOf: ({ voters, previousVoters }) => [voters, previousVoters],
  nodesOf: ({ nodes }) => nodes.map(({ node }) => node),

  apply(value, changes) {
    let next = value;
    for (const change of changes) {
      const changed = changeTopology(next, change);
      if (isRefusal(changed)) return { value, refused: changed.refused };
      next = changed;
    }
    return { value: { ...next, version: value.version + 1 }, refused: undefined };
  },

  check: assertRight,

  diff: diffTopologies,

  patch(base, diff) {
    const next = applyDiff(base, diff);
    assert(!isRefusal(next), 'a difference is applied to its base');
    return next;
  },
};

/** The voterVersion of the committed topology that a value was derived from: changes of voters raise it one by one. */
export function voterVersionOfBase(next: Topology, { version, voterSets }: Base): number {
  if (version === 0) return next.voterVersion;
  const [voters, previousVoters] = voterSets;
  const isSame =
    voters?.join() === next.voters.join() && previousVoters?.join() === next.previousVoters.join();
  return isSame ? next.voterVersion : next.voterVersion - 1;
}
