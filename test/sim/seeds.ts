/**
 * Runs a range of seeds, here or in several processes. A process is handed a few seeds at a time, so that all end together, and
 * one that fails ends the run.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FaultKind } from '#layers/sim';
import { addOutcome, addTally, addViolation, emptyTally, type Tally } from './tally.js';
import { worldNamed } from './worlds.js';

/** Seeds that a process gets at once. */
const CHUNK_SEEDS = 20;
const PROGRESS_EVERY_MS = 10_000;

/** Of every run of a range; plain data, as it goes to other processes. */
export interface SeedsOptions {
  readonly world: string;
  readonly lengthMs: number;
  readonly mutants: readonly string[];
  readonly without: readonly FaultKind[];
  readonly nodes: number | undefined;
  /** Each seed runs twice and must give the same trace. */
  readonly isTwice: boolean;
  /** The first violation ends the run. */
  readonly endsWithViolation: boolean;
}

export interface SeedRange {
  readonly from: number;
  /** Not included. */
  readonly to: number;
}

export function runRange({ from, to }: SeedRange, options: SeedsOptions): Tally {
  const { world, lengthMs, mutants, without, nodes, isTwice, endsWithViolation } = options;
  const { run } = worldNamed(world);
  const tally = emptyTally();
  const cpuBefore = process.cpuUsage();
  for (let seed = from; seed < to && !(endsWithViolation && tally.violated > 0); seed++) {
    const runOptions = { seed, lengthMs, mutants: new Set(mutants), without, nodes, isStrict: true };
    const traced = (): string[] => {
      const lines: string[] = [];
      addOutcome(tally, run({ ...runOptions, trace: (line) => lines.push(line) }));
      return lines;
    };
    if (!isTwice) {
      addOutcome(tally, run(runOptions));
      continue;
    }
    const [first, second] = [traced(), traced()];
    const at = first.findIndex((line, index) => line !== second[index]);
    if (at === -1 && first.length === second.length) continue;
    const words = `the second run differs: '${first[at]}' became '${second[at]}'`;
    addViolation(tally, { seed, checker: 'same-trace', words, atMs: 0 });
  }
  const cpu = process.cpuUsage(cpuBefore);
  tally.cpuMs = (cpu.user + cpu.system) / 1000;
  return tally;
}

export async function runSeeds(
  range: SeedRange,
  options: SeedsOptions,
  processes: number,
  print: (line: string) => void,
): Promise<Tally> {
  const sum = emptyTally();
  let next = range.from;
  let printedMs = performance.now();
  const take = (): SeedRange | undefined => {
    if (next >= range.to || (options.endsWithViolation && sum.violated > 0)) return undefined;
    const chunk = { from: next, to: Math.min(range.to, next + CHUNK_SEEDS) };
    next = chunk.to;
    return chunk;
  };
  const done = (part: Tally): void => {
    addTally(sum, part);
    if (performance.now() - printedMs < PROGRESS_EVERY_MS) return;
    printedMs = performance.now();
    const count = range.to - range.from;
    print(`  ${sum.seeds} of ${options.isTwice ? 2 * count : count} seeds, ${sum.violated} violations`);
  };
  const children = Math.min(processes, Math.ceil((range.to - range.from) / CHUNK_SEEDS));
  if (children <= 1) {
    for (let chunk = take(); chunk !== undefined; chunk = take()) done(runRange(chunk, options));
  } else {
    await Promise.all(Array.from({ length: children }, () => work(options, take, done)));
  }
  sum.violations.sort((a, b) => a.seed - b.seed);
  return sum;
}

/** A process that asks for seeds until there are none. */
async function work(
  options: SeedsOptions,
  take: () => SeedRange | undefined,
  done: (part: Tally) => void,
): Promise<void> {
  const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)));
  try {
    for (let chunk = take(); chunk !== undefined; chunk = take()) done(await ask(child, { chunk, options }));
  } finally {
    child.disconnect();
  }
}

export interface WorkerQuestion {
  readonly chunk: SeedRange;
  readonly options: SeedsOptions;
}

function ask(child: ChildProcess, question: WorkerQuestion): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      reject(new Error(`a process of the simulator ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (tally) => {
      child.off('exit', ended);
      resolve(tally as Tally);
    });
    child.send(question);
  });
}
