/**
 * When faults have ended, every replica on a node that lives comes to be whole and in sync within BOUND_MS, and so again within that time
 * of a change that takes it out of the set.
 */
import type { Topology } from '../../../ring/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

const BOUND_MS = 8_000;

export class AllInSync implements Checker<ClusterFact> {
  readonly name = 'all-in-sync';
  #newest: Topology | undefined;
  /** By node: since when it is a replica, and not in sync, or not whole. */
  readonly #outSinceMs = new Map<string, number>();
  readonly #partSinceMs = new Map<string, number>();
  readonly #alive = new Set<string>();
  #healMs = 0;

  onStart({ node }: Moment): void {
    this.#alive.add(node);
  }

  onCrash({ node }: Moment): void {
    this.#alive.delete(node);
  }

  onHeal(nowMs: number): void {
    this.#healMs = nowMs;
  }

  onFact(fact: ClusterFact, { node, nowMs }: Moment): void {
    if (fact.kind === 'committed' && fact.topology.version > (this.#newest?.version ?? 0)) {
      this.#newest = fact.topology;
      const replicas = fact.topology.shards.flatMap((shard) => shard.replicas);
      const out = new Set(replicas.filter(({ isInSync }) => !isInSync).map((replica) => replica.node));
      // Of a primary too: it counts from when it becomes a replica.
      for (const one of new Set([...this.#outSinceMs.keys(), ...out]))
        follow(this.#outSinceMs, one, out.has(one), nowMs);
    } else if (fact.kind === 'holds') {
      follow(this.#partSinceMs, node, fact.held === undefined, nowMs);
    }
  }

  onEnd(nowMs: number): void {
    for (const { id, replicas } of this.#newest?.shards ?? []) {
      for (const { node } of replicas) {
        if (!this.#alive.has(node)) continue;
        if (this.#agoMs(this.#outSinceMs, node, nowMs) > BOUND_MS)
          throw new Violation(`${node} is not in sync in shard ${id}, long after the last fault`);
        if (this.#agoMs(this.#partSinceMs, node, nowMs) > BOUND_MS)
          throw new Violation(`${node} holds no whole copy of shard ${id}`);
      }
    }
  }

  #agoMs(sinceMs: ReadonlyMap<string, number>, node: string, nowMs: number): number {
    return nowMs - Math.max(this.#healMs, sinceMs.get(node) ?? nowMs);
  }
}

/** Keeps since when it is so. */
function follow(sinceMs: Map<string, number>, node: string, isSo: boolean, nowMs: number): void {
  if (!isSo) sinceMs.delete(node);
  else if (!sinceMs.has(node)) sinceMs.set(node, nowMs);
}
