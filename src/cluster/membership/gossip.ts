/**
 * News that travels on the back of other messages: each claim so often that all have heard it, with a high
 * probability, the least told first.
 *
 *   told(claim) ──> waiting: node -> times told ──take()──> up to NEWS_PER_MESSAGE claims
 *                                  └── told RETELLS x log10(members + 1) times ──> forgotten here
 *
 * Only the newest claim about a node is told. Bounded by the number of members.
 */
import type { NodeId } from '../../ring/index.js';
import type { Claim } from './member.js';

/** A message with so many claims stays below a few KB. */
export const NEWS_PER_MESSAGE = 12;
/** With 3, SWIM reaches all but a fraction of a percent; the rest comes by the exchange of everything. */
const RETELLS = 4;

export class Gossip {
  readonly #waiting = new Map<NodeId, { claim: Claim; told: number }>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Tell this from now on, in the place of what was told of that node. */
  tell(claim: Claim): void {
    this.#waiting.set(claim.node, { claim, told: 0 });
  }

  /** Claims for one more message to a cluster of so many members. */
  take(members: number): Claim[] {
    if (this.#waiting.size === 0) return [];
    const most = RETELLS * Math.ceil(Math.log10(members + 1));
    const chosen = [...this.#waiting.values()].sort((a, b) => a.told - b.told).slice(0, NEWS_PER_MESSAGE);
    for (const item of chosen) {
      item.told++;
      if (item.told >= most) this.#waiting.delete(item.claim.node);
    }
    return chosen.map(({ claim }) => claim);
  }
}
