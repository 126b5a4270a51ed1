/** COMMAND and INFO are compared by shape: the same facts, as far as both servers have them. */
import { RawConnection } from '../kit/connection.js';
import type { Plain } from '../kit/frames.js';
import type { TestServer } from '../kit/servers.js';
import { commandEntries } from './arity.js';

/** Commands and subcommands which Redis 7.0 does not have; their replies are in `golden/newer.txt`. */
export const newerCommands = ['client|no-touch', 'client|setinfo', 'cluster|myshardid', 'delifeq'];

/** The names of our own commands. */
const ownCommands = /^(lease\.|cluster\|(handover|init|status|topology)$)/;

/** What our COMMAND says otherwise than Redis, as `command: fact redis -> ours` lines. */
export async function commandDifferences(redis: TestServer, node: TestServer): Promise<string[]> {
  const [theirs, ours] = [await commandEntries(redis), await commandEntries(node)];
  const differences: string[] = [];
  for (const [name, entry] of ours) {
    const other = theirs.get(name);
    if (!other) {
      if (!newerCommands.includes(name) && !ownCommands.test(name))
        differences.push(`${name}: Redis has no such command`);
      continue;
    }
    for (const [index, fact] of facts.entries()) {
      const [a, b] = [comparable(fact, other[index]), comparable(fact, entry[index])];
      if (a !== b) differences.push(`${name}: ${fact} ${a} -> ${b}`);
    }
    if (entry.length !== other.length)
      differences.push(`${name}: ${other.length} -> ${entry.length} elements`);
  }
  return differences;
}

const facts = [
  'name',
  'arity',
  'flags',
  'first key',
  'last key',
  'step',
  'categories',
  'tips',
  'key specs',
] as const;

function comparable(fact: (typeof facts)[number], value: Plain): string {
  if (Array.isArray(value) && (fact === 'flags' || fact === 'categories' || fact === 'tips')) {
    return JSON.stringify([...value].sort());
  }
  // Notes are prose, and ours is our own.
  if (fact === 'key specs') return JSON.stringify(value).replace(/"notes","[^"]*",/g, '');
  return JSON.stringify(value);
}

/** Fields that clients, tools and exporters read; each must be there. */
export const requiredInfoFields: Readonly<Record<string, string>> = {
  Server: 'redis_version redis_mode run_id tcp_port uptime_in_seconds process_id nuthatch_version',
  Clients: 'connected_clients blocked_clients maxclients',
  Memory: 'used_memory used_memory_rss maxmemory maxmemory_policy mem_fragmentation_ratio',
  Persistence: 'loading',
  Stats:
    'total_connections_received total_commands_processed instantaneous_ops_per_sec keyspace_hits keyspace_misses expired_keys evicted_keys',
  Replication: 'role connected_slaves master_replid master_repl_offset',
  Cluster: 'cluster_enabled',
};

/** INFO as sections of fields. */
export async function infoSections(
  server: TestServer,
  ...args: string[]
): Promise<Map<string, Map<string, string>>> {
  const connection = await RawConnection.open(server.port);
  const text = (await connection.call('INFO', ...args)) as string;
  connection.close();
  const sections = new Map<string, Map<string, string>>();
  let fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    if (line.startsWith('# ')) sections.set(line.slice(2), (fields = new Map()));
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return sections;
}

/** Fields whose kind of value is not Redis's, as `field: redis -> ours` lines. */
export function infoDifferences(
  redis: Map<string, Map<string, string>>,
  node: Map<string, Map<string, string>>,
): string[] {
  const differences: string[] = [];
  for (const [section, fields] of node) {
    for (const [field, value] of fields) {
      const other = redis.get(section)?.get(field);
      if (other === undefined || other === '' || value === '' || kindOf(other) === kindOf(value)) continue;
      differences.push(`${section} ${field}: ${other} -> ${value}`);
    }
  }
  return differences;
}

function kindOf(value: string): string {
  if (/^-?\d+$/.test(value)) return 'integer';
  if (/^-?\d+\.\d+$/.test(value)) return 'fraction';
  if (/^-?\d+(\.\d+)?[BKMGT]$/.test(value)) return 'size';
  if (/^-?\d+(\.\d+)?%$/.test(value)) return 'percentage';
  return value.includes('=') ? value.replace(/=[^,]*/g, '=') : 'text';
}
