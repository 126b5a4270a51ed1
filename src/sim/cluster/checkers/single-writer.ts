/** At any instant one life at most writes for a shard: nobody at an epoch below one that was written at, and one life an epoch. */
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

interface Writer extends Moment {
  readonly epoch: number;
}

export class SingleWriter implements Checker<ClusterFact> {
  readonly name = 'single-writer';
  readonly #writers = new Map<number, Writer>();

  onFact(fact: ClusterFact, moment: Moment): void {
    if (fact.kind !== 'wrote') return;
    const { shard, epoch } = fact;
    const last = this.#writers.get(shard);
    if (last !== undefined && (epoch < last.epoch || (epoch === last.epoch && moment.life !== last.life))) {
      throw new Violation(
        `${moment.node} writes for shard ${shard} at epoch ${epoch}; ${last.node} wrote at epoch ${last.epoch} at ${last.nowMs.toFixed(3)} ms`,
      );
    }
    this.#writers.set(shard, { ...moment, epoch });
  }
}
