/**
 * Invalidations: deletes and soft expiries that resolve when the node has acknowledged them.
 *
 *   delete(key) --> local: near, loads under way --> the node --acknowledged--> local again, resolved
 *                                                      | failed
 *                                                      v
 *                     pending: read around the cache, repeated until acknowledged
 *                        | acknowledged within the caller's time --> resolved
 *                        | not ------------------------------------> rejected, InvalidationPending; repeated on
 *
 * Nothing else of the client is ever queued. What is pending, its bounds and its pauses: core/pending-invalidations.ts.
 */
import { type CacheParts, forget, forgetWhere, noteCacheError } from './cache-parts.js';
import {
  type InvalidationAttempt,
  type InvalidationKind,
  PendingInvalidations,
  pendingInvalidationsDefaults,
} from './core/index.js';
import { ClientError, InvalidationPending } from './errors.js';
import type { Timer } from './time.js';

/** How long one attempt may take. */
const ATTEMPT_MS = 1_000;
/** The first pause between two attempts to clear. */
const FIRST_PAUSE_MS = 50;
/** The longest pause between two attempts: callers wait for the next one. */
const MOST_PAUSE_MS = 1_000;
/** Invalidations sent (again) at once. */
const MAX_ATTEMPTS_AT_ONCE = 128;

export class Invalidator {
  readonly #parts: CacheParts;
  readonly #pending: PendingInvalidations;
  /** How long callers wait for the acknowledgement. */
  readonly #patienceMs: number;
  /** What all keys of this cache begin with. */
  readonly #prefix: string;
  /** Those who wait for what is pending, by name. */
  readonly #waiting = new Map<string, Set<(error?: ClientError) => void>>();
  #timer: Timer | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(parts: CacheParts, prefix: string, patienceMs: number) {
    this.#parts = parts;
    this.#pending = new PendingInvalidations(parts.random, {
      ...pendingInvalidationsDefaults,
      mostPauseMs: MOST_PAUSE_MS,
      // Without a prefix of its own a cache cannot delete by prefix: time has to do it.
      get mostPrefixMs() {
        return prefix === '' ? parts.longestMs : Number.POSITIVE_INFINITY;
      },
    });
    this.#prefix = prefix;
    this.#patienceMs = patienceMs;
  }

  /** Whether the key must be read around the cache. */
  isPending(name: string): boolean {
    if (this.count === 0) return false;
    return this.#pending.isPending(this.#parts.engine.homeOf(name), name);
  }

  /** Keys and prefixes whose invalidation no node has acknowledged. */
  get count(): number {
    return this.#pending.keys + this.#pending.prefixes;
  }

  /** Resolves when the node has acknowledged; whether the key was there, as far as known. */
  async invalidate(name: string, key: string, kind: InvalidationKind): Promise<boolean> {
    const { engine, counts, time } = this.#parts;
    const endMs = time.now() + this.#patienceMs;
    counts.invalidations++;
    forget(this.#parts, name);
    try {
      const wasThere = await this.#send(kind, name, Math.min(ATTEMPT_MS, this.#patienceMs));
      forget(this.#parts, name);
      return wasThere;
    } catch (error) {
      noteCacheError(this.#parts, kind, key, error);
      if (this.#closed || isHopeless(error)) throw error;
      // Other processes may have stored it for longer than this one would: only the node's word ends it.
      this.#pending.add(engine.homeOf(name), name, kind, time.now(), Number.POSITIVE_INFINITY);
      // What was read while it was tried.
      forget(this.#parts, name);
      this.#schedule();
      await this.#acknowledged(name, key, endMs, error);
      return true;
    }
  }

  /** Deletes all that begins with the prefix; tried again until it is done, or time is over: then it is not repeated. */
  async clear(prefix: string): Promise<number> {
    const { engine, counts, time } = this.#parts;
    const forgetAll = (): void => forgetWhere(this.#parts, () => true);
    counts.invalidations++;
    const endMs = time.now() + this.#patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
      forgetAll();
      try {
        const count = await engine.clear(prefix, Math.max(1, endMs - time.now()));
        forgetAll();
        return count;
      } catch (error) {
        noteCacheError(this.#parts, 'clear', undefined, error);
        // Of what was deleted nobody tells us, nor of later changes of it.
        forgetAll();
        if (time.now() + pauseMs > endMs || this.#closed) throw error;
        await new Promise<void>((resolve) => time.later(resolve, pauseMs, true));
      }
    }
  }

  /** What has this home can be reached again. */
  hasten(home: number): void {
    if (this.count === 0) return;
    this.#pending.hasten(home, this.#parts.time.now());
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    const message = 'the cache was closed before a node had acknowledged the invalidation';
    const error = new ClientError('CLOSED', message, { mayHaveRun: true });
    for (const waiting of this.#waiting.values()) for (const done of waiting) done(error);
    this.#waiting.clear();
  }

  #send(kind: InvalidationKind, name: string, deadlineMs: number): Promise<boolean> {
    const { engine } = this.#parts;
    return kind === 'delete' ? engine.remove(name, deadlineMs) : engine.soften(name, deadlineMs);
  }

  /** The caller's time began with the first attempt. */
  #acknowledged(name: string, key: string, endMs: number, cause: unknown): Promise<void> {
    const { time, events } = this.#parts;
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiting);
      const late = (): void => {
        waiting.delete(done);
        if (waiting.size === 0) this.#waiting.delete(name);
        events.emit('invalidationPending', { key });
        reject(new InvalidationPending(key, this.#patienceMs, cause));
      };
      const timer = time.later(late, Math.max(0, endMs - time.now()), true);
      const done = (error?: ClientError): void => {
        timer.cancel();
        if (error === undefined) resolve();
        else reject(error);
      };
      waiting.add(done);
    });
  }

  #schedule(): void {
    const dueMs = this.#pending.nextDueMs;
    if (this.#closed || dueMs === Number.POSITIVE_INFINITY) return;
    if (this.#timer !== undefined && this.#timerDueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const { time } = this.#parts;
    this.#timer = time.later(() => this.#repeat(), Math.max(1, dueMs - time.now()), false);
  }

  #repeat(): void {
    this.#timer = undefined;
    for (const attempt of this.#pending.takeDue(this.#parts.time.now(), MAX_ATTEMPTS_AT_ONCE)) {
      void this.#attempt(attempt);
    }
    this.#schedule();
  }

  async #attempt(attempt: InvalidationAttempt): Promise<void> {
    const { engine, events } = this.#parts;
    const { name, scope, kind } = attempt;
    // Without a prefix of its own a cache does not know that all keys there are its own: time repairs those.
    if (scope === 'prefix' && this.#prefix === '') return;
    try {
      if (scope === 'key') await this.#send(kind, name, ATTEMPT_MS);
      else await engine.clear(name.startsWith(this.#prefix) ? name : this.#prefix, this.#patienceMs);
    } catch {
      // It is repeated until it succeeds; that it is pending was told when it first failed.
      return;
    }
    if (scope === 'key') forget(this.#parts, name);
    else forgetWhere(this.#parts, (other) => other.startsWith(name));
    if (!this.#pending.acknowledge(attempt)) return;
    const ended = scope === 'key' ? [name] : [...this.#waiting.keys()].filter((key) => key.startsWith(name));
    for (const each of ended) {
      const waiting = this.#waiting.get(each) ?? [];
      this.#waiting.delete(each);
      for (const done of waiting) done();
    }
    if (this.count === 0) events.emit('invalidationsDone', {});
  }
}

/** What no node will ever do: there is nothing to repeat, and no such key is in any cache. */
function isHopeless(error: unknown): boolean {
  return error instanceof ClientError && (error.code === 'TOO_LARGE' || error.code === 'ARGUMENT');
}
