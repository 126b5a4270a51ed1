/**
 * A fleet of processes with a cache each, and the database they load from: this process.
 *
 *   const fleet = await CacheFleet.start(8, { url });
 *   const loads = fleet.load(0, { key: 'k', callers: 200 });
 *   await fleet.database.asked(1)      a loader has asked
 *   fleet.database.answer('value')     all who ask, from now on
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CacheOptions, CacheStats } from '#layers/client';
import type {
  Bucket,
  FromProcess,
  LoadOrder,
  Order,
  Outcome,
  SteadyOrder,
  ToProcess,
} from './cache-process.js';

const PATIENCE_MS = 20_000;

/** Answers, or keeps those who ask waiting. */
export class Database {
  queries = 0;
  running = 0;
  mostRunning = 0;
  #answer: (() => { value?: unknown; error?: string }) | undefined;
  #loadMs = 0;
  #kept: ((answer: { value?: unknown; error?: string }) => void)[] = [];
  #watchers: (() => void)[] = [];

  /** Who has asked gets this now, who asks gets it after `loadMs`. */
  answer(value: unknown, loadMs = 0): void {
    this.#answer = () => ({ value });
    this.#loadMs = loadMs;
    this.#release();
  }

  fail(error: string, loadMs = 0): void {
    this.#answer = () => ({ error });
    this.#loadMs = loadMs;
    this.#release();
  }

  /** The first of those who wait. */
  answerFirst(value: unknown): void {
    this.#kept.shift()?.({ value });
  }

  /** Who asks waits. */
  keep(): void {
    this.#answer = undefined;
  }

  /** Resolves when so many have asked in all. */
  async asked(queries: number): Promise<void> {
    const untilMs = performance.now() + PATIENCE_MS;
    while (this.queries < queries) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new Error(`the database was asked ${this.queries} times and not ${queries}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#watchers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async query(): Promise<{ value?: unknown; error?: string }> {
    this.queries++;
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    for (const watcher of this.#watchers.splice(0)) watcher();
    try {
      if (this.#answer === undefined) return await new Promise((resolve) => this.#kept.push(resolve));
      const answer = this.#answer();
      if (this.#loadMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#loadMs));
      return answer;
    } finally {
      this.running--;
    }
  }

  #release(): void {
    for (const give of this.#kept.splice(0)) give(this.#answer?.() ?? {});
  }
}

class FleetProcess {
  readonly child: ChildProcess;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #nextId = 0;

  constructor(database: Database) {
    const program = fileURLToPath(new URL('./cache-process.js', import.meta.url));
    this.child = fork(program, [], { execArgv: [] });
    this.child.on('message', (message: FromProcess) => {
      if ('query' in message) {
        const reply = (answer: { value?: unknown; error?: string }): void =>
          this.#send({ query: message.query, ...answer });
        void database.query().then(reply);
      } else {
        this.#waiting.get(message.id)?.(message.result);
        this.#waiting.delete(message.id);
      }
    });
  }

  tell(order: Order): Promise<unknown> {
    const id = ++this.#nextId;
    this.#send({ id, order });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  #send(message: ToProcess): void {
    if (this.child.connected) this.child.send(message, () => {});
  }
}

export class CacheFleet {
  readonly database = new Database();
  readonly #processes: readonly FleetProcess[];

  private constructor(processes: number) {
    this.#processes = Array.from({ length: processes }, () => new FleetProcess(this.database));
  }

  /** Resolves when all are connected, or know that they cannot be. */
  static async start(processes: number, options: CacheOptions): Promise<CacheFleet> {
    const fleet = new CacheFleet(processes);
    await Promise.all(fleet.#processes.map((each) => each.tell({ kind: 'open', options })));
    return fleet;
  }

  get size(): number {
    return this.#processes.length;
  }

  load(place: number, load: LoadOrder): Promise<Outcome[]> {
    return this.#processes[place].tell({ kind: 'load', load }) as Promise<Outcome[]>;
  }

  /** The same in all processes; the outcomes of all. */
  async loadInAll(load: LoadOrder): Promise<Outcome[]> {
    return (await Promise.all(this.#processes.map((_, place) => this.load(place, load)))).flat();
  }

  /** Resolves when the callers of these processes wait for what others load. */
  async untilWaiting(places: readonly number[]): Promise<void> {
    for (;;) {
      const stats = await this.stats(places);
      if (stats.every(({ waits }) => waits > 0)) return;
    }
  }

  delete(place: number, key: string): Promise<unknown> {
    return this.#processes[place].tell({ kind: 'delete', key });
  }

  stats(places: readonly number[]): Promise<CacheStats[]> {
    const stats = places.map((place) => this.#processes[place].tell({ kind: 'stats' }));
    return Promise.all(stats) as Promise<CacheStats[]>;
  }

  /** All call at a steady rate from now on, each at its part of it. */
  async begin(steady: SteadyOrder): Promise<void> {
    const part = { ...steady, perSecond: steady.perSecond / this.size };
    await Promise.all(this.#processes.map((each) => each.tell({ kind: 'begin', steady: part })));
  }

  async end(): Promise<{ buckets: Bucket[]; longestPauseMs: number }[]> {
    const ends = this.#processes.map((each) => each.tell({ kind: 'end' }));
    return (await Promise.all(ends)) as { buckets: Bucket[]; longestPauseMs: number }[];
  }

  signal(place: number, name: NodeJS.Signals): void {
    this.#processes[place].child.kill(name);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#processes.map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        await exit;
      }),
    );
  }
}
