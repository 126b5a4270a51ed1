/**
 * Two processes that began from copies of one data folder: one node twice. Both vote as the same voter, and each knows nothing of what the
 * other has said, so a majority with the one and a majority with the other need not meet. Lives of a node are numbered on its disk:
 *
 *   the same number, another life   ─> a copied folder. Who hears of both counts neither; who is one of them ends
 *   of oneself a higher number      ─> this one runs from an old copy, or its folder went on elsewhere: it ends
 *   a higher number of another      ─> it was started again, as usual
 *
 * To end is all that is safe: nobody can say which of them has kept what it promised. What nobody can see is a copy that is
 * started as the next life while the first one is cut off from everybody.
 *
 * Bounded by the nodes that are heard of. Cost: one look-up for each life that is heard of.
 */
import { type Incarnation, lifeNumber, type NodeId, type NodeLife } from '../ring/index.js';
import type { Outbox } from './step.js';

/** As many as membership takes in; of further ones nothing is known. */
const MAX_NODES = 4_096;

interface Heard {
  readonly number: number;
  readonly incarnation: Incarnation;
  isTwice: boolean;
}

export class Twins {
  readonly #self: NodeLife;
  readonly #heard = new Map<NodeId, Heard>();
  #other: Incarnation | undefined;

  constructor(self: NodeLife) {
    this.#self = self;
  }

  /** Another life of this very node, which makes it end. */
  get other(): Incarnation | undefined {
    return this.#other;
  }

  /** There are such lives. */
  hear(lives: Iterable<NodeLife>, outbox: Pick<Outbox<never>, 'note'>): void {
    for (const life of lives) {
      if (this.#heard.get(life.node)?.incarnation === life.incarnation) continue;
      if (life.node === this.#self.node) this.#hearOfSelf(life, outbox);
      else this.#hearOfOther(life, outbox);
    }
  }

  /** Whether what this life says counts: it is not one of two of its number. */
  counts({ node, incarnation }: NodeLife): boolean {
    const heard = this.#heard.get(node);
    return heard === undefined || !heard.isTwice || heard.number !== lifeNumber(incarnation);
  }

  #hearOfSelf({ node, incarnation }: NodeLife, outbox: Pick<Outbox<never>, 'note'>): void {
    const own = this.#self.incarnation;
    if (incarnation === own || lifeNumber(incarnation) < lifeNumber(own) || this.#other !== undefined) return;
    this.#other = incarnation;
    outbox.note(
      `another process is ${node}, in life ${incarnation}, and this is life ${own}: their data folder was copied. This one ends. ` +
        'Give one of them an empty folder, and start both again',
    );
  }

  #hearOfOther({ node, incarnation }: NodeLife, outbox: Pick<Outbox<never>, 'note'>): void {
    const heard = this.#heard.get(node);
    const number = lifeNumber(incarnation);
    if (heard === undefined ? this.#heard.size < MAX_NODES : number > heard.number) {
      this.#heard.set(node, { number, incarnation, isTwice: false });
    } else if (heard?.number === number && !heard.isTwice) {
      heard.isTwice = true;
      outbox.note(
        `two processes are ${node}, one of them in life ${incarnation}: its data folder was copied. Neither counts`,
      );
    }
  }
}
