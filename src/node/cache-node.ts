/**
 * One cache node: the parts, put together. They know each other through this object only.
 *
 *   listener --> sessions --> intake --> dispatch --> commands --> store
 *                                                        |           | evicted, expired
 *                   outbox <-- limits                    +--> keyspace --> watches, tracking, leases --> outbox
 *                                                        +--> pubsub, monitors ----------------> outbox
 *   cron: lifetimes, reclaiming, silence, rates
 *
 * Everything runs on one thread. An event (bytes that arrived, a tick) begins with `beginEvent`, which reads
 * the clock, and ends with `endEvent`, which sends what it left for others. In between nothing else runs.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { KeyHash, Random } from '../base/index.js';
import { BlockPool } from '../resp/index.js';
import { DATABASE_COUNT, Store } from '../store/index.js';
import { Gate } from './cluster/gate.js';
import type { ClusterMember } from './cluster/member.js';
import type { ClusterOrders } from './cluster/orders.js';
import type { ShardStore } from './cluster/shard-store.js';
import { buildCommands, type CommandSet } from './command.js';
import { Config, trackingBudget } from './config.js';
import { Cron } from './cron.js';
import { NodeMode } from './dispatch.js';
import { handlers } from './handlers.js';
import { Intake } from './intake.js';
import { Keyspace } from './keyspace.js';
import { Latency } from './latency.js';
import { Leases } from './leases.js';
import { Limits } from './limits.js';
import { Monitors } from './monitors.js';
import type { Clock, Log, ResolvedNodeOptions } from './options.js';
import { Outbox } from './outbox.js';
import { Pauses } from './pauses.js';
import { PubSub } from './pubsub.js';
import type { Session } from './session.js';
import { Sessions } from './sessions.js';
import { Slowlog } from './slowlog.js';
import { Stats } from './stats.js';
import { Tracking } from './tracking.js';
import { Waits } from './waits.js';
import { Watches } from './watches.js';

/** Below this threshold the slow log and LATENCY look at commands that are not measured otherwise. */
const MEASURE_ALL_BELOW_US = 1000;

/** Slices of the store's reclaiming that may follow when the table of tracked keys has grown; the rest is upkeep. */
const EXTERNAL_SLICES = 4;

export class CacheNode {
  readonly options: ResolvedNodeOptions;
  readonly clock: Clock;
  readonly log: Log;
  /** 40 hex digits, another for each start. */
  readonly runId = randomBytes(20).toString('hex');
  /** What identifies the node in CLUSTER replies, and its shard. */
  readonly nodeId = randomBytes(20).toString('hex');
  readonly shardId = randomBytes(20).toString('hex');
  readonly startedWallMs: number;
  readonly startedMs: number;

  readonly config: Config;
  readonly stats = new Stats();
  readonly store: Store;
  readonly watches = new Watches();
  readonly tracking: Tracking;
  readonly leases: Leases;
  readonly keyspace: Keyspace;
  readonly pubsub: PubSub;
  readonly commands: CommandSet;
  /** Blocks of incomplete requests and of replies, for all sessions. */
  readonly blocks = new BlockPool();
  readonly sessions: Sessions;
  readonly limits: Limits;
  readonly outbox: Outbox;
  readonly intake: Intake;
  readonly monitors: Monitors;
  readonly pauses: Pauses;
  readonly waits: Waits;
  readonly slowlog: Slowlog;
  readonly latency: Latency;
  readonly cron: Cron;

  /** What makes the store the copy of a shard; undefined: this node is in no cluster. */
  shardStore: ShardStore | undefined;
  /** Bits of `NodeMode`. */
  modes = 0;
  /** Of a node in a cluster. */
  gate: Gate | undefined = undefined;
  /** The same: what operators ask and tell it. */
  orders: ClusterOrders | undefined = undefined;
  /** The session whose requests are being executed. */
  current: Session | undefined = undefined;
  /** Wall ms since which nothing of the event at hand was measured. */
  markMs = 0;
  /** Monotonic ms of the last tick: a clock that costs nothing. */
  tickMs: number;
  /** Where the node listens, once it does. */
  port = 0;
  /** Asks for a drain: set by `startNode`. */
  requestShutdown: () => void = () => {};
  logLevel = 'notice';
  readonly #resumable: Session[] = [];
  #isResuming = false;

  constructor(options: ResolvedNodeOptions, maxMemoryBytes: number) {
    this.options = options;
    this.clock = options.clock;
    this.log = options.log;
    this.startedWallMs = this.clock.wallMs();
    this.startedMs = this.clock.monotonicMs();
    this.tickMs = this.startedMs;
    const random = new Random(randomInt(2 ** 32));
    this.config = new Config(options, maxMemoryBytes);
    this.store = new Store({
      maxBytes: maxMemoryBytes,
      hash: new KeyHash(randomInt(2 ** 32) | 0, randomInt(2 ** 32) | 0),
      random,
    });
    this.store.now = this.startedWallMs;
    const trackingBytes = trackingBudget(options.trackingTableBytes, maxMemoryBytes);
    this.tracking = new Tracking(this, trackingBytes, random);
    this.leases = new Leases(this, maxMemoryBytes);
    this.keyspace = new Keyspace(this.store, this.watches, this.tracking, this.leases.table);
    this.pubsub = new PubSub(this);
    this.commands = buildCommands(handlers);
    this.limits = new Limits(this);
    this.outbox = new Outbox(this.limits, this.blocks);
    this.sessions = new Sessions(this);
    this.intake = new Intake(this);
    this.monitors = new Monitors(this);
    this.pauses = new Pauses(this);
    this.waits = new Waits(this);
    this.slowlog = new Slowlog(this);
    this.latency = new Latency(options.latencyThresholdMs, () => this.clock.wallMs());
    this.cron = new Cron(this);
    this.refreshMeasuring();
  }

  /** From now on it belongs to a cluster. Before anybody is served. */
  enterCluster(member: ClusterMember, orders?: ClusterOrders): void {
    this.orders = orders;
    this.gate = new Gate(this, member);
    this.modes |= NodeMode.CLUSTER;
    this.gate.changed();
  }

  /** Work begins: for a session, or for the node itself. */
  beginEvent(session: Session | undefined): void {
    this.store.now = this.clock.wallMs();
    this.markMs = this.store.now;
    this.current = session;
    this.gate?.beginEvent();
  }

  /** Work is done: others get what it left for them. */
  endEvent(): void {
    this.current = undefined;
    if (this.leases.hasWoken) this.leases.answerWoken();
    if (this.tracking.hasBroadcasts) this.tracking.broadcast();
    if (this.outbox.hasPushes) this.outbox.endPushes();
    if (this.#resumable.length > 0 && !this.#isResuming) this.#resumeAll();
  }

  /** A hold of the session was lifted: it goes on when the event at hand is over. */
  resumeLater(session: Session): void {
    this.#resumable.push(session);
  }

  /** The table of tracked keys, the records of leases and what replication keeps count in the memory budget. */
  accountExternalBytes(): void {
    const replicationBytes = this.shardStore?.accountedBytes ?? 0;
    const bytes = this.tracking.usedBytes + this.leases.accountedBytes + replicationBytes;
    if (bytes === this.store.externalBytes) return;
    this.store.setExternalBytes(bytes);
    // A page of the table may be worth many small entries: the room is made now, but not at any length.
    for (let slice = 0; slice < EXTERNAL_SLICES && this.store.reclaim(); slice++);
  }

  setMaxMemory(bytes: number): void {
    this.store.setMaxBytes(bytes);
    this.config.budgetChanged(bytes);
    const { table } = this.tracking;
    table.setMaxBytes(trackingBudget(table.maxBytes, bytes));
    this.leases.budgetChanged(bytes);
    this.shardStore?.budgetChanged(bytes);
    this.accountExternalBytes();
  }

  setLogLevel(level: string): void {
    this.logLevel = level;
    this.log.setLevel?.(logLevelNames[level] ?? 'info');
  }

  /** Thresholds have changed. */
  refreshMeasuring(): void {
    const { slowlogThresholdUs } = this.config;
    const isSlowlogFine = slowlogThresholdUs >= 0 && slowlogThresholdUs < MEASURE_ALL_BELOW_US;
    const isLatencyFine =
      this.latency.thresholdMs > 0 && this.latency.thresholdMs * 1000 < MEASURE_ALL_BELOW_US;
    if (isSlowlogFine || isLatencyFine) this.modes |= NodeMode.MEASURE_ALL;
    else this.modes &= ~NodeMode.MEASURE_ALL;
  }

  /** All commands executed so far. */
  get commandCount(): number {
    let count = 0;
    for (const command of this.commands.list) {
      count += command.calls;
      for (const child of command.children) count += child.calls;
    }
    return count;
  }

  get keyCount(): number {
    let count = 0;
    for (let db = 0; db < DATABASE_COUNT; db++) count += this.store.count(db);
    return count;
  }

  sampleRates(nowMs: number): void {
    const { stats, store } = this;
    stats.commandRate.sample(this.commandCount, nowMs);
    stats.inputRate.sample(stats.bytesIn, nowMs);
    stats.outputRate.sample(this.outbox.bytesOut, nowMs);
    stats.evictionRate.sample(store.stats.evicted, nowMs);
    stats.expiryRate.sample(store.stats.expired, nowMs);
    stats.peakMemoryBytes = Math.max(stats.peakMemoryBytes, store.usedBytes);
  }

  resetStatistics(): void {
    this.stats.reset();
    this.outbox.bytesOut = 0;
    Object.assign(this.store.stats, { hits: 0, misses: 0, expired: 0, evicted: 0 });
    for (const command of this.commands.list) command.resetStatistics();
  }

  #resumeAll(): void {
    this.#isResuming = true;
    for (let session = this.#resumable.shift(); session !== undefined; session = this.#resumable.shift()) {
      this.intake.resume(session);
    }
    this.#isResuming = false;
  }
}

const logLevelNames: Readonly<Record<string, 'debug' | 'info' | 'warn'>> = {
  debug: 'debug',
  verbose: 'debug',
  notice: 'info',
  warning: 'warn',
};
