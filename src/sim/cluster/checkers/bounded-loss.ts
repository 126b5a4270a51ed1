/**
 * What a takeover may lose. Who takes over goes on from what it holds, and of the history before it
 *
 *   what was acknowledged by the in-sync set     is never lost, unless the shard was re-homed: then all of that set were given up
 *   what was acknowledged by the primary alone   is lost only as its last stretch, which is at most maxUnreplicated long on the clock of that
 *                                                primary: it wrote nothing when a member of the set had not had all for so long
 *
 * That it stops at the end of its lease, if that is earlier, is lease-in-time's. The stretch covers what a replica was behind before the
 * fault as well as what was written after it, so nothing has to be known about the fault.
 */
import { type Checker, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';
import { type Branch, Histories, type Stretch, type Wrote, writesAbove } from '../histories.js';

type TookOver = Extract<ClusterFact, { kind: 'took-over' }>;
type Acknowledged = Extract<ClusterFact, { kind: 'acknowledged' }>;

export class BoundedLoss implements Checker<ClusterFact> {
  readonly name = 'bounded-loss';
  readonly #histories = new Histories();
  /** By place: whether the in-sync set acknowledged it. */
  readonly #acknowledged = new Map<string, boolean>();
  readonly #beganEpochs = new Map<number, number>();
  #maxUnreplicatedMs = 0;

  onFact(fact: ClusterFact): void {
    if (fact.kind === 'committed') {
      this.#maxUnreplicatedMs = fact.topology.maxUnreplicatedMs;
      for (const { id, beganEpoch } of fact.topology.shards)
        this.#beganEpochs.set(id, Math.max(beganEpoch, this.#beganEpochs.get(id) ?? 0));
    } else if (fact.kind === 'acknowledged') {
      this.#acknowledged.set(placeOf(fact), fact.byAll);
    } else if (fact.kind === 'took-over') this.#compare(fact);
    this.#histories.note(fact);
  }

  #compare({ shard, epoch, from }: TookOver): void {
    const before = this.#histories
      .branchesOf(shard)
      .reduce<Branch | undefined>(
        (newest, one) => (one.epoch < epoch && one.epoch > (newest?.epoch ?? 0) ? one : newest),
        undefined,
      );
    if (before === undefined || before.epoch < (this.#beganEpochs.get(shard) ?? 0)) return;
    const kept = new Map(this.#histories.way(shard, from).map(({ branch, upTo }) => [branch.epoch, upTo]));
    const end = { epoch: before.epoch, offset: before.from.offset + before.writes.length };
    for (const stretch of this.#histories.way(shard, end)) {
      const upTo = kept.get(stretch.branch.epoch);
      this.#checkLost(stretch, upTo ?? 0, epoch);
      if (upTo !== undefined) return;
    }
  }

  #checkLost(stretch: Stretch, above: number, epoch: number): void {
    const lost = writesAbove(stretch, above).filter((one) => this.#acknowledged.has(placeOf(one)));
    const promised = lost.find((one) => this.#acknowledged.get(placeOf(one)));
    if (promised !== undefined)
      throw new Violation(`${describe(promised)} was acknowledged by all, and is lost in epoch ${epoch}`);
    const [first, last] = [lost[0], lost.at(-1)];
    if (first === undefined || last === undefined) return;
    const lostMs = last.monotonicMs - first.monotonicMs;
    if (lostMs > this.#maxUnreplicatedMs)
      throw new Violation(
        `${lost.length} acknowledged writes of ${Math.round(lostMs)} ms are lost in epoch ${epoch}: ${describe(first)} to ${describe(last)}`,
      );
  }
}

function placeOf({ shard, epoch, offset }: Wrote | Acknowledged): string {
  return `${shard} ${epoch} ${offset}`;
}

function describe({ shard, epoch, offset, key }: Wrote): string {
  return `${key} at offset ${offset} of epoch ${epoch} of shard ${shard}`;
}
