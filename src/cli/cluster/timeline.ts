/**
 * What happened in a cluster, from what each node saw: in the order of time, each thing once.
 *
 * Nodes say the same thing of the same version of the topology when they learn it, some ms apart: the first to say it counts. The
 * clocks of nodes differ, so each entry is put on ours.
 */
import type { NodeId } from '../../ring/index.js';
import type { NodeReport } from './cluster-view.js';

/** The same words of two nodes so close to each other mean the same thing, in ms. */
const SAME_MS = 10_000;

export interface HistoryEntry {
  /** By our clock, in ms since 1970. */
  readonly atMs: number;
  readonly text: string;
  /** It is in the topology; all else is what a node notes for itself. */
  readonly isAgreed: boolean;
  /** Who says so. */
  readonly nodes: readonly NodeId[];
}

export function mergeTimelines(reports: readonly NodeReport[]): HistoryEntry[] {
  const all = reports.flatMap(({ node, status, skewMs, skewErrorMs }) =>
    (status?.timeline ?? []).map(({ atMs, text, version }) => ({
      atMs: Math.abs(skewMs) > skewErrorMs ? atMs - skewMs : atMs,
      key: version === undefined ? text : `${version} ${text}`,
      isAgreed: version !== undefined,
      text,
      node,
    })),
  );
  all.sort((a, b) => a.atMs - b.atMs);
  const merged: (HistoryEntry & { readonly nodes: NodeId[] })[] = [];
  const last = new Map<string, (typeof merged)[number]>();
  for (const { atMs, key, isAgreed, text, node } of all) {
    const same = last.get(key);
    const isSame = same !== undefined && !same.nodes.includes(node);
    if (isSame && (isAgreed || atMs - same.atMs < SAME_MS)) {
      same.nodes.push(node);
      continue;
    }
    const entry = { atMs, text, isAgreed, nodes: [node] };
    merged.push(entry);
    last.set(key, entry);
  }
  return merged;
}

/** What people want to know at a glance: what was agreed, and the wishes that it came of. */
export function mainEntries(history: readonly HistoryEntry[]): HistoryEntry[] {
  return history.filter(({ isAgreed, text }) => isAgreed || text.startsWith('wants '));
}

/** 14:03:07.250, and the day before it if that is not today. */
export function clockText(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const two = (value: number, width = 2) => String(value).padStart(width, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
  if (at.toDateString() === new Date(nowMs).toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}
