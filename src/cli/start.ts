/**
 * `nuthatch start`: one node, from its settings to its end.
 *
 *   settings ──> listen ──> banner, log ──> serves ──SIGTERM, SIGINT, SHUTDOWN──> drains ──> exit 0
 *      │            │                          │                                    │
 *      └─ exit 64   └─ exit 69                 └─ defect: exit 70                   └─ second signal: exit now
 */
import diagnostics from 'node:diagnostics_channel';
import {
  JoinError,
  type NodeOptions,
  OptionsError,
  optionRanges,
  type RunningNode,
  startNode,
  type TlsOptions,
} from '../node/index.js';
import { banner, commandName } from './banner.js';
import { clusterOptions, isOfCluster } from './cluster-settings.js';
import { ExitCode } from './exit-codes.js';
import { listenProblem } from './listen-problem.js';
import { NodeLog } from './log.js';
import { type MemoryBudget, memoryBudget } from './memory-budget.js';
import { addressText } from './node-address.js';
import { flagOf, type Settings } from './options-table.js';
import { Screen, wantsColor } from './screen.js';
import { type Flags, loadSettings, SettingsError } from './settings.js';
import { stopOnSignals } from './signals.js';
import { readTlsFiles } from './tls-files.js';
import { showTraffic } from './traffic-display.js';

/** Told what connects to the node, once it listens: for `npm start` of the repository, which runs the command in its process. */
const listening = diagnostics.channel('nuthatch:listening');

/** `others`: words of the command line that belong to no option. */
export async function start(flags: Flags, others: readonly string[], version: string): Promise<void> {
  try {
    await startWith(flags, others, version);
  } catch (error) {
    const code = exitCodeFor(error);
    if (code === undefined) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = code;
  }
}

async function startWith(flags: Flags, others: readonly string[], version: string): Promise<void> {
  const { settings, tls, warnings } = await loadSettings(flags, process.env, others);
  const budget = memoryBudget(settings['max-memory'], optionRanges.maxMemoryBytes);
  const screen = new Screen(process.stdout);
  const color = wantsColor(process.stdout, process.env);
  const format =
    settings['log-format'] === 'auto' ? (screen.isTerminal ? 'human' : 'json') : settings['log-format'];
  const log = new NodeLog({ level: settings['log-level'], format, color, screen });
  const ending = stopOnSignals(log, settings['drain-timeout']);
  const node = await listen(nodeOptions(settings, tls, budget, log, ending.stop), settings['free-port']);
  ending.started(node);
  if (tls !== undefined) process.on('SIGHUP', () => renewTls(node, settings, log));

  const takenPort = settings.port !== 0 && node.port !== settings.port ? settings.port : undefined;
  if (format === 'human') {
    const { host, port } = node;
    const facts = {
      version,
      host,
      port,
      takenPort,
      hasPassword: settings.password !== '',
      budget,
      pid: process.pid,
      command: commandName(process.argv[1], process.cwd()),
      isOfCluster: isOfCluster(settings),
      speaksTls: tls !== undefined,
    };
    screen.print(banner(facts, color));
  } else {
    log.info(`ready on ${addressText(node.host, node.port)}`, {
      version,
      host: node.host,
      port: node.port,
      ...(takenPort === undefined ? {} : { takenPort }),
      maxMemoryBytes: budget.bytes,
      maxMemoryReason: budget.reason,
    });
  }
  for (const warning of [...warnings, ...(budget.warning === undefined ? [] : [budget.warning])])
    log.warn(warning);
  listening.publish({ host: node.host, port: node.port, password: settings.password });
  if (settings.status) ending.atEnd(showTraffic(node, screen, log, color));
  await log.open();
}

/** SIGHUP: the certificate was renewed. What is wrong with the new one changes nothing. */
function renewTls(node: RunningNode, settings: Settings, log: NodeLog): void {
  const { tls, problems } = readTlsFiles(settings, (name) => `${flagOf(name)} ${settings[name]}`);
  if (tls === undefined) {
    log.error(`the certificate stays as it is: ${problems.join('; ')}`);
    return;
  }
  node.renewTls(tls);
  log.info('the certificate was read anew: new connections are made with it');
}

/** The node cannot listen; the message says why and what to do. */
class ListenError extends Error {}

type ListenOptions = NodeOptions & { readonly host: string; readonly port: number };

/** How many ports after the one asked for are tried before any free one is taken. */
const NEIGHBOR_PORTS = 9;

async function listen(options: ListenOptions, mayMove: boolean): Promise<RunningNode> {
  const first = options.port;
  for (let port = first; ; port = port < first + NEIGHBOR_PORTS && port < 65_535 ? port + 1 : 0) {
    try {
      return await startNode({ ...options, port });
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (taken && mayMove && port !== 0) continue;
      const problem = listenProblem(error, options.host, port);
      throw problem === undefined ? error : new ListenError(problem);
    }
  }
}

/** Every option of the node is set by an option of the command, but what is no matter of a user. */
function nodeOptions(
  settings: Settings,
  tls: TlsOptions | undefined,
  budget: MemoryBudget,
  log: NodeLog,
  onShutdown: () => void,
) {
  return {
    host: settings.host,
    port: settings.port,
    backlog: settings.backlog,
    maxMemoryBytes: budget.bytes,
    password: settings.password,
    maxClients: settings['max-clients'],
    idleTimeoutMs: settings['idle-timeout'],
    tcpKeepAliveMs: settings['tcp-keepalive'],
    authTimeoutMs: settings['auth-timeout'],
    maxBulkBytes: settings['max-value'],
    maxQueryBytes: settings['max-query-buffer'],
    outputPauseBytes: settings['output-pause'],
    outputLimits: {
      normal: settings['output-limit-normal'],
      replica: settings['output-limit-replica'],
      pubsub: settings['output-limit-pubsub'],
    },
    maxClientsBytes: settings['max-clients-memory'],
    trackingTableBytes: settings['tracking-table-max-bytes'],
    slowlogThresholdUs: settings['slowlog-threshold'],
    slowlogMaxEntries: settings['slowlog-max-entries'],
    latencyThresholdMs: settings['latency-threshold'],
    publicSocketsOnly: settings['public-sockets-only'],
    ackWrites: settings['ack-writes'],
    maxStaleMs: settings['max-stale'],
    drainTimeoutMs: settings['drain-timeout'],
    tls,
    cluster: clusterOptions(settings),
    log,
    onShutdown,
  } satisfies Required<Omit<NodeOptions, 'clock'>>;
}

/** Undefined for what nobody expects. */
function exitCodeFor(error: unknown): ExitCode | undefined {
  if (error instanceof SettingsError || error instanceof OptionsError) return ExitCode.USAGE;
  return error instanceof ListenError || error instanceof JoinError ? ExitCode.UNAVAILABLE : undefined;
}
