/**
 * When a node that has ended is started again: soon, and later each time it does not live long. One that lived STEADY_MS begins anew.
 *
 *   0.5 to 1 s   1 to 2 s   2 to 4 s   ...   15 to 30 s
 *
 * Never at once: a node that was killed comes back empty, and its replica is to be the primary by then or soon.
 */
import { Backoff, type RandomSource } from '../../base/index.js';

const SHAPE = { firstMs: 1000, maxMs: 30_000, jitter: 'equal' } as const;
const STEADY_MS = 30_000;

export class RestartPolicy {
  readonly #backoff: Backoff;
  #startedMs = 0;

  constructor(random: RandomSource) {
    this.#backoff = new Backoff(SHAPE, random);
  }

  started(nowMs: number): void {
    this.#startedMs = nowMs;
  }

  /** For how long to wait before the next start, in ms. */
  ended(nowMs: number): number {
    if (nowMs - this.#startedMs >= STEADY_MS) this.#backoff.reset();
    return this.#backoff.nextMs();
  }
}
