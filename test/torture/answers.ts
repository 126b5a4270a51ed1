/**
 * What the nodes of a cluster said of the answers behind each read: whether a primary gave them under its lease, and if not, for how long they
 * may have been without what was acknowledged elsewhere. The cache knows this of each answer and tells nobody of each read; it is heard between
 * the cache and its engine.
 *
 *   read begins ── answer, under its lease ──────────────────────> 0
 *              └── answer without one: `staleMs` ms ─────────────> the largest of them
 *              └── no node answers, the loader is run ───────────> Infinity, also for who joins that load
 *
 * Several reads of one key at a time are not told apart: what one of them is told counts for all.
 */
import { type Answer, ClusterEngine, type Reading, type ReadMode } from '#layers/client';

/** A read under way. */
export interface Heard {
  staleMs: number;
}

export class Answers {
  readonly #underWay = new Map<string, Set<Heard>>();
  /** Keys whose last read no node has answered. */
  readonly #unanswered = new Set<string>();

  /** From now on, of all engines of this process. */
  listen(): void {
    const { read } = ClusterEngine.prototype;
    const heard = (key: string, staleMs: number): void => this.#hear(key, staleMs);
    ClusterEngine.prototype.read = function <R>(
      this: ClusterEngine,
      key: string,
      mode: ReadMode,
      deadlineMs: number,
      reading: Reading<R>,
    ): Promise<R> {
      const answered = (answer: Answer): R | Promise<R> => {
        heard(key, answer.staleMs ?? 0);
        return reading.answered(answer);
      };
      const failed = (error: unknown): R | Promise<R> => {
        heard(key, Number.POSITIVE_INFINITY);
        return reading.failed(error);
      };
      return read.call(this, key, mode, deadlineMs, { answered, failed }) as Promise<R>;
    };
  }

  begins(key: string): Heard {
    const heard = { staleMs: this.#unanswered.has(key) ? Number.POSITIVE_INFINITY : 0 };
    const all = this.#underWay.get(key);
    if (all === undefined) this.#underWay.set(key, new Set([heard]));
    else all.add(heard);
    return heard;
  }

  ends(key: string, heard: Heard): void {
    this.#underWay.get(key)?.delete(heard);
  }

  #hear(key: string, staleMs: number): void {
    if (staleMs === Number.POSITIVE_INFINITY) this.#unanswered.add(key);
    else this.#unanswered.delete(key);
    for (const heard of this.#underWay.get(key) ?? []) heard.staleMs = Math.max(heard.staleMs, staleMs);
  }
}
