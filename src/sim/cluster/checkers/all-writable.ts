/** When faults have ended, some primary takes writes for every shard within BOUND_MS, and to the end. */
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

const BOUND_MS = 10_000;
/** Primaries tell each half second; a hand-over that fails takes L and some more. */
const LATELY_MS = 4_000;

export class AllWritable implements Checker<ClusterFact> {
  readonly name = 'all-writable';
  /** By shard, since the last fault. */
  readonly #firstMs = new Map<number, number>();
  readonly #lastMs = new Map<number, number>();
  readonly #nodes = new Set<string>();
  #shards: readonly number[] = [];
  #healMs = Number.POSITIVE_INFINITY;

  onFact(fact: ClusterFact, { nowMs }: Moment): void {
    if (fact.kind === 'committed') this.#shards = fact.topology.shards.map(({ id }) => id);
    if (fact.kind !== 'holds' || !fact.mayWrite || nowMs < this.#healMs) return;
    if (!this.#firstMs.has(fact.shard)) this.#firstMs.set(fact.shard, nowMs);
    this.#lastMs.set(fact.shard, nowMs);
  }

  onHeal(nowMs: number): void {
    this.#healMs = nowMs;
  }

  onStart({ node }: Moment): void {
    this.#nodes.add(node);
  }

  onEnd(nowMs: number): void {
    // The first node begins it; if that lost its disk before, nobody does.
    if (this.#shards.length === 0 && !this.#nodes.has('n1-2')) {
      throw new Violation('the cluster was never begun');
    }
    for (const shard of this.#shards) {
      const afterMs = (this.#firstMs.get(shard) ?? Number.POSITIVE_INFINITY) - this.#healMs;
      if (afterMs > BOUND_MS)
        throw new Violation(`shard ${shard} takes writes ${Math.round(afterMs)} ms after the last fault`);
      const agoMs = nowMs - (this.#lastMs.get(shard) ?? 0);
      if (agoMs > LATELY_MS)
        throw new Violation(`shard ${shard} took its last write ${Math.round(agoMs)} ms before the end`);
    }
  }
}
