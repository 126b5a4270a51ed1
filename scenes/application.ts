/**
 * One process of an application: it reads through its way, and its queries go to the database of the scene.
 *
 *   scene --open, burst, read, invalidate, traffic--> application --query--> scene's database
 *         <----------- what came of it ------------
 *
 * Both speak over the channel between parent and child. Run as a program this is the application; imported, it starts one.
 */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { spawnPinned, stopChild } from '../bench/processes.js';
import type { Database } from './database.js';
import { openReader, type Reader, type WayName, type WayOptions } from './ways.js';

/** What an application can be told. */
export type Order =
  | { readonly kind: 'open'; readonly way: WayName; readonly options: WayOptions }
  /** So many callers ask for a key at once. */
  | { readonly kind: 'burst'; readonly key: string; readonly callers: number }
  | { readonly kind: 'read'; readonly key: string; readonly queryMs?: number }
  | { readonly kind: 'invalidate'; readonly key: string }
  /** Every key of the traffic is read once. */
  | { readonly kind: 'warm'; readonly keys: number }
  /** Callers come at this rate, whether earlier ones have their answers or not, and ask for one of so many keys. */
  | { readonly kind: 'traffic'; readonly perSecond: number; readonly keys: number; readonly ms: number }
  /** What the traffic has come to since this was asked last. */
  | { readonly kind: 'report' };

/** What came of callers. */
export interface Outcome {
  answers: number;
  /** By their names: how many had that error instead. */
  errors: Record<string, number>;
  /** Callers of the traffic that wait. */
  waiting: number;
  /** Of an answer or an error, or of a caller that still waits. */
  slowestMs: number;
  value: number | undefined;
}

interface Asked {
  readonly number: number;
  readonly order: Order;
}

interface Query {
  readonly query: number;
  readonly key: string;
  readonly queryMs: number | undefined;
}

const OPEN_DEADLINE_MS = 10_000;
/** Callers of the traffic come in groups, so often. */
const TRAFFIC_STEP_MS = 5;

/** An application as the scene sees it. */
export class Application {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (outcome: Outcome) => void; reject: (error: Error) => void }
  >();
  #asked = 0;

  constructor(database: Database) {
    this.#child = spawnPinned(undefined, process.execPath, [fileURLToPath(import.meta.url)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: Query | { number: number; outcome: Outcome; error?: string }) => {
      if ('query' in message) void this.#query(database, message);
      else {
        const asked = this.#waiting.get(message.number);
        this.#waiting.delete(message.number);
        if (message.error === undefined) asked?.resolve(message.outcome);
        else asked?.reject(new Error(message.error));
      }
    });
    this.#child.once('exit', (code, signal) => {
      const error = new Error(`an application has ended (${signal ?? code})`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  tell(order: Order): Promise<Outcome> {
    const number = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#child.send({ number, order } satisfies Asked);
    });
  }

  stop(): Promise<void> {
    return stopChild(this.#child, 500);
  }

  async #query(database: Database, { query, key, queryMs }: Query): Promise<void> {
    const version = await database.query(key, queryMs);
    if (this.#child.connected) this.#child.send({ query, version });
  }
}

/** The process itself. */
class Process {
  #reader: Reader | undefined;
  #queries = 0;
  readonly #queried = new Map<number, (version: number) => void>();
  #outcome = newOutcome();
  /** Callers of the traffic that wait, the first in front. */
  readonly #callers = new Set<{ readonly startMs: number }>();

  constructor() {
    process.on('message', (message: Asked | { query: number; version: number }) => {
      if ('version' in message) {
        this.#queried.get(message.query)?.(message.version);
        this.#queried.delete(message.query);
        return;
      }
      this.#obey(message.order).then(
        (outcome) => process.send?.({ number: message.number, outcome }),
        (error: Error) => process.send?.({ number: message.number, error: error.message }),
      );
    });
  }

  async #obey(order: Order): Promise<Outcome> {
    switch (order.kind) {
      case 'open':
        this.#reader = await within(OPEN_DEADLINE_MS, openReader(order.way, order.options));
        return newOutcome();
      case 'burst': {
        const outcome = newOutcome();
        await Promise.all(Array.from({ length: order.callers }, () => this.#call(order.key, outcome)));
        return outcome;
      }
      case 'read': {
        const outcome = newOutcome();
        await this.#call(order.key, outcome, order.queryMs);
        return outcome;
      }
      case 'invalidate':
        await this.#reader?.invalidate(order.key);
        return newOutcome();
      case 'warm': {
        const outcome = newOutcome();
        for (let row = 0; row < order.keys; row++) await this.#call(`row:${row}`, outcome, 0);
        return outcome;
      }
      case 'traffic':
        await this.#traffic(order.perSecond, order.keys, order.ms);
        return newOutcome();
      case 'report':
        return this.#report();
    }
  }

  async #traffic(perSecond: number, keys: number, ms: number): Promise<void> {
    const startMs = performance.now();
    let came = 0;
    while (performance.now() - startMs < ms) {
      const due = ((performance.now() - startMs) / 1000) * perSecond;
      for (; came < due; came++) {
        void this.#call(`row:${Math.floor(Math.random() * keys)}`, undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, TRAFFIC_STEP_MS));
    }
  }

  #report(): Outcome {
    const outcome = this.#outcome;
    this.#outcome = newOutcome();
    outcome.waiting = this.#callers.size;
    const [first] = this.#callers;
    if (first !== undefined)
      outcome.slowestMs = Math.max(outcome.slowestMs, performance.now() - first.startMs);
    return outcome;
  }

  /** One caller; `into` is undefined for one of the traffic: the report under way when it has its answer counts it. */
  async #call(key: string, into: Outcome | undefined, queryMs?: number): Promise<void> {
    const caller = { startMs: performance.now() };
    if (into === undefined) this.#callers.add(caller);
    let error: (Error & { code?: string }) | undefined;
    let value: number | undefined;
    try {
      value = await this.#reader?.read(key, () => this.#query(key, queryMs));
    } catch (thrown) {
      error = thrown as Error;
    }
    this.#callers.delete(caller);
    const outcome = into ?? this.#outcome;
    outcome.slowestMs = Math.max(outcome.slowestMs, performance.now() - caller.startMs);
    if (error === undefined) {
      outcome.answers++;
      outcome.value = value;
    } else {
      const name = error.code ?? error.name;
      outcome.errors[name] = (outcome.errors[name] ?? 0) + 1;
    }
  }

  #query(key: string, queryMs: number | undefined): Promise<number> {
    const query = ++this.#queries;
    return new Promise((resolve) => {
      this.#queried.set(query, resolve);
      process.send?.({ query, key, queryMs } satisfies Query);
    });
  }
}

function newOutcome(): Outcome {
  return { answers: 0, errors: {}, waiting: 0, slowestMs: 0, value: undefined };
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the cache was not ready within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.on('disconnect', () => process.exit());
  new Process();
}
