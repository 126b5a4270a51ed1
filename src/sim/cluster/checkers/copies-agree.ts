/**
 * A whole copy is a point of the history of its shard: it holds what the writes of that history left up to its offset. And when faults
 * have ended every replica on a node that lives comes to be whole and in sync.
 */
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

type Holds = Extract<ClusterFact, { kind: 'holds' }>;

export class CopiesAgree implements Checker<ClusterFact> {
  readonly name = 'copies-agree';
  /** What is held at a point, by shard, epoch and offset; the first who holds it says what that is. */
  readonly #points = new Map<string, { readonly text: string; readonly node: string }>();
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
    } else if (fact.kind === 'holds') {
      this.#last.set(node, fact);
      this.#compare(fact, node);
    }
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

  #compare({ shard, held, entries }: Holds, node: string): void {
    if (held === undefined || held.offset === 0) return;
    const point = `${shard}/${held.epoch}/${held.offset}`;
    const text = [...entries]
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(' ');
    const known = this.#points.get(point);
    if (known === undefined) this.#points.set(point, { text, node });
    else if (known.text !== text) {
      throw new Violation(
        `${node} holds something else than ${known.node} at offset ${held.offset} of epoch ${held.epoch} of shard ${shard}`,
      );
    }
  }
}
