/**
 * Nobody waits for a load that is over: who waits is told within BOUND_MS, on the clock of the node, when the load lease is over, and
 * when the node is no longer primary of that shard at that epoch. Those of a node that died have no connection any more.
 */
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

const BOUND_MS = 1_000;

interface Waiter {
  readonly shard: number;
  readonly epoch: number;
  readonly endsMs: number;
  /** Since when the node was seen in another epoch. */
  strandedMs: number | undefined;
}

export class WaitersWoken implements Checker<ClusterFact> {
  readonly name = 'waiters-woken';
  /** By life, then by client and question. */
  readonly #waiters = new Map<number, Map<string, Waiter>>();

  onFact(fact: ClusterFact, { life, node }: Moment): void {
    if (fact.kind === 'waits') {
      const { client, id, shard, epoch, endsMs } = fact;
      this.#of(life).set(`${client} ${id}`, { shard, epoch, endsMs, strandedMs: undefined });
    } else if (fact.kind === 'woken') {
      this.#of(life).delete(`${fact.client} ${fact.id}`);
    } else if (fact.kind === 'clock') {
      for (const [who, waiter] of this.#of(life)) this.#look(`${who} waits at ${node}`, waiter, fact);
    }
  }

  onCrash({ life }: Moment): void {
    this.#waiters.delete(life);
  }

  #look(what: string, waiter: Waiter, at: Extract<ClusterFact, { kind: 'clock' }>): void {
    const { shard, epoch, endsMs } = waiter;
    if (at.monotonicMs - endsMs > BOUND_MS) throw new Violation(`${what} for a load whose lease is over`);
    if (shard === at.shard && epoch === at.epoch) return;
    waiter.strandedMs ??= at.monotonicMs;
    if (at.monotonicMs - waiter.strandedMs > BOUND_MS)
      throw new Violation(`${what} for epoch ${epoch} of shard ${shard}, which is over there`);
  }

  #of(life: number): Map<string, Waiter> {
    let waiters = this.#waiters.get(life);
    if (waiters === undefined) {
      waiters = new Map();
      this.#waiters.set(life, waiters);
    }
    return waiters;
  }
}
