/**
 * A name for what a topology says: 16 hexadecimal digits that are the same for equal topologies and differ for others, but for chance.
 *
 *   hash of ( what stands once | hash of each node | hash of each shard | hash of the slots )
 *
 * Each is the MurmurHash3 and the CRC-32 of a text. A version shares most of its nodes and shards with the one before it, as the same
 * objects, and what was hashed once is remembered as long as it lives: so the next version is hashed by its changes and a short text.
 * It protects against mistakes, not against somebody who makes up a topology with the same hash.
 *
 * Cost: 15 ms for 1,000 nodes and 500 shards that were never seen, under 1 ms for the next version.
 */
import { assert } from '../base/index.js';
import { readData, type Shape } from './data-shape.js';
import { murmur3Text } from './murmur3.js';
import { isRefusal } from './refusal.js';
import { crc32, hex32 } from './sealed-text.js';
import type { Topology } from './topology.js';
import { nodeShape, shardShape, slotsShape } from './topology-shape.js';

/** Of topologies and of their parts, all immutable. */
const hashes = new WeakMap<object, string>();

export function topologyHash(topology: Topology): string {
  return remembered(topology, () => {
    const { nodes, shards, slots, lease, ...rest } = topology;
    const once = [
      rest.clusterId,
      rest.version,
      [lease.leaseMs, lease.driftPermille, lease.slackMs],
      rest.maxUnreplicatedMs,
      rest.voters,
      rest.previousVoters,
      rest.voterVersion,
    ];
    const parts = [
      nodes.map((node) => partHash(node, nodeShape)),
      shards.map((shard) => partHash(shard, shardShape)),
      partHash(slots, slotsShape),
    ];
    return JSON.stringify([...once, ...parts]);
  });
}

function partHash<T extends object>(part: T, shape: Shape<T>): string {
  return remembered(part, () => {
    const inOrder = readData(shape, part, 'topology');
    assert(!isRefusal(inOrder), 'a part of a topology has its shape');
    return JSON.stringify(inOrder);
  });
}

function remembered(part: object, textOf: () => string): string {
  const known = hashes.get(part);
  if (known !== undefined) return known;
  const text = textOf();
  const hash = hex32(murmur3Text(text, 0, text.length)) + hex32(crc32(text));
  hashes.set(part, hash);
  return hash;
}
