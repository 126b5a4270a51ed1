/**
 * Who may be deposed: a quorum of voters says that it promises nothing to that primary. A leader publishes a deposal only then, since
 * one that voters refuse holds up all other changes.
 *
 * A word of a voter counts for the time of a lease. Each begins an epoch with no promise to its primary, and says so; one that is cut off
 * from the leader right then, and not from the primary, would be counted against that for as long as the cut lasts.
 */
import { isQuorum, type NodeId, type Topology } from '../ring/index.js';

/** What a voter tells the leader: shards, and the epochs, whose primaries it promises nothing. */
export interface LapseReport {
  readonly lapsed: readonly { readonly shard: number; readonly epoch: number }[];
}

export interface TimedReport {
  readonly report: LapseReport;
  readonly atMs: number;
}

export class Lapses {
  readonly #voterSets: readonly (readonly NodeId[])[];
  /** By shard: the voters that say so, and of which epoch. */
  readonly #said = new Map<number, [voter: NodeId, epoch: number][]>();

  /** `own`: what this node says itself; `others`: what it was told, and when. Cost: as many steps as there are words. */
  constructor(
    { voters, previousVoters, lease }: Topology,
    self: NodeId,
    own: LapseReport,
    others: ReadonlyMap<NodeId, TimedReport>,
    nowMs: number,
  ) {
    this.#voterSets = [voters, previousVoters];
    this.#take(self, own);
    for (const [voter, { report, atMs }] of others) {
      if (voter !== self && nowMs - atMs <= lease.leaseMs) this.#take(voter, report);
    }
  }

  /** Whether a quorum of voters promises nothing to the primary of this epoch. */
  has(shard: number, epoch: number): boolean {
    const said = this.#said.get(shard);
    if (said === undefined) return false;
    return isQuorum(new Set(said.flatMap(([voter, of]) => (of === epoch ? [voter] : []))), this.#voterSets);
  }

  #take(voter: NodeId, { lapsed }: LapseReport): void {
    for (const { shard, epoch } of lapsed) {
      const said = this.#said.get(shard);
      if (said === undefined) this.#said.set(shard, [[voter, epoch]]);
      else said.push([voter, epoch]);
    }
  }
}
