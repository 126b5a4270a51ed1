/**
 * What a view of a cluster comes to: each shard with its copies, each node with its part, and whether all is as it should be.
 *
 *   ok         every shard can be written, and has the replicas it is to have, in sync
 *   degraded   every shard can be written, as far as is known, but not all copies are there
 *   down       some slots cannot be written
 *   not begun  no cluster was begun
 *
 * A node that belongs to a cluster and was started again knows no topology before it has heard of the others: that is down, not 'not begun'.
 */
import { SLOT_COUNT } from '../../base/index.js';
import {
  isSameLife,
  type NodeId,
  type NodeLife,
  type Shard,
  type SlotRange,
  type Topology,
} from '../../ring/index.js';
import { addressText } from '../node-address.js';
import type { ClusterView, NodeReport } from './cluster-view.js';

export interface ClusterSummary {
  readonly state: 'ok' | 'degraded' | 'down' | 'not begun';
  /** Why it is not ok, a clause each. */
  readonly reasons: readonly string[];
  readonly clusterId: string | undefined;
  /** Of the topology. */
  readonly version: number;
  /** Of the register, as the best informed node knows it. */
  readonly term: number;
  readonly leader: NodeId | undefined;
  readonly shards: readonly ShardSummary[];
  readonly nodes: readonly NodeSummary[];
}

export interface ShardSummary {
  readonly id: number;
  readonly epoch: number;
  readonly slotCount: number;
  /** Of all slots, 0 to 1. */
  readonly share: number;
  readonly slots: readonly SlotRange[];
  /** 'unknown': its primary cannot be asked from here. */
  readonly writes: 'yes' | 'no' | 'unknown';
  readonly primary: CopySummary | undefined;
  readonly replicas: readonly CopySummary[];
}

export interface CopySummary {
  readonly node: NodeId;
  readonly address: string;
  /** It answered, in the life that is meant. */
  readonly isHere: boolean;
  readonly isInSync: boolean;
  /** How far a replica is behind, as its primary sees it, in ms. */
  readonly lagMs: number | undefined;
  readonly offset: number | undefined;
}

export interface NodeSummary {
  readonly node: NodeId;
  readonly address: string;
  readonly part: 'primary' | 'replica' | 'witness' | 'spare' | 'stranger';
  readonly shard: number | undefined;
  readonly zone: string;
  readonly isVoter: boolean;
  readonly isLeader: boolean;
  readonly isHere: boolean;
  /** Why it does not answer. */
  readonly problem: string | undefined;
  readonly nuthatch: string | undefined;
  readonly skewMs: number | undefined;
}

export function summarize(view: ClusterView): ClusterSummary {
  const { topology, nodes } = view;
  const reports = new Map(nodes.map((report) => [report.node, report]));
  const terms = nodes.flatMap(({ status }) => (status === undefined ? [] : [status.term]));
  const term = Math.max(0, ...terms);
  const leader = nodes.find(({ status }) => status?.role === 'leader' && status.term === term)?.node;
  const shards = topology?.shards.map((shard) => shardSummary(shard, topology, reports)) ?? [];
  const reasons = topology === undefined ? [] : shards.flatMap((shard) => shardReasons(shard, topology));
  for (const { address, status, node } of nodes) {
    const isExpected = topology?.nodes.some((known) => known.node === node);
    if (status === undefined && isExpected) reasons.push(`${address} does not answer`);
    else if (isExpected && !isReached(node, nodes)) reasons.push(`no other node reaches ${address}`);
  }
  const clusterId = topology?.clusterId ?? nodes.find(({ status }) => status?.clusterId)?.status?.clusterId;
  if (topology === undefined && clusterId !== undefined)
    reasons.push('no node that answers here has heard of a majority of the voters since it was started');
  return {
    state: stateOf(clusterId, shards, reasons),
    reasons,
    clusterId,
    version: topology?.version ?? 0,
    term,
    leader,
    shards,
    nodes: nodes.map((report) => nodeSummary(report, topology, leader)),
  };
}

/** It answers us; the others may not hear of it all the same, with another secret or a closed port of the bus. */
export function isReached(node: NodeId, nodes: readonly NodeReport[]): boolean {
  const others = nodes.filter((other) => other.node !== node && other.status !== undefined);
  const isAliveTo = ({ status }: NodeReport) =>
    status?.members.some((one) => one.node === node && (one.state === 'alive' || one.state === 'suspect'));
  return others.length === 0 || others.some(isAliveTo);
}

function stateOf(
  clusterId: string | undefined,
  shards: readonly ShardSummary[],
  reasons: readonly string[],
): ClusterSummary['state'] {
  if (clusterId === undefined) return 'not begun';
  if (shards.length === 0 || shards.some(({ writes }) => writes === 'no')) return 'down';
  return reasons.length > 0 ? 'degraded' : 'ok';
}

function shardSummary(
  shard: Shard,
  topology: Topology,
  reports: ReadonlyMap<NodeId, NodeReport>,
): ShardSummary {
  const slots = topology.slots.filter((range) => range.shard === shard.id);
  const slotCount = slots.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const primary = shard.primary && reports.get(shard.primary.node)?.status;
  const followers = primary?.copy?.role === 'primary' ? primary.copy.followers : [];
  const copyOf = (life: NodeLife, isInSync: boolean): CopySummary => {
    const report = reports.get(life.node);
    const follower = followers.find(({ node }) => node === life.node);
    return {
      node: life.node,
      address: addressOf(life.node, topology),
      isHere: report?.status !== undefined && isSameLife(report.status, life),
      isInSync,
      lagMs: follower?.lagMs,
      offset: follower?.offset ?? report?.status?.copy?.offset,
    };
  };
  return {
    id: shard.id,
    epoch: shard.epoch,
    slotCount,
    share: slotCount / SLOT_COUNT,
    slots,
    writes: writesOf(shard, reports),
    primary: shard.primary && copyOf(shard.primary, true),
    replicas: shard.replicas.map((replica) => copyOf(replica, replica.isInSync)),
  };
}

function writesOf(shard: Shard, reports: ReadonlyMap<NodeId, NodeReport>): ShardSummary['writes'] {
  const { primary, epoch, id } = shard;
  if (primary === undefined) return 'no';
  const status = reports.get(primary.node)?.status;
  if (status === undefined) {
    const others = [...reports.values()].flatMap((report) => report.status?.members ?? []);
    const isGone = others.some(({ node, state }) => node === primary.node && state === 'dead');
    return isGone ? 'no' : 'unknown';
  }
  const { copy } = status;
  const isIt = copy?.role === 'primary' && copy.shard === id && copy.epoch === epoch;
  return isIt && copy.leaseLeftMs > 0 ? 'yes' : 'no';
}

function shardReasons(shard: ShardSummary, { replicasPerShard }: Topology): string[] {
  const { id, primary, writes, replicas } = shard;
  const reasons: string[] = [];
  if (primary === undefined) reasons.push(`shard ${id} has no primary`);
  else if (writes === 'no') reasons.push(`shard ${id} takes no writes`);
  else if (writes === 'unknown') reasons.push(`whether shard ${id} takes writes is not known`);
  const inSync = replicas.filter(({ isInSync }) => isInSync).length;
  if (inSync < replicasPerShard)
    reasons.push(`shard ${id} has ${inSync} of ${counted(replicasPerShard, 'replica')} in sync`);
  return reasons;
}

function nodeSummary(
  report: NodeReport,
  topology: Topology | undefined,
  leader: NodeId | undefined,
): NodeSummary {
  const { node, status } = report;
  const known = topology?.nodes.find((one) => one.node === node);
  const led = topology?.shards.find(({ primary }) => primary?.node === node);
  const followed = topology?.shards.find(({ replicas }) => replicas.some((one) => one.node === node));
  const holdsData = known?.holdsData ?? status?.holdsData ?? true;
  return {
    node,
    address: report.address,
    part: partOf(led !== undefined, followed !== undefined, known !== undefined, holdsData),
    shard: (led ?? followed)?.id,
    zone: known?.zone ?? status?.zone ?? '',
    isVoter: topology?.voters.includes(node) ?? false,
    isLeader: node === leader,
    isHere: status !== undefined,
    problem: report.problem,
    nuthatch: status?.nuthatch,
    skewMs: status === undefined ? undefined : report.skewMs,
  };
}

function partOf(leads: boolean, follows: boolean, isKnown: boolean, holdsData: boolean): NodeSummary['part'] {
  if (leads) return 'primary';
  if (follows) return 'replica';
  if (!holdsData) return 'witness';
  return isKnown ? 'spare' : 'stranger';
}

function addressOf(node: NodeId, topology: Topology): string {
  const known = topology.nodes.find((one) => one.node === node);
  return known === undefined ? node : addressText(known.host, known.port);
}

/** '1 replica', '2 replicas'. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
