/** The rules of the cluster that can be left out, in words; and of those that this world does not find out, where they are found out. */

export const MUTANT_RULES: Readonly<Record<string, string>> = {
  // register
  'persist-after-answer': 'a voter answers when it is on disk',
  'vote-twice': 'one vote in a term',
  'ignore-last-accepted': 'nobody votes for one who may lack what is committed',
  'committed-by-term': 'a committed value that was published again is no newer one',
  'accept-older-term': 'no word for a leader of an older term',
  'pending-outlives-term': 'what waits for the gate ends with its term',
  'answer-of-any-term': 'an acceptance counts for its own term only',
  'no-quorum-of-base': 'voters of the value before agree, too',
  'commit-by-one-set': 'the old and the new voters commit',
  'elect-by-one-set': 'the old and the new voters elect',
  'derive-uncommitted': 'a change is made from what is committed',
  'no-prevote': 'who stands has asked first',
  'prevote-despite-leader': 'who hears a leader wants no other',
  'no-check-quorum': 'a leader that hears no majority gives way',
  'no-gate': 'a voter accepts what its promises allow',
  'publish-without-asking': 'a leader asks right before it publishes',
  'patch-on-any-base': 'a difference is applied to its base',
  'any-cluster': 'a node belongs to one cluster',
  'learner-stands': 'only voters stand',
  'repeat-applies-twice': 'a proposal that comes twice is done once',
  'proposal-of-any-term': 'a proposal is for one term',
  'no-handover': 'a leader that leaves names another',
  'broken-disk-promises': 'a node whose disk failed promises nothing',
  // promises of voters
  'no-acceptor-check': 'a voter deposes nobody to whom its promise lasts',
  'grace-short': 'a promise lasts longer than L',
  'no-drift': 'a promise lasts L of the slowest clock',
  'no-silence': 'a voter that starts deposes nobody for a while',
  'no-voter-silence': 'a voter deposes nobody for a while when voters have changed',
  'no-voter-version': 'a promise counts under the voters for which it was asked',
  'grants-during-persist': 'no promise to whom a topology on its way to disk deposes',
  'resumed-release': 'what is released stays released',
  'voter-wall-clock': 'voters count on the monotonic clock',
  // leases of primaries
  'one-voter': 'a majority promises the lease',
  'timer-lease': 'the lease is looked at when it is used',
  'receive-time': 'the lease counts from the question, not the answer',
  'heartbeat-without-lease-extends': 'a primary without its lease asks for nothing after L',
  'holder-monotonic-only': 'the holder counts on the clock that ran more',
  // replication
  'continue-beyond-takeover': 'who has more than the new primary begins anew',
  'full-sync-in-set': 'a member leaves the set before it is emptied',
  'apply-over-gap': 'nothing is done after a missing batch',
  'keep-before-full-sync': 'a full sync begins with an empty store',
  'ack-of-one': 'all of the set confirm',
  'attach-chases': 'a replica asks again after longer than answers take',
  'current-when-received':
    'what a replica holds is as old as what its primary had heard of it, however late that comes',
  'any-life-attaches': 'a message of a former life of a replica begins nothing',
  'stale-copy-promoted': 'who has no whole copy of this history begins empty',
  'join-before-counted': 'who is about to join counts already',
  // what a node does for clients
  'delete-of-one': 'a delete is acknowledged by all',
  'reads-never-end': 'reads without the lease end after maxStale',
  'reads-unmarked': 'a read without the lease says so',
  'fills-without-token': 'a fill needs a token that is good',
  'tokens-survive-epoch': 'a new epoch voids all tokens',
  'cut-off-fills': 'without the write lease no fill is accepted',
  'delete-keeps-token': 'a delete voids the token of its key, also if it finds nothing',
  'load-lease-never-ends': 'a load lease ends',
  'waiters-of-epoch-forgotten': 'who waits is told when the shard has another epoch',
  // mind
  'depose-on-own-word': 'a deposal waits for the word of a majority',
  'binding-goes-back': 'what binds a voter never goes back to an older topology that comes to its disk',
  'twins-count': 'of two processes with one data folder neither counts',
  // plan
  'gone-voter-stays': 'a voter that is gone is replaced',
  'few-voters-stay': 'more vote when there are nodes for it',
  'gone-node-stays': 'a node that is gone is forgotten',
};

const RULES = 'register-rules.test.ts';
const WORLD = 'lease-world.test.ts';

export const MUTANTS_ELSEWHERE: Readonly<Record<string, string>> = {
  'committed-by-term': `${RULES}; only a very rare order of restarts leaves such a voter as the only one that may lead`,
  'pending-outlives-term': `${RULES}; the leader of the next term takes its place at once`,
  'repeat-applies-twice':
    'register-suite.test.ts; every change here is conditional, and refused the second time',
  'no-prevote': `${RULES}; it disturbs leaders and breaks no promise`,
  'prevote-despite-leader': `${RULES}; it disturbs leaders and breaks no promise`,
  'no-check-quorum': `${RULES}; it costs time while faults last, and nothing after them`,
  'publish-without-asking': `${RULES}; it costs time while faults last, and nothing after them`,
  'proposal-of-any-term': `${RULES}; every change here is conditional, and refused where it no longer fits`,
  'no-handover': `${RULES}; leaders do not leave on purpose here`,
  'any-cluster': `${RULES}; one cluster is begun here`,
  'heartbeat-without-lease-extends': `${WORLD}; it costs time while answers are cut off, and nothing after that`,
  'no-voter-silence': `${WORLD}; a change of voters, a lost lease and a deposal must meet within two seconds`,
  'twins-count': 'twins.test.ts; folders are not copied here',
  'attach-chases': 'far-replica.test.ts; when faults have ended no way takes so long here',
  'current-when-received':
    'replica-stream.test.ts; a read right behind a pause sees it in one of 12,000 seeds',
  'any-life-attaches': 'copy.test.ts; a message must outlive a restart and the copy that follows it',
  'voter-wall-clock': `${WORLD}; it needs clocks of a majority set forward within L`,
};
