/** When faults have ended, every replica on a node that lives comes to be whole and in sync. */
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

type Holds = Extract<ClusterFact, { kind: 'holds' }>;

export class AllInSync implements Checker<ClusterFact> {
  readonly name = 'all-in-sync';
  readonly #last = new Map<string, Holds>();
  #replicas: readonly { readonly shard: number; readonly node: string; readonly isInSync: boolean }[] = [];
  readonly #alive = new Set<string>();

  onStart({ node }: Moment): void {
    this.#alive.add(node);
  }

  onCrash({ node }: Moment): void {
    this.#alive.delete(node);
  }

  onFact(fact: ClusterFact, { node }: Moment): void {
    if (fact.kind === 'committed') {
      this.#replicas = fact.topology.shards.flatMap(({ id, replicas }) =>
        replicas.map(({ node: replica, isInSync }) => ({ shard: id, node: replica, isInSync })),
      );
    } else if (fact.kind === 'holds') this.#last.set(node, fact);
  }

  onEnd(): void {
    for (const { shard, node, isInSync } of this.#replicas) {
      if (!this.#alive.has(node)) continue;
      if (!isInSync)
        throw new Violation(`${node} is not in sync in shard ${shard}, long after the last fault`);
      if (this.#last.get(node)?.held === undefined)
        throw new Violation(`${node} holds no whole copy of shard ${shard}`);
    }
  }
}
