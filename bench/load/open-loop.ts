/**
 * The open-loop load generator: a child process that sends on a fixed schedule, whatever the server does.
 *
 *   intended   | | | | | | | | | | | |        every 1/rate, on the connections in turn
 *   server       ......[ pause ].......
 *   latency        from the *intended* time to the reply: all that the pause delayed counts, not one request
 *
 * A closed loop stops asking while the server pauses, and so hides the pause in one sample (coordinated omission).
 * The generator polls without sleeping; `worstGapMs` is the longest it was away from its own loop, and an error bar of
 * every latency: a maximum near it may be the generator's or the machine's, not the server's.
 */
import { connect, type Socket } from 'node:net';
import { answerAsChild, askChild } from '../processes.js';
import { SeededRandom } from '../random.js';
import { LatencyHistogram } from './latency-histogram.js';
import { ReplyScanner } from './reply-scanner.js';
import { getRequest, keyText, setRequestAround, writeDigits } from './requests.js';

export interface OpenLoopJob {
  readonly port: number;
  readonly connections: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly valueBytes: number;
  /** SETs write keys never used before, from this number on. */
  readonly firstNewKey: number;
  readonly setShare: number;
  /** GETs read one of the keys 0 .. readKeys - 1, uniformly. */
  readonly readKeys: number;
  readonly seed: number;
}

export interface OpenLoopResult {
  readonly perSecond: number;
  readonly requests: number;
  readonly sets: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  readonly hits: number;
  readonly misses: number;
  readonly errors: number;
  readonly firstError: string;
  readonly worstGapMs: number;
  /** The worst moments: when (ms since the epoch) and how late the latest reply of that tenth of a second was. */
  readonly worst: readonly { readonly atMs: number; readonly latencyUs: number }[];
}

/** Requests that may be unanswered on one connection; more means that the server does not keep up at all. */
const MOST_UNANSWERED = 1 << 17;
const WARM_UP_MS = 500;
const MOMENT_MS = 100;
const WORST_MOMENTS = 5;

export function runOpenLoop(core: number, job: OpenLoopJob): Promise<OpenLoopResult> {
  return askChild(core, new URL(import.meta.url), job, ['--max-semi-space-size=64']);
}

class Connection {
  readonly scanner = new ReplyScanner('resp');
  readonly #intended = new Float64Array(MOST_UNANSWERED);
  readonly #get = Buffer.from(getRequest('resp', keyText(0)), 'latin1');
  readonly #set: Buffer;
  readonly #getKeyAt: number;
  readonly #setKeyAt: number;
  readonly #socket: Socket;
  #sent = 0;
  #answered = 0;

  constructor(socket: Socket, valueBytes: number) {
    this.#socket = socket;
    this.#set = Buffer.from(
      setRequestAround('resp', keyText(0), valueBytes).join('v'.repeat(valueBytes)),
      'latin1',
    );
    this.#getKeyAt = this.#get.indexOf(keyText(0)) + 4;
    this.#setKeyAt = this.#set.indexOf(keyText(0)) + 4;
  }

  get unanswered(): number {
    return this.#sent - this.#answered;
  }

  send(isSet: boolean, key: number, intendedMs: number): void {
    if (this.unanswered === MOST_UNANSWERED)
      throw new Error(`${MOST_UNANSWERED} requests wait on one connection`);
    // The kernel takes a small request at once, and then its bytes may be patched again.
    const free = this.#socket.writableLength === 0;
    const own = isSet ? this.#set : this.#get;
    const bytes = free ? own : Buffer.from(own);
    writeDigits(bytes, isSet ? this.#setKeyAt : this.#getKeyAt, key);
    this.#intended[this.#sent++ & (MOST_UNANSWERED - 1)] = intendedMs;
    this.#socket.write(bytes);
  }

  /** Takes what arrived, and records the latency of every reply in it. */
  received(bytes: Uint8Array, length: number, record: (latencyMs: number, atMs: number) => void): void {
    this.scanner.feed(bytes, 0, length);
    const nowMs = performance.now();
    while (this.#answered < this.scanner.replies) {
      record(nowMs - (this.#intended[this.#answered++ & (MOST_UNANSWERED - 1)] as number), nowMs);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

class OpenLoop {
  readonly #job: OpenLoopJob;
  readonly #random: SeededRandom;
  readonly #latencies = new LatencyHistogram();
  readonly #readBuffer = Buffer.allocUnsafe(256 * 1024);
  readonly #moments = new Map<number, number>();
  #connections: Connection[] = [];
  #sent = 0;
  #sets = 0;
  #measureFromMs = 0;

  constructor(job: OpenLoopJob) {
    this.#job = job;
    this.#random = new SeededRandom(job.seed);
  }

  async run(): Promise<OpenLoopResult> {
    this.#connections = await Promise.all(
      Array.from({ length: this.#job.connections }, () => this.#connect()),
    );
    const startMs = performance.now();
    this.#measureFromMs = startMs + WARM_UP_MS;
    const endMs = this.#measureFromMs + this.#job.seconds * 1000;
    const worstGapMs = await this.#play(startMs, endMs);
    const result = this.#result(worstGapMs);
    for (const connection of this.#connections) connection.close();
    return result;
  }

  #connect(): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const record = (latencyMs: number, atMs: number): void => this.#record(latencyMs, atMs);
      const socket = connect({
        host: '127.0.0.1',
        port: this.#job.port,
        noDelay: true,
        onread: {
          buffer: this.#readBuffer,
          callback: (length) => {
            connection.received(this.#readBuffer, length, record);
            return true;
          },
        },
      });
      const connection = new Connection(socket, this.#job.valueBytes);
      socket.once('error', reject);
      socket.once('connect', () => resolve(connection));
    });
  }

  /** Polls until all is sent and answered; gives the longest time between two polls. */
  #play(startMs: number, endMs: number): Promise<number> {
    const perMs = this.#job.perSecond / 1000;
    let lastMs = startMs;
    let worstGapMs = 0;
    return new Promise((resolve, reject) => {
      const poll = (): void => {
        const nowMs = performance.now();
        if (nowMs > this.#measureFromMs) worstGapMs = Math.max(worstGapMs, nowMs - lastMs);
        lastMs = nowMs;
        const due = Math.floor((Math.min(nowMs, endMs) - startMs) * perMs);
        try {
          while (this.#sent < due) this.#sendNext(startMs + this.#sent / perMs);
        } catch (error) {
          reject(error);
          return;
        }
        const answered =
          nowMs > endMs && this.#connections.every((connection) => connection.unanswered === 0);
        if (answered) resolve(worstGapMs);
        else setImmediate(poll);
      };
      poll();
    });
  }

  #sendNext(intendedMs: number): void {
    const connection = this.#connections[this.#sent % this.#connections.length] as Connection;
    const isSet = this.#random.fraction() < this.#job.setShare;
    const key = isSet ? this.#job.firstNewKey + this.#sets++ : this.#random.below(this.#job.readKeys);
    this.#sent++;
    connection.send(isSet, key, intendedMs);
  }

  #record(latencyMs: number, atMs: number): void {
    if (atMs < this.#measureFromMs) return;
    this.#latencies.recordMs(latencyMs);
    const moment = Math.floor(atMs / MOMENT_MS);
    if (latencyMs > (this.#moments.get(moment) ?? 0)) this.#moments.set(moment, latencyMs);
  }

  #result(worstGapMs: number): OpenLoopResult {
    const sum = (count: (scanner: ReplyScanner) => number): number =>
      this.#connections.reduce((total, connection) => total + count(connection.scanner), 0);
    const misses = sum((scanner) => scanner.misses);
    const errors = sum((scanner) => scanner.errors);
    return {
      perSecond: this.#job.perSecond,
      requests: this.#sent,
      sets: this.#sets,
      p50Us: this.#latencies.percentile(0.5),
      p99Us: this.#latencies.percentile(0.99),
      p999Us: this.#latencies.percentile(0.999),
      maxUs: this.#latencies.maxUs,
      hits: this.#sent - this.#sets - misses - errors,
      misses,
      errors,
      firstError: this.#connections.find(({ scanner }) => scanner.errors > 0)?.scanner.firstError ?? '',
      worstGapMs,
      worst: [...this.#moments]
        .sort((a, b) => b[1] - a[1])
        .slice(0, WORST_MOMENTS)
        .map(([moment, ms]) => ({
          atMs: Math.round(performance.timeOrigin + moment * MOMENT_MS),
          latencyUs: Math.round(ms * 1000),
        })),
    };
  }
}

answerAsChild(import.meta.url, (job: OpenLoopJob) => new OpenLoop(job).run());
