/**
 * The closed-loop load generator: a child process with many connections, each sending its next batch when the
 * last is answered. It saturates the server (or itself) and counts.
 *
 *   job (message in) -> connect all -> warm up -> [window: operations, latencies, the server's CPU] -> result (message out)
 *
 * A batch is one write; its latency runs from that write to its last reply. Inside the window nothing is formatted:
 * the requests are a tape, replies are only counted. The CPU time of the server is read from /proc here, at the very
 * edges of the window. A job with `fill` writes each key once and has its window around all of it.
 */
import { connect } from 'node:net';
import { cpuMs } from '../proc.js';
import { answerAsChild, askChild } from '../processes.js';
import { SeededRandom } from '../random.js';
import { LatencyHistogram } from './latency-histogram.js';
import { type Dialect, ReplyScanner } from './reply-scanner.js';
import { Fill, type RequestSource, Tape, type Traffic } from './requests.js';

export interface ClosedLoopJob {
  readonly dialect: Dialect;
  readonly port: number;
  readonly serverPid: number;
  readonly connections: number;
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly keys: number;
  readonly seed: number;
  readonly work:
    | { readonly kind: Traffic; readonly warmUpMs: number; readonly measureMs: number }
    | { readonly kind: 'fill'; readonly firstKey: number; readonly lifetimeS: number };
}

export interface ClosedLoopResult {
  readonly operations: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly serverCpuUsPerOperation: number;
  /** Shares of a core over the window. */
  readonly serverBusy: number;
  readonly generatorBusy: number;
  /** Since the start of the run, warm-up included. */
  readonly misses: number;
  readonly errors: number;
  readonly firstError: string;
}

/** Runs the job in a child process on `core`. */
export function runClosedLoop(core: number, job: ClosedLoopJob): Promise<ClosedLoopResult> {
  return askChild(core, new URL(import.meta.url), job, ['--max-semi-space-size=64']);
}

interface Window {
  atMs: number;
  operations: number;
  serverMs: number;
  generatorMs: number;
}

class ClosedLoop {
  readonly #job: ClosedLoopJob;
  readonly #source: RequestSource;
  readonly #scanners: ReplyScanner[] = [];
  readonly #latencies = new LatencyHistogram();
  readonly #begin: Window = { atMs: 0, operations: 0, serverMs: 0, generatorMs: 0 };
  readonly #end: Window = { atMs: 0, operations: 0, serverMs: 0, generatorMs: 0 };
  /** One for all connections: a chunk is scanned at once, nothing of it is kept. */
  readonly #readBuffer = Buffer.allocUnsafe(256 * 1024);
  #operations = 0;
  #measuring = false;
  #stopping = false;
  #busyConnections = 0;
  #done: () => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(job: ClosedLoopJob) {
    this.#job = job;
    const { dialect, keys, valueBytes, pipeline, work } = job;
    this.#source =
      work.kind === 'fill'
        ? new Fill(dialect, work.firstKey, keys, valueBytes, pipeline, work.lifetimeS)
        : new Tape(dialect, work.kind, keys, valueBytes, pipeline, new SeededRandom(job.seed));
  }

  async run(): Promise<ClosedLoopResult> {
    const finished = new Promise<void>((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
    });
    const starts = await Promise.all(Array.from({ length: this.#job.connections }, () => this.#connect()));
    const { work } = this.#job;
    if (work.kind === 'fill') {
      this.#mark(this.#begin);
      this.#measuring = true;
    } else {
      setTimeout(() => {
        this.#mark(this.#begin);
        this.#measuring = true;
        setTimeout(() => {
          this.#mark(this.#end);
          this.#measuring = false;
          this.#stopping = true;
        }, work.measureMs);
      }, work.warmUpMs);
    }
    for (const start of starts) start();
    await finished;
    if (work.kind === 'fill') this.#mark(this.#end);
    return this.#result();
  }

  #connect(): Promise<() => void> {
    const scanner = new ReplyScanner(this.#job.dialect);
    this.#scanners.push(scanner);
    let expected = 0;
    let requests = 0;
    let sentAtMs = 0;
    const received = (length: number): boolean => {
      scanner.feed(this.#readBuffer, 0, length);
      if (scanner.replies === expected) {
        this.#operations += requests;
        if (this.#measuring) this.#latencies.recordMs(performance.now() - sentAtMs);
        send();
      }
      return true;
    };
    const socket = connect({
      host: '127.0.0.1',
      port: this.#job.port,
      noDelay: true,
      onread: { buffer: this.#readBuffer, callback: received },
    });
    const send = (): void => {
      const batch = this.#stopping ? undefined : this.#source.next();
      if (batch === undefined) {
        socket.destroy();
        if (--this.#busyConnections === 0) this.#done();
        return;
      }
      requests = batch.requests;
      expected += requests;
      sentAtMs = performance.now();
      socket.write(batch.bytes);
    };
    this.#busyConnections++;
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        reject(error);
        this.#failed(error);
      });
      socket.once('end', () => this.#failed(new Error('The server closed a connection during the run')));
      socket.once('connect', () => resolve(send));
    });
  }

  #mark(window: Window): void {
    window.serverMs = cpuMs(this.#job.serverPid);
    window.generatorMs = cpuMs(process.pid);
    window.operations = this.#operations;
    window.atMs = performance.now();
  }

  #result(): ClosedLoopResult {
    const wallMs = this.#end.atMs - this.#begin.atMs;
    const operations = this.#end.operations - this.#begin.operations;
    const serverMs = this.#end.serverMs - this.#begin.serverMs;
    return {
      operations,
      seconds: wallMs / 1000,
      perSecond: operations / (wallMs / 1000),
      p50Us: this.#latencies.percentile(0.5),
      p99Us: this.#latencies.percentile(0.99),
      maxUs: this.#latencies.maxUs,
      serverCpuUsPerOperation: (serverMs * 1000) / operations,
      serverBusy: serverMs / wallMs,
      generatorBusy: (this.#end.generatorMs - this.#begin.generatorMs) / wallMs,
      misses: this.#scanners.reduce((sum, scanner) => sum + scanner.misses, 0),
      errors: this.#scanners.reduce((sum, scanner) => sum + scanner.errors, 0),
      firstError: this.#scanners.find((scanner) => scanner.firstError !== '')?.firstError ?? '',
    };
  }
}

answerAsChild(import.meta.url, (job: ClosedLoopJob) => new ClosedLoop(job).run());
