/**
 * Which nodes should vote: 1 of 1 or 2 nodes, 3 of 3 or 4, 5 of more. One by one the node is taken that adds most: of a zone, then of a host,
 * with fewest voters yet, since these fail together; then a witness, which is there to vote; then the first of the list.
 */
import type { NodeId, TopologyNode } from './topology.js';

export function voterCount(nodes: number): number {
  return nodes < 3 ? 1 : nodes < 5 ? 3 : 5;
}

/** The ids of `count` nodes, in order, `kept` among them. There are as many nodes. */
export function chooseVoters(
  nodes: readonly TopologyNode[],
  count = voterCount(nodes.length),
  kept: readonly NodeId[] = [],
): NodeId[] {
  const left = nodes.filter(({ node }) => !kept.includes(node));
  const chosen = nodes.filter(({ node }) => kept.includes(node));
  while (chosen.length < count && left.length > 0) {
    const rank = (node: TopologyNode): number[] => [
      chosen.filter(({ zone }) => zone === node.zone).length,
      chosen.filter(({ host }) => host === node.host).length,
      node.holdsData ? 1 : 0,
    ];
    let best = 0;
    for (let i = 1; i < left.length; i++) if (isBefore(rank(left[i]), rank(left[best]))) best = i;
    chosen.push(...left.splice(best, 1));
  }
  return chosen.map(({ node }) => node).sort();
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i !== -1 && a[i] < b[i];
}
