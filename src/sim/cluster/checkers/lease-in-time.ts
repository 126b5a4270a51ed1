/**
 * No lease outlives its time: a write is executed, and an acknowledgement by the in-sync set leaves, only while a majority of every voter
 * set that its primary knows has promised it, under these voters, what it asked for less than L ago; and none after it released its
 * epoch. And when a topology is committed that deposes a primary, that has no such majority any more. True time is compared, so L is as long as the slowest clock makes it.
 */
import { deposals, isQuorum, type Topology } from '../../../ring/index.js';
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
  /** By life. */
  readonly #leases = new Map<number, Lease>();
  readonly #known = new Set<number>();

  onFact(fact: ClusterFact, { nowMs, life, node }: Moment): void {
    switch (fact.kind) {
      case 'committed':
        this.#learn(fact.topology, nowMs);
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

  /** Somebody knows first that this is committed: nobody whom it deposes may have a lease. */
  #learn(topology: Topology, nowMs: number): void {
    if (this.#known.has(topology.version)) return;
    this.#known.add(topology.version);
    for (const lease of this.#leases.values()) {
      if (lease.topology === undefined || lease.about === '') continue;
      for (const { shard, epoch, life } of deposals(lease.topology, topology)) {
        if (lease.released.has(`${shard} ${epoch}`)) continue;
        if (!lease.about.startsWith(`${shard} ${epoch} `)) continue;
        if (!isPromisedSince(lease, lease.topology, shard, nowMs - longestMs(topology))) continue;
        throw new Violation(
          `shard ${shard} is taken from ${life.node}, whose lease of epoch ${epoch} may last`,
        );
      }
    }
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
    const fromMs = nowMs - longestMs(topology) - topology.lease.slackMs;
    const isNow = about.startsWith(`${shard} ${epoch} `);
    if (isNow && isPromisedSince(lease, topology, shard, fromMs)) return;
    throw new Violation(
      `${who} at epoch ${epoch} of shard ${shard}, which no majority of the voters ${topology.voters.join(' ')} promised it in time`,
    );
  }
}

/** L of the slowest clock, in true time. */
function longestMs({ lease: { leaseMs, driftPermille } }: Topology): number {
  return leaseMs / (1 - driftPermille / 1000);
}

/** Whether a majority of all sets promised what was asked for since then. */
function isPromisedSince(lease: Lease, topology: Topology, shard: number, sinceMs: number): boolean {
  if (lease.about !== aboutOf(topology, shard)) return false;
  const voters = [...lease.promised].flatMap(([voter, askedMs]) => (askedMs > sinceMs ? [voter] : []));
  return isQuorum(new Set(voters), [topology.voters, topology.previousVoters]);
}

/** Of which shard, epoch and voters a promise must be. */
function aboutOf(topology: Topology | undefined, shard: number): string {
  const epoch = topology?.shards.find(({ id }) => id === shard)?.epoch;
  return `${shard} ${epoch} ${topology?.voterVersion}`;
}
