/** What a start prints for people: where the node is, how to reach it, what it may use. */
import { basename, join, relative } from 'node:path';
import type { MemoryBudget } from './memory-budget.js';
import { addressText, reachableHost } from './node-address.js';
import { readableBytes } from './quantities.js';

export interface BannerFacts {
  readonly version: string;
  readonly host: string;
  readonly port: number;
  /** The port that was asked for, when it was taken. */
  readonly takenPort: number | undefined;
  readonly hasPassword: boolean;
  readonly budget: MemoryBudget;
  readonly pid: number;
  /** How this command was called: "nuthatch". */
  readonly command: string;
  /** It is a node of a cluster, which may not be begun yet. */
  readonly isOfCluster: boolean;
  readonly speaksTls: boolean;
}

export function banner(facts: BannerFacts, color: boolean): string {
  const bold = (text: string) => (color ? `\u001b[1m${text}\u001b[22m` : text);
  const dim = (text: string) => (color ? `\u001b[2m${text}\u001b[22m` : text);
  const { host, port, budget } = facts;
  const url = connectUrl(host, port, facts);
  const client = reachableHost(host);
  const place = client === '127.0.0.1' ? `-p ${port}` : `-h ${client} -p ${port}`;
  const where = `${facts.speaksTls ? '--tls ' : ''}${place}`;
  const rows: [label: string, text: string][] = [
    [
      'redis-cli',
      `redis-cli ${facts.isOfCluster ? '-c ' : ''}${where}${facts.hasPassword ? ' --askpass' : ''}`,
    ],
    ['without it', `${facts.command} call ${where.replace('-h ', '--host ')} SET key value`],
    ['ioredis', facts.isOfCluster ? `new Cluster(['${url}'])` : `new Redis('${url}')`],
    [
      'node-redis',
      facts.isOfCluster
        ? `createCluster({ rootNodes: [{ url: '${url}' }] })`
        : `createClient({ url: '${url}' })`,
    ],
    ...(facts.isOfCluster
      ? [
          ['cluster', `${facts.command} cluster status ${where.replace('-h ', '--host ')}`] as [
            string,
            string,
          ],
        ]
      : []),
    ['memory', `${readableBytes(budget.bytes)}, ${budget.reason} (--max-memory)`],
    ['stop', `Ctrl-C, or kill ${facts.pid}`],
  ];
  const taken = facts.takenPort === undefined ? '' : ` (port ${facts.takenPort} is taken)`;
  const title = `${bold(`Nuthatch ${facts.version}`)} is ready on ${bold(addressText(host, port))}${taken}`;
  return `\n${title}\n\n${rows.map(([label, text]) => `  ${dim(label.padEnd(12))}${text}\n`).join('')}\n`;
}

/** How to call this command again: `program` is the path by which it was called. */
export function commandName(program: string, folder: string): string {
  if (basename(program) !== 'nuthatch') return `node ${relative(folder, program)}`;
  return program.includes(join('node_modules', '.bin')) ? 'npx nuthatch' : 'nuthatch';
}

function connectUrl(host: string, port: number, { hasPassword, speaksTls }: BannerFacts): string {
  return `${speaksTls ? 'rediss' : 'redis'}://${hasPassword ? ':PASSWORD@' : ''}${addressText(reachableHost(host), port)}`;
}
