/**
 * What a change makes of a topology. A change that does not fit the topology, or would make it wrong, is refused in words and
 * changes nothing, so that it may come late, twice, or from somebody who knew less.
 *
 * Who applies many of them looks at the whole once, behind the last one.
 */
import { assert } from '../base/index.js';
import type { NodeChange, NodeLeft, SetLeaseTerms, TopologyChange, VoterChange } from './changes.js';
import { isEqualData } from './data-shape.js';
import { isLaterLife } from './incarnation.js';
import { isRefusal, type Refusal, refusal } from './refusal.js';
import { isServedBy, withShardChange } from './shard-changes.js';
import { graceMs, isSameLife, type NodeLife, type Topology, type TopologyNode } from './topology.js';
import {
  leaseProblems,
  MAX_TOPOLOGY_NODES,
  nodeProblems,
  topologyProblems,
  voterProblems,
} from './topology-problems.js';

/** The topology with the change, of the same version, or why not. */
export function applyChange(topology: Topology, change: TopologyChange): Topology | Refusal {
  const changed = changeTopology(topology, change);
  if (!isRefusal(changed)) assertRight(changed);
  return changed;
}

/** Throws if it is wrong. For many changes once is enough: it is what costs, and they refuse whatever would make it wrong. */
export function assertRight(topology: Topology): void {
  const problems = topologyProblems(topology);
  assert(problems.length === 0, `a changed topology is right, but: ${problems.join('; ')}`);
}

/** The same without a look at the whole. */
export function changeTopology(topology: Topology, change: TopologyChange): Topology | Refusal {
  switch (change.kind) {
    case 'node-joined':
    case 'node-returned':
    case 'node-moved':
      return withNodeChange(topology, change);
    case 'node-left':
      return withoutNode(topology, change);
    case 'set-voters':
    case 'settle-voters':
      return withVoterChange(topology, change);
    case 'set-lease-terms':
      return withLeaseTerms(topology, change);
    default:
      return withShardChange(topology, change);
  }
}

function withNodeChange(topology: Topology, change: Exclude<NodeChange, NodeLeft>): Topology | Refusal {
  const { node } = change;
  const problems = nodeProblems(node);
  if (problems.length > 0) return refusal(problems);
  const known = topology.nodes.find((other) => other.node === node.node);
  switch (change.kind) {
    case 'node-joined':
      if (known !== undefined)
        return { refused: `node ${node.node} is known, in its life ${known.incarnation}` };
      if (topology.nodes.length >= MAX_TOPOLOGY_NODES)
        return { refused: `there are ${topology.nodes.length} nodes: there can be ${MAX_TOPOLOGY_NODES}` };
      return { ...topology, nodes: [...topology.nodes, node].sort((a, b) => (a.node < b.node ? -1 : 1)) };
    case 'node-returned':
      if (!isSameLife(known, change.former) || known === undefined)
        return { refused: refusedLife(change.former.incarnation, known, node) };
      if (!isLaterLife(node.incarnation, known.incarnation))
        return {
          refused: `the life ${node.incarnation} of node ${node.node} is not later than its life ${known.incarnation}`,
        };
      return withNode(withoutReplicasOf(topology, known), known, node);
    case 'node-moved':
      if (!isSameLife(known, node) || known === undefined)
        return { refused: refusedLife(node.incarnation, known, node) };
      return withNode(topology, known, node);
  }
}

function withoutNode(topology: Topology, { life }: NodeLeft): Topology | Refusal {
  const { node, incarnation } = life;
  const known = topology.nodes.find((other) => other.node === node);
  if (known === undefined || !isSameLife(known, life))
    return { refused: refusedLife(incarnation, known, life) };
  if (topology.voters.includes(node) || topology.previousVoters.includes(node))
    return { refused: `node ${node} votes: others must be made voters in its place first` };
  const served = topology.shards.find((shard) => isServedBy(shard, node));
  if (served !== undefined)
    return { refused: `node ${node} serves shard ${served.id}: that must have other copies first` };
  return { ...topology, nodes: topology.nodes.filter((other) => other !== known) };
}

function refusedLife(meant: string, known: TopologyNode | undefined, { node }: NodeLife): string {
  if (known === undefined) return `there is no node ${node}`;
  return `node ${node} is in its life ${known.incarnation}, and the change was meant for its life ${meant}`;
}

function withNode(topology: Topology, known: TopologyNode, node: TopologyNode): Topology | Refusal {
  const served = topology.shards.find((shard) => isServedBy(shard, node.node));
  if (!node.holdsData && served !== undefined)
    return { refused: `node ${node.node} serves shard ${served.id}: it cannot only vote` };
  return { ...topology, nodes: topology.nodes.map((other) => (other === known ? node : other)) };
}

/** Without the replicas of the node, whose store is empty now. */
function withoutReplicasOf(topology: Topology, { node }: TopologyNode): Topology {
  const hasReplica = topology.shards.some(({ replicas }) =>
    replicas.some((replica) => replica.node === node),
  );
  if (!hasReplica) return topology;
  const shards = topology.shards.map((shard) =>
    shard.replicas.some((replica) => replica.node === node)
      ? { ...shard, replicas: shard.replicas.filter((replica) => replica.node !== node) }
      : shard,
  );
  return { ...topology, shards };
}

function withVoterChange(topology: Topology, change: VoterChange): Topology | Refusal {
  const { voterVersion, voters, previousVoters } = topology;
  if (change.voterVersion !== voterVersion)
    return {
      refused: `the voters have version ${voterVersion}, and the change was meant for version ${change.voterVersion}`,
    };
  const isUnderWay = !isEqualData(voters, previousVoters);
  switch (change.kind) {
    case 'set-voters': {
      if (isUnderWay)
        return { refused: `the change of voters to ${voters.join(', ')} is under way: settle it first` };
      const next = [...change.voters].sort();
      if (isEqualData(next, voters)) return { refused: `the voters are ${voters.join(', ')} already` };
      const joint = { ...topology, voters: next, previousVoters: voters, voterVersion: voterVersion + 1 };
      const problems = voterProblems(joint);
      return problems.length > 0 ? refusal(problems) : joint;
    }
    case 'settle-voters':
      if (!isUnderWay) return { refused: 'no change of voters is under way' };
      return { ...topology, previousVoters: voters, voterVersion: voterVersion + 1 };
  }
}

function withLeaseTerms(topology: Topology, { former, lease }: SetLeaseTerms): Topology | Refusal {
  if (!isEqualData(former, topology.lease))
    return { refused: 'the terms of the lease have been changed meanwhile' };
  if (isEqualData(lease, former)) return { refused: 'the terms of the lease are these already' };
  // A primary that has not heard of a shorter L relies on the longer one; a voter that starts again knows only the shorter, and would be
  // silent for too short.
  if (lease.leaseMs < former.leaseMs || graceMs(lease) < graceMs(former))
    return {
      refused: `a lease of ${lease.leaseMs} ms with a promise of ${graceMs(lease)} ms is shorter than ${former.leaseMs} ms with ${graceMs(former)} ms: it can only be made longer`,
    };
  const problems = leaseProblems(lease);
  return problems.length > 0 ? refusal(problems) : { ...topology, lease };
}
