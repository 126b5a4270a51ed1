/**
 * Loaded into our server by `node --import` (it is no part of the product): how long the event loop was blocked,
 * and by what.
 *
 *   a timer each millisecond  |   |   |            |   |
 *                                     <-- a block -->        what lasts longer than 2 ms is kept, the longest first
 *
 * A block is the time between two ticks, so it is up to 1 ms too long. With each come the facts that tell whose it was:
 * `waitedMs` in which the main thread waited for its core and `ranMs` in which it had it (/proc/self/schedstat), `userMs` and
 * `systemMs` of CPU time of the process (exact in their sum, to a tick each), `gcMs` of garbage collection ('gc' performance
 * entries).
 * SIGUSR2 writes all since the last SIGUSR2 to the file named by NUTHATCH_BENCH_PROBE, and begins anew. `blocks.ts`
 * judges them.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { scheduleReader } from '../schedule.js';

export interface ProbeReport {
  readonly seconds: number;
  readonly ticks: number;
  /** Time between two ticks that 99.9 % of them stay below. */
  readonly p999Ms: number;
  /** The longest blocks, whoever's they were. */
  readonly blocks: readonly Block[];
  readonly collections: { readonly count: number; readonly totalMs: number; readonly worstMs: number };
}

export interface Block {
  /** In ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly waitedMs: number;
  readonly ranMs: number;
  readonly userMs: number;
  readonly systemMs: number;
  readonly gcMs: number;
}

type Gap = Omit<Block, 'gcMs'>;

const SHORTEST_BLOCK_MS = 2;
/** Bounds of what is kept; the shortest blocks and the oldest collections go first. */
const MOST_GAPS = 4096;
const MOST_COLLECTIONS = 65_536;
const REPORTED_BLOCKS = 1000;
const HISTOGRAM_STEP_MS = 0.1;

const file = process.env.NUTHATCH_BENCH_PROBE;
if (file !== undefined) startProbe(file);

function startProbe(path: string): void {
  let gaps: Gap[] = [];
  let collections: { fromMs: number; toMs: number }[] = [];
  let ticks = 0;
  let histogram = new Uint32Array(1000);
  let sinceMs = performance.now();
  let lastMs = sinceMs;
  const readSchedule = scheduleReader();
  let lastSchedule = readSchedule();
  let lastCpu = process.cpuUsage();

  const observer = new PerformanceObserver((list) => list.getEntries().forEach(collected));
  const collected = (entry: PerformanceEntry): void => {
    if (collections.length === MOST_COLLECTIONS) collections = collections.slice(MOST_COLLECTIONS / 2);
    collections.push({ fromMs: entry.startTime, toMs: entry.startTime + entry.duration });
  };
  observer.observe({ entryTypes: ['gc'] });

  const tick = (): void => {
    const nowMs = performance.now();
    const schedule = readSchedule();
    const cpu = process.cpuUsage();
    const gapMs = nowMs - lastMs;
    ticks++;
    const step = Math.min(histogram.length - 1, Math.floor(gapMs / HISTOGRAM_STEP_MS));
    histogram[step] = (histogram[step] as number) + 1;
    if (gapMs > SHORTEST_BLOCK_MS) {
      gaps.push({
        fromMs: lastMs,
        toMs: nowMs,
        userMs: (cpu.user - lastCpu.user) / 1000,
        systemMs: (cpu.system - lastCpu.system) / 1000,
        waitedMs: schedule.waitedMs - lastSchedule.waitedMs,
        ranMs: schedule.ranMs - lastSchedule.ranMs,
      });
      if (gaps.length > MOST_GAPS) gaps = longest(gaps, MOST_GAPS / 2);
    }
    lastMs = nowMs;
    lastSchedule = schedule;
    lastCpu = cpu;
  };
  setInterval(tick, 1).unref();

  const report = (): void => {
    for (const entry of observer.takeRecords()) collected(entry);
    const durations = collections.map(({ fromMs, toMs }) => toMs - fromMs);
    const text: ProbeReport = {
      seconds: (performance.now() - sinceMs) / 1000,
      ticks,
      p999Ms: percentileMs(histogram, ticks, 0.999),
      blocks: longest(gaps, REPORTED_BLOCKS).map((gap) => ({
        ...gap,
        fromMs: performance.timeOrigin + gap.fromMs,
        toMs: performance.timeOrigin + gap.toMs,
        gcMs: collections.reduce((sum, collection) => sum + overlapMs(gap, collection), 0),
      })),
      collections: {
        count: durations.length,
        totalMs: durations.reduce((sum, ms) => sum + ms, 0),
        worstMs: durations.reduce((worst, ms) => Math.max(worst, ms), 0),
      },
    };
    writeFileSync(`${path}.new`, JSON.stringify(text));
    renameSync(`${path}.new`, path);
    gaps = [];
    collections = [];
    ticks = 0;
    histogram = new Uint32Array(histogram.length);
    sinceMs = performance.now();
    lastMs = sinceMs;
    lastSchedule = readSchedule();
    lastCpu = process.cpuUsage();
  };
  process.on('SIGUSR2', report);
}

function longest(gaps: Gap[], count: number): Gap[] {
  return [...gaps].sort((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs)).slice(0, count);
}

function overlapMs(gap: Gap, other: { fromMs: number; toMs: number }): number {
  return Math.max(0, Math.min(gap.toMs, other.toMs) - Math.max(gap.fromMs, other.fromMs));
}

function percentileMs(histogram: Uint32Array, count: number, share: number): number {
  let seen = 0;
  for (let step = 0; step < histogram.length; step++) {
    seen += histogram[step] as number;
    if (seen >= count * share) return (step + 1) * HISTOGRAM_STEP_MS;
  }
  return histogram.length * HISTOGRAM_STEP_MS;
}
