/**
 * What many seeds came to: sums that can be added up over processes, and each violation with its seed.
 */
import type { Outcome, RunViolation } from '#layers/sim';

/** Violations that are remembered; all are counted. */
const MAX_VIOLATIONS = 100;

export interface SeedViolation extends Omit<RunViolation, 'stack'> {
  readonly seed: number;
}

export interface Tally {
  seeds: number;
  events: number;
  simulatedMs: number;
  /** Of the processor, in the processes that ran them. */
  cpuMs: number;
  violated: number;
  violations: SeedViolation[];
  marks: Record<string, number>;
  /** In how many seeds each mark was made. */
  markSeeds: Record<string, number>;
}

export function emptyTally(): Tally {
  const sums = { seeds: 0, events: 0, simulatedMs: 0, cpuMs: 0, violated: 0 };
  return { ...sums, violations: [], marks: {}, markSeeds: {} };
}

export function addOutcome(tally: Tally, { seed, events, simulatedMs, marks, violation }: Outcome): void {
  tally.seeds++;
  tally.events += events;
  tally.simulatedMs += simulatedMs;
  for (const [name, count] of marks) {
    tally.marks[name] = (tally.marks[name] ?? 0) + count;
    tally.markSeeds[name] = (tally.markSeeds[name] ?? 0) + 1;
  }
  if (violation === undefined) return;
  const { checker, words, atMs } = violation;
  addViolation(tally, { seed, checker, words, atMs });
}

export function addViolation(tally: Tally, violation: SeedViolation): void {
  tally.violated++;
  if (tally.violations.length < MAX_VIOLATIONS) tally.violations.push(violation);
}

export function addTally(sum: Tally, part: Tally): void {
  sum.seeds += part.seeds;
  sum.events += part.events;
  sum.simulatedMs += part.simulatedMs;
  sum.cpuMs += part.cpuMs;
  sum.violated += part.violated;
  sum.violations = [...sum.violations, ...part.violations].slice(0, MAX_VIOLATIONS);
  for (const name of Object.keys(part.marks)) {
    sum.marks[name] = (sum.marks[name] ?? 0) + part.marks[name];
    sum.markSeeds[name] = (sum.markSeeds[name] ?? 0) + part.markSeeds[name];
  }
}

/** For people; `expected` are marks that are shown even if no seed made them. */
export function describeTally(tally: Tally, expected: readonly string[]): string[] {
  const { seeds, events, simulatedMs, cpuMs } = tally;
  const names = [...new Set([...expected, ...Object.keys(tally.marks)])].sort();
  const rate = Math.round(events / Math.max(1, cpuMs / 1000));
  return [
    `${seeds} seeds, ${(simulatedMs / 3_600_000).toFixed(2)} simulated hours, ${events.toLocaleString('en')} events, ` +
      `${rate.toLocaleString('en')} a second of processor`,
    'marks, how often and in how many seeds:',
    ...names.map((name) => markLine(name, tally.marks[name] ?? 0, tally.markSeeds[name] ?? 0)),
  ];
}

function markLine(name: string, count: number, seeds: number): string {
  const never = count === 0 ? '   never reached' : '';
  return `  ${name.padEnd(28)} ${String(count).padStart(10)} ${String(seeds).padStart(8)}${never}`;
}
