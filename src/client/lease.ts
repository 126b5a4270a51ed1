/**
 * A lease that this process holds: renewed each third of it while the loader runs, and given back on every path.
 */
import { type CacheParts, noteCacheError } from './cache-parts.js';
import type { Payload } from './engine/engine.js';
import type { Timer } from './time.js';

const RENEWALS_PER_LEASE = 3;

export class Lease {
  readonly #parts: CacheParts;
  readonly #name: string;
  readonly #token: string;
  #timer: Timer | undefined;
  #ended = false;

  /** Begins to renew it. */
  constructor(parts: CacheParts, name: string, token: string) {
    this.#parts = parts;
    this.#name = name;
    this.#token = token;
    this.#renewLater();
  }

  /** Stores what was loaded and ends the lease. False: refused, or nobody knows. */
  async fill(payload: Payload, deadlineMs = this.#parts.deadlineMs): Promise<boolean> {
    this.#end();
    try {
      const isAccepted = await this.#parts.engine.fill(this.#name, this.#token, payload, deadlineMs);
      if (isAccepted) this.#parts.counts.fills++;
      else this.#parts.counts.refusedFills++;
      return isAccepted;
    } catch (error) {
      noteCacheError(this.#parts, 'fill', this.#name, error);
      // If it was not executed, others must not wait for it.
      void this.giveBack();
      return false;
    }
  }

  /** Ends the lease without a value; with an error, others are told it for `errorMs`. Whether nothing was changed. */
  async giveBack(error = '', errorMs = 0): Promise<boolean> {
    this.#end();
    const { engine, deadlineMs } = this.#parts;
    try {
      return await engine.fail(this.#name, this.#token, error, errorMs, deadlineMs);
    } catch (cause) {
      noteCacheError(this.#parts, 'fail', this.#name, cause);
      return false;
    }
  }

  #end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  #renewLater(): void {
    const { time, leaseMs } = this.#parts;
    this.#timer = time.later(() => void this.#renew(), leaseMs / RENEWALS_PER_LEASE, false);
  }

  async #renew(): Promise<void> {
    const { engine, deadlineMs } = this.#parts;
    try {
      // A void lease is renewed all the same: a writer has to be known until it ends.
      await engine.renew(this.#name, this.#token, deadlineMs);
    } catch (error) {
      noteCacheError(this.#parts, 'renew', this.#name, error);
    }
    if (!this.#ended) this.#renewLater();
  }
}
