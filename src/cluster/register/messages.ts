/**
 * What registers say to each other. Terms and positions make every message safe to come late, twice or out of order.
 *
 *   election      pre-vote -> pre-vote-answer     would you vote for me? Promises nothing, raises no term
 *                 vote -> vote-answer             promises: no other vote in this term
 *   publication   publish -> accepted | needs-whole            'accepted' promises: no older term, kept on disk
 *                 check -> check-answer           the leader is there; the answer says what is accepted, and what is held
 *                 outdated                        instead of an answer: there is a newer term
 *   news          fetch -> committed              committed is also told to all by the leader, unasked
 *   changes       propose -> outcome
 *   leaving       stand                           lead in my place, at once
 */
import type { NodeId } from '../../ring/index.js';
import type { Position } from './position.js';

export type VoterSets = readonly (readonly NodeId[])[];

/** What a value was derived from. */
export interface Base {
  readonly version: number;
  /** A quorum is a majority of each of these and of each of the value's own. */
  readonly voterSets: VoterSets;
}

/** A value that was accepted or committed. */
export interface Placed<V> {
  readonly position: Position;
  readonly base: Base;
  readonly value: V;
}

/** What is kept on disk. One promise cannot be read without the others: it is written as one. */
export interface RegisterDisk<V> {
  readonly term: number;
  /** Who has this node's vote in `term`. */
  readonly votedFor: NodeId | undefined;
  /** Undefined: this node belongs to no cluster yet. */
  readonly accepted: Placed<V> | undefined;
}

/** Whom to ask for a change. */
export interface LeaderHint {
  readonly node: NodeId;
  readonly term: number;
}

export type Outcome =
  /** It is in this version, which is committed. */
  | { readonly kind: 'done'; readonly version: number }
  /** It was not and will not be applied; it does not fit this version. */
  | { readonly kind: 'refused'; readonly version: number; readonly why: string }
  /** Nobody did anything with it: ask that one, or later. */
  | { readonly kind: 'not-leader'; readonly leader: LeaderHint | undefined }
  /** It may be committed, or become so: read, then decide. */
  | { readonly kind: 'unknown'; readonly why: string };

/** A value for one who has nothing, or for one who has the committed value of `of`. */
export type Content<V, D> =
  | { readonly kind: 'whole'; readonly value: V }
  | { readonly kind: 'patch'; readonly of: number; readonly diff: D };

/** In every message: the newest that its sender knows to be committed. Who is behind asks the sender for it. */
interface Committed {
  readonly committed: Position | undefined;
}

export interface PreVote extends Committed {
  readonly kind: 'register/pre-vote';
  /** Counts the attempts of the asker. */
  readonly round: number;
  readonly accepted: Position | undefined;
}

export interface PreVoteAnswer extends Committed {
  readonly kind: 'register/pre-vote-answer';
  readonly round: number;
  readonly term: number;
  readonly isGranted: boolean;
}

export interface Vote extends Committed {
  readonly kind: 'register/vote';
  readonly term: number;
  readonly accepted: Position | undefined;
}

export interface VoteAnswer extends Committed {
  readonly kind: 'register/vote-answer';
  readonly term: number;
  readonly isGranted: boolean;
}

export interface Publish<V, D> extends Committed {
  readonly kind: 'register/publish';
  readonly position: Position;
  readonly base: Base;
  readonly content: Content<V, D>;
}

export interface PublishAnswer extends Committed {
  readonly kind: 'register/accepted' | 'register/needs-whole';
  readonly position: Position;
}

export interface Check extends Committed {
  readonly kind: 'register/check';
  readonly term: number;
  readonly number: number;
}

export interface CheckAnswer<R> extends Committed {
  readonly kind: 'register/check-answer';
  readonly term: number;
  /** That of the check. */
  readonly number: number;
  /** What is accepted and on disk. */
  readonly accepted: Position | undefined;
  /** What waits for the gate. */
  readonly held: Position | undefined;
  readonly report: R;
}

export interface Outdated extends Committed {
  readonly kind: 'register/outdated';
  readonly term: number;
}

export interface Fetch extends Committed {
  readonly kind: 'register/fetch';
}

export interface News<V, D> extends Committed {
  readonly kind: 'register/committed';
  /** Undefined: the receiver has it already, or asks. */
  readonly news: { readonly base: Base; readonly content: Content<V, D> } | undefined;
  readonly leader: LeaderHint | undefined;
}

export interface Propose<C> extends Committed {
  readonly kind: 'register/propose';
  /** For the leader of this term only: in another it may have been dealt with before. */
  readonly term: number;
  readonly id: number;
  readonly changes: readonly C[];
}

export interface Answer extends Committed {
  readonly kind: 'register/outcome';
  readonly id: number;
  readonly outcome: Outcome;
}

export interface Stand extends Committed {
  readonly kind: 'register/stand';
  /** Of the leader that leaves. */
  readonly term: number;
}

export type RegisterMessage<V, C, D, R> =
  | PreVote
  | PreVoteAnswer
  | Vote
  | VoteAnswer
  | Publish<V, D>
  | PublishAnswer
  | Check
  | CheckAnswer<R>
  | Outdated
  | Fetch
  | News<V, D>
  | Propose<C>
  | Answer
  | Stand;

/** The term that a message proves to have begun; -1: it proves none. */
export function termOf<V, C, D, R>(message: RegisterMessage<V, C, D, R>): number {
  switch (message.kind) {
    case 'register/vote':
    case 'register/vote-answer':
    case 'register/check':
    case 'register/check-answer':
    case 'register/outdated':
    case 'register/stand':
    case 'register/propose':
      return message.term;
    case 'register/publish':
    case 'register/accepted':
    case 'register/needs-whole':
      return message.position.term;
    default:
      return -1;
  }
}
