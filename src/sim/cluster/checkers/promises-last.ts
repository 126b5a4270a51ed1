/**
 * What a voter promised to a primary it keeps: it accepts nothing that deposes it before L is over on the slowest clock, through restarts
 * and changes of voters, unless that primary has released its epoch. And it promises nothing to whom a topology leaves out
 * that it has begun to accept, nor under other voters.
 */
import { deposals, isQuorum, type NodeId, type Topology } from '../../../ring/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

interface Voter {
  accepted: Topology | undefined;
  /** Whether its disk is as it believes. */
  isSure: boolean;
  /** What it accepts next is what its disk held. */
  hasStarted: boolean;
  /** By shard and epoch: when it promised last. */
  readonly promisedMs: Map<string, number>;
}

type Promises = Extract<ClusterFact, { kind: 'promises' }>;

export class PromisesLast implements Checker<ClusterFact> {
  readonly name = 'promises-last';
  readonly #voters = new Map<string, Voter>();
  readonly #released = new Set<string>();
  /** By version: on whose disk it was. */
  readonly #kept = new Map<number, Set<NodeId>>();

  onFact(fact: ClusterFact, { nowMs, node }: Moment): void {
    switch (fact.kind) {
      case 'kept':
        this.#kept.set(fact.version, (this.#kept.get(fact.version) ?? new Set()).add(node));
        break;
      case 'accepts':
        this.#accept(fact.topology, this.#voterOf(node), node, nowMs);
        break;
      case 'not-kept':
        this.#voterOf(node).isSure = false;
        break;
      case 'promises':
        this.#promise(fact, this.#voterOf(node), node, nowMs);
        break;
      case 'released':
        this.#released.add(`${fact.shard} ${fact.epoch}`);
        break;
    }
  }

  onStart({ node }: Moment): void {
    const voter = this.#voterOf(node);
    voter.isSure = false;
    voter.hasStarted = true;
  }

  #voterOf(node: string): Voter {
    let voter = this.#voters.get(node);
    if (voter === undefined) {
      voter = { accepted: undefined, isSure: false, hasStarted: false, promisedMs: new Map() };
      this.#voters.set(node, voter);
    }
    return voter;
  }

  #accept(topology: Topology, voter: Voter, node: string, nowMs: number): void {
    const before = voter.accepted;
    const { version, voters, previousVoters } = topology;
    // News of what a majority has agreed to deposes nobody any more; until it is on disk the voter goes by what it had.
    const wasOnDisk = voter.hasStarted;
    voter.hasStarted = false;
    // It promised under the newer one, which did not come to its disk.
    if (wasOnDisk && version < (before?.version ?? 0)) return;
    const isNews = isQuorum(this.#kept.get(version) ?? new Set(), [voters, previousVoters]);
    voter.accepted = topology;
    voter.isSure = !isNews;
    if (before === undefined || isNews) return;
    const { leaseMs, driftPermille } = before.lease;
    const lastsMs = leaseMs / (1 - driftPermille / 1000);
    for (const { shard, epoch, life } of deposals(before, topology)) {
      const name = `${shard} ${epoch}`;
      const agoMs = nowMs - (voter.promisedMs.get(name) ?? Number.NEGATIVE_INFINITY);
      if (agoMs >= lastsMs || this.#released.has(name)) continue;
      throw new Violation(
        `${node} helps to depose ${life.node}, to which it promised shard ${shard} at epoch ${epoch} ${Math.round(agoMs)} ms ago`,
      );
    }
  }

  #promise({ shard, epoch, voterVersion }: Promises, voter: Voter, node: string, nowMs: number): void {
    voter.promisedMs.set(`${shard} ${epoch}`, nowMs);
    if (!voter.isSure || voter.accepted === undefined) return;
    if (voterVersion !== voter.accepted.voterVersion)
      throw new Violation(`${node} promises under other voters than those that it has accepted`);
    const known = voter.accepted.shards.find(({ id }) => id === shard)?.epoch;
    if (known !== epoch)
      throw new Violation(`${node} promises epoch ${epoch} of shard ${shard}, and has accepted ${known}`);
  }
}
