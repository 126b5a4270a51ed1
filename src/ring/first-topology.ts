/**
 * The topology with which a cluster begins, from a list of nodes:
 *
 *   slots      placed by the ring, all shards of one weight
 *   primaries  one node after the other, from another zone and another host each time
 *   replicas   as far from their primary as can be: in another zone, else on another host
 *   voters     as voter-choice.ts says
 *
 * Nodes that are left over hold nothing until they are asked to. Copies are first dealt out one by one and then exchanged in
 * pairs as long as that brings copies of one shard apart. Everything follows from the list, in which the order counts.
 *
 * Cost: O(copies^2) at worst, when all nodes are on one host; 1,000 nodes take some 100 ms, once in the life of a cluster.
 */
import { placeFirst } from './placement.js';
import { type Refusal, refusal } from './refusal.js';
import type { LeaseTerms, Replica, Shard, Topology, TopologyNode } from './topology.js';
import { MAX_REPLICAS, MAX_SHARDS, topologyProblems } from './topology-problems.js';
import { chooseVoters } from './voter-choice.js';

/** What a cluster begins with if it is not told otherwise; docs/write-lease.md says what the terms of the lease mean together. */
export const topologyDefaults = Object.freeze({
  lease: Object.freeze({ leaseMs: 1_500, driftPermille: 50, slackMs: 20 }),
  maxUnreplicatedMs: 1_000,
});

export interface ClusterPlan {
  readonly clusterId: string;
  readonly nodes: readonly TopologyNode[];
  readonly shards: number;
  readonly replicasPerShard: number;
  readonly lease: LeaseTerms;
  readonly maxUnreplicatedMs: number;
}

/** Version 1, or why there can be none. All replicas are in sync, since all copies are empty. */
export function firstTopology(plan: ClusterPlan): Topology | Refusal {
  const problems = planProblems(plan);
  if (problems.length > 0) return refusal(problems);
  const nodes = [...plan.nodes].sort((a, b) => (a.node < b.node ? -1 : 1));
  const placed = placeFirst(Array.from({ length: plan.shards }, (_, i) => ({ id: i + 1, weight: 1 })));
  const groups = groupsOf(plan);
  const voters = chooseVoters(plan.nodes);
  const topology: Topology = {
    clusterId: plan.clusterId,
    version: 1,
    lease: plan.lease,
    maxUnreplicatedMs: plan.maxUnreplicatedMs,
    replicasPerShard: plan.replicasPerShard,
    voters,
    previousVoters: voters,
    voterVersion: 1,
    nodes,
    shards: placed.shards.map(({ id, weight, vnodes }, i): Shard => {
      const [primary, ...replicas] = groups[i];
      return {
        id,
        weight,
        epoch: 1,
        beganEpoch: 1,
        syncVersion: 1,
        primary: { node: primary.node, incarnation: primary.incarnation },
        replicas: replicas
          .map(({ node, incarnation }): Replica => ({ node, incarnation, isInSync: true }))
          .sort((a, b) => (a.node < b.node ? -1 : 1)),
        vnodes,
      };
    }),
    slots: placed.slots,
  };
  const wrong = topologyProblems(topology);
  return wrong.length > 0 ? refusal(wrong) : topology;
}

function planProblems({ nodes, shards, replicasPerShard }: ClusterPlan): string[] {
  const isCount = (value: number, from: number, to: number) =>
    Number.isInteger(value) && value >= from && value <= to;
  if (!isCount(shards, 1, MAX_SHARDS)) return [`${shards} shards: there are 1 to ${MAX_SHARDS}`];
  if (!isCount(replicasPerShard, 0, MAX_REPLICAS))
    return [`${replicasPerShard} replicas of each shard: there are 0 to ${MAX_REPLICAS}`];
  const needed = shards * (1 + replicasPerShard);
  const holding = nodes.filter(({ holdsData }) => holdsData).length;
  if (holding >= needed) return [];
  return [
    `${shards} shards with ${replicasPerShard} replicas each need ${needed} nodes that hold data, and there are ${holding}: give more nodes, or ask for fewer shards or replicas`,
  ];
}

/** The nodes of each shard, its primary first. */
function groupsOf({ nodes, shards, replicasPerShard }: ClusterPlan): TopologyNode[][] {
  const left = dealt(nodes.filter(({ holdsData }) => holdsData));
  const groups = left.splice(0, shards).map((primary) => [primary]);
  for (let round = 0; round < replicasPerShard; round++) {
    for (const group of groups) {
      let best = 0;
      for (let i = 1; i < left.length; i++)
        if (nearness(group, left[i]) < nearness(group, left[best])) best = i;
      group.push(...left.splice(best, 1));
    }
  }
  exchange(groups);
  return groups;
}

/** One of each zone in turn, and in a zone one of each host. */
function dealt(nodes: readonly TopologyNode[]): TopologyNode[] {
  const byZone = inTurns(
    nodes,
    ({ zone }) => zone,
    (zone) =>
      inTurns(
        zone,
        ({ host }) => host,
        (host) => host,
      ),
  );
  return byZone;
}

function inTurns(
  nodes: readonly TopologyNode[],
  keyOf: (node: TopologyNode) => string,
  order: (group: readonly TopologyNode[]) => readonly TopologyNode[],
): TopologyNode[] {
  const groups = new Map<string, TopologyNode[]>();
  for (const node of nodes) {
    const group = groups.get(keyOf(node));
    if (group === undefined) groups.set(keyOf(node), [node]);
    else group.push(node);
  }
  const lists = [...groups.values()].map(order);
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, turn) =>
    lists.flatMap((list) => list.slice(turn, turn + 1)),
  ).flat();
}

/** Exchanges two replicas of different shards wherever that brings copies apart. Each exchange does, so it ends. */
function exchange(groups: readonly TopologyNode[][]): void {
  for (const group of groups) {
    for (let at = 1; at < group.length; at++) {
      if (nearnessAt(group, at, group[at]) > 0) exchangeOne(groups, group, at);
    }
  }
}

function exchangeOne(groups: readonly TopologyNode[][], group: TopologyNode[], at: number): void {
  for (const other of groups) {
    if (other === group) continue;
    for (let i = 1; i < other.length; i++) {
      const now = nearnessAt(group, at, group[at]) + nearnessAt(other, i, other[i]);
      const then = nearnessAt(group, at, other[i]) + nearnessAt(other, i, group[at]);
      if (then < now) [group[at], other[i]] = [other[i], group[at]];
    }
  }
}

/** How near `node` would be to the others of the group at this place. */
function nearnessAt(group: readonly TopologyNode[], at: number, node: TopologyNode): number {
  return nearness(
    group.filter((_, i) => i !== at),
    node,
  );
}

/** With how many of the group it would fail together: a host in common is worse than a zone. */
function nearness(group: readonly TopologyNode[], node: TopologyNode): number {
  let sum = 0;
  for (const { zone, host } of group) {
    if (host === node.host) sum += MAX_REPLICAS + 1;
    if (zone === node.zone && zone !== '') sum += 1;
  }
  return sum;
}
