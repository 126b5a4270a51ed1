/**
 * All options of `nuthatch start`, once. From this table come the flags and `--help`, the NUTHATCH_*
 * variables, the keys of the configuration file, the check of every value, and docs/configuration.md.
 *
 *   max-memory  ──>  --max-memory   NUTHATCH_MAX_MEMORY   max-memory = "2gb"
 *
 * An option has one name; flag, variable and key follow from it. Limits and defaults of what the node
 * itself takes are the node's own (src/node/options.ts).
 */
import {
  ackWrites,
  clientCertificates,
  clusterDefaults,
  DEFAULT_MEMORY_SHARE,
  defaults,
  MIN_SECRET_LENGTH,
  optionRanges,
} from '../node/index.js';
import { MAX_ZONE_LENGTH } from '../ring/index.js';
import { logLevels } from './log.js';
import {
  choice,
  duration,
  file,
  folder,
  host,
  integer,
  type Kind,
  memory,
  nodeAddresses,
  outputLimit,
  port,
  secret,
  size,
  toggle,
  word,
} from './option-kinds.js';

export interface OptionSpec<T = unknown> {
  readonly kind: Kind<T>;
  readonly default: T;
  /** How the default is shown where its value alone says too little. */
  readonly defaultNote?: string;
  readonly group: OptionGroup;
  /** What it does, for people who have not read anything else: a sentence, no full stop needed to be whole. */
  readonly help: string;
  /** The version that brought it. */
  readonly since: string;
  /** False: a flag and a variable only. Default true. */
  readonly inFile?: boolean;
}

/** In the order of the help. */
export const optionGroups = [
  'Network',
  'Cluster',
  'Memory',
  'Access',
  'Clients',
  'Logs and traffic',
  'Diagnosis',
  'Running',
] as const;
export type OptionGroup = (typeof optionGroups)[number];

export const optionsTable = {
  port: option({
    kind: port(),
    default: defaults.port,
    group: 'Network',
    help: 'TCP port to listen on',
    since: '0.1.0',
  }),
  host: option({
    kind: host(),
    default: defaults.host,
    group: 'Network',
    help: 'Address to listen on. One that other machines can reach requires a password; 0.0.0.0 is all of IPv4, :: all',
    since: '0.1.0',
  }),
  'free-port': option({
    kind: toggle(),
    default: false,
    group: 'Network',
    help: 'Take another free port when the port is taken',
    since: '0.1.0',
  }),
  'tcp-keepalive': option({
    kind: duration('ms', optionRanges.tcpKeepAliveMs, { off: 0 }),
    default: defaults.tcpKeepAliveMs,
    group: 'Network',
    help: 'Time between probes that find connections whose other end is gone',
    since: '0.1.0',
  }),
  backlog: option({
    kind: integer(optionRanges.backlog),
    default: defaults.backlog,
    group: 'Network',
    help: "Length of the kernel's queue of connections that are not accepted yet",
    since: '0.1.0',
  }),
  'public-sockets-only': option({
    kind: toggle(),
    default: defaults.publicSocketsOnly,
    group: 'Network',
    help: 'Use only documented interfaces of Node.js for sockets: a little slower, a way out if a release of Node.js breaks the others',
    since: '0.1.0',
  }),

  cluster: option({
    kind: toggle(),
    default: false,
    group: 'Cluster',
    help: 'Be a node of a cluster, which `nuthatch cluster init` begins. join and voter say so too',
    since: '0.1.0',
  }),
  join: option({
    kind: nodeAddresses(),
    default: [],
    group: 'Cluster',
    help: 'Other nodes of the cluster, by the addresses for their clients: one that answers is enough. Their bus is at the port + 10000; HOST:PORT@BUSPORT names another',
    since: '0.1.0',
  }),
  'bus-port': option({
    kind: port({ auto: -1 }),
    default: -1,
    defaultNote: 'port + 10000',
    group: 'Cluster',
    help: 'Port to listen on for other nodes. A port above 55535 needs it',
    since: '0.1.0',
  }),
  'announce-host': option({
    kind: host(),
    default: '',
    defaultNote: 'host',
    group: 'Cluster',
    help: 'Address or name by which other nodes and clients reach this one. Needed where host stands for all addresses',
    since: '0.1.0',
  }),
  'cluster-secret': option({
    kind: secret(MIN_SECRET_LENGTH),
    default: clusterDefaults.secret,
    group: 'Cluster',
    help: `What all nodes of the cluster know and nobody else, at least ${MIN_SECRET_LENGTH} characters: openssl rand -hex 32. Required beyond this machine. As a flag it can be seen in the list of processes`,
    since: '0.1.0',
  }),
  'cluster-secret-file': option({
    kind: file(),
    default: '',
    group: 'Cluster',
    help: 'File that holds it; a line end at its end does not count',
    since: '0.1.0',
  }),
  data: option({
    kind: folder(),
    default: '',
    defaultNote: './nuthatch-data/PORT',
    group: 'Cluster',
    help: 'Folder of this node alone. Its meta/ holds who the node is and what it promised to the others, no keys; without it the node is another one',
    since: '0.1.0',
  }),
  zone: option({
    kind: word(MAX_ZONE_LENGTH),
    default: clusterDefaults.zone,
    group: 'Cluster',
    help: 'Name of what fails as one, such as a rack: the copies of a shard are kept in different zones',
    since: '0.1.0',
  }),
  voter: option({
    kind: toggle(),
    default: clusterDefaults.isWitness,
    group: 'Cluster',
    help: 'Be a witness: vote, and hold no data. With one, two nodes that hold data can fail over',
    since: '0.1.0',
  }),
  'ack-writes': option({
    kind: choice(ackWrites),
    default: defaults.ackWrites,
    group: 'Cluster',
    help: 'Who must have a write over a value before it is answered: its primary, or every replica that is in sync too. What takes something away always waits for all of them',
    since: '0.1.0',
  }),
  'max-stale': option({
    kind: duration('ms', optionRanges.maxStaleMs, { always: -1 }),
    default: defaults.maxStaleMs,
    group: 'Cluster',
    help: 'How long a node that is cut off from the others goes on answering reads, which may be as stale as that',
    since: '0.1.0',
  }),

  'max-memory': option({
    kind: memory(optionRanges.maxMemoryBytes),
    default: { percent: DEFAULT_MEMORY_SHARE * 100 },
    defaultNote: 'of the machine, or of its cgroup',
    group: 'Memory',
    help: 'Most that the cache may take: keys, values, index and slack. When it is full, what was not used for the longest time goes',
    since: '0.1.0',
  }),
  'max-value': option({
    kind: size(optionRanges.maxBulkBytes),
    default: defaults.maxBulkBytes,
    group: 'Memory',
    help: 'Largest value, and largest argument of any command',
    since: '0.1.0',
  }),
  'tracking-table-max-bytes': option({
    kind: size(optionRanges.trackingTableBytes, { auto: 0 }),
    default: defaults.trackingTableBytes,
    defaultNote: '1/32 of max-memory',
    group: 'Memory',
    help: 'Part of max-memory, at most half, for remembering which client has read which key (CLIENT TRACKING)',
    since: '0.1.0',
  }),

  password: option({
    kind: secret(),
    default: defaults.password,
    group: 'Access',
    help: 'Password that clients must give. As a flag it can be seen in the list of processes: rather use the variable or password-file',
    since: '0.1.0',
  }),
  'password-file': option({
    kind: file(),
    default: '',
    group: 'Access',
    help: 'File that holds the password; a line end at its end does not count',
    since: '0.1.0',
  }),
  'auth-timeout': option({
    kind: duration('ms', optionRanges.authTimeoutMs, { off: 0 }),
    default: defaults.authTimeoutMs,
    group: 'Access',
    help: 'Close a client that has been silent for so long and has not given the password',
    since: '0.1.0',
  }),
  'tls-cert': pemFile(
    'Certificate, with its chain, in PEM form: the port speaks TLS, and nothing else. SIGHUP reads it anew',
  ),
  'tls-key': pemFile('Private key of the certificate, in PEM form, without a passphrase'),
  'tls-ca': pemFile('Certificates of the authorities that certificates of clients must be from, in PEM form'),
  'tls-clients': option({
    kind: choice(clientCertificates),
    default: 'no',
    group: 'Access',
    help: 'Whether clients must show a certificate; optional refuses a wrong one, required also none',
    since: '0.1.0',
  }),

  'max-clients': option({
    kind: integer(optionRanges.maxClients),
    default: defaults.maxClients,
    group: 'Clients',
    help: 'Most clients at one time; further ones get an error and are closed',
    since: '0.1.0',
  }),
  'max-clients-memory': option({
    kind: size(optionRanges.maxClientsBytes, { off: 0, auto: -1 }),
    default: defaults.maxClientsBytes,
    defaultNote: 'half of max-memory, at least 128mb',
    group: 'Clients',
    help: 'Most that the buffers of all clients may take, beside max-memory; over it the largest client is closed',
    since: '0.1.0',
  }),
  'idle-timeout': option({
    kind: duration('ms', optionRanges.idleTimeoutMs, { off: 0 }),
    default: defaults.idleTimeoutMs,
    group: 'Clients',
    help: 'Close a client that has sent nothing for so long, unless it is subscribed or blocked',
    since: '0.1.0',
  }),
  'max-query-buffer': option({
    kind: size(optionRanges.maxQueryBytes),
    default: defaults.maxQueryBytes,
    group: 'Clients',
    help: 'Most that one client may send ahead of what has been executed; over it the client is closed',
    since: '0.1.0',
  }),
  'output-pause': option({
    kind: size(optionRanges.outputPauseBytes),
    default: defaults.outputPauseBytes,
    group: 'Clients',
    help: 'Replies that a client has not read yet; over it its commands wait',
    since: '0.1.0',
  }),
  'output-limit-normal': option({
    kind: outputLimit(),
    default: defaults.outputLimits.normal,
    group: 'Clients',
    help: 'Close an ordinary client whose unread replies are over the first size, or over the second for so long',
    since: '0.1.0',
  }),
  'output-limit-pubsub': option({
    kind: outputLimit(),
    default: defaults.outputLimits.pubsub,
    group: 'Clients',
    help: 'The same for subscribers and for what tracking sends',
    since: '0.1.0',
  }),
  'output-limit-replica': option({
    kind: outputLimit(),
    default: defaults.outputLimits.replica,
    group: 'Clients',
    help: 'The same for clients that watch with MONITOR',
    since: '0.1.0',
  }),

  'log-level': option({
    kind: choice(logLevels),
    default: 'info',
    group: 'Logs and traffic',
    help: 'Least important messages to log',
    since: '0.1.0',
  }),
  'log-format': option({
    kind: choice(['auto', 'human', 'json']),
    default: 'auto',
    group: 'Logs and traffic',
    help: 'How to log, on standard output: auto is human on a terminal and json, one object a line, elsewhere',
    since: '0.1.0',
  }),
  status: option({
    kind: toggle(),
    default: false,
    group: 'Logs and traffic',
    help: 'Show the traffic: a line that is renewed every second on a terminal, a message every 10 seconds elsewhere',
    since: '0.1.0',
  }),

  'slowlog-threshold': option({
    kind: duration('us', { ...optionRanges.slowlogThresholdUs, min: 0, max: 3_600_000_000 }, { off: -1 }),
    default: defaults.slowlogThresholdUs,
    group: 'Diagnosis',
    help: 'Commands that take so long are kept for SLOWLOG; 0 keeps all',
    since: '0.1.0',
  }),
  'slowlog-max-entries': option({
    kind: integer(optionRanges.slowlogMaxEntries),
    default: defaults.slowlogMaxEntries,
    group: 'Diagnosis',
    help: 'How many of them are kept',
    since: '0.1.0',
  }),
  'latency-threshold': option({
    kind: duration('ms', optionRanges.latencyThresholdMs, { off: 0 }),
    default: defaults.latencyThresholdMs,
    group: 'Diagnosis',
    help: 'Whatever holds the node up for so long is kept for LATENCY',
    since: '0.1.0',
  }),

  'drain-timeout': option({
    kind: duration('ms', optionRanges.drainTimeoutMs),
    default: defaults.drainTimeoutMs,
    group: 'Running',
    help: 'When told to stop, wait at most so long for clients to read their last replies',
    since: '0.1.0',
  }),
  config: option({
    kind: file(),
    default: '',
    group: 'Running',
    help: 'Read options from a TOML file, one a line: max-memory = "2gb"',
    since: '0.1.0',
    inFile: false,
  }),
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type OptionName = keyof typeof optionsTable;

/** The value of every option. */
export type Settings = {
  readonly [N in OptionName]: (typeof optionsTable)[N] extends OptionSpec<infer T> ? T : never;
};

export const optionNames = Object.keys(optionsTable) as readonly OptionName[];

export function optionSpec(name: OptionName): OptionSpec {
  return optionsTable[name];
}

export function flagOf(name: OptionName): string {
  return `--${name}`;
}

/** The default as it would be written, and what that means where it says too little; empty for none. */
export function defaultText({ kind, default: value, defaultNote }: OptionSpec): string {
  const text = kind.format(value);
  if (defaultNote === undefined) return text;
  return text === 'auto' || text === '' ? defaultNote : `${text} ${defaultNote}`;
}

function pemFile(help: string): OptionSpec<string> {
  return option({ kind: file(), default: '', group: 'Access', help, since: '0.1.0' });
}

function option<const T>(spec: OptionSpec<T> & { readonly default: NoInfer<T> }): OptionSpec<T> {
  return spec;
}
