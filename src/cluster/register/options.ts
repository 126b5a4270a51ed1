/** What can be set in a register. Defaults are those of a LAN; all nodes of a cluster should have the same. */
export interface RegisterOptions {
  /** Who hears no leader for a time drawn from here ... in ms. Also: who heard one more recently wants no other. */
  readonly electionMinMs: number;
  /** ... to here tries to lead; a leader that hears no quorum for so long leads no more. In ms. */
  readonly electionMaxMs: number;
  /** A leader says that it is there so often, in ms. Four fit into `electionMinMs`, so that losing some does no harm. */
  readonly checkMs: number;
  /** Who hears no leader asks somebody for news so often, in ms. So do all who do not vote. */
  readonly pollMs: number;
  /** A leader refuses a change that its parent has let wait for so long, in ms. */
  readonly waitMs: number;
  /** Who proposed hears 'unknown' when there was no answer for so long, in ms. Longer than `waitMs` and a lease. */
  readonly answerMs: number;
}

export const registerDefaults: RegisterOptions = Object.freeze({
  electionMinMs: 1000,
  electionMaxMs: 2000,
  checkMs: 250,
  pollMs: 1000,
  waitMs: 5000,
  answerMs: 10_000,
});

/** The rules that can be left out, to prove that the checks see it. */
export const REGISTER_MUTANTS = [
  'persist-after-answer',
  'vote-twice',
  'ignore-last-accepted',
  'committed-by-term',
  'accept-older-term',
  'pending-outlives-term',
  'answer-of-any-term',
  'no-quorum-of-base',
  'commit-by-one-set',
  'elect-by-one-set',
  'derive-uncommitted',
  'no-prevote',
  'prevote-despite-leader',
  'no-check-quorum',
  'no-gate',
  'publish-without-asking',
  'patch-on-any-base',
  'any-cluster',
  'learner-stands',
  'repeat-applies-twice',
  'proposal-of-any-term',
  'no-handover',
  'broken-disk-promises',
] as const;

export type RegisterMutant = (typeof REGISTER_MUTANTS)[number];
