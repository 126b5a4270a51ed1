/**
 * All that the clients told, given to those who judge it. A row is looked at when every client has told of what ended before it; a read
 * later yet, when every write that it may have seen has ended too.
 */
import type { Cost } from './faults.js';
import { type KeyFindings, KeyHistory } from './key-history.js';
import { keysOfShard, shardOf } from './keys.js';
import { DONE, describeOperation, type Operation, operationsOf, READ } from './operations.js';
import { SingleWriter } from './single-writer.js';

/** No operation takes longer. */
const LONGEST_NS = 3e9;
/** Findings that are told in full; all are counted. */
const MAX_DESCRIBED = 5;
/** Operations of a key that are shown with one. */
const SHOWN = 12;

export class History {
  readonly writers = new SingleWriter();
  readonly lost: { readonly shard: number; readonly one: Operation }[] = [];
  undone = 0;
  impossible = 0;
  /** A few of them, for people. */
  readonly described: string[] = [];
  readonly counts = { operations: 0, writes: 0, reads: 0, sureReads: 0 };
  /** Of the fault that is under way. */
  cost: { readonly shard: number; readonly cost: Cost } | undefined;
  readonly #perShard: number;
  readonly #keys = new Map<number, KeyHistory>();
  /** Keys of each shard that were changed since they were audited. */
  readonly #changed = new Map<number, Set<number>>();

  constructor(clients: number) {
    this.#perShard = keysOfShard(clients);
  }

  /** `isOutside`: by a client that is not cut off with a primary. */
  tell(rows: Float64Array, isOutside: boolean): void {
    const { counts } = this;
    for (const one of operationsOf(rows)) {
      const shard = shardOf(one.key, this.#perShard);
      counts.operations++;
      if (one.kind === READ) {
        counts.reads++;
        if (one.outcome === DONE) counts.sureReads++;
      } else {
        if (one.outcome === DONE) counts.writes++;
        this.#changedOf(shard).add(one.key);
      }
      this.writers.take(shard, one);
      this.#keyOf(one.key).take(one);
      if (isOutside && this.cost?.shard === shard) this.cost.cost.take(one);
    }
  }

  /** To be audited; from then on they count as not changed. */
  takeChanged(shard: number): number[] {
    const keys = [...this.#changedOf(shard)];
    this.#changed.delete(shard);
    return keys;
  }

  /** Looks at all reads that can be judged, when everything that ended before `toldNs` was told. */
  check(toldNs: number): void {
    for (const [key, history] of this.#keys) {
      const shard = shardOf(key, this.#perShard);
      const found = history.check(toldNs - LONGEST_NS);
      for (const one of found.lost) this.lost.push({ shard, one });
      this.#describe(key, history, found);
    }
  }

  /** Lines that say what became of a write. */
  storyOf(one: Operation): string {
    const history = this.#keyOf(one.key);
    return `key ${one.key}: ${describeOperation(one, one.startNs)}; of the key:\n${story(history, one)}`;
  }

  #describe(key: number, history: KeyHistory, { undone, impossible }: KeyFindings): void {
    this.undone += undone.length;
    this.impossible += impossible.length;
    for (const { read, by } of undone)
      this.#tellOf(key, history, read, `was deleted before: ${describeOperation(by, read.startNs)}`);
    for (const read of impossible) this.#tellOf(key, history, read, 'was refused, or never written');
  }

  #tellOf(key: number, history: KeyHistory, read: Operation, words: string): void {
    if (this.described.length >= MAX_DESCRIBED) return;
    const what = `key ${key}: ${describeOperation(read, read.startNs)}, which ${words}; of the key:`;
    this.described.push(`${what}\n${story(history, read)}`);
  }

  #keyOf(key: number): KeyHistory {
    let history = this.#keys.get(key);
    if (history === undefined) {
      history = new KeyHistory();
      this.#keys.set(key, history);
    }
    return history;
  }

  #changedOf(shard: number): Set<number> {
    let keys = this.#changed.get(shard);
    if (keys === undefined) {
      keys = new Set();
      this.#changed.set(shard, keys);
    }
    return keys;
  }
}

function story(history: KeyHistory, at: Operation): string {
  const near = [...history.changes]
    .sort((a, b) => Math.abs(a.endNs - at.startNs) - Math.abs(b.endNs - at.startNs))
    .slice(0, SHOWN)
    .sort((a, b) => a.startNs - b.startNs);
  return near.map((one) => `    ${describeOperation(one, at.startNs)}`).join('\n');
}
