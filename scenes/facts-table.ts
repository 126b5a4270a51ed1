/** The table at the end of a scene: a row for each fact, a column for each way. Markdown that can be read as it is. */
import { type Facts, seconds } from './scene.js';

export function factsTable(ways: readonly string[], facts: readonly Facts[]): string {
  const names = Object.keys(facts[0] ?? {});
  const rows = names.map((name) => [
    name.replace(/, ms$/, ''),
    ...facts.map((one) => shown(name, one[name] as number)),
  ]);
  const all = [['', ...ways], ...rows];
  const widths =
    all[0]?.map((_, column) => Math.max(...all.map((row) => (row[column] as string).length))) ?? [];
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(all[0] as string[]), rule, ...rows.map(line)].join('\n');
}

function shown(name: string, value: number): string {
  return name.endsWith(', ms') ? seconds(value) : Math.round(value).toLocaleString('en');
}
