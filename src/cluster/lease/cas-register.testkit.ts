/**
 * A register kept simple, for tests of the lease alone: one value, agreed by single-decree rounds among voters without a leader
 * (prepare, accept, commit). It has what the lease depends on: values that follow from a committed one, quorums of every voter set of
 * the value and its base, a persist that takes time before the answer, and rivals. The real register is elsewhere.
 */
import { isQuorum, type LeaseTerms, type NodeId, type NodeLife, type Topology } from '../../ring/index.js';
import type { Deposal } from './deposal.js';

export const SHARD = 0;

export interface Value {
  readonly topology: Topology;
  /** A majority of each is needed: those of the topology and of its base. */
  readonly quorums: readonly (readonly NodeId[])[];
  readonly baseVoterVersion: number;
}

export type Change =
  | { readonly kind: 'primary'; readonly fromEpoch: number; readonly to: NodeLife }
  | { readonly kind: 'voters'; readonly fromVersion: number; readonly to: readonly NodeId[] }
  | { readonly kind: 'finish-voters'; readonly fromVersion: number }
  /** Something that concerns neither: another shard's, say. */
  | { readonly kind: 'other' };

export type RegisterMessage =
  | { readonly kind: 'prepare'; readonly ballot: number }
  | { readonly kind: 'prepared'; readonly ballot: number; readonly state: Kept }
  | { readonly kind: 'accept'; readonly ballot: number; readonly value: Value }
  | { readonly kind: 'accepted'; readonly ballot: number }
  | { readonly kind: 'commit'; readonly value: Value };

/** What an acceptor has on its disk. */
export interface Kept {
  readonly promisedBallot: number;
  readonly acceptedBallot: number;
  readonly value: Value;
}

export interface Attempt {
  readonly ballot: number;
  readonly change: Change;
  readonly prepared: Map<NodeId, Kept>;
  readonly accepted: Set<NodeId>;
  value?: Value;
  triesLeft: number;
}

export function firstValue(lease: LeaseTerms, voters: readonly NodeId[], primary: NodeLife): Value {
  const shard = {
    id: SHARD,
    weight: 1,
    epoch: 1,
    beganEpoch: 1,
    syncVersion: 1,
    primary,
    replicas: [],
    vnodes: [],
  };
  const topology: Topology = {
    clusterId: 'test',
    version: 1,
    lease,
    maxUnreplicatedMs: 1000,
    replicasPerShard: 0,
    voters,
    previousVoters: voters,
    voterVersion: 1,
    nodes: [],
    shards: [shard],
    slots: [{ first: 0, last: 16_383, shard: SHARD }],
  };
  return { topology, quorums: [voters], baseVoterVersion: 1 };
}

/** Epoch and primary of the one shard. */
export function placeOf({ shards }: Topology): { readonly epoch: number; readonly primary: NodeLife } {
  const { epoch, primary } = shards[0] as Topology['shards'][number];
  return { epoch, primary: primary as NodeLife };
}

export function isJoint({ voters, previousVoters }: Topology): boolean {
  return voters.join() !== previousVoters.join();
}

/** The value after this change, or undefined if the change is about another state. */
function changed({ topology: base }: Value, change: Change): Value | undefined {
  const next = (part: Partial<Topology>): Value => {
    const topology = { ...base, version: base.version + 1, ...part };
    const quorums = [topology.voters, topology.previousVoters, base.voters, base.previousVoters];
    return { topology, quorums, baseVoterVersion: base.voterVersion };
  };
  if (change.kind === 'primary') {
    const { epoch } = placeOf(base);
    const shard = { ...base.shards[0], epoch: epoch + 1, primary: change.to } as Topology['shards'][number];
    return epoch === change.fromEpoch ? next({ shards: [shard] }) : undefined;
  }
  if (change.kind === 'other') return next({});
  if (base.voterVersion !== change.fromVersion) return undefined;
  const voterVersion = base.voterVersion + 1;
  if (change.kind === 'finish-voters')
    return isJoint(base) ? next({ previousVoters: base.voters, voterVersion }) : undefined;
  return isJoint(base) ? undefined : next({ voters: change.to, previousVoters: base.voters, voterVersion });
}

/** What this attempt must ask to accept once enough are prepared: what was found if it may not be committed yet. */
export function valueToAccept({ prepared, change }: Attempt, committedVersion: number): Value | undefined {
  let best: Kept | undefined;
  for (const kept of prepared.values()) {
    if (best === undefined || kept.acceptedBallot > best.acceptedBallot) best = kept;
  }
  if (best === undefined || !isQuorum(new Set(prepared.keys()), best.value.quorums)) return undefined;
  const isKnown = committedVersion >= best.value.topology.version;
  return (isKnown && changed(best.value, change)) || best.value;
}

/** Who may write less afterwards, in a cluster of one shard. */
export function deposalsOfOneShard(current: Topology, next: Topology): readonly Deposal[] {
  const { epoch, primary: life } = placeOf(current);
  const { primary } = placeOf(next);
  const isSame = primary.node === life.node && primary.incarnation === life.incarnation;
  return isSame ? [] : [{ shard: SHARD, epoch, life }];
}
