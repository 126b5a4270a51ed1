/**
 * Scenario `limit`: does the memory limit hold, and how much of it is data?
 *
 * Log-uniform sizes from 1 B to 1 MB at the limit, half SET, half GET, for minutes. Each second: resident memory of
 * the process (from /proc), and what the server says of itself. Samples count from the first eviction on. At the end
 * the bytes of all keys and values are summed by SCAN and STRLEN: a figure that the server's accounting cannot flatter.
 */
import { AdminClient } from '../load/admin-client.js';
import { runSizedStream, type SizedStreamResult } from '../load/sized-stream.js';
import { residentBytes } from '../proc.js';
import { sleep } from '../processes.js';
import { type Spread, spread } from '../statistics.js';
import type { NodeBenchOptions } from './options.js';
import type { Progress } from './progress.js';
import { type Contender, type RunningServer, startServer } from './servers.js';

export interface LimitFigures {
  readonly server: string;
  readonly maxMemoryBytes: number;
  readonly minutes: number;
  readonly samples: number;
  readonly mostResidentBytes: number;
  readonly residentAboveLimitBytes: Spread;
  readonly usedShare: Spread;
  /** Live bytes as the server counts them, share of the limit; absent where it does not say. */
  readonly liveShare?: Spread;
  /** Keys and values summed over SCAN at the end, share of the limit. */
  readonly dataShareAtEnd: number;
  readonly keysAtEnd: number;
  readonly evicted: number;
  readonly load: SizedStreamResult;
}

const MAX_MEMORY_BYTES = 1024 ** 3;
const MOST_VALUE_BYTES = 1_000_000;
const KEYS = 200_000;
const SAMPLE_MS = 1000;

interface Sample {
  readonly residentBytes: number;
  readonly usedBytes: number;
  readonly liveBytes: number | undefined;
  readonly evicted: number;
}

export async function runLimit(
  all: readonly Contender[],
  options: NodeBenchOptions,
  progress: Progress,
): Promise<LimitFigures[]> {
  const figures: LimitFigures[] = [];
  for (const contender of all.filter((one) => one.dialect === 'resp')) {
    // Others take part for a tenth of the time: they are beside us for comparison, the promise is ours.
    const minutes = contender.ours ? options.minutes : options.minutes / 10;
    const server = await startServer(contender, {
      core: options.serverCore,
      maxMemoryBytes: MAX_MEMORY_BYTES,
    });
    const figure = await limitOfOne(server, minutes, options, progress);
    figures.push(figure);
    progress.limit(figure);
    await server.stop();
  }
  return figures;
}

async function limitOfOne(
  server: RunningServer,
  minutes: number,
  options: NodeBenchOptions,
  progress: Progress,
): Promise<LimitFigures> {
  const admin = await AdminClient.connect(server.port);
  let running = true;
  const load = runSizedStream(options.loadCore, {
    port: server.port,
    connections: options.connections,
    seconds: minutes * 60,
    keys: KEYS,
    setShare: 0.5,
    mostBytes: MOST_VALUE_BYTES,
    seed: 3,
  }).finally(() => {
    running = false;
  });
  const samples: Sample[] = [];
  while (running) {
    await Promise.race([sleep(SAMPLE_MS), load]);
    const sample = await takeSample(server, admin);
    if (sample.evicted > 0) samples.push(sample);
    progress.note(`limit: ${server.contender.name}, ${samples.length} samples at the limit`);
  }
  const result = await load;
  if (result.errors > 0) throw new Error(`${server.contender.name}, limit: ${result.firstError}`);
  if (samples.length === 0)
    throw new Error(`${server.contender.name} never reached its limit: use more --minutes`);
  const data = await sumData(admin);
  admin.close();
  const live = samples.flatMap((sample) => (sample.liveBytes === undefined ? [] : [sample.liveBytes]));
  return {
    server: server.contender.name,
    maxMemoryBytes: MAX_MEMORY_BYTES,
    minutes,
    samples: samples.length,
    mostResidentBytes: residentBytes(server.pid, 'VmHWM'),
    residentAboveLimitBytes: spread(samples.map((sample) => sample.residentBytes - MAX_MEMORY_BYTES)),
    usedShare: spread(samples.map((sample) => sample.usedBytes / MAX_MEMORY_BYTES)),
    ...(live.length > 0 ? { liveShare: spread(live.map((bytes) => bytes / MAX_MEMORY_BYTES)) } : {}),
    dataShareAtEnd: data.bytes / MAX_MEMORY_BYTES,
    keysAtEnd: data.keys,
    evicted: (samples.at(-1) as Sample).evicted,
    load: result,
  };
}

async function takeSample(server: RunningServer, admin: AdminClient): Promise<Sample> {
  const info = await admin.info();
  const live = info.get('nuthatch_live_bytes');
  return {
    residentBytes: residentBytes(server.pid),
    usedBytes: Number(info.get('used_memory')),
    liveBytes: live === undefined ? undefined : Number(live),
    evicted: Number(info.get('evicted_keys')),
  };
}

async function sumData(admin: AdminClient): Promise<{ keys: number; bytes: number }> {
  let cursor = '0';
  let bytes = 0;
  const seen = new Set<string>();
  do {
    const [next, keys] = (await admin.call('SCAN', cursor, 'COUNT', '1000')) as [string, string[]];
    cursor = next;
    const fresh = keys.filter((key) => !seen.has(key));
    for (const key of fresh) seen.add(key);
    const lengths = await Promise.all(fresh.map((key) => admin.integer('STRLEN', key)));
    fresh.forEach((key, index) => {
      bytes += key.length + (lengths[index] as number);
    });
  } while (cursor !== '0');
  return { keys: seen.size, bytes };
}
