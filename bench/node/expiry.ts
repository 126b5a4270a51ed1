/**
 * Scenario `expiry`: how many dead entries the store holds, and what it costs to find them.
 *
 * 10,000 SETs a second of new keys with lifetimes of 1 s to 60 s (uniform), for two minutes; after the first minute as
 * many die as are born, about 305,000 alive. The dead share is (DBSIZE - alive by the generator's own schedule) / DBSIZE.
 * The price of expiry is the CPU of that minute less the CPU of the same minute when the lifetimes are
 * an hour longer: the control, in which nothing dies.
 */
import { type LifetimeSample, runLifetimeStream } from '../load/lifetime-stream.js';
import { type Spread, spread } from '../statistics.js';
import type { NodeBenchOptions } from './options.js';
import type { Progress } from './progress.js';
import { type Contender, startServer } from './servers.js';

export interface ExpiryFigures {
  readonly server: string;
  readonly perSecond: number;
  /** Once as many die as are born. */
  readonly deadShare: Spread;
  /** The most dead entries at once in the quiet time after the stream, as a share of the steady population. */
  readonly quietDeadShare: number;
  readonly alive: Spread;
  /** Shares of a core. */
  readonly cpuShare: number;
  readonly controlCpuShare: number;
  readonly price: number;
}

const MAX_MEMORY_BYTES = 2 * 1024 ** 3;
const PER_SECOND = 10_000;
const LEAST_LIFETIME_MS = 1000;
const MOST_LIFETIME_MS = 60_000;
const HOUR_MS = 3_600_000;
const STEADY_AFTER_S = 60;
const STREAM_S = 120;
const QUIET_S = 30;

export async function runExpiry(
  all: readonly Contender[],
  options: NodeBenchOptions,
  progress: Progress,
): Promise<ExpiryFigures[]> {
  const figures: ExpiryFigures[] = [];
  for (const contender of all.filter((one) => one.dialect === 'resp')) {
    const samples = await streamTo(contender, options, 0, QUIET_S);
    const control = await streamTo(contender, options, HOUR_MS, 0);
    const figure = summarize(contender.name, samples, control);
    figures.push(figure);
    progress.expiry(figure);
  }
  return figures;
}

async function streamTo(
  contender: Contender,
  options: NodeBenchOptions,
  longerMs: number,
  quietS: number,
): Promise<LifetimeSample[]> {
  const server = await startServer(contender, { core: options.serverCore, maxMemoryBytes: MAX_MEMORY_BYTES });
  const samples = await runLifetimeStream(options.loadCore, {
    port: server.port,
    serverPid: server.pid,
    perSecond: PER_SECOND,
    streamS: STREAM_S,
    quietS,
    leastLifetimeMs: LEAST_LIFETIME_MS + longerMs,
    mostLifetimeMs: MOST_LIFETIME_MS + longerMs,
    valueBytes: 64,
    seed: 5,
  });
  await server.stop();
  return samples;
}

function summarize(server: string, samples: LifetimeSample[], control: LifetimeSample[]): ExpiryFigures {
  const steady = steadySamples(samples);
  const dead = (sample: LifetimeSample): number => Math.max(0, sample.resident - sample.alive);
  const population = spread(steady.map((sample) => sample.alive));
  const cpuShare = cpuShareOf(steady);
  const controlCpuShare = cpuShareOf(steadySamples(control));
  return {
    server,
    perSecond: PER_SECOND,
    deadShare: spread(steady.map((sample) => dead(sample) / sample.resident)),
    quietDeadShare: Math.max(...samples.filter((sample) => sample.quiet).map(dead)) / population.median,
    alive: population,
    cpuShare,
    controlCpuShare,
    price: cpuShare - controlCpuShare,
  };
}

function steadySamples(samples: LifetimeSample[]): LifetimeSample[] {
  return samples.filter((sample) => sample.atS > STEADY_AFTER_S && !sample.quiet);
}

function cpuShareOf(samples: LifetimeSample[]): number {
  const first = samples[0] as LifetimeSample;
  const last = samples.at(-1) as LifetimeSample;
  return (last.serverCpuMs - first.serverCpuMs) / 1000 / (last.atS - first.atS);
}
