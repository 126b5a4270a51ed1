import { isSameLife, type NodeLife, type Shard, type Topology } from '../../ring/index.js';

/** A primary that may write less in the next topology than in the current one, and did not ask for that itself. */
export interface Deposal {
  readonly shard: number;
  readonly epoch: number;
  readonly life: NodeLife;
}

/** All deposals on the way from one topology to another. */
export type FindDeposals = (current: Topology, next: Topology) => readonly Deposal[];

/** The shard with this id. Shards stand in the order of their ids, so this halves. */
function findShard({ shards }: Topology, id: number): Shard | undefined {
  let low = 0;
  let high = shards.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((shards[middle] as Shard).id < id) low = middle + 1;
    else high = middle;
  }
  return shards[low]?.id === id ? shards[low] : undefined;
}

/** Whether the topology lets this life write for the shard at this epoch. */
export function namesPrimary(topology: Topology, { shard: id, epoch, life }: Deposal): boolean {
  const shard = findShard(topology, id);
  return shard !== undefined && shard.epoch === epoch && isSameLife(shard.primary, life);
}

/** The epoch of that shard; 0 if there is no such shard. */
export function epochOf(topology: Topology, id: number): number {
  return findShard(topology, id)?.epoch ?? 0;
}
