/**
 * A planned hand-over of a shard by its primary, as before it ends: the gap in writes is a few round trips.
 *
 *   begin ──no write is executed any more──> wait: all of the in-sync set has everything ──> the lease is released (L5, final), and one of the
 *                                              └── too late, or another epoch: refused         set is asked for as primary
 *
 * Who drives it executes no write from before `begin` to the end, and does what `look` gives in one step: it releases, then proposes. What was
 * acknowledged is not lost: the heir is of the in-sync set, and a release is final. If the change does not come about after it, the node goes on
 * under a new epoch, which its mind asks for.
 */
import type { HandOver as HandOverChange, NodeId, NodeLife, Refusal, Replica, Shard } from '../ring/index.js';
import type { History } from './replication/history.js';
import type { Clocks } from './step.js';

/**
 * How long the in-sync set may take to have everything. One of it that has just died is taken out after half of `maxUnreplicated`, 500 ms, and
 * what the register takes to agree; then the others suffice.
 */
const CATCH_UP_MS = 1_000;

/** The copy that is handed over: see Copy. */
export interface HandedOver {
  readonly role: 'none' | 'primary' | 'replica';
  readonly shard: Shard | undefined;
  readonly held: History | undefined;
  readonly confirmed: number;
}

export class HandOver {
  readonly #from: NodeLife;
  readonly #shard: Shard;
  readonly #heir: Replica;
  /** Of what was done last. */
  readonly #offset: number;
  readonly #untilMs: number;

  private constructor(from: NodeLife, shard: Shard, heir: Replica, offset: number, untilMs: number) {
    this.#from = from;
    this.#shard = shard;
    this.#heir = heir;
    this.#offset = offset;
    this.#untilMs = untilMs;
  }

  /** To the node that is named, or to any. Everything that was done is in the stream. */
  static begin(
    { node, incarnation }: NodeLife,
    { role, shard, held }: HandedOver,
    to: NodeId | undefined,
    { monotonicMs }: Clocks,
  ): HandOver | Refusal {
    if (role !== 'primary' || shard === undefined) return { refused: 'this node is no primary' };
    const inSync = shard.replicas.filter(({ isInSync }) => isInSync);
    const heir = to === undefined ? inSync[0] : inSync.find((one) => one.node === to);
    if (heir !== undefined)
      return new HandOver({ node, incarnation }, shard, heir, held?.offset ?? 0, monotonicMs + CATCH_UP_MS);
    const who = to === undefined ? 'nobody is a replica' : `${to} is no replica`;
    return { refused: `${who} of shard ${shard.id} that is in sync` };
  }

  /** Undefined: look again soon. A change: release, and ask for it. */
  look(
    { role, shard, confirmed }: HandedOver,
    { monotonicMs }: Clocks,
  ): HandOverChange | Refusal | undefined {
    const { id, epoch } = this.#shard;
    if (role !== 'primary' || shard?.epoch !== epoch) return { refused: `shard ${id} has got another epoch` };
    if (confirmed < this.#offset) {
      if (monotonicMs < this.#untilMs) return undefined;
      return { refused: `the replicas of shard ${id} did not have everything within ${CATCH_UP_MS} ms` };
    }
    const { node, incarnation } = this.#heir;
    const reason = `${this.#from.node} was told to hand shard ${id} over`;
    return { kind: 'hand-over', shard: id, epoch, from: this.#from, to: { node, incarnation }, reason };
  }
}
