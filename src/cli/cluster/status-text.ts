/**
 * `nuthatch cluster status` for people: what is.
 *
 *   ok  3 shards with 1 replica each on 6 nodes
 *
 *   shard 1   33.3% of the slots, epoch 1
 *     primary  127.0.0.1:7000  takes writes
 *     replica  127.0.0.1:7003  in sync, 12 ms behind
 */
import { readableShare } from '../quantities.js';
import {
  type ClusterSummary,
  type CopySummary,
  counted,
  type NodeSummary,
  type ShardSummary,
} from './cluster-summary.js';
import { type Paint, wrapped } from './paint.js';

export function statusText(summary: ClusterSummary, columns: number, paint: Paint): string {
  if (summary.state === 'not begun') return notBegun(summary, columns);
  const lines = [verdict(summary, columns, paint)];
  for (const shard of summary.shards) lines.push('', ...shardLines(shard, paint));
  lines.push('', ...partLines(summary, columns));
  const { version, term, clusterId } = summary;
  const known = version === 0 ? 'not known here' : `version ${version}, term ${term}`;
  lines.push(row('topology', `${known}, of cluster ${clusterId}`, columns));
  return `${lines.join('\n')}\n`;
}

/** The first line: all that matters, and why. */
export function verdict(summary: ClusterSummary, columns: number, paint: Paint): string {
  const { state, reasons, shards, nodes } = summary;
  const replicas = shards.length === 0 ? 0 : Math.max(...shards.map((shard) => shard.replicas.length));
  const parts = `${counted(shards.length, 'shard')} with ${counted(replicas, 'replica')} each on `;
  const size = `${shards.length === 0 ? '' : parts}${counted(nodes.length, 'node')}`;
  const [first, ...others] = reasons;
  const why = first === undefined ? '' : `: ${[first, ...others].join('; ')}`;
  const color = state === 'ok' ? paint.good : state === 'degraded' ? paint.warn : paint.bad;
  const text = wrapped(`${state}  ${size}${why}`, columns, '  ');
  return color(state) + text.slice(state.length);
}

function notBegun({ nodes }: ClusterSummary, columns: number): string {
  const seen = nodes.map(({ address }) => address);
  const text = [
    wrapped(
      `No cluster was begun. ${seen.length === 1 ? '1 node waits' : `${seen.length} nodes wait`} for it: ${seen.join(', ')}.`,
      columns,
      '',
    ),
    'Begin it once, and name all nodes:',
    `  nuthatch cluster init ${seen.join(' ')}`,
  ];
  return `${text.join('\n')}\n`;
}

function shardLines({ id, share, epoch, writes, primary, replicas }: ShardSummary, paint: Paint): string[] {
  const head = `${paint.bold(`shard ${id}`)}   ${readableShare(share, 1)} of the slots, epoch ${epoch}`;
  const width = Math.max(...[primary, ...replicas].map((copy) => copy?.address.length ?? 0));
  const lineOf = (part: string, copy: CopySummary, words: string) =>
    `  ${paint.dim(part)}  ${copy.address.padEnd(width)}  ${words}`;
  const lines = [head];
  if (primary === undefined) lines.push(`  ${paint.bad('no primary: its keys are gone or out of reach')}`);
  else lines.push(lineOf('primary', primary, writesWords(writes, paint)));
  for (const replica of replicas) lines.push(lineOf('replica', replica, replicaWords(replica, paint)));
  return lines;
}

function writesWords(writes: ShardSummary['writes'], paint: Paint): string {
  if (writes === 'yes') return paint.good('takes writes');
  return writes === 'no' ? paint.bad('takes no writes') : paint.warn('does not answer');
}

function replicaWords({ isHere, isInSync, lagMs }: CopySummary, paint: Paint): string {
  if (!isHere) return paint.warn(isInSync ? 'does not answer, in sync until now' : 'away');
  const lag = lagMs === undefined ? '' : `, ${Math.round(lagMs)} ms behind`;
  return `${isInSync ? paint.good('in sync') : paint.warn('not in sync')}${lag}`;
}

/** Everybody who is not told of with a shard. */
function partLines({ nodes, version }: ClusterSummary, columns: number): string[] {
  const lines: string[] = [];
  const voters = nodes.filter(({ isVoter }) => isVoter);
  const names = voters.map(({ address, isLeader }) => `${address}${isLeader ? ' (leads)' : ''}`);
  if (voters.length > 0) lines.push(row('voters', names.join(', '), columns));
  const of = (part: NodeSummary['part']) =>
    nodes.filter((node) => node.part === part).map(({ address }) => address);
  if (of('witness').length > 0) lines.push(row('witness', of('witness').join(', '), columns));
  if (of('spare').length > 0) lines.push(row('spare', `${of('spare').join(', ')}: without a copy`, columns));
  const what = version === 0 ? 'waits for the other nodes' : 'not of the cluster yet';
  if (of('stranger').length > 0) lines.push(row('others', `${of('stranger').join(', ')}: ${what}`, columns));
  for (const { address, problem } of nodes.filter(({ isHere }) => !isHere))
    lines.push(row('away', `${address}: ${problem}`, columns));
  return lines;
}

function row(label: string, text: string, columns: number): string {
  return wrapped(text, columns, ' '.repeat(10), label.padEnd(10));
}
