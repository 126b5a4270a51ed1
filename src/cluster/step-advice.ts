/**
 * What the register asks of its parent in one step: may this be accepted, may that be published, what to report, whom to ask.
 * Reports and lapses cost a look at all shards, contacts one at all members; most steps ask for none of them, so each is found out when
 * it is asked for.
 */
import type { NodeId, Topology, TopologyChange } from '../ring/index.js';
import { type LapseReport, Lapses } from './lapses.js';
import type { Promises } from './lease/promises.js';
import { mayPublish } from './may-publish.js';
import type { Membership } from './membership/membership.js';
import type { VoterReport } from './register/leadership.js';
import type { Base } from './register/messages.js';
import type { Advice, Verdict } from './register/value-kind.js';
import type { Clocks, Outbox } from './step.js';
import { voterVersionOfBase } from './topology-kind.js';

/** The machines that know. */
export interface AdviceSources {
  readonly self: NodeId;
  readonly promises: Promises;
  readonly membership: Membership;
  /** At the leader: what the other voters reported last. */
  reports(): ReadonlyMap<NodeId, VoterReport<LapseReport>>;
  committed(): Topology | undefined;
  readonly mutants: ReadonlySet<string>;
}

export class StepAdvice implements Advice<Topology, TopologyChange, LapseReport> {
  readonly #sources: AdviceSources;
  readonly #clocks: Clocks;
  readonly #outbox: Outbox<never>;
  #lapses: { readonly of: Topology; readonly found: Lapses } | undefined;

  constructor(sources: AdviceSources, clocks: Clocks, outbox: Outbox<never>) {
    this.#sources = sources;
    this.#clocks = clocks;
    this.#outbox = outbox;
  }

  gate(current: Topology | undefined, next: Topology, base: Base): boolean {
    if (current === undefined) return true;
    const baseVoterVersion = voterVersionOfBase(next, base);
    return this.#sources.promises.beginAccept(
      { current, next, baseVoterVersion },
      this.#clocks,
      this.#outbox,
    );
  }

  mayPublish(change: TopologyChange): Verdict {
    const committed = this.#sources.committed();
    if (committed === undefined) return 'wait';
    return mayPublish(committed, change, {
      hasLapsed: (shard, epoch) => this.hasLapsed(committed, shard, epoch),
      isAlive: (node) => this.#sources.membership.aliveAs(node) !== undefined,
    });
  }

  get report(): LapseReport {
    const lapsed = this.#sources.promises.report(this.#clocks.monotonicMs);
    return { lapsed: lapsed.map(({ shard, epoch }) => ({ shard, epoch })) };
  }

  /** While no value is known. */
  get contacts(): readonly NodeId[] {
    const { self, membership, committed } = this.#sources;
    if (committed() !== undefined) return [];
    return [...membership.claims()].flatMap(({ node, state }) =>
      state === 'alive' && node !== self ? [node] : [],
    );
  }

  /** Whether a quorum of the voters of this topology promises nothing to the primary of this epoch. */
  hasLapsed(committed: Topology, shard: number, epoch: number): boolean {
    const { self, reports, mutants } = this.#sources;
    if (mutants.has('depose-on-own-word')) return true;
    if (this.#lapses?.of !== committed) {
      const { monotonicMs } = this.#clocks;
      this.#lapses = {
        of: committed,
        found: new Lapses(committed, self, this.report, reports(), monotonicMs),
      };
    }
    return this.#lapses.found.has(shard, epoch);
  }
}
