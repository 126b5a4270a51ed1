/**
 * One node at a time executes writes for a shard, and none does at an epoch below one that was written at.
 *
 *   epoch 1   ──w──w──w──────w
 *   epoch 2              ──w──w──w──        a violation if the last of epoch 1 began after the first of epoch 2 had ended
 *
 * A write is executed at some time between its start and its end, so what is found is certain, and as sharp as writes are short.
 */
import { DONE, type Operation, READ } from './operations.js';

/** What a node did at an epoch of a shard. */
interface Term {
  readonly shard: number;
  readonly epoch: number;
  readonly node: number;
  /** By then it had executed one. */
  firstEndNs: number;
  /** It has executed one since. */
  lastStartNs: number;
}

export interface TwoWriters {
  readonly shard: number;
  readonly words: string;
  readonly bothMs: number;
}

export class SingleWriter {
  readonly #terms = new Map<string, Term>();
  /** Of acknowledged writes whose epoch changed around them: they are not judged. */
  unplaced = 0;

  take(shard: number, one: Operation): void {
    if (one.kind === READ || one.outcome !== DONE) return;
    const { epoch, node, startNs, endNs } = one;
    if (epoch === 0) {
      this.unplaced++;
      return;
    }
    const name = `${shard} ${epoch} ${node}`;
    const term = this.#terms.get(name);
    if (term === undefined) {
      this.#terms.set(name, { shard, epoch, node, firstEndNs: endNs, lastStartNs: startNs });
      return;
    }
    term.firstEndNs = Math.min(term.firstEndNs, endNs);
    term.lastStartNs = Math.max(term.lastStartNs, startNs);
  }

  /** All that is found, over all that was taken. */
  found(): TwoWriters[] {
    const terms = [...this.#terms.values()];
    return terms.flatMap((older) =>
      terms.flatMap((newer) => {
        if (older.shard !== newer.shard || older === newer) return [];
        return older.epoch < newer.epoch ? inOrder(older, newer) : sameEpoch(older, newer);
      }),
    );
  }
}

function inOrder(older: Term, newer: Term): TwoWriters[] {
  const bothMs = (older.lastStartNs - newer.firstEndNs) / 1e6;
  if (bothMs <= 0) return [];
  const words = `node ${older.node} wrote at epoch ${older.epoch} for ${bothMs.toFixed(1)} ms after node ${newer.node} did at ${newer.epoch}`;
  return [{ shard: older.shard, words, bothMs }];
}

/** Each pair is told once. */
function sameEpoch(one: Term, other: Term): TwoWriters[] {
  if (one.epoch !== other.epoch || one.node >= other.node) return [];
  const untilNs = Math.min(one.lastStartNs, other.lastStartNs);
  const bothMs = Math.max(0, (untilNs - Math.max(one.firstEndNs, other.firstEndNs)) / 1e6);
  return [
    { shard: one.shard, words: `nodes ${one.node} and ${other.node} wrote at epoch ${one.epoch}`, bothMs },
  ];
}
