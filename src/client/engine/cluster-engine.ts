/**
 * A Nuthatch cluster behind one engine: each key is read and written at the nodes of its shard, which change as the cluster decides.
 *
 *   seeds ──topology──> routes: key ──slot──> shard ──> nodes      core/cluster-routes.ts, topology-watch.ts
 *   read              ──> the copies in their order, until one answers                                        cluster-read.ts
 *   fill, fail, renew, put, remove, soften, beginWrite ──> the primary; MOVED: the node that it names
 *   clear             ──> all primaries
 *   node n            ──circuit──> engine ──> one connection; to primaries from the start, to replicas when a read is to go there
 *
 * - What was surely not executed (MOVED, CLUSTERDOWN) is repeated while the deadline lasts. What may have been (UNCERTAIN, a connection that broke)
 *   is not: who invalidates repeats it by itself, and a delete may be done twice.
 * - When a newer topology names another primary or epoch of a shard, what is near of its old and of its new primary goes, all who wait are woken, and
 *   all that is pending is tried again.
 * - A node that is no primary under its lease says so with each answer, and in answer to the heartbeat: nothing of it is near. So an entry is of the
 *   (shard, epoch) under which it was read, or gone.
 * - The keys of a shard whose primary is away are not given to others but its own copies, for reads.
 */
import { textSlot } from '../../base/index.js';
import { connectionDefaults } from '../connection/connection-options.js';
import { ClusterRoutes, type LearntTopology, type ReadsFrom } from '../core/index.js';
import { ClientError, ReplyFailure } from '../errors.js';
import type { TimeSource } from '../time.js';
import { ClusterNodes, type ClusterNodesOptions } from './cluster-nodes.js';
import { ClusterRead, MAX_HOPS, movedTo, type ReadWays } from './cluster-read.js';
import { clusterStats, keyPlace } from './cluster-report.js';
import {
  type Engine,
  type EngineCluster,
  type EngineHost,
  hostWithin,
  type Payload,
  type Reading,
  type ReadMode,
  readOf,
} from './engine.js';
import { addressOf } from './engine-connection.js';
import type { NewsServers } from './news-servers.js';
import { Opening } from './opening.js';
import { TopologyWatch } from './topology-watch.js';

export interface ClusterEngineOptions extends ClusterNodesOptions {
  readonly reads: ReadsFrom;
  /** Follows the cluster too. */
  readonly news?: NewsServers;
}

/** A write that is refused for the moment is tried again after so long. */
const PAUSE_MS = 25;

export class ClusterEngine implements Engine {
  readonly #options: ClusterEngineOptions;
  readonly #host: EngineHost;
  readonly #routes: ClusterRoutes;
  readonly #watch: TopologyWatch;
  readonly #nodes: ClusterNodes;
  readonly #opening: Opening;
  readonly #ways: ReadWays;
  readonly #counts = { changes: 0, redirections: 0, unleasedHits: 0, largestStaleMs: 0 };
  #waiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  /** Why calls are rejected while no topology is known. */
  #absence: ClientError;
  /** Topologies that named another primary or epoch of a shard. */
  #moves = 0;
  #isKnown = false;
  #isClosed = false;

  /** Begins to connect. */
  constructor(options: ClusterEngineOptions, host: EngineHost) {
    this.#options = options;
    this.#host = host;
    this.#routes = new ClusterRoutes(options.reads);
    this.#opening = new Opening(options.time);
    this.#ways = this.#waysOf(options.time);
    const nodeHost = hostWithin(host, (problem, node) => this.#reached(node, problem));
    this.#nodes = new ClusterNodes(options, this.#routes, nodeHost, (node, version) =>
      this.#watch.told(version, this.#nodes.callerOf(node)),
    );
    this.#absence = new ClientError('NOT_CONNECTED', `no node of ${this.description} has told of it yet`);
    this.#watch = new TopologyWatch({
      seeds: options.seeds,
      time: options.time,
      routes: this.#routes,
      callers: () => this.#nodes.callers(),
      learnt: (learnt) => this.#learnt(learnt),
      unknown: (problem) => this.#unknown(problem),
      calm: () => {
        if (options.reads === 'nearest') this.#nodes.measure();
      },
    });
  }

  get description(): string {
    const { topology } = this.#routes;
    if (topology === undefined) return `the cluster of ${this.#options.seeds.map(addressOf).join(', ')}`;
    const nodes = [...this.#routes.nodes].map(addressOf);
    return `a nuthatch cluster of ${topology.shards.length} shards at ${nodes.join(', ')}`;
  }

  nodeOf(key: string): number {
    const shard = this.#routes.shardOf(textSlot(key));
    return shard?.primary ?? shard?.copies[0] ?? 0;
  }

  homeOf(): number {
    return this.#options.node ?? 0;
  }

  readonly cluster: EngineCluster = {
    stats: () => clusterStats(this.#routes, this.#counts),
    placeOf: (key) => keyPlace(this.#routes, key),
  };

  async ready(): Promise<void> {
    if (this.#isClosed) throw this.#absence;
    if (this.#routes.topology === undefined) await this.#known();
    const primaries = [...this.#routes.shards].flatMap(({ primary }) => primary ?? []);
    const outcomes = await Promise.allSettled(primaries.map((node) => this.#nodes.engineOf(node).ready()));
    if (outcomes.some(({ status }) => status === 'fulfilled')) return;
    const [first] = outcomes;
    throw first?.status === 'rejected' ? first.reason : nobody(this.description);
  }

  read<R>(key: string, mode: ReadMode, deadlineMs: number, reading: Reading<R>): Promise<R> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.read(key, mode, deadlineMs, reading));
    const slot = textSlot(key);
    const drawn = this.#options.reads === 'any' ? this.#options.random.uint32() / 2 ** 32 : 0;
    const order = mode === 'early' ? this.#primaryOnly(slot) : this.#routes.readersOf(slot, drawn);
    if (order.length === 0) return readOf(Promise.reject(this.#unserved(slot)), reading);
    return new ClusterRead(this.#ways, key, slot, mode, deadlineMs, reading, order).begin(deadlineMs);
  }

  fill(key: string, token: string, payload: Payload, deadlineMs: number): Promise<boolean> {
    return this.#write(key, deadlineMs, (engine, ms) => engine.fill(key, token, payload, ms));
  }

  fail(key: string, token: string, error: string, errorMs: number, deadlineMs: number): Promise<boolean> {
    return this.#write(key, deadlineMs, (engine, ms) => engine.fail(key, token, error, errorMs, ms));
  }

  renew(key: string, token: string, deadlineMs: number): Promise<boolean> {
    return this.#write(key, deadlineMs, (engine, ms) => engine.renew(key, token, ms));
  }

  put(key: string, payload: Payload, deadlineMs: number): Promise<void> {
    return this.#write(key, deadlineMs, (engine, ms) => engine.put(key, payload, ms));
  }

  remove(key: string, deadlineMs: number): Promise<boolean> {
    return this.#write(key, deadlineMs, (engine, ms) => engine.remove(key, ms));
  }

  soften(key: string, deadlineMs: number): Promise<boolean> {
    return this.#write(key, deadlineMs, (engine, ms) => engine.soften(key, ms));
  }

  beginWrite(key: string, deadlineMs: number): Promise<string | undefined> {
    return this.#write(key, deadlineMs, (engine, ms) => engine.beginWrite(key, ms));
  }

  async clear(prefix: string, deadlineMs: number): Promise<number> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.clear(prefix, deadlineMs));
    if (this.#routes.topology === undefined) throw this.#absence;
    const moves = this.#moves;
    const shards = [...this.#routes.shards];
    // Primaries that answer do it, whatever becomes of the others.
    const calls = await Promise.allSettled(
      shards.map(async ({ primary }) => {
        if (primary === undefined) throw nobody(this.description);
        return this.#nodes.engineOf(primary).clear(prefix, deadlineMs);
      }),
    );
    let deleted = 0;
    for (const [at, call] of calls.entries()) {
      if (call.status === 'rejected') {
        this.#failed(shards[at].primary, call.reason);
        throw call.reason;
      }
      deleted += call.value;
    }
    if (this.#moves === moves) return deleted;
    const message = `a shard has got another primary while keys that begin with '${prefix}' were deleted; try again`;
    throw new ClientError('NODE_DOWN', message, { mayHaveRun: true });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#absence = new ClientError('CLOSED', `the connections to ${this.description} were closed`);
    this.#watch.close();
    this.#nodes.close();
    this.#opening.over();
    for (const { reject } of this.#waiters.splice(0)) reject(this.#absence);
  }

  /** Resolves when a topology is known. */
  #known(): Promise<void> {
    const { seeds, time } = this.#options;
    const deadlineMs = seeds[0]?.connectDeadlineMs ?? connectionDefaults.connectDeadlineMs;
    return new Promise((resolve, reject) => {
      const late = (): void => {
        const message = `${this.description} was not known within ${deadlineMs} ms; ${this.#absence.message}`;
        reject(new ClientError('CONNECT_FAILED', message, { cause: this.#absence }));
      };
      // Somebody waits for this: the process must not end before.
      const timer = time.later(late, deadlineMs, true);
      this.#waiters.push({
        resolve: () => {
          timer.cancel();
          resolve();
        },
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      });
    });
  }

  // -- calls

  /** What reads need. */
  #waysOf(time: TimeSource): ReadWays {
    const counts = this.#counts;
    return {
      time,
      engineOf: (node) => this.#nodes.engineOf(node),
      knows: (node) => this.#routes.node(node) !== undefined,
      demoted: (node) => this.#watch.hurry(this.#nodes.callerOf(node)),
      primaryOf: (slot) => this.#routes.primaryOf(slot),
      failed: (node, error) => {
        const next = this.#failed(node, error);
        const isOfGone = error.code === 'CLOSED' && !this.#isClosed;
        return { isPassing: error.retryable || isMoved(error) || isOfGone, next };
      },
      unleasedHit: (staleMs) => {
        counts.unleasedHits++;
        counts.largestStaleMs = Math.max(counts.largestStaleMs, staleMs);
      },
    };
  }

  /** `send` sends to an engine, with so many ms; for what only a primary does. */
  async #write<T>(
    key: string,
    deadlineMs: number,
    send: (engine: Engine, deadlineMs: number) => Promise<T>,
  ): Promise<T> {
    if (this.#opening.isOn) await this.#opening.wait(() => Promise.resolve());
    const { time } = this.#options;
    const slot = textSlot(key);
    const endMs = time.now() + deadlineMs;
    let node = this.#routes.primaryOf(slot);
    for (let hops = 0; ; ) {
      if (node === undefined) throw this.#unserved(slot);
      try {
        return await send(this.#nodes.engineOf(node), Math.max(1, Math.ceil(endMs - time.now())));
      } catch (error) {
        const next = this.#failed(node, error);
        const isToBeMoved = next !== undefined && hops++ < MAX_HOPS;
        if (!isToBeMoved && !isRefusedForNow(error)) throw error;
        const pauseMs = isToBeMoved ? 0 : PAUSE_MS;
        if (time.now() + pauseMs >= endMs || this.#isClosed) throw error;
        if (pauseMs > 0) await new Promise<void>((resolve) => time.later(resolve, pauseMs, true));
        node = isToBeMoved ? next : this.#routes.primaryOf(slot);
      }
    }
  }

  /** A node did not do what was asked of it. Returns which one it has named instead. */
  #failed(node: number | undefined, error: unknown): number | undefined {
    if (!(error instanceof ClientError) || node === undefined) return undefined;
    const moved = movedTo(error);
    if (moved === undefined) {
      if (error.retryable || isUncertain(error)) this.#watch.hurry();
      return undefined;
    }
    this.#counts.redirections++;
    this.#watch.hurry(this.#nodes.callerOf(node));
    return this.#routes.nodeAt(moved.host, moved.port)?.number;
  }

  #primaryOnly(slot: number): readonly number[] {
    const primary = this.#routes.primaryOf(slot);
    return primary === undefined ? [] : [primary];
  }

  #unserved(slot: number): ClientError {
    if (this.#routes.topology === undefined) return this.#absence;
    this.#watch.hurry();
    return nobody(`slot ${slot} of ${this.description}`);
  }

  // -- nodes

  #reached(number: number, problem: Error | undefined): void {
    this.#routes.setAway(number, problem !== undefined);
    if (problem !== undefined) {
      this.#watch.hurry();
      for (const { primary, copies } of this.#routes.shards) {
        if (primary === number) for (const copy of copies) this.#nodes.engineOf(copy);
      }
    }
    this.#host.reachable(problem, this.homeOf());
  }

  // -- topology

  #learnt({ moved, gone }: LearntTopology): void {
    const isFirst = !this.#isKnown;
    this.#isKnown = true;
    this.#nodes.leave(gone);
    if (this.#options.tracks) for (const number of moved) this.#host.unsound(number);
    for (const { primary, copies } of this.#routes.shards) {
      if (primary !== undefined) this.#nodes.engineOf(primary);
      if (this.#options.reads !== 'primary') for (const copy of copies) this.#nodes.engineOf(copy);
    }
    this.#follow();
    this.#opening.over();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
    if (isFirst) return;
    this.#counts.changes++;
    if (moved.length > 0) this.#moves++;
    // Who waits at a node that is no longer the primary is woken by nobody else; and what is pending may succeed now.
    if (moved.length > 0) this.#host.reachable(undefined, this.homeOf());
  }

  #follow(): void {
    const primaries = [...this.#routes.shards].flatMap(({ primary }) => primary ?? []);
    this.#options.news?.follow(
      primaries.map((number) => this.#nodes.serverOf(number)),
      (channel) => {
        const holder = this.#routes.primaryOf(textSlot(channel));
        return holder === undefined ? undefined : this.#nodes.serverOf(holder);
      },
    );
  }

  #unknown(problem: ClientError): void {
    const message = `${this.description} is not known: ${problem.message}`;
    const isNews = message !== this.#absence.message;
    this.#absence = new ClientError('NOT_CONNECTED', message, { cause: problem });
    if (isNews) this.#host.reachable(problem, this.homeOf());
    for (const { reject } of this.#waiters.splice(0)) reject(problem);
  }
}

/** It was surely not executed, and may be in a moment, by this node or another. */
function isRefusedForNow(error: unknown): boolean {
  return error instanceof ReplyFailure && error.retryable && !error.mayHaveRun;
}

function isMoved(error: ClientError): boolean {
  return error instanceof ReplyFailure && error.replyCode === 'MOVED';
}

function isUncertain(error: ClientError): boolean {
  return error instanceof ReplyFailure && error.replyCode === 'UNCERTAIN';
}

function nobody(what: string): ClientError {
  return new ClientError('NODE_DOWN', `${what} has no primary at present`);
}
