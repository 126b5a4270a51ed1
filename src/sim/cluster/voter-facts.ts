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
  readonly #keeping = new Map<number, Accepted>();
  #accepted: Accepted | undefined;

  constructor(saved: MindDisk | undefined, effects: ClusterEffects) {
    const accepted = saved?.accepted;
    if (accepted === undefined) return;
    this.#accepts(accepted, effects);
    reportKept(accepted, effects);
  }

  keeps({ accepted }: MindDisk, number: number, effects: ClusterEffects): void {
    if (accepted === undefined) return;
    this.#keeping.set(number, accepted);
    if (accepted !== this.#accepted) this.#accepts(accepted, effects);
  }

  kept(number: number, effects: ClusterEffects): void {
    const accepted = this.#keeping.get(number);
    this.#keeping.delete(number);
    if (accepted !== undefined) reportKept(accepted, effects);
  }

  #accepts(accepted: Accepted, effects: ClusterEffects): void {
    this.#accepted = accepted;
    effects.report({ kind: 'accepts', topology: accepted.value });
  }
}

function reportKept({ position: { term, version } }: Accepted, effects: ClusterEffects): void {
  effects.report({ kind: 'kept', term, version });
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
