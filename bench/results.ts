/**
 * Where results go: JSON into bench/results/, tables into docs/performance.md between their markers.
 *
 *   <!-- bench:NAME -->  ... replaced ...  <!-- /bench:NAME -->
 *
 * A result says on what it was measured and how noisy the machine was, so that figures of different days are not compared
 * without a thought.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinning } from './processes.js';

const repository = new URL('../../', import.meta.url);
const documentFile = fileURLToPath(new URL('docs/performance.md', repository));
const resultsDirectory = fileURLToPath(new URL('bench/results/', repository));

/** From this load on a run is not alone. */
const BUSY_LOAD = 0.3;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly pinned: boolean;
  /** Load of the machine over the minute before the run. */
  readonly loadBefore: number;
}

/** Also says if it is too busy. */
export function describeMachine(): Machine {
  const loadBefore = loadavg()[0] as number;
  if (loadBefore > BUSY_LOAD)
    console.log(
      `The machine is not idle (load ${loadBefore.toFixed(2)}): expect noise, compare ratios only.`,
    );
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.versions.node,
    pinned: pinning,
    loadBefore,
  };
}

/** What stands above a table: when and how often it was measured, how noisy the machine was, and where the rounds are. */
export function origin(
  howOften: string,
  file: string,
  { loadBefore, stolen }: Machine & { stolen: number },
): string {
  const noise = `load before it ${loadBefore.toFixed(1)}, ${(stolen * 100).toFixed(1)} % of the machine's time to other guests`;
  return `_${today()}, ${howOften}; ${noise}; bench/results/${basename(file)}_`;
}

/** Begins to watch how much of the machine's CPU time the hypervisor gives to other guests; returns what tells the share. */
export function watchSteal(): () => number {
  const before = readSteal();
  return () => {
    const now = readSteal();
    return (now.steal - before.steal) / Math.max(1, now.total - before.total);
  };
}

function readSteal(): { steal: number; total: number } {
  const fields =
    readFileSync('/proc/stat', 'latin1').split('\n')[0]?.split(/\s+/).slice(1, 9).map(Number) ?? [];
  return { steal: fields[7] ?? 0, total: fields.reduce((sum, field) => sum + field, 0) };
}

/** Writes bench/results/<date>-<name>.json and gives its path. */
export function writeResults(name: string, results: object): string {
  mkdirSync(resultsDirectory, { recursive: true });
  const file = `${resultsDirectory}${today()}-${name}.json`;
  writeFileSync(file, `${JSON.stringify(results, roundNumbers, 1)}\n`);
  return file;
}

/**
 * Puts a table into docs/performance.md, in place of the one before; a new section goes to the end. `from` is its
 * `origin`.
 */
export function writeTable(name: string, title: string, from: string, table: string): void {
  const before = existsSync(documentFile) ? readFileSync(documentFile, 'utf8') : '# Performance\n';
  writeFileSync(documentFile, replaceTable(before, name, title, `${from}\n\n${table}`));
}

/** The text with the table between the markers of `name` replaced, or with a new section at its end. */
export function replaceTable(text: string, name: string, title: string, table: string): string {
  const begin = `<!-- bench:${name} -->`;
  const end = `<!-- /bench:${name} -->`;
  const block = `${begin}\n\n${table.trim()}\n\n${end}`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n## ${title}\n\n${block}\n`;
  return text.slice(0, from) + block + text.slice(to + end.length);
}

/** A Markdown table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}

export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Six significant digits are more than any of these figures has. */
function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
