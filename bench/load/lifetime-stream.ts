/**
 * A paced stream of SETs of new keys with random lifetimes, by a generator that knows how many of them must be alive.
 *
 *   sent - expired by its own schedule = alive          DBSIZE - alive = dead entries that the server still holds
 *
 * Each second it asks DBSIZE and notes both, with the CPU time of the server. After the stream it goes on noting for a
 * while: nobody writes or reads then, so only the server's own work removes the dead.
 */
import { connect } from 'node:net';
import { cpuMs } from '../proc.js';
import { answerAsChild, askChild } from '../processes.js';
import { SeededRandom } from '../random.js';
import { AdminClient } from './admin-client.js';
import { ReplyScanner } from './reply-scanner.js';
import { keyText } from './requests.js';

export interface LifetimeStreamJob {
  readonly port: number;
  readonly serverPid: number;
  readonly perSecond: number;
  readonly streamS: number;
  readonly quietS: number;
  readonly leastLifetimeMs: number;
  readonly mostLifetimeMs: number;
  readonly valueBytes: number;
  readonly seed: number;
}

export interface LifetimeSample {
  readonly atS: number;
  readonly alive: number;
  readonly resident: number;
  readonly serverCpuMs: number;
  /** No more writes: the quiet time after the stream. */
  readonly quiet: boolean;
}

const TICK_MS = 10;
const SAMPLE_MS = 1000;
const CONNECTIONS = 10;

export function runLifetimeStream(core: number, job: LifetimeStreamJob): Promise<LifetimeSample[]> {
  return askChild(core, new URL(import.meta.url), job);
}

async function stream(job: LifetimeStreamJob): Promise<LifetimeSample[]> {
  const random = new SeededRandom(job.seed);
  const admin = await AdminClient.connect(job.port);
  const scanner = new ReplyScanner('resp');
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(job.port, scanner)));
  const value = 'v'.repeat(job.valueBytes);
  const dying = new DyingSchedule(job.mostLifetimeMs);
  const samples: LifetimeSample[] = [];
  const startMs = performance.now();
  const streamEndMs = startMs + job.streamS * 1000;
  let sent = 0;
  let nextSampleMs = startMs + SAMPLE_MS;
  for (let tick = 1; ; tick++) {
    const dueMs = startMs + tick * TICK_MS;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
    const nowMs = performance.now();
    const due = Math.floor(((Math.min(nowMs, streamEndMs) - startMs) * job.perSecond) / 1000);
    let text = '';
    for (; sent < due; sent++) {
      const ms = job.leastLifetimeMs + random.below(job.mostLifetimeMs - job.leastLifetimeMs);
      dying.add(nowMs + ms);
      text += `*5\r\n$3\r\nSET\r\n$16\r\n${keyText(sent)}\r\n$${value.length}\r\n${value}\r\n`;
      text += `$2\r\nPX\r\n$${String(ms).length}\r\n${ms}\r\n`;
    }
    if (text !== '') sockets[tick % CONNECTIONS]?.write(text, 'latin1');
    if (nowMs < nextSampleMs) continue;
    nextSampleMs += SAMPLE_MS;
    const resident = await admin.integer('DBSIZE');
    samples.push({
      atS: (nowMs - startMs) / 1000,
      alive: sent - dying.deadBy(performance.now()),
      resident,
      serverCpuMs: cpuMs(job.serverPid),
      quiet: nowMs > streamEndMs,
    });
    if (scanner.errors > 0) throw new Error(scanner.firstError);
    if (nowMs > streamEndMs + job.quietS * 1000) break;
  }
  admin.close();
  for (const socket of sockets) socket.destroy();
  return samples;
}

/** Counts of moments to come, by the millisecond, in a ring that spans the longest lifetime. */
class DyingSchedule {
  readonly #counts: Uint32Array;
  #passedMs = Math.floor(performance.now());
  #dead = 0;

  constructor(mostMs: number) {
    this.#counts = new Uint32Array(mostMs + 60_000);
  }

  add(atMs: number): void {
    const slot = Math.ceil(atMs) % this.#counts.length;
    this.#counts[slot] = (this.#counts[slot] as number) + 1;
  }

  deadBy(nowMs: number): number {
    while (this.#passedMs < Math.floor(nowMs)) {
      const slot = ++this.#passedMs % this.#counts.length;
      this.#dead += this.#counts[slot] as number;
      this.#counts[slot] = 0;
    }
    return this.#dead;
  }
}

function open(port: number, scanner: ReplyScanner): Promise<ReturnType<typeof connect>> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
    socket.on('data', (chunk) => scanner.feed(chunk, 0, chunk.length));
  });
}

answerAsChild(import.meta.url, stream);
