/** The voter's side of elections: what it answers to who asks whether it would be elected, and to who stands. */
import type { NodeId } from '../../ring/index.js';
import type { Core, Step } from './core.js';
import type { PreVote, Vote } from './messages.js';

/** Promises nothing. Who hears a leader wants no other, whatever the asker has. */
export function answerPreVote<V, C, D, R>(
  core: Core<V, C, D>,
  from: NodeId,
  { round, accepted, committed }: PreVote,
  hearsLeader: boolean,
  { outbox }: Step<V, C, D, R>,
): void {
  const { promises, mutants, position } = core;
  const isWanted = !hearsLeader || mutants.has('prevote-despite-leader');
  outbox.send(from, {
    kind: 'register/pre-vote-answer',
    committed: position,
    round,
    term: promises.term,
    isGranted: isWanted && promises.canPromise && core.hasAll(accepted, committed),
  });
}

/**
 * Whether the candidate has the vote of this node in this term; a yes is said when it is on disk. Anybody votes who is asked: a voter of the
 * candidate's value may not have heard that it is one, and the candidate counts only those that are.
 */
export function answerVote<V, C, D, R>(
  core: Core<V, C, D>,
  from: NodeId,
  { term, accepted, committed }: Vote,
  { outbox }: Step<V, C, D, R>,
): boolean {
  const { promises, position } = core;
  const mayHaveIt = term === promises.term && core.hasAll(accepted, committed);
  const isGranted = mayHaveIt && promises.vote(from, outbox);
  const answer = {
    kind: 'register/vote-answer',
    committed: position,
    term: promises.term,
    isGranted,
  } as const;
  if (isGranted) promises.say(from, answer, outbox);
  else outbox.send(from, answer);
  return isGranted;
}
