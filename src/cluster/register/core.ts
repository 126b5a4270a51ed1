/** What the parts of one register share, and the small things that all of them do with it. */
import type { RandomSource } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Outbox } from '../step.js';
import type { LeaderHint, News, Placed, RegisterDisk, RegisterMessage } from './messages.js';
import type { RegisterOptions } from './options.js';
import { isAbove, type Position } from './position.js';
import { Promises } from './promises.js';
import type { Advice, ValueKind } from './value-kind.js';

export interface RegisterParts<V, C, D> {
  readonly self: NodeId;
  readonly kind: ValueKind<V, C, D>;
  readonly options: RegisterOptions;
  readonly random: RandomSource;
  /** What was on disk; undefined: nothing. */
  readonly saved: RegisterDisk<V> | undefined;
  /** Rules to leave out, of REGISTER_MUTANTS. */
  readonly mutants: ReadonlySet<string>;
}

/** One step: when it is, what the parent says, and where to put what is to be done. */
export interface Step<V, C, D, R> {
  readonly nowMs: number;
  readonly advice: Advice<V, C, R>;
  readonly outbox: Outbox<RegisterMessage<V, C, D, R>, RegisterDisk<V>>;
}

export class Core<V, C, D> {
  readonly self: NodeId;
  readonly kind: ValueKind<V, C, D>;
  readonly options: RegisterOptions;
  readonly random: RandomSource;
  readonly mutants: ReadonlySet<string>;
  readonly promises: Promises<V>;
  /** The newest known. */
  committed: Placed<V> | undefined;
  /** The newest leader heard of; perhaps it leads no more. */
  leader: LeaderHint | undefined;

  constructor({ self, kind, options, random, saved, mutants }: RegisterParts<V, C, D>) {
    this.self = self;
    this.kind = kind;
    this.options = options;
    this.random = random;
    this.mutants = mutants;
    this.promises = new Promises(kind, saved, mutants);
  }

  get position(): Position | undefined {
    return this.committed?.position;
  }

  /** Whether this node is a voter in the value, or was before the change of voters that is under way in it. */
  isVoterOf(value: V): boolean {
    return this.kind.votersOf(value).some((voters) => voters.includes(this.self));
  }

  /**
   * Whether one that has accepted and knows this has all that may be committed, as far as this node knows.
   *
   * A committed value may have been published again in later terms, since not all knew; that makes it no newer. Were it compared by its
   * term then, a voter that has it of its first term might be refused by all others, and be the only one that may still lead.
   */
  hasAll(accepted: Position | undefined, committed: Position | undefined): boolean {
    const own = this.promises.accepted?.position;
    if (!isAbove(own, accepted) || this.mutants.has('ignore-last-accepted')) return true;
    const isCommitted = own!.version === this.position?.version;
    const isKnownThere = (committed?.version ?? -1) >= own!.version;
    return isCommitted && isKnownThere && !this.mutants.has('committed-by-term');
  }

  electionMs(): number {
    const { electionMinMs, electionMaxMs } = this.options;
    return electionMinMs + this.random.below(electionMaxMs - electionMinMs + 1);
  }

  hearOf(leader: LeaderHint | undefined): void {
    if (leader !== undefined && leader.term > (this.leader?.term ?? -1)) this.leader = leader;
  }

  /** The committed value for one who has nothing. */
  wholeNews(): News<V, D> {
    const { committed } = this;
    return {
      kind: 'register/committed',
      committed: this.position,
      news: committed && { base: committed.base, content: { kind: 'whole', value: committed.value } },
      leader: this.leader,
    };
  }
}
