/**
 * `nuthatch cluster doctor` for people.
 *
 *   wrong  Shard 2 has no replica in sync: if 127.0.0.1:7001 fails its keys are gone.
 *          Start the node that is away, or another one with --join: it gets a copy by itself.
 */
import { counted } from './cluster-summary.js';
import type { Finding } from './doctor.js';
import { type Paint, wrapped } from './paint.js';

const INDENT = ' '.repeat(7);

export function doctorText(
  findings: readonly Finding[],
  nodeCount: number,
  columns: number,
  paint: Paint,
): string {
  if (findings.length === 0)
    return `${paint.good('well')}   ${counted(nodeCount, 'node')} asked, nothing wrong or risky found.\n`;
  const parts = findings.map(({ level, what, remedy }) => {
    const text = wrapped(`${what}.`, columns, INDENT, `${level}  `);
    const color = level === 'wrong' ? paint.bad : paint.warn;
    return `${color(level)}${text.slice(level.length)}\n${paint.dim(wrapped(`${remedy}.`, columns, INDENT, INDENT))}\n`;
  });
  return parts.join('\n');
}
