/** What changed between two topologies, in words for people: one sentence for each node, each shard, each move of slots. */
import { isEqualData } from './data-shape.js';
import { isSameLife, type Shard, type Topology, type TopologyNode } from './topology.js';
import { diffTopologies, type TopologyDiff } from './topology-diff.js';

/** 'shard 2: primary n1 -> n4 (epoch 7)', and so on; nothing if they say the same. */
export function describeChanges(from: Topology, to: Topology): string[] {
  const diff = diffTopologies(from, to);
  const nodes = new Map(from.nodes.map((node) => [node.node, node]));
  const shards = new Map(from.shards.map((shard) => [shard.id, shard]));
  return [
    ...clusterWords(from, diff),
    ...diff.goneNodes.map((node) => `node ${node}: gone`),
    ...diff.nodes.map((node) => `node ${node.node}: ${nodeWords(nodes.get(node.node), node)}`),
    ...diff.goneShards.map((id) => `shard ${id}: gone`),
    ...diff.shards.map((shard) => `shard ${shard.id}: ${shardWords(shards.get(shard.id), shard)}`),
    ...diff.slots.map(({ first, last, shard }) => `slots ${first}-${last}: now of shard ${shard}`),
  ];
}

function clusterWords(from: Topology, diff: TopologyDiff): string[] {
  const words: string[] = [];
  if (diff.clusterId !== undefined) words.push(`cluster: ${from.clusterId} -> ${diff.clusterId}`);
  if (diff.lease !== undefined) words.push(`lease: ${leaseWords(from.lease)} -> ${leaseWords(diff.lease)}`);
  if (diff.replicasPerShard !== undefined)
    words.push(`replicas per shard: ${from.replicasPerShard} -> ${diff.replicasPerShard}`);
  if (diff.maxUnreplicatedMs !== undefined)
    words.push(`maxUnreplicated: ${from.maxUnreplicatedMs} ms -> ${diff.maxUnreplicatedMs} ms`);
  const version = diff.voterVersion ?? from.voterVersion;
  if (diff.voters !== undefined)
    words.push(`voters: ${from.voters.join(', ')} -> ${diff.voters.join(', ')} (version ${version})`);
  else if (diff.previousVoters !== undefined || diff.voterVersion !== undefined)
    words.push(`voters: ${from.voters.join(', ')} are settled (version ${version})`);
  return words;
}

function leaseWords({ leaseMs, driftPermille, slackMs }: Topology['lease']): string {
  return `${leaseMs} ms, clocks within ${driftPermille / 10} %, ${slackMs} ms on top`;
}

function nodeWords(before: TopologyNode | undefined, node: TopologyNode): string {
  const address = `${node.host}:${node.port}`;
  if (before === undefined) return `joined at ${address}`;
  const words: string[] = [];
  if (before.incarnation !== node.incarnation) words.push(`returned in the life ${node.incarnation}`);
  if (before.host !== node.host || before.port !== node.port)
    words.push(`address ${before.host}:${before.port} -> ${address}`);
  if (before.busPort !== node.busPort) words.push(`bus port ${before.busPort} -> ${node.busPort}`);
  if (before.zone !== node.zone) words.push(`zone ${before.zone || 'none'} -> ${node.zone || 'none'}`);
  if (before.holdsData !== node.holdsData) words.push(node.holdsData ? 'holds data' : 'only votes');
  return words.join(', ');
}

function shardWords(before: Shard | undefined, shard: Shard): string {
  if (before === undefined) return `new, primary ${nameOfPrimary(shard)} (epoch ${shard.epoch})`;
  const words: string[] = [];
  if (!isSameLife(before.primary, shard.primary))
    words.push(`primary ${nameOfPrimary(before)} -> ${nameOfPrimary(shard)} (epoch ${shard.epoch})`);
  else if (before.epoch !== shard.epoch) words.push(`epoch ${before.epoch} -> ${shard.epoch}`);
  words.push(...replicaWords(before, shard));
  if (before.weight !== shard.weight) words.push(`weight ${before.weight} -> ${shard.weight}`);
  if (!isEqualData(before.vnodes, shard.vnodes)) words.push(`${shard.vnodes.length} vnodes`);
  return words.join(', ');
}

function replicaWords(before: Shard, shard: Shard): string[] {
  const words: string[] = [];
  for (const replica of shard.replicas) {
    const old = before.replicas.find((other) => isSameLife(other, replica));
    const state = replica.isInSync ? 'in sync' : 'not in sync';
    if (old === undefined) words.push(`replica ${replica.node} (${state})`);
    else if (old.isInSync !== replica.isInSync) words.push(`replica ${replica.node} is ${state}`);
  }
  for (const old of before.replicas) {
    const isStill =
      shard.replicas.some((replica) => isSameLife(old, replica)) || isSameLife(old, shard.primary);
    if (!isStill) words.push(`replica ${old.node} is gone`);
  }
  return words;
}

function nameOfPrimary({ primary }: Shard): string {
  return primary?.node ?? 'nobody';
}
