/**
 * What a register is, whoever keeps it: one value that all agree on, changed by conditional changes, one after another.
 *
 * - Committed values form one chain: each is made of the one before by changes, none is ever replaced or lost.
 * - A change that was answered 'done' is in the chain once; one answered 'refused' is not and never will be.
 * - What is read is committed, and never goes back. It may be old: a node that is cut off reads on.
 *
 * To watch is to look at `committed` after each step: the same object as long as nothing came.
 */
import type { Outcome } from './messages.js';

export interface ProposalOutcome {
  /** What `propose` gave. */
  readonly id: number;
  readonly outcome: Outcome;
}

export interface Register<V, C> {
  /** The newest value known to be committed. */
  readonly committed: V | undefined;
  /** All of these or none. Exactly one outcome for the id comes some time later. */
  propose(changes: readonly C[]): number;
  /** The outcomes that came since the last call. */
  takeOutcomes(): readonly ProposalOutcome[];
}
