/**
 * The torture: processes that read, load and invalidate the same few keys over one server, as fast as they can, while some of
 * them are killed and others hang. What they saw is checked against what they were promised: see history.ts.
 *
 *   parent ── rows.ts, history.ts          fork ──> worker 1..4 ── operations.ts ──> server
 *      ├── SIGKILL and a new one, SIGSTOP and SIGCONT, at random moments
 *      └── spawn ──> nodes of a cluster, killed, stopped and cut off: tortured-cluster.ts
 *
 * The operations come from the seed, their order from the machine: a seed shows where to look and repeats nothing exactly.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { RawConnection } from '../kit/connection.js';
import { nowNs } from '../kit/rows.js';
import { Seeded } from '../kit/seeded.js';
import { History } from './history.js';
import { isNothing } from './operations.js';
import { RowServer } from './rows.js';
import { type EngineName, startServer, type TorturedServer } from './server.js';
import type { WorkerOrder, WorkerReport } from './worker.js';

export interface TortureOptions {
  readonly engine: EngineName;
  /** It ends after so many, or after so long. */
  readonly interleavings: number;
  readonly seconds: number;
  readonly seed: number;
  readonly near: boolean;
  readonly hasFence: boolean;
  /** It has seen enough when it has found one. */
  readonly endsWithViolation: boolean;
  readonly print: (line: string) => void;
}

export interface TortureVerdict {
  readonly lines: readonly string[];
  readonly problems: readonly string[];
  readonly interleavings: number;
  readonly violations: number;
}

const PROCESSES = 4;
/** Few enough that most operations meet another one on their key. */
const KEYS = 64;
const CALLERS = 80;
/** Of a cluster fewer: its nodes and their elections share the machine with these processes. */
const CLUSTER_CALLERS = 12;
const CLUSTER_READERS = 4;
/** Far above what a busy machine needs: a cache that does without its node could promise nothing. */
const DEADLINE_MS = 20_000;
/** In a cluster it may do so, since the history knows when it did: long enough that it seldom does. */
const CLUSTER_DEADLINE_MS = 500;
const NEAR_TTL_MS = 1_000;
/** A near value may be so much older than its bound when the machine is busy. */
const SLACK_MS = 50;
const CHECK_MS = 100;
/** A worker is killed, or stopped, after so long on average. */
const KILL_MS = 2_500;
const STOP_MS = 1_500;
const LONGEST_STOP_MS = 1_500;
const PROGRESS_MS = 10_000;
/** Of nodes that are killed and cut off there are many kinds. */
const SHOWN_ERRORS = 8;
/** No operation takes so long: the longest wait for a load, and a lease. */
const LONGEST_END_MS = 15_000;
/** Nor does one in a cluster: the longest wait for an acknowledgement. */
const LONGEST_CLUSTER_END_MS = 30_000;
/** How long the node may take to notice that everybody has gone. */
const GONE_MS = 3_000;

export async function runTorture(options: TortureOptions): Promise<TortureVerdict> {
  const server = await startServer(options.engine, options.seed, PROCESSES, options.print);
  const torture = new Torture(options, server);
  const end = (): void => torture.end();
  // A process that is stopped would not notice that its parent has gone.
  process.once('exit', end);
  try {
    return await torture.run();
  } finally {
    process.off('exit', end);
    end();
    await server?.stop();
  }
}

/** One place for a process, which is filled anew when it dies. */
interface Place {
  readonly index: number;
  starts: number;
  process: ChildProcess | undefined;
  isStopped: boolean;
  source: string;
  last: WorkerReport | undefined;
}

class Torture {
  readonly #options: TortureOptions;
  readonly #server: TorturedServer | undefined;
  readonly #random: Seeded;
  readonly #places: Place[];
  readonly #history: History;
  readonly #sums = {
    failures: 0,
    cacheErrors: 0,
    refusedFills: 0,
    around: 0,
    kills: 0,
    stops: 0,
    orphans: 0,
  };
  readonly #errors = new Set<string>();
  readonly #problems: string[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #rows: RowServer | undefined;
  #isEnding = false;

  constructor(options: TortureOptions, server: TorturedServer | undefined) {
    this.#options = options;
    this.#server = server;
    this.#random = new Seeded(options.seed);
    this.#places = Array.from({ length: PROCESSES }, (_, index) => ({
      index,
      starts: 0,
      process: undefined,
      isStopped: false,
      source: '',
      last: undefined,
    }));
    this.#history = new History({
      keys: this.#keys,
      versionAt: (key, ns) => this.#rows?.versionAt(key, ns) ?? 0,
      isNothing,
      nearBoundMs: NEAR_TTL_MS + SLACK_MS,
      maxStaleMs: server?.maxStaleMs ?? 0,
    });
  }

  /** In memory each process has keys of its own. */
  get #keys(): number {
    return this.#options.engine === 'memory' ? KEYS * PROCESSES : KEYS;
  }

  async run(): Promise<TortureVerdict> {
    this.#rows = await RowServer.start(this.#keys, (key, version) => {
      this.#sums.orphans++;
      this.#history.orphaned(key, version);
    });
    const startMs = performance.now();
    for (const place of this.#places) this.#fork(place);
    this.#later(() => this.#kill(), this.#spread(KILL_MS));
    this.#later(() => this.#hang(), this.#spread(STOP_MS));
    await this.#untilDone(startMs);
    const seconds = (performance.now() - startMs) / 1_000;
    await this.#stop();
    this.#history.check();
    await this.#checkLeases();
    return this.#verdict(seconds);
  }

  /** Ends all processes at once. */
  end(): void {
    this.#isEnding = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { process: child } of this.#places) child?.kill('SIGKILL');
    this.#rows?.stop();
  }

  #fork(place: Place): void {
    place.starts++;
    const source = `${place.index}.${place.starts}`;
    const { seed, engine, near, hasFence } = this.#options;
    const program = fileURLToPath(new URL('./worker.js', import.meta.url));
    const [command, ...words] = [...(this.#server?.prefixOf(place.index) ?? []), process.execPath, program];
    const child = spawn(command, words, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    const order: WorkerOrder = {
      urls: this.#server?.urls ?? [],
      rowsPath: this.#rows?.path ?? '',
      seed: seed * 1_000_003 + place.index * 1_009 + place.starts,
      firstKey: engine === 'memory' ? place.index * KEYS : 0,
      keys: KEYS,
      callers: engine === 'cluster' ? CLUSTER_CALLERS : CALLERS,
      readers: engine === 'cluster' ? CLUSTER_READERS : 0,
      deadlineMs: engine === 'cluster' ? CLUSTER_DEADLINE_MS : DEADLINE_MS,
      nearTtlMs: near ? NEAR_TTL_MS : 0,
      hasFence,
    };
    place.process = child;
    place.source = source;
    this.#history.begins(source, nowNs());
    child.send(order);
    child.on('message', (report: WorkerReport) => {
      place.last = report;
      this.#history.tell(source, report.rows, report.untilNs);
      if (report.isLast) child.disconnect();
    });
    child.on('exit', (code, signal) => {
      this.#history.ends(source);
      this.#count(place);
      place.process = undefined;
      place.isStopped = false;
      if (this.#isEnding) return;
      if (signal === 'SIGKILL') this.#fork(place);
      else this.#problems.push(`a process ended by itself: ${signal ?? code}`);
    });
  }

  #count(place: Place): void {
    for (const name of ['failures', 'cacheErrors', 'refusedFills', 'around'] as const) {
      this.#sums[name] += place.last?.[name] ?? 0;
    }
    for (const error of place.last?.errors ?? []) this.#errors.add(error);
    place.last = undefined;
  }

  #kill(): void {
    this.#sums.kills++;
    this.#random.pick(this.#places).process?.kill('SIGKILL');
    this.#later(() => this.#kill(), this.#spread(KILL_MS));
  }

  #hang(): void {
    const place = this.#random.pick(this.#places);
    const child = place.process;
    if (child !== undefined && !place.isStopped) {
      this.#sums.stops++;
      place.isStopped = true;
      const { source } = place;
      const fromNs = nowNs();
      child.kill('SIGSTOP');
      const resume = (): void => {
        child.kill('SIGCONT');
        this.#history.stopped(source, fromNs, nowNs());
        if (place.process === child) place.isStopped = false;
      };
      this.#later(resume, this.#random.below(LONGEST_STOP_MS));
    }
    this.#later(() => this.#hang(), this.#spread(STOP_MS));
  }

  async #untilDone(startMs: number): Promise<void> {
    const { interleavings, seconds, endsWithViolation, print } = this.#options;
    let shownMs = startMs;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
      this.#history.check();
      const nowMs = performance.now();
      const { counts, violations } = this.#history;
      if (counts.interleavings >= interleavings || nowMs - startMs >= seconds * 1_000) return;
      if (endsWithViolation && violations > 0) return;
      if (this.#problems.length > 0 || this.#server?.ended !== undefined) return;
      if (nowMs - shownMs < PROGRESS_MS) continue;
      shownMs = nowMs;
      print(`${counts.interleavings} interleavings, ${violations} violations`);
    }
  }

  /** Everybody ends what it has begun, and tells of it. */
  async #stop(): Promise<void> {
    await this.#server?.rest();
    this.#isEnding = true;
    const longestMs = this.#options.engine === 'cluster' ? LONGEST_CLUSTER_END_MS : LONGEST_END_MS;
    for (const timer of this.#timers) clearTimeout(timer);
    const exits = this.#places.map(async (place) => {
      const { process: child } = place;
      if (child === undefined) return;
      const exit = once(child, 'exit');
      child.kill('SIGCONT');
      // One that was killed a moment ago hears nothing, and its exit is told all the same.
      child.send('stop', () => {});
      const late = setTimeout(() => {
        this.#problems.push(`operations that do not end: ${place.last?.underWay.join(', ')}`);
        child.kill('SIGKILL');
      }, longestMs);
      await exit;
      clearTimeout(late);
    });
    await Promise.all(exits);
  }

  /** Nobody is left, so no lease may be. */
  async #checkLeases(): Promise<void> {
    if (this.#server === undefined) return;
    if (this.#server.ended !== undefined) {
      this.#problems.push(`the server ended: ${this.#server.ended}`);
      return;
    }
    if (this.#options.engine !== 'nuthatch') return;
    const connection = await RawConnection.open(Number(new URL(this.#server.urls[0]).port));
    const untilMs = performance.now() + GONE_MS;
    let left: string | undefined;
    do {
      left = /load_leases:(\d+)/.exec(String(await connection.call('INFO', 'stats')))?.[1];
    } while (left !== '0' && performance.now() < untilMs);
    connection.close();
    if (left !== '0') this.#problems.push(`${left} leases are left on the node when all have gone`);
  }

  #later(run: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  #spread(ms: number): number {
    return ms * (0.5 + this.#random.fraction());
  }

  #verdict(seconds: number): TortureVerdict {
    const { counts, violations, described, oldestNearMs, staleNearReads, interruptedReads } = this.#history;
    const { engine, seed, near, hasFence } = this.#options;
    const sums = this.#sums;
    const mode = `${engine}${near ? ', near caches' : ''}${hasFence ? '' : ', without the fence'}, seed ${seed}`;
    const lines = [
      `${mode}: ${counts.interleavings} interleavings in ${seconds.toFixed(1)} s (${Math.round(counts.interleavings / seconds)} a second), ${violations} violations`,
      `${counts.operations} operations, ${counts.reads} reads of a value, ${counts.nothing} of nothing, ${counts.invalidations} invalidations acknowledged`,
      `${sums.kills} processes killed, ${sums.stops} stopped, ${sums.refusedFills} fills refused, ${sums.around} reads around the cache, ${sums.cacheErrors} cache errors, ${sums.failures} failures, ${sums.orphans} sets cut off`,
    ];
    if (near) {
      lines.push(
        `${counts.nearReads} near reads, ${staleNearReads} of them behind an acknowledgement, the oldest by ${oldestNearMs.toFixed(1)} ms; ${interruptedReads} too old in an event in which their process was stopped`,
      );
    }
    if (this.#server !== undefined && this.#server.story !== '') {
      const { reads, oldReads, oldestMs } = this.#history.unleased;
      lines.push(
        this.#server.story,
        `${reads} reads of a value without the lease of a primary, ${oldReads} of them behind an acknowledgement, the oldest by ${oldestMs.toFixed(1)} ms`,
      );
    }
    for (const error of [...this.#errors].slice(0, SHOWN_ERRORS)) lines.push(`cache error: ${error}`);
    const problems = [...this.#problems, ...described.map((one) => `seed ${seed}, ${one}`)];
    return { lines, problems, interleavings: counts.interleavings, violations };
  }
}
