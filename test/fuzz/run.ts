/**
 * A fuzz run: a node, bad clients, and one good client whose delay is watched.
 *
 *   warm up | quiet | bad ............ | quiet | bad ............ | ... | all leave
 *           '--------- one cycle ------'
 *
 * The good client's p99 under attack is compared with two others: its p99 in the quiet parts, where the bad clients are connected
 * and silent, and its p99 to a second node that nobody attacks, at the same time. So what the machine does besides counts on
 * both sides. The bad clients' rate is bounded (`actsPerSecond`), as it is in a network.
 *
 * Passed: the node lives; every reply to the good client is right; its p99 under attack is less than twice the larger of the other
 * two (or below what a scheduler's noise is), in the median of the cycles; memory after the first third does not grow; and when the bad clients have
 * left, nothing of them is left.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { commandEntries } from '../differential/arity.js';
import { RawConnection } from '../kit/connection.js';
import { type Plain, show } from '../kit/frames.js';
import { Seeded } from '../kit/seeded.js';
import { startNuthatch, type TestServer } from '../kit/servers.js';
import { BadClient, type BadCounts } from './bad-client.js';
import type { GoodReports } from './good-client.js';
import { Mutator } from './mutator.js';

export interface FuzzOptions {
  readonly minutes: number;
  readonly badClients: number;
  readonly seed: number;
  /** Acts of all bad clients together. */
  readonly actsPerSecond: number;
  /** The factor by which the good client's p99 may move; a run of few cycles has no steady figure. Default 2. */
  readonly mostSlower?: number;
  readonly print: (line: string) => void;
}

export interface FuzzVerdict {
  /** Why the run failed; empty = passed. */
  readonly problems: readonly string[];
  readonly lines: readonly string[];
}

const mib = 1024 * 1024;
/** Code that has not run yet is slow; all of it runs once in here. */
const warmUpMs = 5_000;
const cycleMs = 20_000;
/** The quiet part of a cycle. */
const quietMs = 5_000;
const tickMs = 10;
/** A p99 below this is the scheduler's noise on a machine with two shared cores, whatever its ratio. */
const noiseMs = 1;
/** Unanswered requests of the good client at the end of a part: two seconds of them. */
const mostWaiting = 1_000;
/** Resident memory may differ so much between the second third of a run and its end. */
const mostGrowthBytes = 48 * mib;
/** Bound on the buffers of all clients, small so that it is met. */
const maxClientsBytes = 64 * mib;
const maxMemoryBytes = 64 * mib;

export async function runFuzz(options: FuzzOptions): Promise<FuzzVerdict> {
  const flags = [
    ['--max-memory', String(maxMemoryBytes)],
    ['--max-clients-memory', String(maxClientsBytes)],
    ['--log-level', 'error'],
  ].flat();
  const node = await startNuthatch(flags, ['--max-old-space-size=256']);
  const control = await startNuthatch(flags);
  const ports = [node, control].map((server) => String(server.port));
  const good = fork(fileURLToPath(new URL('./good-client.js', import.meta.url)), ports);
  const report = async () => {
    good.send('report');
    const [reports] = await once(good, 'message');
    return reports as GoodReports;
  };
  try {
    return await new FuzzRun(options, node, report).run();
  } finally {
    good.disconnect();
    await node.stop();
    await control.stop();
  }
}

class FuzzRun {
  readonly #options: FuzzOptions;
  readonly #node: TestServer;
  readonly #report: () => Promise<GoodReports>;
  readonly #counts: BadCounts = { acts: 0, bytes: 0, connects: 0, closedByNode: 0 };
  readonly #clients: BadClient[] = [];
  /** The good client's delays: in the quiet parts, under attack, and to the other node while this one is attacked. */
  readonly #quiet = new Delays();
  readonly #attacked = new Delays();
  readonly #elsewhere = new Delays();
  readonly #memory: { readonly residentBytes: number; readonly heapBytes: number }[] = [];
  readonly #problems: string[] = [];
  #slowest = '';

  constructor(options: FuzzOptions, node: TestServer, report: () => Promise<GoodReports>) {
    this.#options = options;
    this.#node = node;
    this.#report = report;
  }

  async run(): Promise<FuzzVerdict> {
    const { badClients, minutes, seed, print } = this.#options;
    const random = new Seeded(seed);
    const commands = [...(await commandEntries(this.#node)).keys()];
    for (let i = 0; i < badClients; i++) {
      const own = new Seeded(random.below(2 ** 31));
      this.#clients.push(new BadClient(this.#node.port, own, new Mutator(own, commands), this.#counts));
    }
    await this.#attack(random, warmUpMs);
    await this.#take(new Delays(), new Delays());
    const cycles = Math.max(2, Math.round((minutes * 60_000) / cycleMs));
    for (let cycle = 1; cycle <= cycles && this.#alive(); cycle++) {
      await pause(quietMs);
      await this.#take(this.#quiet, new Delays());
      await this.#attack(random, cycleMs - quietMs);
      await this.#take(this.#attacked, this.#elsewhere);
      await this.#sample();
      if (cycle % 3 === 0 || cycle === cycles) print(this.#progress(cycle, cycles));
    }
    await this.#findSlowest();
    await this.#leave();
    return this.#verdict();
  }

  /** Lets bad clients act at their rate for so long. */
  async #attack(random: Seeded, durationMs: number): Promise<void> {
    const start = performance.now();
    let acts = 0;
    for (;;) {
      const elapsedMs = performance.now() - start;
      if (elapsedMs >= durationMs || !this.#alive()) return;
      const due = Math.floor((elapsedMs / 1000) * this.#options.actsPerSecond);
      // What the machine did not let happen is not made up for: that would be a burst.
      acts = Math.max(acts, due - this.#clients.length);
      for (; acts < due; acts++) random.pick(this.#clients).act();
      await pause(tickMs);
    }
  }

  #alive(): boolean {
    return this.#node.ended === undefined;
  }

  async #take(delays: Delays, elsewhere: Delays): Promise<void> {
    const [report, control] = await this.#report();
    delays.add(report.delaysMs);
    elsewhere.add(control.delaysMs);
    this.#problems.push(...report.wrong.slice(0, 3).map((wrong) => `the good client got ${wrong}`));
    if (report.waiting > mostWaiting)
      this.#problems.push(`${report.waiting} requests of the good client wait`);
  }

  async #sample(): Promise<void> {
    if (!this.#alive()) return;
    const connection = await RawConnection.open(this.#node.port);
    const info = String(await connection.call('INFO', 'memory'));
    connection.close();
    const heapBytes = Number(/used_memory_heap:(\d+)/.exec(info)?.[1] ?? 0);
    this.#memory.push({ residentBytes: this.#node.residentBytes(), heapBytes });
  }

  #progress(cycle: number, cycles: number): string {
    const { acts, bytes, connects, closedByNode } = this.#counts;
    const { residentBytes, heapBytes } = this.#memory.at(-1) ?? { residentBytes: 0, heapBytes: 0 };
    return [
      `${cycle}/${cycles}`,
      `bad: ${acts} acts, ${Math.round(bytes / mib)} MB, ${connects} connections, ${closedByNode} closed by the node`,
      `good p99: ${this.#quiet.p99} ms quiet, ${this.#attacked.p99} ms attacked, ${this.#elsewhere.p99} ms elsewhere`,
      `resident ${Math.round(residentBytes / mib)} MB, heap ${Math.round(heapBytes / mib)} MB`,
      `CPU ${Math.round(this.#node.cpuMs() / 1000)} s`,
    ].join(' | ');
  }

  /** The bad clients go; then nothing of them may be left. */
  async #leave(): Promise<void> {
    for (const client of this.#clients) client.close();
    if (!this.#alive()) return;
    const control = await RawConnection.open(this.#node.port);
    const others = async () =>
      Number(/connected_clients:(\d+)/.exec(String(await control.call('INFO', 'clients')))?.[1]);
    // This connection and the good client's.
    for (let asked = 0; asked < 500 && (await others()) > 2; asked++) await pause(tickMs);
    const left = (await others()) - 2;
    if (left > 0) this.#problems.push(`${left} clients are still connected after they left`);
    for (const kind of ['CHANNELS', 'SHARDCHANNELS']) {
      const channels = await control.call('PUBSUB', kind);
      if (Array.isArray(channels) && channels.length > 0)
        this.#problems.push(`PUBSUB ${kind} still has ${channels.length}`);
    }
    if ((await control.call('PUBSUB', 'NUMPAT')) !== '0')
      this.#problems.push('patterns are still subscribed to');
    if (!/tracking_clients:0/.test(String(await control.call('INFO', 'clients'))))
      this.#problems.push('clients still track');
    control.close();
  }

  /** The slowest commands, from the node's own log: where a stall came from. */
  async #findSlowest(): Promise<void> {
    if (!this.#alive()) return;
    const connection = await RawConnection.open(this.#node.port);
    const entries = (await connection.call('SLOWLOG', 'GET', '-1')) as readonly Plain[][];
    connection.close();
    const worstMs = new Map<string, number>();
    for (const [, , elapsedUs, args] of entries) {
      const name = show((args as readonly string[]).slice(0, 2).join(' '), 40);
      worstMs.set(name, Math.max(worstMs.get(name) ?? 0, Number(elapsedUs) / 1000));
    }
    const worst = [...worstMs].sort(([, a], [, b]) => b - a).slice(0, 5);
    this.#slowest = worst.map(([name, ms]) => `${name} ${ms} ms`).join(', ') || 'none above 10 ms';
  }

  #verdict(): FuzzVerdict {
    const problems = this.#problems;
    if (!this.#alive())
      problems.push(`the node ended (${this.#node.ended}): ${this.#node.output.slice(-2_000)}`);
    else if (this.#node.output.includes('"error"'))
      problems.push(`the node reported ${this.#node.output.slice(-2_000)}`);
    const [quiet, attacked, elsewhere] = [this.#quiet, this.#attacked, this.#elsewhere];
    const slower = rounded(attacked.p99 / Math.max(quiet.p99, elsewhere.p99));
    if (slower >= (this.#options.mostSlower ?? 2) && attacked.p99 > noiseMs) {
      problems.push(`the good client's p99 under attack is ${slower} times what it is without`);
    }
    const growth = this.#growth();
    if (growth > mostGrowthBytes)
      problems.push(`resident memory grew by ${Math.round(growth / mib)} MB after the first third`);
    const peak = Math.max(0, ...this.#memory.map((sample) => sample.residentBytes));
    const lines = [
      `seed ${this.#options.seed}, ${this.#options.badClients} bad clients, ${this.#counts.acts} acts`,
      `good client: ${quiet.count + attacked.count} replies; p50 quiet ${quiet.p50} ms, attacked ${attacked.p50} ms, elsewhere ${elsewhere.p50} ms`,
      `p99: quiet ${quiet.p99} ms, attacked ${attacked.p99} ms, elsewhere ${elsewhere.p99} ms: x ${slower}`,
      `slowest commands: ${this.#slowest}`,
      `memory: peak ${Math.round(peak / mib)} MB resident, ${Math.round(growth / mib)} MB growth after the first third`,
    ];
    return { problems, lines };
  }

  /** Of the least resident memory between the second third and the last: garbage comes and goes above it. */
  #growth(): number {
    const resident = this.#memory.map((sample) => sample.residentBytes);
    const third = Math.ceil(resident.length / 3);
    if (third * 2 >= resident.length) return 0;
    return Math.min(...resident.slice(third * 2)) - Math.min(...resident.slice(third, third * 2));
  }
}

/** Delays by cycle. Figures are medians over the cycles: a stall of the whole machine in one of them is not ours. */
class Delays {
  count = 0;
  readonly #p50: number[] = [];
  readonly #p99: number[] = [];

  /** The delays of one cycle's part. */
  add(delaysMs: readonly number[]): void {
    if (delaysMs.length === 0) return;
    this.count += delaysMs.length;
    this.#p50.push(quantile(delaysMs, 0.5));
    this.#p99.push(quantile(delaysMs, 0.99));
  }

  get p50(): number {
    return rounded(quantile(this.#p50, 0.5));
  }

  get p99(): number {
    return rounded(quantile(this.#p99, 0.5));
  }
}

function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) return 0;
  return Float64Array.from(values).sort()[Math.floor((values.length - 1) * part)];
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
