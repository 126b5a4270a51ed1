/**
 * The parameters of CONFIG GET and CONFIG SET: their names as tools know them from Redis, how to read each,
 * and how to change those that can change. Those without effect here: config-inert.ts.
 *
 * The texts of errors are those of Redis 7.0.
 */

import { DATABASE_COUNT, MAX_STORE_BYTES } from '../store/index.js';
import { isLoopback } from './addresses.js';
import type { CacheNode } from './cache-node.js';
import { trackingBudget } from './config.js';
import { inertParameters } from './config-inert.js';
import {
  type Change,
  GIB,
  integer,
  MAX_INT32,
  MIB,
  memory,
  type Parameter,
  parseMemory,
  ranged,
  wordProblem,
} from './config-parameter.js';
import { type AckWrites, ackWrites, type OutputLimits } from './options.js';
import { Password } from './password.js';

const MAX_BULK_BYTES = 512 * MIB;
const MIN_MEMORY_BYTES = 2 * MIB;
const MAX_UINT32 = 4_294_967_295;

const logLevels = ['debug', 'verbose', 'notice', 'warning'];

function immutable(name: string, get: (node: CacheNode) => string): Parameter {
  return { name, sort: 'immutable', get };
}

/** 0 is "no limit" to Redis. A node without a budget would end with the machine's memory. */
const NO_BUDGET = '0 (no limit) is refused: a node always has a budget; give its size';

const maxMemory: Parameter = {
  name: 'maxmemory',
  sort: 'effective',
  reason: NO_BUDGET,
  get: (node) => String(node.store.maxBytes),
  set: budgetChange,
};

function budgetChange(node: CacheNode, text: string): Change {
  const bytes = parseMemory(text);
  if (bytes === undefined) return { problem: 'argument must be a memory value' };
  if (bytes === 0) return { problem: NO_BUDGET };
  const most = node.store.mostBytes;
  if (bytes > most && bytes <= MAX_STORE_BYTES)
    return {
      problem: `this node was started small and grows to ${most} bytes; restart it with a larger max-memory`,
    };
  return ranged(bytes, MIN_MEMORY_BYTES, MAX_STORE_BYTES, () => node.setMaxMemory(bytes));
}

/** Bytes, or a part of `maxmemory` such as `5%`, which follows it. */
const maxClientsMemory: Parameter = {
  name: 'maxmemory-clients',
  sort: 'effective',
  get: ({ config }) =>
    config.maxClientsPercent > 0 ? `${config.maxClientsPercent}%` : String(config.maxClientsBytes),
  set: clientsChange,
};

function clientsChange({ config, store }: CacheNode, text: string): Change {
  const percent = /^(\d+)%$/.exec(text)?.[1];
  if (percent !== undefined) {
    if (Number(percent) > 100) return { problem: 'percentage argument must be less or equal to 100' };
    return { apply: () => config.boundClientsByPercent(Number(percent), store.maxBytes) };
  }
  const bytes = parseMemory(text);
  if (bytes === undefined) return { problem: 'argument must be a memory or percent value' };
  return { apply: () => config.boundClients(bytes) };
}

const requirePass: Parameter = {
  name: 'requirepass',
  sort: 'effective',
  reason: 'beyond loopback it cannot be cleared',
  get: (node) => node.config.password?.text ?? '',
  set: passwordChange,
};

function passwordChange(node: CacheNode, text: string): Change {
  const { config, options, sessions } = node;
  if (text === '' && !isLoopback(options.host)) {
    return { problem: `host ${options.host} can be reached from other machines, so a password is required` };
  }
  return {
    apply: () => {
      config.password = text === '' ? undefined : new Password(text);
      sessions.passwordChanged();
    },
  };
}

export const parameters: readonly Parameter[] = [
  maxMemory,
  maxClientsMemory,
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
  requirePass,
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
    GIB,
    (node) => node.config.maxQueryBytes,
    (node, bytes) => {
      node.config.maxQueryBytes = bytes;
    },
  ),
  {
    name: 'client-output-buffer-limit',
    sort: 'effective',
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
      node.tracking.table.setMaxBytes(trackingBudget(bytes, node.store.maxBytes));
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
    name: 'ack-writes',
    sort: 'effective',
    get: (node) => node.config.ackWrites,
    set: (node, text) => {
      const problem = wordProblem(text, ackWrites);
      if (problem !== undefined) return { problem };
      return {
        apply: () => {
          node.config.ackWrites = text.toLowerCase() as AckWrites;
        },
      };
    },
  },
  {
    name: 'max-stale',
    sort: 'effective',
    get: ({ config }) => (Number.isFinite(config.maxStaleMs) ? String(config.maxStaleMs) : '-1'),
    set: (node, text) => {
      const ms = /^(-1|\d+)$/.test(text) ? Number(text) : undefined;
      if (ms === undefined) return { problem: 'argument must be a number of milliseconds, or -1: always' };
      return ranged(ms, -1, MAX_INT32, () => {
        node.config.maxStaleMs = ms === -1 ? Number.POSITIVE_INFINITY : ms;
      });
    },
  },
  {
    name: 'loglevel',
    sort: 'effective',
    get: (node) => node.logLevel,
    set: (node, text) => {
      const problem = wordProblem(text, logLevels);
      return problem === undefined ? { apply: () => node.setLogLevel(text.toLowerCase()) } : { problem };
    },
  },
  immutable('port', (node) => String(node.port)),
  immutable('tls-port', (node) => (node.options.tls === undefined ? '0' : String(node.port))),
  immutable('bind', (node) => node.options.host),
  immutable('databases', () => String(DATABASE_COUNT)),
  immutable('tcp-backlog', (node) => String(node.options.backlog)),
  immutable('daemonize', () => 'no'),
  immutable('supervised', () => 'no'),
  immutable('cluster-enabled', (node) => (node.gate === undefined ? 'no' : 'yes')),
  immutable('io-threads', () => '1'),
  immutable('logfile', () => ''),
  immutable('unixsocket', () => ''),
  immutable('always-show-logo', () => 'no'),
  ...inertParameters,
];

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
