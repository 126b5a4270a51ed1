/**
 * Since when the leader sees each shard as it is: how long it has known its epoch, and how long a quorum has promised nothing to
 * its primary. A new epoch has a promise from nobody yet; its primary is given the time of a lease to ask for one.
 */
import type { Shard, Topology } from '../ring/index.js';

interface Seen {
  readonly epoch: number;
  readonly sinceMs: number;
  lapsedSinceMs: number | undefined;
}

export class ShardWatch {
  readonly #seen = new Map<number, Seen>();

  look({ shards }: Topology, nowMs: number, hasLapsed: (shard: Shard) => boolean): void {
    for (const shard of shards) {
      let seen = this.#seen.get(shard.id);
      if (seen?.epoch !== shard.epoch) {
        seen = { epoch: shard.epoch, sinceMs: nowMs, lapsedSinceMs: undefined };
        this.#seen.set(shard.id, seen);
      }
      seen.lapsedSinceMs = hasLapsed(shard) ? (seen.lapsedSinceMs ?? nowMs) : undefined;
    }
    if (this.#seen.size > shards.length) {
      const ids = new Set(shards.map(({ id }) => id));
      for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    }
  }

  /** Whether its primary is without promises although it had so long to ask. */
  hasLapsed({ id, epoch }: Shard, leaseMs: number, nowMs: number): boolean {
    const seen = this.#seen.get(id);
    return seen?.epoch === epoch && seen.lapsedSinceMs !== undefined && nowMs - seen.sinceMs >= leaseMs;
  }

  /** For how long, in ms. */
  lapsedForMs({ id }: Shard, nowMs: number): number {
    const since = this.#seen.get(id)?.lapsedSinceMs;
    return since === undefined ? 0 : nowMs - since;
  }
}
