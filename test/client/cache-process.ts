/**
 * One process of a fleet: a cache whose database is its parent. It does what it is told: see cache-fleet.ts.
 */
import { type Cache, type CacheOptions, ClientError, createCache, type LoadOptions } from '#layers/client';

export interface LoadOrder {
  readonly key: string;
  readonly callers: number;
  readonly options?: LoadOptions;
}

/** What became of a call: its value, or the code of its error. */
export interface Outcome {
  readonly value?: unknown;
  readonly code?: string;
  readonly message?: string;
  readonly ms: number;
}

export interface SteadyOrder {
  readonly perSecond: number;
  readonly keys: number;
  readonly bucketMs: number;
}

/** What became of the calls that began in some span of time. */
export interface Bucket {
  ok: number;
  shed: number;
  failed: number;
  longestMs: number;
}

export type Order =
  | { readonly kind: 'open'; readonly options: CacheOptions }
  | { readonly kind: 'load'; readonly load: LoadOrder }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'stats' }
  | { readonly kind: 'begin'; readonly steady: SteadyOrder }
  | { readonly kind: 'end' };

export type ToProcess =
  | { readonly id: number; readonly order: Order }
  | { readonly query: number; readonly value?: unknown; readonly error?: string };
export type FromProcess =
  | { readonly id: number; readonly result: unknown }
  | { readonly query: number; readonly key: string };

/** Calls are begun each so many ms. */
const STEP_MS = 10;

let cache: Cache | undefined;
let queries = 0;
const waiting = new Map<number, (answer: { value?: unknown; error?: string }) => void>();
let steady: Steady | undefined;

/** Asks the parent. */
function query(key: string): Promise<unknown> {
  const id = ++queries;
  process.send?.({ query: id, key } satisfies FromProcess);
  return new Promise((resolve, reject) => {
    waiting.set(id, ({ value, error }) => (error === undefined ? resolve(value) : reject(new Error(error))));
  });
}

async function outcomeOf(call: () => Promise<unknown> | undefined): Promise<Outcome> {
  const startMs = performance.now();
  try {
    const value = await call();
    return { value, ms: performance.now() - startMs };
  } catch (error) {
    const { message } = error as Error;
    const code = error instanceof ClientError ? error.code : 'LOADER';
    return { code, message, ms: performance.now() - startMs };
  }
}

/** Calls at a steady rate, whatever becomes of them. */
class Steady {
  readonly buckets: Bucket[] = [];
  readonly #order: SteadyOrder;
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #calls = new Set<Promise<void>>();
  /** The longest time for which this process was not at work on its events. */
  longestPauseMs = 0;
  #begun = 0;
  #lastMs = performance.now();

  constructor(order: SteadyOrder) {
    this.#order = order;
    this.#timer = setInterval(() => this.#step(), STEP_MS);
  }

  async end(): Promise<{ buckets: Bucket[]; longestPauseMs: number }> {
    clearInterval(this.#timer);
    await Promise.all(this.#calls);
    return { buckets: this.buckets, longestPauseMs: this.longestPauseMs };
  }

  #step(): void {
    const nowMs = performance.now();
    this.longestPauseMs = Math.max(this.longestPauseMs, nowMs - this.#lastMs - STEP_MS);
    this.#lastMs = nowMs;
    const due = ((nowMs - this.#startMs) / 1_000) * this.#order.perSecond;
    for (; this.#begun < due; this.#begun++) {
      const call = this.#call();
      this.#calls.add(call);
      void call.then(() => this.#calls.delete(call));
    }
  }

  async #call(): Promise<void> {
    const { keys, bucketMs } = this.#order;
    const at = Math.floor((performance.now() - this.#startMs) / bucketMs);
    for (let i = this.buckets.length; i <= at; i++)
      this.buckets.push({ ok: 0, shed: 0, failed: 0, longestMs: 0 });
    const key = `row:${Math.floor(Math.random() * keys)}`;
    const { code, ms } = await outcomeOf(() => cache?.getOrLoad(key, () => query(key)));
    const bucket = this.buckets[at];
    if (code === undefined) bucket.ok++;
    else if (code === 'LOAD_SHED') bucket.shed++;
    else bucket.failed++;
    bucket.longestMs = Math.max(bucket.longestMs, ms);
  }
}

async function follow(order: Order): Promise<unknown> {
  switch (order.kind) {
    case 'open':
      cache = createCache(order.options);
      return cache.ready().then(
        () => true,
        () => false,
      );
    case 'load': {
      const { key, callers, options } = order.load;
      const call = () => outcomeOf(() => cache?.getOrLoad(key, () => query(key), options));
      return Promise.all(Array.from({ length: callers }, call));
    }
    case 'delete':
      return cache?.delete(order.key);
    case 'stats':
      return cache?.stats();
    case 'begin':
      steady = new Steady(order.steady);
      return undefined;
    case 'end':
      return steady?.end();
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToProcess) => {
  if ('query' in message) {
    waiting.get(message.query)?.(message);
    waiting.delete(message.query);
    return;
  }
  void follow(message.order).then((result) =>
    process.send?.({ id: message.id, result } satisfies FromProcess),
  );
});
