/**
 * `nuthatch cluster ring` for people: whose the slots are, and what happened.
 *
 *   shard 1  ██████████████████████  34.1%  127.0.0.1:7000
 *            0-340 1024-1365 2048-2389
 *
 *   14:03:07.248  127.0.0.1:7001: wants promote: shard 1 is with 127.0.0.1:7000, which no quorum has heard
 *   14:03:07.250  shard 1: primary 127.0.0.1:7000 -> 127.0.0.1:7003 (epoch 2)
 */
import type { SlotRange } from '../../ring/index.js';
import { readableShare } from '../quantities.js';
import type { ClusterSummary, ShardSummary } from './cluster-summary.js';
import { type Paint, wrapped } from './paint.js';
import { clockText, type HistoryEntry } from './timeline.js';

const MAX_BAR = 30;
const INDENT = ' '.repeat(10);
/** Entries that are shown; --json has all that the nodes keep. */
export const MAX_HISTORY = 30;

export interface RingFacts {
  readonly summary: ClusterSummary;
  readonly history: readonly HistoryEntry[];
  readonly nowMs: number;
}

export function ringText({ summary, history, nowMs }: RingFacts, columns: number, paint: Paint): string {
  const lines = [paint.bold('Whose the slots are'), ''];
  if (summary.state === 'not begun') lines.push("Nobody's: no cluster was begun.");
  else if (summary.shards.length === 0) lines.push(`Not known here: ${summary.reasons.join('; ')}.`);
  const largest = Math.max(0, ...summary.shards.map(({ share }) => share));
  for (const shard of summary.shards) lines.push(...shareLines(shard, largest, columns, paint));
  lines.push('', paint.bold('What happened, and why'), '');
  if (history.length === 0) lines.push('Nothing that the nodes remember.');
  const addresses = new Map(summary.nodes.map(({ node, address }) => [node, address]));
  if (history.length > MAX_HISTORY)
    lines.push(paint.dim(`(${history.length - MAX_HISTORY} earlier ones: --json has them)`));
  for (const entry of history.slice(-MAX_HISTORY)) {
    const time = clockText(entry.atMs, nowMs);
    const line = wrapped(entryText(entry, addresses), columns, ' '.repeat(14), `${time}  `);
    lines.push(
      paint.dim(time) + (entry.isAgreed ? line.slice(time.length) : paint.dim(line.slice(time.length))),
    );
  }
  return `${lines.join('\n')}\n`;
}

function shareLines(shard: ShardSummary, largest: number, columns: number, paint: Paint): string[] {
  const label = `shard ${shard.id}`.padEnd(10);
  const owner = shard.primary?.address ?? 'nobody';
  const room = columns - label.length - owner.length - 10;
  const width = Math.max(5, Math.min(MAX_BAR, room));
  const full = largest === 0 ? 0 : Math.max(1, Math.round((shard.share / largest) * width));
  const bar = `${'█'.repeat(full)}${'░'.repeat(width - full)}`;
  const share = readableShare(shard.share, 1).padStart(6);
  const ranges = shard.slots.map(rangeText).join(' ');
  return [
    `${label}${paint.good(bar)} ${share}  ${owner}`,
    paint.dim(wrapped(ranges, columns, INDENT, INDENT)),
  ];
}

/** What was agreed is as it is; what a node notes for itself begins with who that is. */
export function entryText(entry: HistoryEntry, addresses: ReadonlyMap<string, string>): string {
  const [first] = entry.nodes;
  const who = entry.isAgreed || first === undefined ? '' : `${addresses.get(first) ?? first}: `;
  return who + withAddresses(entry.text, addresses);
}

/** People know nodes by their addresses, the nodes each other by their ids. */
function withAddresses(text: string, addresses: ReadonlyMap<string, string>): string {
  return text.replace(/\bn-[0-9a-f]{12}\b/g, (node) => addresses.get(node) ?? node);
}

function rangeText({ first, last }: SlotRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}
