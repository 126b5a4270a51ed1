/**
 * What changed between two topologies, small enough to be published with each version: whole nodes and shards, and ranges of slots with
 * their new owner, but only those that differ.
 *
 *   diff(a, b) = { from: a's version and hash, to: b's, what differs }         apply(a, diff(a, b)) = b
 *
 * It fits one base only. Versions alone do not name it: two leaders may each have made a version 8, of which one was never
 * committed. So the base is named by version and hash, and the result is compared with its own hash, before anybody believes it.
 * Who has another base asks for the whole topology.
 *
 * Cost: O(topology) comparisons, mostly of references, and the hashes; some ms for 1,000 nodes.
 */
import { aNumber, aString, fields, isEqualData, list, optional, readData } from './data-shape.js';
import { type Refusal, refusal } from './refusal.js';
import { slotOwners, slotRanges } from './slots.js';
import type { LeaseTerms, NodeId, Shard, SlotRange, Topology, TopologyNode } from './topology.js';
import { topologyHash } from './topology-hash.js';
import { MAX_SHARDS, MAX_TOPOLOGY_NODES, topologyProblems } from './topology-problems.js';
import { leaseShape, nodeShape, shardShape, slotsShape, votersShape } from './topology-shape.js';

/** Names one topology. */
export interface TopologyName {
  readonly version: number;
  readonly hash: string;
}

export interface TopologyDiff {
  readonly from: TopologyName;
  readonly to: TopologyName;
  /** What stands once in a topology; undefined where it is the same. */
  readonly clusterId: string | undefined;
  readonly lease: LeaseTerms | undefined;
  readonly maxUnreplicatedMs: number | undefined;
  readonly replicasPerShard: number | undefined;
  readonly voters: readonly NodeId[] | undefined;
  readonly previousVoters: readonly NodeId[] | undefined;
  readonly voterVersion: number | undefined;
  /** Nodes and shards that are new or differ, and the ids of those that are gone. */
  readonly nodes: readonly TopologyNode[];
  readonly goneNodes: readonly NodeId[];
  readonly shards: readonly Shard[];
  readonly goneShards: readonly number[];
  /** Slots with another owner than before, in order. */
  readonly slots: readonly SlotRange[];
}

const nameShape = fields<TopologyName>({ version: aNumber, hash: aString });

const diffShape = fields<TopologyDiff>({
  from: nameShape,
  to: nameShape,
  clusterId: optional(aString),
  lease: optional(leaseShape),
  maxUnreplicatedMs: optional(aNumber),
  replicasPerShard: optional(aNumber),
  voters: optional(votersShape),
  previousVoters: optional(votersShape),
  voterVersion: optional(aNumber),
  nodes: list(nodeShape, MAX_TOPOLOGY_NODES),
  goneNodes: list(aString, MAX_TOPOLOGY_NODES),
  shards: list(shardShape, MAX_SHARDS),
  goneShards: list(aNumber, MAX_SHARDS),
  slots: slotsShape,
});

/** What makes `to` of `from`. */
export function diffTopologies(from: Topology, to: Topology): TopologyDiff {
  const changed = <T>(before: T, after: T): T | undefined => (isEqualData(before, after) ? undefined : after);
  const nodes = listDiff(from.nodes, to.nodes, ({ node }) => node);
  const shards = listDiff(from.shards, to.shards, ({ id }) => id);
  return {
    from: topologyName(from),
    to: topologyName(to),
    clusterId: changed(from.clusterId, to.clusterId),
    lease: changed(from.lease, to.lease),
    maxUnreplicatedMs: changed(from.maxUnreplicatedMs, to.maxUnreplicatedMs),
    replicasPerShard: changed(from.replicasPerShard, to.replicasPerShard),
    voters: changed(from.voters, to.voters),
    previousVoters: changed(from.previousVoters, to.previousVoters),
    voterVersion: changed(from.voterVersion, to.voterVersion),
    nodes: nodes.put,
    goneNodes: nodes.gone,
    shards: shards.put,
    goneShards: shards.gone,
    slots: slotDiff(from.slots, to.slots),
  };
}

/** The topology that the diff leads to, or why not: it has another base, or it was damaged. */
export function applyDiff(base: Topology, diff: TopologyDiff): Topology | Refusal {
  const { version, hash } = topologyName(base);
  if (diff.from.version !== version || diff.from.hash !== hash) {
    return refusal([
      `the diff is one of version ${diff.from.version} (${diff.from.hash}), and known here is ${version} (${hash}): ask for the whole topology`,
    ]);
  }
  const next: Topology = {
    clusterId: diff.clusterId ?? base.clusterId,
    version: diff.to.version,
    lease: diff.lease ?? base.lease,
    maxUnreplicatedMs: diff.maxUnreplicatedMs ?? base.maxUnreplicatedMs,
    replicasPerShard: diff.replicasPerShard ?? base.replicasPerShard,
    voters: diff.voters ?? base.voters,
    previousVoters: diff.previousVoters ?? base.previousVoters,
    voterVersion: diff.voterVersion ?? base.voterVersion,
    nodes: patched(base.nodes, diff.nodes, diff.goneNodes, ({ node }) => node),
    shards: patched(base.shards, diff.shards, diff.goneShards, ({ id }) => id),
    slots: patchedSlots(base.slots, diff.slots),
  };
  const problems = topologyProblems(next);
  if (problems.length > 0) return refusal(problems);
  const found = topologyHash(next);
  if (found === diff.to.hash) return next;
  return refusal([
    `the diff leads to ${found} and says ${diff.to.hash}: it was damaged, ask for the whole topology`,
  ]);
}

/** A diff of foreign data in its shape, or what is wrong with that. Whether it fits a base is for `applyDiff` to say. */
export function readDiff(value: unknown): TopologyDiff | Refusal {
  return readData(diffShape, value, 'diff');
}

export function topologyName(topology: Topology): TopologyName {
  return { version: topology.version, hash: topologyHash(topology) };
}

interface ListDiff<T, Id> {
  readonly put: readonly T[];
  readonly gone: readonly Id[];
}

function listDiff<T, Id>(from: readonly T[], to: readonly T[], idOf: (item: T) => Id): ListDiff<T, Id> {
  const before = new Map(from.map((item) => [idOf(item), item]));
  const after = new Set(to.map(idOf));
  return {
    put: to.filter((item) => !isEqualData(before.get(idOf(item)), item)),
    gone: from.map(idOf).filter((id) => !after.has(id)),
  };
}

function patched<T, Id extends string | number>(
  base: readonly T[],
  put: readonly T[],
  gone: readonly Id[],
  idOf: (item: T) => Id,
): readonly T[] {
  if (put.length === 0 && gone.length === 0) return base;
  const items = new Map(base.map((item) => [idOf(item), item]));
  for (const id of gone) items.delete(id);
  for (const item of put) items.set(idOf(item), item);
  return [...items.values()].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

function slotDiff(from: readonly SlotRange[], to: readonly SlotRange[]): SlotRange[] {
  if (from === to) return [];
  const before = slotOwners(from);
  const changed: SlotRange[] = [];
  for (const { first, last, shard } of to) {
    for (let slot = first; slot <= last; slot++) {
      if (before[slot] === shard) continue;
      const start = slot;
      while (slot < last && before[slot + 1] !== shard) slot++;
      changed.push({ first: start, last: slot, shard });
    }
  }
  return changed;
}

function patchedSlots(base: readonly SlotRange[], changed: readonly SlotRange[]): readonly SlotRange[] {
  if (changed.length === 0) return base;
  const owners = slotOwners(base);
  for (const { first, last, shard } of changed) owners.fill(shard, first, last + 1);
  return slotRanges(owners);
}
