/**
 * Since when each shard is as it is: how long its epoch has been known, and how long, at the leader, nobody could be its primary.
 *
 * A new epoch has a promise from nobody yet, so its primary is given the time of a lease to ask for one. All nodes note when
 * an epoch began, so that whoever comes to lead need not wait for that anew. How long a shard was lost is counted only while
 * this node looks all the time: what happened between two of its leaderships it does not know, and a shard may not be given up for that.
 */
import type { Shard, Topology } from '../ring/index.js';

/** A leader looks each 100 ms. Who did not for so long begins to count anew, in ms. */
const LOOK_AWAY_MS = 2_000;

interface Seen {
  readonly epoch: number;
  readonly sinceMs: number;
  hasLapsed: boolean;
  lostSinceMs: number | undefined;
}

export class ShardWatch {
  readonly #seen = new Map<number, Seen>();
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** This topology is committed. */
  learn({ shards }: Topology, nowMs: number): void {
    for (const { id, epoch } of shards) {
      if (this.#seen.get(id)?.epoch === epoch) continue;
      this.#seen.set(id, { epoch, sinceMs: nowMs, hasLapsed: false, lostSinceMs: undefined });
    }
    if (this.#seen.size > shards.length) {
      const ids = new Set(shards.map(({ id }) => id));
      for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    }
  }

  /** Looks at all shards of the topology learnt last. `hasHeir` is asked only of those that lapsed. */
  look(
    { shards }: Topology,
    nowMs: number,
    hasLapsed: (shard: Shard) => boolean,
    hasHeir: (shard: Shard) => boolean,
  ): void {
    const isNew = nowMs - this.#lookedMs > LOOK_AWAY_MS;
    this.#lookedMs = nowMs;
    for (const shard of shards) {
      const seen = this.#seen.get(shard.id);
      if (seen?.epoch !== shard.epoch) continue;
      seen.hasLapsed = shard.primary === undefined || hasLapsed(shard);
      const isLost = seen.hasLapsed && !hasHeir(shard);
      seen.lostSinceMs = isLost ? ((isNew ? undefined : seen.lostSinceMs) ?? nowMs) : undefined;
    }
  }

  /** Whether its primary is without promises although it had so long to ask. */
  hasLapsed({ id, epoch }: Shard, leaseMs: number, nowMs: number): boolean {
    const seen = this.#seen.get(id);
    return seen?.epoch === epoch && seen.hasLapsed && nowMs - seen.sinceMs >= leaseMs;
  }

  /** For how long nobody could be its primary, in ms. */
  lostForMs({ id }: Shard, nowMs: number): number {
    const since = this.#seen.get(id)?.lostSinceMs;
    return since === undefined ? 0 : nowMs - since;
  }
}
