/**
 * Who may write less by a topology than by the one before it. Voters that promised a lease refuse such a topology until their
 * promise has run out, so this decides between one writer and two.
 *
 *   deposed is (shard, epoch, life) if by the next topology
 *     the shard is gone, or has no primary, or another one           promotion, re-homing, removal
 *     the same life is primary under another epoch                   it must begin anew
 *     a slot that was the shard's is another shard's                  a move
 *     its node is gone                                                it is forgotten
 *
 * A node that is back in a new life does not depose the old one by that: the topology names the old one until another is promoted.
 * Whether the deposed asked for it itself is not known here; who has released its lease has no promise to wait for.
 *
 * Cost: O(shards + ranges of slots); nothing but comparisons of references while nothing changed.
 */
import { slotOwners } from './slots.js';
import { isSameLife, type NodeLife, type Shard, type Topology } from './topology.js';

export interface Deposal {
  readonly shard: number;
  readonly epoch: number;
  readonly life: NodeLife;
  /** In words, for people. */
  readonly why: string;
}

export function deposals(current: Topology, next: Topology): Deposal[] {
  if (current.shards === next.shards && current.slots === next.slots && current.nodes === next.nodes)
    return [];
  const shards = new Map(next.shards.map((shard) => [shard.id, shard]));
  const nodes = new Set(next.nodes.map(({ node }) => node));
  const losers = shardsThatLoseSlots(current, next);
  const deposed: Deposal[] = [];
  for (const { id, epoch, primary } of current.shards) {
    if (primary === undefined) continue;
    const why =
      whyDeposed(primary, epoch, shards.get(id)) ??
      (nodes.has(primary.node) ? losers.get(id) : 'the node is gone');
    if (why !== undefined) deposed.push({ shard: id, epoch, life: primary, why });
  }
  return deposed;
}

function whyDeposed(primary: NodeLife, epoch: number, after: Shard | undefined): string | undefined {
  if (after === undefined) return 'the shard is gone';
  if (after.primary === undefined) return 'the shard has no primary';
  if (!isSameLife(after.primary, primary))
    return `the primary is ${after.primary.node} in the life ${after.primary.incarnation}`;
  return after.epoch === epoch ? undefined : `the epoch is ${after.epoch}`;
}

/** With the first slot that each of them loses, in words. */
function shardsThatLoseSlots(current: Topology, next: Topology): ReadonlyMap<number, string> {
  const losers = new Map<number, string>();
  if (current.slots === next.slots) return losers;
  const before = slotOwners(current.slots);
  const after = slotOwners(next.slots);
  for (let slot = 0; slot < before.length; slot++) {
    if (before[slot] === after[slot] || losers.has(before[slot])) continue;
    losers.set(before[slot], `slot ${slot} goes to shard ${after[slot]}`);
  }
  return losers;
}
