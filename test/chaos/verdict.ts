/** What is made of a chaos: its table, and what speaks against the product. */
import { type Fault, type FaultName, faultNames, mayLose } from './faults.js';
import type { History } from './history.js';

export interface Counted {
  readonly fault: Fault;
  /** How long its shard took no writes. */
  readonly gapMs: number;
  /** How long reads took after it. */
  readonly readMs: readonly number[];
}

export interface ChaosVerdict {
  readonly lines: readonly string[];
  readonly problems: readonly string[];
  /** Promises that were broken. */
  readonly violations: number;
  /** Of kills: half of the gaps were at most so long, in ms; undefined without any. */
  readonly killGapMs: number | undefined;
  readonly figures: ChaosFigures;
}

/** What happened, whether it may or not. */
export interface ChaosFigures {
  /** Of writes and deletes. */
  readonly acknowledged: number;
  readonly lostWrites: number;
  readonly undoneDeletes: number;
  readonly bothSidesMs: number;
  /** The longest time without writes. */
  readonly gapMs: number;
  /** Of the reads that began soon after a fault. */
  readonly readMs: readonly number[];
}

export interface Facts {
  readonly name: string;
  readonly acksAll: boolean;
  readonly counted: readonly Counted[];
  readonly history: History;
  readonly problems: readonly string[];
  readonly errors: readonly string[];
}

/** Violations told in words. */
const SHOWN = 5;

export function verdictOf({ name, acksAll, counted, history, problems, errors }: Facts): ChaosVerdict {
  const lostBy = new Map<Fault, number>();
  const unexplained: string[] = [];
  let unexplainedCount = 0;
  for (const { shard, one } of history.lost) {
    const by = counted.find(({ fault }) => concerns(fault, shard) && mayLose(fault, one, acksAll));
    if (by !== undefined) lostBy.set(by.fault, (lostBy.get(by.fault) ?? 0) + 1);
    else if (unexplainedCount++ < SHOWN)
      unexplained.push(`an acknowledged write is lost that no fault excuses, ${history.storyOf(one)}`);
  }
  const twoWriters = history.writers.found();
  const { counts, undone, impossible } = history;
  const table = faultNames.flatMap((fault) => {
    const those = counted.filter((one) => one.fault.name === fault);
    return those.length === 0 ? [] : [rowOf(fault, those, lostBy)];
  });
  const bothMs = Math.max(0, ...twoWriters.map((one) => one.bothMs));
  const lines = [
    `${name}: ${counts.writes} writes acknowledged, ${counts.sureReads} of ${counts.reads} reads by a primary under its lease`,
    ...aligned([HEAD, ...table]),
    `both sides writable ${bothMs.toFixed(0)} ms, acknowledged writes lost outside of what a fault may cost ${unexplainedCount}, acknowledged deletes undone ${undone}, refused writes seen ${impossible}, writes whose epoch is not known ${history.writers.unplaced}`,
    ...errors.map((text) => `an answer that was not expected: ${text}`),
  ];
  const broken = [
    ...twoWriters.slice(0, SHOWN).map((one) => `shard ${one.shard}: ${one.words}`),
    ...unexplained,
    ...history.described,
  ];
  return {
    lines,
    problems: [...problems, ...broken],
    violations: twoWriters.length + unexplainedCount + undone + impossible,
    killGapMs: percentile(
      counted.filter(({ fault }) => fault.name === 'kill' && fault.hadHeir).map((one) => one.gapMs),
      0.5,
    ),
    figures: {
      acknowledged: counts.writes,
      lostWrites: history.lost.length,
      undoneDeletes: undone,
      bothSidesMs: bothMs,
      gapMs: Math.max(0, ...counted.map((one) => one.gapMs)),
      readMs: counted.flatMap((one) => one.readMs),
    },
  };
}

/** A node that is killed with a full disk elsewhere, or all of them, concern every shard that has a copy there. */
function concerns(fault: Fault, shard: number): boolean {
  return fault.shard === shard || fault.name === 'restart-all';
}

const HEAD = [
  'fault',
  'count',
  'write gap p50',
  'p99',
  'max',
  'reads p99',
  'max',
  'lost writes',
  'no heir',
  'begun anew',
];

function rowOf(name: FaultName, those: readonly Counted[], lostBy: ReadonlyMap<Fault, number>): string[] {
  const inSync = those.filter(({ fault }) => fault.hadHeir);
  const begunAnew = those.filter(({ fault }) => fault.beganAnew);
  const gaps = inSync.map((one) => one.gapMs);
  const reads = inSync.flatMap((one) => one.readMs);
  const lost = those.reduce((sum, one) => sum + (lostBy.get(one.fault) ?? 0), 0);
  const figures = [
    percentile(gaps, 0.5),
    percentile(gaps, 0.99),
    percentile(gaps, 1),
    percentile(reads, 0.99),
    percentile(reads, 1),
  ];
  return [
    name,
    String(those.length),
    ...figures.map((ms) => `${(ms ?? 0).toFixed(0)} ms`),
    String(lost),
    String(those.length - inSync.length),
    String(begunAnew.length),
  ];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}

/** The smallest value that at least this share of them does not exceed. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
