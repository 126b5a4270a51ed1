/**
 * The in-sync set holds what it is said to hold: when a primary acknowledges something by all, every member of the set in the newest
 * committed topology has had it; and no member is filled anew.
 */
import type { Topology } from '../../../ring/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

export class SetHasAll implements Checker<ClusterFact> {
  readonly name = 'set-has-all';
  #newest: Topology | undefined;
  /** By node, shard and epoch: the largest offset. */
  readonly #had = new Map<string, number>();
  /** By node, the life of those that run. */
  readonly #starts = new Map<string, number>();

  onStart({ node }: Moment): void {
    this.#starts.set(node, (this.#starts.get(node) ?? 0) + 1);
  }

  onFact(fact: ClusterFact, { node }: Moment): void {
    if (fact.kind === 'committed') {
      if (fact.topology.version > (this.#newest?.version ?? 0)) this.#newest = fact.topology;
    } else if (fact.kind === 'has') {
      const { shard, held } = fact;
      if (held === undefined) this.#checkFilled(shard, node);
      else this.#had.set(`${node} ${shard} ${held.epoch}`, held.offset);
    } else if (fact.kind === 'acknowledged' && fact.byAll) {
      this.#checkSet(fact.shard, fact.epoch, fact.offset);
    }
  }

  #membersOf(
    shard: number,
    epoch?: number,
  ): readonly { readonly node: string; readonly incarnation: string }[] {
    const known = this.#newest?.shards.find(({ id }) => id === shard);
    if (known === undefined || (epoch !== undefined && known.epoch !== epoch)) return [];
    return known.replicas.filter(({ isInSync }) => isInSync);
  }

  #checkSet(shard: number, epoch: number, offset: number): void {
    for (const { node } of this.#membersOf(shard, epoch)) {
      const had = this.#had.get(`${node} ${shard} ${epoch}`) ?? 0;
      if (had >= offset) continue;
      throw new Violation(
        `offset ${offset} of epoch ${epoch} of shard ${shard} is acknowledged by all; ${node} is in sync and has ${had}`,
      );
    }
  }

  #checkFilled(shard: number, node: string): void {
    // Another life than the one in the set may be.
    const isMember = this.#membersOf(shard).some(
      (member) => member.node === node && member.incarnation.startsWith(`${this.#starts.get(node)}-`),
    );
    if (isMember) throw new Violation(`${node} is in sync in shard ${shard}, and is filled anew`);
  }
}
