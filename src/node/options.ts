/**
 * What a node can be told: one interface, one frozen set of defaults, one `resolve` that checks everything
 * and reports all problems together.
 *
 * Units stand last in the names: `Bytes`, `Ms`, `Us` (microseconds). 0 switches a limit off unless the field
 * says otherwise. What `CONFIG SET` may change later starts from these values.
 */
import { MAX_STORE_BYTES } from '../store/index.js';
import { isLoopback } from './addresses.js';
import {
  type ClusterOptions,
  type ResolvedClusterOptions,
  resolveCluster,
} from './cluster/cluster-options.js';
import { type TlsOptions, tlsProblems } from './tls-options.js';

/** Bounds on unsent output of one class of clients, in the manner of Redis' client-output-buffer-limit. */
export interface OutputLimit {
  /** Over this many bytes the client is closed at once; 0 = no limit. */
  readonly hardBytes: number;
  /** Over this many bytes for `softSeconds` the client is closed; 0 = no limit. */
  readonly softBytes: number;
  readonly softSeconds: number;
}

export interface OutputLimits {
  readonly normal: OutputLimit;
  /** Kept for replicas of later versions and for MONITOR. */
  readonly replica: OutputLimit;
  readonly pubsub: OutputLimit;
}

/** Where the node reports what people should know. Any field may be absent from `facts`. */
export interface Log {
  debug(message: string, facts?: Readonly<Record<string, unknown>>): void;
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** CONFIG SET loglevel asks for another level. */
  setLevel?(level: 'debug' | 'info' | 'warn'): void;
}

/** The node's two clocks. Tests give their own. */
export interface Clock {
  /** Milliseconds since 1970, an integer: for lifetimes and what people read. */
  wallMs(): number;
  /** Milliseconds of a clock that never steps: for durations. */
  monotonicMs(): number;
}

export const ackWrites = ['primary', 'replica'] as const;
export type AckWrites = (typeof ackWrites)[number];

export interface NodeOptions {
  /** Address to listen on. Beyond loopback a password is required. Default '127.0.0.1'. */
  host?: string;
  /** TCP port, 0 to 65535; 0 takes any free port. Default 6379. */
  port?: number;
  /** Length of the kernel's queue of connections not yet accepted. Default 511. */
  backlog?: number;
  /**
   * Bytes that keys, values, index, tracking table and all slack may take together. At least 2 MiB.
   * Default 0: half of what the machine or its cgroup allows.
   */
  maxMemoryBytes?: number;
  /** The password of user `default`; empty = none. Default ''. */
  password?: string;
  /** Most clients at one time; more are answered with an error and closed. Default 10,000. */
  maxClients?: number;
  /** A client silent for so long is closed (not subscribers, not blocked ones); 0 = never. Default 0. */
  idleTimeoutMs?: number;
  /** Time between TCP keep-alive probes; 0 = none. Default 300,000. */
  tcpKeepAliveMs?: number;
  /** A client that has not given the password after so long a silence is closed. Default 10,000. */
  authTimeoutMs?: number;
  /** Largest single argument, and so the largest value. 1 MiB to 512 MiB. Default 512 MiB. */
  maxBulkBytes?: number;
  /** Most bytes one client may have sent that are not yet executed. 1 MiB to 1 GiB. Default 1 GiB. */
  maxQueryBytes?: number;
  /** Unsent output over which a client's requests wait until it has read. Default 16 MiB. */
  outputPauseBytes?: number;
  /** Unsent output over which a client is closed, by class. Default: none; 256 MiB or 64 MiB for 60 s; 32 MiB or 8 MiB for 60 s. */
  outputLimits?: OutputLimits;
  /**
   * Bytes that input, output and state of all clients may take together; over it the largest is closed.
   * 0 = no limit. Default -1: half of `maxMemoryBytes`, at least 128 MiB.
   */
  maxClientsBytes?: number;
  /** Budget of the table of tracked keys, a part of `maxMemoryBytes`. Default 0: 1/32 of it. At least 1 MiB, at most half of it. */
  trackingTableBytes?: number;
  /** Commands that take at least so many microseconds go to the slow log; -1 = none, 0 = all. Default 10,000. */
  slowlogThresholdUs?: number;
  /** Entries the slow log keeps. Default 128. */
  slowlogMaxEntries?: number;
  /** Events of at least so many milliseconds go to LATENCY; 0 = none. Default 0. */
  latencyThresholdMs?: number;
  /** Use only documented interfaces of Node.js for sockets: a little slower. Default false. */
  publicSocketsOnly?: boolean;
  /**
   * In a cluster: who must have a write over a value before it is answered, `primary` or `replica` (all that are in sync). What takes something away
   * always waits for all. Default 'primary'.
   */
  ackWrites?: AckWrites;
  /** In a cluster: a node that was cut off answers reads for so long, which may be as stale; -1 = always. Default 30,000. */
  maxStaleMs?: number;
  /** How long `drain` waits for clients to take their replies before it closes them. Default 5,000. */
  drainTimeoutMs?: number;
  /** Makes its port speak TLS, 1.2 or later, and nothing else. Default: none, it is not encrypted. */
  tls?: TlsOptions | undefined;
  /** Makes it a node of a cluster. Default: none, it serves alone. */
  cluster?: ClusterOptions | undefined;
  /** Where to report. Default: nowhere. */
  log?: Log;
  /** The clocks. Default: those of the machine. */
  clock?: Clock;
  /** Called when a client asks for SHUTDOWN, after the node has begun to drain. Default: nothing more happens. */
  onShutdown?: () => void;
}

export type ResolvedNodeOptions = Readonly<Required<Omit<NodeOptions, 'cluster' | 'tls'>>> & {
  readonly tls: TlsOptions | undefined;
  readonly cluster: ResolvedClusterOptions | undefined;
};

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Smallest budget that can hold the fixed parts of a store and still a few pages of data. */
const MIN_MEMORY_BYTES = 2 * MIB;
/** Largest value the store takes. */
const MAX_BULK_BYTES = 512 * MIB;
/** Redis takes clients by the ten thousand; more than this no kernel setting allows by default. */
const MAX_CLIENTS = 1_000_000;
/** More than any machine has: who wants no bound says so with 0. */
const MAX_CLIENTS_BYTES = 1024 * GIB;
/** Longest time any option may name: timers of the platform end there. */
const MAX_TIME_MS = 2_147_483_647;

const silent: Log = Object.freeze({ debug() {}, info() {}, warn() {}, error() {} });

export const systemClock: Clock = Object.freeze({
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
});

export const defaults: ResolvedNodeOptions = Object.freeze({
  host: '127.0.0.1',
  port: 6379,
  backlog: 511,
  maxMemoryBytes: 0,
  password: '',
  maxClients: 10_000,
  idleTimeoutMs: 0,
  tcpKeepAliveMs: 300_000,
  authTimeoutMs: 10_000,
  maxBulkBytes: MAX_BULK_BYTES,
  maxQueryBytes: GIB,
  outputPauseBytes: 16 * MIB,
  outputLimits: Object.freeze({
    normal: Object.freeze({ hardBytes: 0, softBytes: 0, softSeconds: 0 }),
    replica: Object.freeze({ hardBytes: 256 * MIB, softBytes: 64 * MIB, softSeconds: 60 }),
    pubsub: Object.freeze({ hardBytes: 32 * MIB, softBytes: 8 * MIB, softSeconds: 60 }),
  }),
  maxClientsBytes: -1,
  trackingTableBytes: 0,
  slowlogThresholdUs: 10_000,
  slowlogMaxEntries: 128,
  latencyThresholdMs: 0,
  publicSocketsOnly: false,
  ackWrites: 'primary',
  maxStaleMs: 30_000,
  drainTimeoutMs: 5_000,
  tls: undefined,
  cluster: undefined,
  log: silent,
  clock: systemClock,
  onShutdown: () => {},
});

/** The options given are wrong; `problems` has one sentence for each. */
export class OptionsError extends Error {
  readonly code = 'NUTHATCH_OPTIONS';
  readonly retryable = false;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The node cannot start with these options:\n${problems.map((line) => `  - ${line}`).join('\n')}`);
    this.name = 'OptionsError';
    this.problems = problems;
  }
}

/** Fills in the defaults and checks every value. Throws an OptionsError that names all problems. */
export function resolve(options: NodeOptions = {}): ResolvedNodeOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const plain: ResolvedNodeOptions = { ...defaults, ...given, cluster: undefined };
  const problems = [...unknownNames(given), ...numberProblems(plain), ...otherProblems(plain)];
  const cluster = options.cluster && resolveCluster(options.cluster, plain, problems);
  if (problems.length > 0) throw new OptionsError(problems);
  return Object.freeze({ ...plain, cluster });
}

/** The options that are numbers. */
export type NumberOption = {
  [K in keyof ResolvedNodeOptions]: ResolvedNodeOptions[K] extends number ? K : never;
}[keyof ResolvedNodeOptions];

/** Inclusive ranges; `also` is a value outside of the range that has a meaning of its own. */
export const optionRanges: Readonly<Record<NumberOption, { min: number; max: number; also?: number }>> = {
  port: { min: 0, max: 65_535 },
  backlog: { min: 1, max: 65_535 },
  maxMemoryBytes: { min: MIN_MEMORY_BYTES, max: MAX_STORE_BYTES, also: 0 },
  maxClients: { min: 1, max: MAX_CLIENTS },
  idleTimeoutMs: { min: 0, max: MAX_TIME_MS },
  tcpKeepAliveMs: { min: 0, max: MAX_TIME_MS },
  authTimeoutMs: { min: 0, max: MAX_TIME_MS },
  maxBulkBytes: { min: MIB, max: MAX_BULK_BYTES },
  maxQueryBytes: { min: MIB, max: GIB },
  outputPauseBytes: { min: 1, max: GIB },
  maxClientsBytes: { min: MIB, max: MAX_CLIENTS_BYTES, also: 0 },
  trackingTableBytes: { min: MIB, max: MAX_STORE_BYTES, also: 0 },
  slowlogThresholdUs: { min: -1, max: Number.MAX_SAFE_INTEGER },
  slowlogMaxEntries: { min: 0, max: 1_000_000 },
  latencyThresholdMs: { min: 0, max: MAX_TIME_MS },
  maxStaleMs: { min: 0, max: MAX_TIME_MS, also: -1 },
  drainTimeoutMs: { min: 0, max: MAX_TIME_MS },
};

function numberProblems(options: ResolvedNodeOptions): string[] {
  const problems: string[] = [];
  for (const name of Object.keys(optionRanges) as NumberOption[]) {
    const { min, max, also } = optionRanges[name];
    const value: unknown = options[name];
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) continue;
    if (value === also || (name === 'maxClientsBytes' && value === -1)) continue;
    const besides = also === undefined ? '' : `, or ${also}`;
    problems.push(`${name} is ${String(value)}; give an integer from ${min} to ${max}${besides}.`);
  }
  return problems;
}

function otherProblems(options: ResolvedNodeOptions): string[] {
  const problems: string[] = [];
  if (typeof options.host !== 'string' || options.host === '') {
    problems.push(`host is ${JSON.stringify(options.host)}; give an address such as '127.0.0.1' or '::1'.`);
  } else if (!isLoopback(options.host) && options.password === '') {
    problems.push(
      `host ${options.host} can be reached from other machines, so a password is required; set password, or listen on 127.0.0.1.`,
    );
  }
  if (!ackWrites.includes(options.ackWrites))
    problems.push(`ackWrites is ${JSON.stringify(options.ackWrites)}; give ${ackWrites.join(' or ')}.`);
  if (typeof options.password !== 'string')
    problems.push('password is not a string; give a string, or leave it out.');
  if (options.tls !== undefined)
    problems.push(...tlsProblems(options.tls).map(({ field, problem }) => `tls.${field} ${problem}.`));
  for (const [name, limit] of Object.entries(options.outputLimits))
    problems.push(...limitProblems(name, limit));
  return problems;
}

function limitProblems(name: string, limit: OutputLimit): string[] {
  return Object.entries(limit)
    .filter(([, value]) => !Number.isSafeInteger(value) || value < 0)
    .map(
      ([field, value]) => `outputLimits.${name}.${field} is ${String(value)}; give an integer of 0 or more.`,
    );
}

function unknownNames(given: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(given)
    .filter((name) => !Object.hasOwn(defaults, name))
    .map((name) => `${name} is no option of a node; the options are ${Object.keys(defaults).join(', ')}.`);
}
