/**
 * One run of a loader: its context, its time limit, and what came of it.
 *
 *   started --returns a value--> found
 *      |    --returns undefined, or ctx.notFound()--> not found
 *      |    --throws--> rejected with that
 *      +----hardTimeout--> its signal aborts; rejected with LOAD_TIMEOUT. What it returns later is dropped.
 */
import type { Duration } from '../base/index.js';
import type { LoadStart } from './core/index.js';
import { ClientError, ClientOptionsError } from './errors.js';
import { checkDuration, MAX_TTL_MS, type ResolvedLoadOptions } from './load-options.js';
import type { TimeSource } from './time.js';

/** What a loader is given. */
export interface LoadContext<T = unknown> {
  /** The key as the caller wrote it, without the cache's prefix. */
  readonly key: string;
  /** Aborts when nobody wants the value any more, or `hardTimeout` has passed. */
  readonly signal: AbortSignal;
  /** The old value, if there is one. */
  readonly stale: T | undefined;
  /** The lifetime of what is loaded; set it if only the loader knows. */
  ttl: Duration;
  /**
   * `return ctx.notFound()` says that there is nothing under this key, and that this is kept like a value, for `ttl`
   * if it is given. A loader that returns undefined says so too, but then it is not kept.
   */
  notFound(options?: { readonly ttl?: Duration }): undefined;
}

export type Loader<T> = (context: LoadContext<T>) => T | undefined | Promise<T | undefined>;

export interface Loaded {
  /** Undefined: not found. */
  readonly value: unknown;
  /** It was not found, and that is to be kept. */
  readonly isAbsent: boolean;
  readonly ttlMs: number;
  readonly loadMs: number;
  /** When it began, of what no node will store: it is kept here for a moment. */
  readonly since?: LoadStart | undefined;
}

/** Runs the loader now. */
export function runLoader(
  key: string,
  loader: Loader<unknown>,
  stale: unknown,
  options: ResolvedLoadOptions,
  time: TimeSource,
): Promise<Loaded> {
  const context = new Context(key, stale, options.ttlMs);
  const startMs = time.now();
  return new Promise((resolve, reject) => {
    const late = (): void => {
      const message = `the loader of '${key}' has not ended within ${options.hardTimeoutMs} ms (hardTimeout)`;
      const error = new ClientError('LOAD_TIMEOUT', message);
      context.abort(error);
      reject(error);
    };
    const timer = time.later(late, options.hardTimeoutMs, false);
    const ended = (value: unknown): void => {
      timer.cancel();
      try {
        const ttlMs = context.ttlMs();
        const isAbsent = value === undefined && context.isAbsent;
        resolve({ value, isAbsent, ttlMs, loadMs: Math.max(0, time.now() - startMs) });
      } catch (error) {
        reject(error);
      }
    };
    const failed = (error: unknown): void => {
      timer.cancel();
      reject(error);
    };
    try {
      const result = loader(context);
      if (isThenable(result)) result.then(ended, failed);
      else ended(result);
    } catch (error) {
      failed(error);
    }
  });
}

class Context implements LoadContext {
  readonly key: string;
  readonly stale: unknown;
  ttl: Duration;
  isAbsent = false;
  readonly #ttlMs: number;
  #absentTtl: Duration | undefined;
  #controller: AbortController | undefined;
  #aborted: unknown;

  constructor(key: string, stale: unknown, ttlMs: number) {
    this.key = key;
    this.stale = stale;
    this.ttl = ttlMs;
    this.#ttlMs = ttlMs;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    return this.#controller.signal;
  }

  notFound(options: { readonly ttl?: Duration } = {}): undefined {
    this.isAbsent = true;
    this.#absentTtl = options.ttl;
    return undefined;
  }

  abort(reason: unknown): void {
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }

  ttlMs(): number {
    const ttl = (this.isAbsent ? this.#absentTtl : undefined) ?? this.ttl;
    if (ttl === this.#ttlMs) return this.#ttlMs;
    const problems: string[] = [];
    const ms = checkDuration('ttl', ttl, 1, MAX_TTL_MS, problems);
    if (problems.length > 0) throw new ClientOptionsError(problems);
    return ms;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
