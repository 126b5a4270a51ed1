/**
 * Loading under a lease: the loader in its group, then the fill, or the lease given back. A lease ends on every path:
 *
 *   loaded ------------------------> fill; accepted: near as well
 *   nothing, ctx.notFound() -------> fill that says so
 *   nothing, plain undefined ------> given back; what stood there is deleted
 *   the loader threw --------------> given back with its error, shared for `errorTtl`
 *   turned away by its group ------> given back: the next who asks may have more room
 *   cannot be written -------------> given back
 */

import { loadChannel } from './cache-events.js';
import { type CacheParts, type How, noteCacheError } from './cache-parts.js';
import { jitteredTtl } from './core/index.js';
import type { Answer, Payload } from './engine/engine.js';
import { LoadShed } from './errors.js';
import { Lease } from './lease.js';
import { type Loaded, runLoader } from './loading.js';
import type { Held } from './near-values.js';
import { decodeAnswer, encodeLoaded, type Stored, storedAs } from './stored.js';

/** What a value that is kept takes beside its text. */
const KEPT_BYTES = 128;

/** A fill under way. */
export interface Filling {
  /** The value as a hit will read it. */
  readonly stored: Stored;
  readonly accepted: Promise<boolean>;
}

export class Loads {
  readonly #parts: CacheParts;

  constructor(parts: CacheParts) {
    this.#parts = parts;
  }

  /** The lease that an answer grants; undefined: load, but do not fill. */
  leaseOf(name: string, answer: Answer): Lease | undefined {
    return answer.token === undefined ? undefined : new Lease(this.#parts, name, answer.token);
  }

  /**
   * Runs the loader when its group has room; `answer` is what its node said, if any did. Rejects with what it throws, or a
   * LoadShed.
   */
  async run(how: How, stale: Stored | undefined, answer: Answer | undefined): Promise<Loaded> {
    const { groups, counts, time, kept } = this.#parts;
    const group = groups.get(how.options.group);
    await group?.enter();
    counts.loads++;
    const since = answer?.staleMs === undefined ? undefined : kept.begin(time.now());
    try {
      const loaded = await runLoader(how.key, how.loader, stale?.forReader(), how.options, time);
      if (loadChannel.hasSubscribers) loadChannel.publish({ key: how.key, loadMs: loaded.loadMs });
      return { ...loaded, since };
    } finally {
      group?.leave();
    }
  }

  /** Fills what was loaded. Throws a ClientError VALUE, and then the lease is given back. */
  fill(name: string, how: How, lease: Lease, loaded: Loaded): Filling {
    const { near, random } = this.#parts;
    const freshMs = jitteredTtl(loaded.ttlMs, how.options.jitter, random);
    try {
      const { stored, payload } = encodeLoaded(this.#parts, how.key, loaded, freshMs, how.options);
      this.#keep(name, loaded, payload);
      const held = near?.hold(stored.near);
      return { stored, accepted: this.#fill(name, how, lease, held, payload) };
    } catch (error) {
      void lease.giveBack();
      throw error;
    }
  }

  /** What no node will store, as if one had; undefined: nothing was found. It is kept for a moment if the node asked is cut off. */
  unstored(name: string, how: How, loaded: Loaded): Stored | undefined {
    if (loaded.value === undefined && !loaded.isAbsent) return undefined;
    const { stored, payload } = encodeLoaded(this.#parts, how.key, loaded, loaded.ttlMs, how.options);
    this.#keep(name, loaded, payload);
    return stored;
  }

  /** What was loaded a moment ago, for who is answered by a node that may not store. The lease of the answer is given back. */
  kept(name: string, answer: Answer): Stored | undefined {
    const { kept, time } = this.#parts;
    const { staleMs } = answer;
    const payload = staleMs === undefined ? undefined : kept.get(name, staleMs, time.now());
    if (payload === undefined) return undefined;
    void this.leaseOf(name, answer)?.giveBack();
    return storedAs(this.#parts, payload);
  }

  #keep(name: string, { since }: Loaded, payload: Payload): void {
    if (since === undefined) return;
    const { kept, time } = this.#parts;
    kept.keep(name, payload, KEPT_BYTES + 2 * payload.data.length, since, time.now());
  }

  async #fill(
    name: string,
    how: How,
    lease: Lease,
    held: Held | undefined,
    payload: Payload,
  ): Promise<boolean> {
    const { near, engine, events, time, isPending } = this.#parts;
    const ticket = near?.drawTicket() ?? 0;
    const sentMs = time.now();
    const isAccepted = await lease.fill(payload);
    if (!isAccepted) {
      events.emit('refused', { key: how.key });
      return false;
    }
    const { freshMs, loadMs } = payload;
    const refreshes = how.options.earlyRefresh;
    const node = engine.nodeOf(name);
    if (isPending(name)) return true;
    near?.enter(name, held, { node, sentMs, freshMs, loadMs, refreshes }, ticket);
    return true;
  }

  /** The loader found nothing, and that is not kept. Returns whether the key was left alone meanwhile. */
  async nothingFound(name: string, lease: Lease, isThere: boolean): Promise<boolean> {
    if (!isThere) return lease.giveBack();
    const { engine, near, deadlineMs } = this.#parts;
    try {
      // We hold the lease: what stands there is what was found to be no more.
      await engine.remove(name, deadlineMs);
    } catch (error) {
      noteCacheError(this.#parts, 'remove', name, error);
    }
    // Of what we change ourselves the node does not tell us.
    near?.invalidate(name);
    return lease.giveBack();
  }

  /** The load failed: tells who has to know. */
  failed(how: How, lease: Lease | undefined, error: unknown, background: boolean): void {
    const { counts, events } = this.#parts;
    if (error instanceof LoadShed) {
      counts.shed++;
      events.emit('shed', { key: how.key, group: error.group });
      void lease?.giveBack();
      return;
    }
    counts.loadErrors++;
    events.emit('loadError', { key: how.key, error, background });
    void lease?.giveBack(messageOf(error), how.options.errorTtlMs);
  }

  /** Loads and fills for those who read next. */
  async behind(name: string, how: How, answer: Answer): Promise<void> {
    const stale = answer.isThere ? decodeAnswer(this.#parts, answer) : undefined;
    const lease = this.leaseOf(name, answer);
    if (lease === undefined) return;
    await this.finishBehind(name, how, lease, this.run(how, stale, answer), answer.isThere);
  }

  /** The same for a load that is under way. */
  async finishBehind(
    name: string,
    how: How,
    lease: Lease | undefined,
    work: Promise<Loaded>,
    isThere: boolean,
  ): Promise<void> {
    try {
      const loaded = await work;
      if (lease === undefined) this.unstored(name, how, loaded);
      else if (loaded.value === undefined && !loaded.isAbsent) await this.nothingFound(name, lease, isThere);
      else await this.fill(name, how, lease, loaded).accepted;
    } catch (error) {
      this.failed(how, lease, error, true);
    }
  }
}

/** What others are told. A loader may throw anything. */
function messageOf(error: unknown): string {
  let message: unknown;
  try {
    message = error instanceof Error ? error.message : String(error);
  } catch {
    // What has no text of its own.
  }
  return typeof message === 'string' && message !== '' ? message : 'the loader failed without a message';
}
