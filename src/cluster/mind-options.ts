/** What a mind is given, what it says to others, and what it keeps. */
import type { RandomSource } from '../base/index.js';
import type { Topology, TopologyChange, TopologyDiff, TopologyNode } from '../ring/index.js';
import type { LapseReport } from './lapses.js';
import type { LeaseMessage } from './lease/messages.js';
import type { MembershipShape } from './membership/membership.js';
import type { SwimMessage } from './membership/messages.js';
import type { PlanOptions } from './plan.js';
import type { RegisterDisk, RegisterMessage } from './register/messages.js';
import type { RegisterOptions } from './register/options.js';
import type { Outbox } from './step.js';

/** Rules that can be left out, to see whether a test misses them. */
export const MIND_MUTANTS = ['binding-goes-back', 'depose-on-own-word', 'twins-count'] as const;

export type MindMessage =
  | SwimMessage
  | RegisterMessage<Topology, TopologyChange, TopologyDiff, LapseReport>
  | LeaseMessage;

export type MindDisk = RegisterDisk<Topology>;

export type MindOutbox = Outbox<MindMessage, MindDisk>;

/** The clocks of the host, as they are. */
export interface HostReading {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface MindOptions {
  readonly self: TopologyNode;
  /** What was on disk; undefined at the first start. */
  readonly saved: MindDisk | undefined;
  readonly random: RandomSource;
  /** Where others may be found: HOST:PORT of their bus. */
  readonly seeds: readonly string[];
  readonly membership?: MembershipShape;
  readonly register?: RegisterOptions;
  readonly plan?: Partial<PlanOptions>;
  /** Rules to leave out. */
  readonly mutants?: ReadonlySet<string>;
}
