/**
 * A planned hand-over, as of a primary that is told to end: the gap in writes is a few round trips.
 *
 *   writes are refused ──> all of the in-sync set has everything ──> the lease is released (L5, final) ──> the register is asked
 *
 * Who asks for it refuses writes from before the call to its end. What was acknowledged is not lost: the heir is of the in-sync set, and a
 * release is final. If it does not come about after the release the node goes on under a new epoch, which its mind asks for.
 */
import type { Copy } from '../../cluster/index.js';
import type { NodeId, NodeLife } from '../../ring/index.js';
import type { MemberMind } from './cluster-member.js';
import type { EffectGroup } from './effects.js';

/**
 * How long the in-sync set may take to have everything. One of it that has just died is taken out after half of `maxUnreplicated`, 500 ms, and
 * what the register takes to agree; then the others suffice.
 */
const CATCH_UP_MS = 1_000;
const LOOK_MS = 2;

export interface HandedOver {
  readonly mind: MemberMind;
  readonly copy: Copy<EffectGroup>;
  holdsLease(): boolean;
  /** Everything that was done is in the stream. */
  flush(): void;
}

/** Resolves when it is agreed, with undefined; or with a sentence that says why it is not. */
export async function handOver(member: HandedOver, to: NodeId | undefined): Promise<string | undefined> {
  const { mind, copy } = member;
  const { shard, role } = copy;
  if (role !== 'primary' || shard === undefined) return 'this node is no primary';
  if (!member.holdsLease()) return `this node does not hold the lease of shard ${shard.id}`;
  const heirs = shard.replicas.filter(({ node, isInSync }) => isInSync && (to === undefined || node === to));
  if (heirs.length === 0)
    return to === undefined
      ? `shard ${shard.id} has no replica that is in sync`
      : `${to} is no replica of shard ${shard.id} that is in sync`;
  member.flush();
  const offset = copy.held?.offset ?? 0;
  if (!(await isConfirmed(copy, shard.epoch, offset)))
    return `the replicas of shard ${shard.id} did not have everything within ${CATCH_UP_MS} ms`;
  await mind.release();
  const { node, incarnation } = mind.self;
  const from: NodeLife = { node, incarnation };
  const [heir] = heirs;
  const outcome = await mind.propose([
    {
      kind: 'hand-over',
      shard: shard.id,
      epoch: shard.epoch,
      from,
      to: { node: heir.node, incarnation: heir.incarnation },
      reason: `${node} was told to hand shard ${shard.id} over`,
    },
  ]);
  return outcome.kind === 'done' ? undefined : `the register did not agree: ${JSON.stringify(outcome)}`;
}

async function isConfirmed(copy: Copy<EffectGroup>, epoch: number, offset: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < CATCH_UP_MS; waitedMs += LOOK_MS) {
    if (copy.shard?.epoch !== epoch) return false;
    if (copy.confirmed >= offset) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return false;
}
