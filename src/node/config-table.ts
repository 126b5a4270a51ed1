/**
 * The parameters of CONFIG GET and CONFIG SET: their names as tools know them from Redis, how to read each,
 * and how to change those that can change.
 *
 * Three sorts: what is ours and can change; what is ours and is set at start; and what we do not have, whose
 * one value tells tools so (`appendonly no`). Setting one of the latter to the value it has is accepted, as
 * set-up scripts do that; anything else is an error that says why.
 *
 * The texts of errors are those of Redis 7.0.
 */

import { DATABASE_COUNT, MAX_STORE_BYTES } from '../store/index.js';
import type { CacheNode } from './cache-node.js';
import type { OutputLimits } from './options.js';
import { Password } from './password.js';

export interface Parameter {
  readonly name: string;
  get(node: CacheNode): string;
  /** Undefined: it cannot be changed while the node runs. */
  readonly set?: (node: CacheNode, value: string) => Change;
}

/** What comes of a value: a change that is ready to be made, or the problem with it. */
export type Change = { readonly apply: () => void } | { readonly problem: string };

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const MAX_BULK_BYTES = 512 * MIB;
const MIN_MEMORY_BYTES = 2 * MIB;
const MAX_INT32 = 2_147_483_647;
const MAX_UINT32 = 4_294_967_295;

type Read = (node: CacheNode) => number;
type Write = (node: CacheNode, value: number) => void;

/** A value in bytes, such as `100mb`. */
function memory(name: string, min: number, max: number, get: Read, write: Write): Parameter {
  return {
    name,
    get: (node) => String(get(node)),
    set: (node, text) => {
      const value = parseMemory(text);
      if (value === undefined) return { problem: 'argument must be a memory value' };
      return ranged(value, min, max, () => write(node, value));
    },
  };
}

function integer(name: string, min: number, max: number, get: Read, write: Write): Parameter {
  return {
    name,
    get: (node) => String(get(node)),
    set: (node, text) => {
      if (!/^-?\d+$/.test(text)) return { problem: "argument couldn't be parsed into an integer" };
      const value = Number(text);
      return ranged(value, min, max, () => write(node, value));
    },
  };
}

function ranged(value: number, min: number, max: number, apply: () => void): Change {
  if (value < min || value > max) return { problem: `argument must be between ${min} and ${max} inclusive` };
  return { apply };
}

/** One of several words; only those in `possible` can be had. */
function choice(
  name: string,
  words: readonly string[],
  possible: readonly string[],
  value: string,
  why: string,
): Parameter {
  return {
    name,
    get: () => value,
    set: (_node, text) => {
      const word = text.toLowerCase();
      if (!words.includes(word))
        return { problem: `argument(s) must be one of the following: ${words.join(', ')}` };
      return possible.includes(word) ? { apply: () => {} } : { problem: why };
    },
  };
}

/** What tools ask for, or set, and what has only one value here. */
function fixed(name: string, value: string, why = 'it has only this value here'): Parameter {
  return {
    name,
    get: () => value,
    set: (_node, text) => (text.toLowerCase() === value ? { apply: () => {} } : { problem: why }),
  };
}

function immutable(name: string, get: (node: CacheNode) => string): Parameter {
  return { name, get };
}

const evictionPolicies = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
];
const logLevels = ['debug', 'verbose', 'notice', 'warning'];
const yesNo = ['yes', 'no'];
const noPersistence = 'a cache keeps nothing on disk';

export const parameters: readonly Parameter[] = [
  memory(
    'maxmemory',
    MIN_MEMORY_BYTES,
    MAX_STORE_BYTES,
    (node) => node.store.maxBytes,
    (node, bytes) => node.setMaxMemory(bytes),
  ),
  choice(
    'maxmemory-policy',
    evictionPolicies,
    ['allkeys-lru'],
    'allkeys-lru',
    'the policy is always allkeys-lru',
  ),
  fixed('maxmemory-samples', '5', 'eviction is exact and takes no samples'),
  memory(
    'maxmemory-clients',
    0,
    Number.MAX_SAFE_INTEGER,
    (node) => node.config.maxClientsBytes,
    (node, bytes) => {
      node.config.maxClientsBytes = bytes;
    },
  ),
  integer(
    'maxclients',
    1,
    MAX_UINT32,
    (node) => node.config.maxClients,
    (node, count) => {
      node.config.maxClients = count;
    },
  ),
  integer(
    'timeout',
    0,
    MAX_INT32,
    (node) => Math.ceil(node.config.idleTimeoutMs / 1000),
    (node, seconds) => {
      node.config.idleTimeoutMs = seconds * 1000;
    },
  ),
  integer(
    'tcp-keepalive',
    0,
    MAX_INT32,
    (node) => Math.ceil(node.config.tcpKeepAliveMs / 1000),
    (node, seconds) => {
      node.config.tcpKeepAliveMs = seconds * 1000;
    },
  ),
  {
    name: 'requirepass',
    get: (node) => node.config.password?.text ?? '',
    set: (node, text) => ({
      apply: () => {
        node.config.password = text === '' ? undefined : new Password(text);
      },
    }),
  },
  memory(
    'proto-max-bulk-len',
    MIB,
    MAX_BULK_BYTES,
    (node) => node.config.maxBulkBytes,
    (node, bytes) => {
      node.config.maxBulkBytes = bytes;
      node.sessions.refreshLimits();
    },
  ),
  memory(
    'client-query-buffer-limit',
    MIB,
    4 * GIB,
    (node) => node.config.maxQueryBytes,
    (node, bytes) => {
      node.config.maxQueryBytes = bytes;
    },
  ),
  {
    name: 'client-output-buffer-limit',
    get: (node) => formatOutputLimits(node.config.outputLimits),
    set: (node, text) => {
      const limits = parseOutputLimits(text, node.config.outputLimits);
      if (typeof limits === 'string') return { problem: limits };
      return {
        apply: () => {
          node.config.outputLimits = limits;
        },
      };
    },
  },
  memory(
    'tracking-table-max-bytes',
    MIB,
    MAX_STORE_BYTES,
    (node) => node.tracking.table.maxBytes,
    (node, bytes) => {
      node.tracking.table.setMaxBytes(bytes);
      node.accountExternalBytes();
    },
  ),
  integer(
    'slowlog-log-slower-than',
    -1,
    Number.MAX_SAFE_INTEGER,
    (node) => node.config.slowlogThresholdUs,
    (node, us) => {
      node.config.slowlogThresholdUs = us;
      node.refreshMeasuring();
    },
  ),
  integer(
    'slowlog-max-len',
    0,
    Number.MAX_SAFE_INTEGER,
    (node) => node.config.slowlogMaxEntries,
    (node, count) => {
      node.config.slowlogMaxEntries = count;
      node.slowlog.trim(count);
    },
  ),
  integer(
    'latency-monitor-threshold',
    0,
    Number.MAX_SAFE_INTEGER,
    (node) => node.latency.thresholdMs,
    (node, ms) => {
      node.latency.thresholdMs = ms;
      node.refreshMeasuring();
    },
  ),
  {
    name: 'loglevel',
    get: (node) => node.logLevel,
    set: (node, text) => {
      const level = text.toLowerCase();
      if (!logLevels.includes(level)) {
        return { problem: `argument(s) must be one of the following: ${logLevels.join(', ')}` };
      }
      return { apply: () => node.setLogLevel(level) };
    },
  },
  immutable('port', (node) => String(node.port)),
  immutable('bind', (node) => node.options.host),
  immutable('databases', () => String(DATABASE_COUNT)),
  immutable('tcp-backlog', (node) => String(node.options.backlog)),
  immutable('daemonize', () => 'no'),
  immutable('supervised', () => 'no'),
  immutable('cluster-enabled', () => 'no'),
  immutable('io-threads', () => '1'),
  immutable('logfile', () => ''),
  immutable('unixsocket', () => ''),
  immutable('always-show-logo', () => 'no'),
  fixed('tls-port', '0', 'TLS is not available'),
  fixed('save', '', noPersistence),
  choice('appendonly', yesNo, ['no'], 'no', noPersistence),
  choice('appendfsync', ['everysec', 'always', 'no'], ['everysec', 'always', 'no'], 'everysec', ''),
  choice('stop-writes-on-bgsave-error', yesNo, yesNo, 'no', ''),
  choice('rdbcompression', yesNo, yesNo, 'no', ''),
  choice('lazyfree-lazy-eviction', yesNo, yesNo, 'yes', ''),
  choice('lazyfree-lazy-expire', yesNo, yesNo, 'yes', ''),
  choice('lazyfree-lazy-server-del', yesNo, yesNo, 'yes', ''),
  choice('lazyfree-lazy-user-del', yesNo, yesNo, 'yes', ''),
  choice('lazyfree-lazy-user-flush', yesNo, yesNo, 'yes', ''),
  choice('activerehashing', yesNo, yesNo, 'yes', ''),
  choice('activedefrag', yesNo, ['yes'], 'yes', 'memory is always kept compact'),
  choice('protected-mode', yesNo, ['yes'], 'yes', 'beyond loopback a password is always required'),
  fixed('notify-keyspace-events', '', 'keyspace notifications are not available; use CLIENT TRACKING'),
  fixed('hz', '10', 'the rate of background work is not adjustable'),
  fixed('replicaof', '', 'a lone node has no replicas'),
  fixed('slaveof', '', 'a lone node has no replicas'),
  fixed('repl-backlog-size', '0', 'a lone node has no replicas'),
  fixed('min-replicas-to-write', '0', 'a lone node has no replicas'),
];

/** `100`, `100b`, `1k` (1000), `1kb` (1024), and so on. Undefined for anything else. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d+)(b|k|kb|m|mb|g|gb)?$/i.exec(text);
  if (match === null) return undefined;
  const units: Readonly<Record<string, number>> = {
    b: 1,
    k: 1000,
    kb: KIB,
    m: 1_000_000,
    mb: MIB,
    g: 1_000_000_000,
    gb: GIB,
  };
  const value = Number(match[1]) * (units[(match[2] ?? 'b').toLowerCase()] ?? 1);
  return Number.isSafeInteger(value) ? value : undefined;
}

function formatOutputLimits({ normal, replica, pubsub }: OutputLimits): string {
  return [['normal', normal] as const, ['slave', replica] as const, ['pubsub', pubsub] as const]
    .map(([name, limit]) => `${name} ${limit.hardBytes} ${limit.softBytes} ${limit.softSeconds}`)
    .join(' ');
}

/** Groups of four words; classes that are not named stay. A string is the problem. */
function parseOutputLimits(text: string, current: OutputLimits): OutputLimits | string {
  const words = text.split(' ').filter((word) => word !== '');
  if (words.length === 0 || words.length % 4 !== 0)
    return 'Wrong number of arguments in buffer limit configuration.';
  let limits = current;
  for (let i = 0; i < words.length; i += 4) {
    const className = words[i].toLowerCase();
    const key = className === 'slave' ? 'replica' : className;
    if (key !== 'normal' && key !== 'replica' && key !== 'pubsub')
      return 'Invalid client class specified in buffer limit configuration.';
    const hardBytes = parseMemory(words[i + 1]);
    const softBytes = parseMemory(words[i + 2]);
    const softSeconds = /^\d+$/.test(words[i + 3]) ? Number(words[i + 3]) : undefined;
    if (hardBytes === undefined || softBytes === undefined || softSeconds === undefined) {
      return 'Error in hard, soft or soft_seconds setting in buffer limit configuration.';
    }
    limits = { ...limits, [key]: Object.freeze({ hardBytes, softBytes, softSeconds }) };
  }
  return Object.freeze(limits);
}
