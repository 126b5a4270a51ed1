/**
 * A whole copy is a point of the history of its shard: it holds what the writes that were executed left up to its offset, on the way
 * that its epoch took. They are done again here, and compared with what the copy holds.
 */
import type { History } from '../../../cluster/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';
import { Histories, type Wrote, writesAbove } from '../histories.js';

const NOTHING: History = { epoch: 0, offset: 0 };

/** What was done again for a node; it goes on from there while its epoch is the same. */
interface Replay {
  readonly shard: number;
  readonly life: number;
  point: History;
  readonly entries: Map<string, number>;
}

export class PointsOfHistory implements Checker<ClusterFact> {
  readonly name = 'points-of-history';
  readonly #histories = new Histories();
  readonly #replays = new Map<string, Replay>();

  onFact(fact: ClusterFact, { node, life }: Moment): void {
    this.#histories.note(fact);
    if (fact.kind !== 'holds' || fact.held === undefined) return;
    const { shard, held, entries } = fact;
    const expected = this.#replayTo(shard, held, node, life).entries;
    for (const [key, value] of entries) {
      const other = expected.get(key);
      if (other !== value) throw new Violation(wordsFor(node, shard, held, key, value, other));
    }
    if (entries.size === expected.size) return;
    for (const [key, value] of expected) {
      if (!entries.has(key)) throw new Violation(wordsFor(node, shard, held, key, undefined, value));
    }
  }

  #replayTo(shard: number, held: History, node: string, life: number): Replay {
    const way = this.#histories.way(shard, held);
    const known = this.#replays.get(node);
    const goesOn =
      known?.shard === shard &&
      known.life === life &&
      known.point.epoch === held.epoch &&
      known.point.offset <= held.offset &&
      known.point.offset >= (way[0]?.branch.from.offset ?? 0);
    const replay = goesOn ? known : { shard, life, point: NOTHING, entries: new Map<string, number>() };
    this.#replays.set(node, replay);
    if (goesOn && way[0] !== undefined) redo(replay.entries, writesAbove(way[0], known.point.offset));
    else for (const stretch of way.reverse()) redo(replay.entries, writesAbove(stretch, 0));
    replay.point = held;
    return replay;
  }
}

function redo(entries: Map<string, number>, writes: readonly Wrote[]): void {
  for (const { key, value } of writes) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
}

function wordsFor(
  node: string,
  shard: number,
  { epoch, offset }: History,
  key: string,
  value: number | undefined,
  expected: number | undefined,
): string {
  return `${node} holds ${value ?? 'nothing'} for ${key}; its history has ${expected ?? 'nothing'} at offset ${offset} of epoch ${epoch} of shard ${shard}`;
}
