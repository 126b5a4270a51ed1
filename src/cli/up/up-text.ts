/**
 * What `nuthatch up` shows: how to connect, and below it the state of the cluster, renewed each second.
 *
 *   ok  2 shards with 1 replica each on 4 nodes
 *
 *   shard  primary        replicas                keys  ops/s  memory
 *   1      6379 pid 4711  6381 in sync            1.2M  12.3k  312 MB
 *   2      6380 pid 4712  6382 away               1.1M  11.9k  298 MB
 *
 *   14:03:07.250  shard 2: primary 6380 -> 6382 (epoch 2): its lease lapsed
 *
 *   k kills a primary, Ctrl-C ends
 */
import {
  type ClusterSummary,
  type CopySummary,
  counted,
  type ShardSummary,
} from '../cluster/cluster-summary.js';
import type { Paint } from '../cluster/paint.js';
import { entryText } from '../cluster/ring-text.js';
import { verdict } from '../cluster/status-text.js';
import { clockText, type HistoryEntry, mainEntries } from '../cluster/timeline.js';
import { readableBytes, readableCount } from '../quantities.js';
import type { NodeRate } from './up-readings.js';

const MAX_EVENTS = 5;

export interface UpFacts {
  readonly summary: ClusterSummary;
  readonly history: readonly HistoryEntry[];
  /** By node; none of a node that does not answer. */
  readonly rates: ReadonlyMap<string, NodeRate>;
  /** By node; undefined while it does not run. */
  readonly pids: ReadonlyMap<string, number | undefined>;
  readonly nowMs: number;
  /** What can be pressed; empty: nothing. */
  readonly hint: string;
}

/** Lines narrower than `columns`, and fewer than `rows`: what does not fit is left out. */
export function upBlock(facts: UpFacts, columns: number, rows: number, paint: Paint): string {
  const { summary, history, nowMs, hint } = facts;
  const width = columns - 1;
  const lines = ['', ...verdict(summary, width, paint).split('\n'), '', ...table(facts, width, paint)];
  const last = hint === '' ? [] : ['', paint.dim(cut(hint, width))];
  const ports = portsOf(summary);
  // Of the events the newest that fit, below a line of their own.
  const room = Math.min(MAX_EVENTS, rows - 2 - lines.length - last.length);
  const events = (room > 0 ? mainEntries(history).slice(-room) : []).map((entry) => {
    const time = clockText(entry.atMs, nowMs);
    return paint.dim(time) + cut(`  ${entryText(entry, ports)}`, width - time.length);
  });
  if (events.length > 0) lines.push('', ...events);
  return [...lines, ...last].slice(0, Math.max(0, rows - 1)).join('\n');
}

/** The same for a log: one line. */
export function upLine({ summary, rates }: UpFacts): string {
  const total = sum([...rates.values()]);
  const { state, reasons, shards } = summary;
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  return (
    `${state}${why}: ${counted(shards.length, 'shard')}, ${readableCount(primaryKeys(summary, rates))} keys, ` +
    `${readableCount(total.opsPerSecond)} ops/s, ${readableBytes(total.usedBytes)} of ${readableBytes(total.maxBytes)}`
  );
}

export interface UpBannerFacts {
  readonly version: string;
  /** '3 shards with 1 replica each' */
  readonly size: string;
  readonly ports: readonly number[];
  readonly hasPassword: boolean;
  readonly speaksTls: boolean;
  readonly memory: string;
  /** Undefined: a temporary folder. */
  readonly data: string | undefined;
  /** How this command was called: "nuthatch". */
  readonly command: string;
  /** How a primary is killed, to see what happens. */
  readonly killing: string;
}

export function upBanner(facts: UpBannerFacts, paint: Paint): string {
  const { ports, hasPassword, speaksTls, command } = facts;
  const [first] = ports;
  const tls = speaksTls ? '--tls ' : '';
  const url = `${speaksTls ? 'rediss' : 'redis'}://${hasPassword ? ':PASSWORD@' : ''}127.0.0.1:${first}`;
  const rows: [label: string, text: string][] = [
    ['redis-cli', `redis-cli -c ${tls}-p ${first}${hasPassword ? ' --askpass' : ''}`],
    ['ioredis', `new Cluster(['${url}'])`],
    ['node-redis', `createCluster({ rootNodes: [{ url: '${url}' }] })`],
    ['look', `${command} cluster status ${tls}-p ${first}   or ring, doctor`],
    ['hand over', `${command} cluster failover 1 ${tls}-p ${first}`],
    ['kill', facts.killing],
    ['memory', facts.memory],
    [
      'data',
      facts.data === undefined
        ? 'in a temporary folder: the cluster ends with this command (--data keeps it)'
        : `${facts.data}: who the nodes are, and their logs. The keys are in memory alone`,
    ],
    ['stop', 'Ctrl-C'],
  ];
  const title = `${paint.bold(`Nuthatch ${facts.version}`)} is a cluster of ${facts.size} on ${paint.bold(portsText(ports))}`;
  return `\n${title}\n\n${rows.map(([label, text]) => `  ${paint.dim(label.padEnd(12))}${text}\n`).join('')}\n`;
}

/** The columns in the order in which they stand; those of a higher rank go first where there is no room. */
const ranks = { shard: 0, primary: 0, replicas: 0, keys: 1, 'ops/s': 2, memory: 3 } as const;
type Column = keyof typeof ranks;
const GAP = 2;

function table({ summary, rates, pids }: UpFacts, width: number, paint: Paint): string[] {
  const rows = summary.shards.map((shard) => cells(shard, rates, pids));
  let columns = Object.keys(ranks) as Column[];
  const widthOf = (column: Column) => Math.max(column.length, ...rows.map((row) => row[column].length));
  const total = () => columns.reduce((sum, column) => sum + widthOf(column) + GAP, -GAP);
  for (let rank = 3; rank > 0 && total() > width; rank--)
    columns = columns.filter((column) => ranks[column] < rank);
  const lineOf = (row: Readonly<Record<Column, string>>) =>
    columns
      .map((column) =>
        ranks[column] === 0 ? row[column].padEnd(widthOf(column)) : row[column].padStart(widthOf(column)),
      )
      .join(' '.repeat(GAP))
      .trimEnd();
  const head = Object.fromEntries(columns.map((column) => [column, column])) as Record<Column, string>;
  return [
    paint.dim(cut(lineOf(head), width)),
    ...rows.map((row, i) => {
      const line = cut(lineOf(row), width);
      return summary.shards[i]?.writes === 'yes' ? line : paint.bad(line);
    }),
  ];
}

function cells(
  { id, primary, replicas, writes }: ShardSummary,
  rates: UpFacts['rates'],
  pids: UpFacts['pids'],
): Record<Column, string> {
  const rate = primary === undefined ? undefined : rates.get(primary.node);
  const copies = [primary, ...replicas].flatMap((copy) => rates.get(copy?.node ?? '') ?? []);
  return {
    shard: String(id),
    primary: primary === undefined ? 'none' : primaryText(primary, writes, pids.get(primary.node)),
    replicas: replicas.length === 0 ? 'none' : replicas.map(replicaText).join(', '),
    keys: rate === undefined ? '-' : readableCount(rate.keys),
    'ops/s': copies.length === 0 ? '-' : readableCount(sum(copies).opsPerSecond),
    memory: rate === undefined ? '-' : readableBytes(rate.usedBytes),
  };
}

function primaryText(
  { address, isHere }: CopySummary,
  writes: ShardSummary['writes'],
  pid: number | undefined,
): string {
  if (!isHere) return `${portOf(address)} away`;
  return `${portOf(address)} ${writes === 'yes' ? `pid ${pid ?? '?'}` : 'no writes'}`;
}

function replicaText({ address, isHere, isInSync }: CopySummary): string {
  if (!isHere) return `${portOf(address)} away`;
  return `${portOf(address)} ${isInSync ? 'in sync' : 'catching up'}`;
}

function sum(rates: readonly NodeRate[]): NodeRate {
  const total = { opsPerSecond: 0, keys: 0, usedBytes: 0, maxBytes: 0 };
  for (const rate of rates) {
    total.opsPerSecond += rate.opsPerSecond;
    total.keys += rate.keys;
    total.usedBytes += rate.usedBytes;
    total.maxBytes += rate.maxBytes;
  }
  return total;
}

function primaryKeys({ shards }: ClusterSummary, rates: UpFacts['rates']): number {
  return shards.reduce((keys, { primary }) => keys + (rates.get(primary?.node ?? '')?.keys ?? 0), 0);
}

/** By node, for what is said of them: all are on this machine. */
export function portsOf({ nodes }: ClusterSummary): ReadonlyMap<string, string> {
  return new Map(nodes.map(({ node, address }) => [node, portOf(address)]));
}

export function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

function portsText(ports: readonly number[]): string {
  return ports.length === 1 ? `port ${ports[0]}` : `ports ${ports[0]} to ${ports.at(-1)}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
