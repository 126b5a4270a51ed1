/**
 * No lease outlives its time: a write is executed, and an acknowledgement by the in-sync set leaves, only while a majority of every voter
 * set that its primary knows has promised it, under these voters, what it asked for less than L ago; and none after it released its
 * epoch. True time is compared, so L is as long as the slowest clock makes it.
 */
import { isQuorum, type Topology } from '../../../ring/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

/** What one life of a node has asked for and was promised. */
interface Lease {
  topology?: Topology;
  /** True time by the time on its clock. */
  readonly asked: Map<number, number>;
  /** By voter; for the newest epoch and voters that were spoken of. */
  readonly promised: Map<string, number>;
  about: string;
  readonly released: Set<string>;
}

type WasPromised = Extract<ClusterFact, { kind: 'was-promised' }>;

export class LeaseInTime implements Checker<ClusterFact> {
  readonly name = 'lease-in-time';
  readonly #leases = new Map<number, Lease>();

  onFact(fact: ClusterFact, { nowMs, life, node }: Moment): void {
    switch (fact.kind) {
      case 'committed':
        this.#leaseOf(life).topology = fact.topology;
        break;
      case 'asks-lease':
        this.#leaseOf(life).asked.set(fact.sentAtMs, nowMs);
        break;
      case 'was-promised':
        this.#promise(this.#leaseOf(life), fact);
        break;
      case 'released':
        this.#leaseOf(life).released.add(`${fact.shard} ${fact.epoch}`);
        break;
      case 'wrote':
        this.#check(this.#leaseOf(life), fact.shard, fact.epoch, nowMs, `${node} writes`);
        break;
      case 'acknowledged':
        if (fact.byAll)
          this.#check(this.#leaseOf(life), fact.shard, fact.epoch, nowMs, `${node} acknowledges`);
        break;
    }
  }

  onCrash({ life }: Moment): void {
    this.#leases.delete(life);
  }

  #leaseOf(life: number): Lease {
    let lease = this.#leases.get(life);
    if (lease === undefined) {
      lease = { asked: new Map(), promised: new Map(), about: '', released: new Set() };
      this.#leases.set(life, lease);
    }
    return lease;
  }

  #promise(lease: Lease, { voter, shard, epoch, voterVersion, sentAtMs }: WasPromised): void {
    const about = `${shard} ${epoch} ${voterVersion}`;
    const askedMs = lease.asked.get(sentAtMs);
    if (askedMs === undefined) throw new Violation(`${voter} promises what was never asked for`);
    if (about !== lease.about) {
      if (about !== aboutOf(lease.topology, shard)) return;
      lease.about = about;
      lease.promised.clear();
    }
    lease.promised.set(voter, Math.max(askedMs, lease.promised.get(voter) ?? 0));
  }

  #check(lease: Lease, shard: number, epoch: number, nowMs: number, who: string): void {
    if (lease.released.has(`${shard} ${epoch}`))
      throw new Violation(`${who} at epoch ${epoch} of shard ${shard}, which it released`);
    const { topology, about } = lease;
    if (topology === undefined) throw new Violation(`${who}, and knows of no topology`);
    const { leaseMs, driftPermille, slackMs } = topology.lease;
    const fromMs = nowMs - leaseMs / (1 - driftPermille / 1000) - slackMs;
    const isNow = about === aboutOf(topology, shard) && about.startsWith(`${shard} ${epoch} `);
    const promised = [...lease.promised].flatMap(([voter, ms]) => (isNow && ms >= fromMs ? [voter] : []));
    if (isQuorum(new Set(promised), [topology.voters, topology.previousVoters])) return;
    throw new Violation(
      `${who} at epoch ${epoch} of shard ${shard}; of the voters ${topology.voters.join(' ')} ${promised.join(' ') || 'none'} promised it in time`,
    );
  }
}

/** Of which shard, epoch and voters a promise must be. */
function aboutOf(topology: Topology | undefined, shard: number): string {
  const epoch = topology?.shards.find(({ id }) => id === shard)?.epoch;
  return `${shard} ${epoch} ${topology?.voterVersion}`;
}
