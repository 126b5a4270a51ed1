/**
 * All histories of all shards as the checkers see them: the writes that were executed, in the epochs in which they were, and where each epoch
 * began. src/cluster/replication/history.ts draws it. A point is an offset of an epoch.
 */
import type { History } from '../../cluster/index.js';
import { Violation } from '../checker.js';
import type { ClusterFact } from './facts.js';

export type Wrote = Extract<ClusterFact, { kind: 'wrote' }>;

/** One epoch of one shard. */
export interface Branch {
  readonly epoch: number;
  readonly from: History;
  /** The first one has the offset after `from`. */
  readonly writes: Wrote[];
}

/** Of a way from the beginning to a point: the writes of this branch up to that offset belong to it. */
export interface Stretch {
  readonly branch: Branch;
  readonly upTo: number;
}

export class Histories {
  readonly #shards = new Map<number, Map<number, Branch>>();

  /** Takes note of a takeover or a write. */
  note(fact: ClusterFact): void {
    if (fact.kind === 'took-over') this.#begin(fact.shard, fact.epoch, fact.from);
    else if (fact.kind === 'wrote') this.#write(fact);
  }

  /** The epochs of a shard that somebody began. */
  branchesOf(shard: number): readonly Branch[] {
    return [...(this.#shards.get(shard)?.values() ?? [])];
  }

  /** The way to a point, the newest epoch first. Writes at offsets up to `upTo` and above `from.offset` belong to it. */
  way(shard: number, { epoch, offset }: History): Stretch[] {
    const way: Stretch[] = [];
    let [at, upTo] = [epoch, offset];
    while (at !== 0) {
      const branch = this.#shards.get(shard)?.get(at);
      if (branch === undefined) throw new Violation(`nobody began epoch ${at} of shard ${shard}`);
      way.push({ branch, upTo });
      upTo = Math.min(upTo, branch.from.offset);
      at = branch.from.epoch;
    }
    return way;
  }

  #begin(shard: number, epoch: number, from: History): void {
    const branches = this.#shards.get(shard) ?? new Map<number, Branch>();
    this.#shards.set(shard, branches);
    if (branches.has(epoch)) throw new Violation(`epoch ${epoch} of shard ${shard} was begun twice`);
    branches.set(epoch, { epoch, from, writes: [] });
  }

  #write(wrote: Wrote): void {
    const { shard, epoch, offset } = wrote;
    const branch = this.#shards.get(shard)?.get(epoch);
    if (branch === undefined) throw new Violation(`nobody began epoch ${epoch} of shard ${shard}`);
    const expected = branch.from.offset + branch.writes.length + 1;
    if (offset !== expected)
      throw new Violation(`the write after offset ${expected - 1} of shard ${shard} has offset ${offset}`);
    branch.writes.push(wrote);
  }
}

/** The writes of a stretch above an offset, in their order. */
export function writesAbove({ branch, upTo }: Stretch, offset: number): Wrote[] {
  const { from, writes } = branch;
  return writes.slice(Math.max(0, offset - from.offset), Math.max(0, upTo - from.offset));
}
