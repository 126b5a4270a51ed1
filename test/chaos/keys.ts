/**
 * The keys of the chaos: each shard has its own, all in one slot of it, so that a client knows of each key which shard it asks for.
 *
 *   | number in its shard | who writes it            | why                                                                    |
 *   | ------------------- | ------------------------ | ---------------------------------------------------------------------- |
 *   | 0 .. HOT - 1        | all                      | writes, deletes and reads of both sides meet                           |
 *   | the others          | one client each, in turn | not written again before they are audited: what is lost can be counted |
 */
import { Block, keySlot } from '#layers/base';

export const HOT = 32;
/** Written by one client within the longest time between two audits, with room. */
export const OWN = 8192;

export function keysOfShard(clients: number): number {
  return HOT + clients * OWN;
}

export const shardOf = (key: number, perShard: number): number => Math.floor(key / perShard);

export function nameOf(key: number, perShard: number, tags: readonly string[]): string {
  return `{${tags[shardOf(key, perShard)]}}:${key % perShard}`;
}

/** A hash tag for each of these slots' shards: `isOf(slot, shard)`. */
export function tagsFor(shards: number, isOf: (slot: number, shard: number) => boolean): string[] {
  return Array.from({ length: shards }, (_, shard) => {
    for (let i = 0; ; i++) if (isOf(slotOf(`t${i}`), shard)) return `t${i}`;
  });
}

export function slotOf(tag: string): number {
  const bytes = Buffer.from(tag);
  return keySlot(new Block(bytes), 0, bytes.length);
}
