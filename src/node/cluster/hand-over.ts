/** Drives a planned hand-over (src/cluster/hand-over.ts) of this node's shard. Who asks for it refuses writes from before the call to its end. */
import { type HandedOver, HandOver } from '../../cluster/index.js';
import { isRefusal, type NodeId } from '../../ring/index.js';
import type { MemberMind } from './cluster-member.js';

const LOOK_MS = 2;

export interface HandingOver {
  readonly mind: MemberMind;
  readonly copy: HandedOver;
  holdsLease(): boolean;
  /** Everything that was done is in the stream. */
  flush(): void;
}

/** Resolves when it is agreed, with undefined; or with a sentence that says why it is not. */
export async function handOver(member: HandingOver, to: NodeId | undefined): Promise<string | undefined> {
  const { mind, copy } = member;
  if (copy.role === 'primary' && !member.holdsLease())
    return 'this node does not hold the lease of its shard';
  member.flush();
  const begun = HandOver.begin(mind.self, copy, to, mind.lease.look());
  if (isRefusal(begun)) return begun.refused;
  let next = begun.look(copy, mind.lease.look());
  for (; next === undefined; next = begun.look(copy, mind.lease.look()))
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  if (isRefusal(next)) return next.refused;
  await mind.release();
  const outcome = await mind.propose([next]);
  if (outcome.kind === 'done') return undefined;
  const why = outcome.kind === 'not-leader' ? 'no voter leads at present' : outcome.why;
  return `the register did not agree: ${why}`;
}
