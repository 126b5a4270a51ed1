/** What a simulated node tells the checkers of topologies that it accepts, and of leases that are asked for, promised and released. */
import type { MindDisk, MindMessage } from '../../cluster/index.js';
import type { NodeId, NodeLife } from '../../ring/index.js';
import type { Effects } from '../program.js';
import type { ClusterFact } from './facts.js';
import type { Wire } from './wire.js';

type ClusterEffects = Effects<Wire, MindDisk, ClusterFact>;
type Accepted = NonNullable<MindDisk['accepted']>;

/** Follows what a node has on its disk. */
export class VoterFacts {
  /** Persists under way, by number. */
  readonly #keeping = new Map<number, MindDisk>();
  #accepted: Accepted | undefined;

  constructor(saved: MindDisk | undefined, effects: ClusterEffects) {
    if (saved === undefined) return;
    if (saved.accepted !== undefined) this.#accepts(saved.accepted, effects);
    reportKept(saved, effects);
  }

  keeps(state: MindDisk, number: number, effects: ClusterEffects): void {
    const { accepted } = state;
    this.#keeping.set(number, state);
    if (accepted !== undefined && accepted !== this.#accepted) this.#accepts(accepted, effects);
  }

  kept(number: number, effects: ClusterEffects): void {
    const state = this.#keeping.get(number);
    this.#keeping.delete(number);
    if (state !== undefined) reportKept(state, effects);
  }

  #accepts(accepted: Accepted, effects: ClusterEffects): void {
    this.#accepted = accepted;
    const { value: topology, base } = accepted;
    effects.report({ kind: 'accepts', topology, baseVoterSets: base.voterSets });
  }
}

function reportKept({ accepted, term, votedFor }: MindDisk, effects: ClusterEffects): void {
  if (accepted !== undefined) effects.report({ kind: 'kept', ...accepted.position });
  if (votedFor !== undefined) effects.report({ kind: 'voted', term, candidate: votedFor });
}

/** Of a message that leaves. */
export function reportSaid(body: MindMessage, effects: ClusterEffects): void {
  if (body.kind === 'lease/heartbeat') effects.report({ kind: 'asks-lease', sentAtMs: body.sentAtMs });
  else if (body.kind === 'lease/answer' && body.isGranted) {
    const { shard, epoch, voterVersion } = body;
    effects.report({ kind: 'promises', shard, epoch, voterVersion });
  } else if (body.kind === 'lease/release') {
    effects.report({ kind: 'released', shard: body.shard, epoch: body.epoch });
  }
}

/** Of a message that comes. */
export function reportHeard(voter: NodeId, body: MindMessage, self: NodeLife, effects: ClusterEffects): void {
  if (body.kind !== 'lease/answer' || !body.isGranted || body.incarnation !== self.incarnation) return;
  const { shard, epoch, voterVersion, sentAtMs } = body;
  effects.report({ kind: 'was-promised', voter, shard, epoch, voterVersion, sentAtMs });
}
