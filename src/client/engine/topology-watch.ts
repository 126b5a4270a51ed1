/**
 * Keeps what this client knows of its cluster new: asks one node after the other which version of the topology it knows, and reads one that
 * is another than the known.
 *
 *   calm       CLUSTER INFO each CALM_MS, for who has missed a push
 *   hurried    each HURRY_MS: from a MOVED, a refusal or a node that broke, until HURRIED_FOR_MS after the last of these
 *   at once    CLUSTER TOPOLOGY of the node that has sent a call elsewhere, or has pushed a newer version, since it knows better
 *
 *   no node of a topology can be asked: the seeds are, as at the start
 *
 * One question at a time, at most one each HURRY_MS. Whoever lags tells of an older version, which is not followed (core/cluster-routes.ts). Another
 * cluster at the known addresses is followed when for OTHER_AFTER_MS nobody has told of this one: it was begun anew.
 */
import { type Reply, ReplyMap, ReplyVerbatim } from '../../resp/index.js';
import { decodeTopology, isRefusal, type Topology } from '../../ring/index.js';
import { utf8Text } from '../bulk-decoders.js';
import { Connection } from '../connection/connection.js';
import type { ClusterRoutes, LearntTopology } from '../core/index.js';
import { ClientError } from '../errors.js';
import type { Timer, TimeSource } from '../time.js';
import type { Caller } from './caller.js';
import { addressOf, type EngineServer } from './engine-connection.js';

const CALM_MS = 1_000;
const HURRY_MS = 100;
/** Longer than a failover takes. */
const HURRIED_FOR_MS = 5_000;
const ANSWER_MS = 1_000;
const OTHER_AFTER_MS = 5_000;
const ANSWER = Object.freeze({ deadlineMs: ANSWER_MS, decode: utf8Text });

export interface TopologyWatchParts {
  readonly seeds: readonly EngineServer[];
  readonly time: TimeSource;
  readonly routes: ClusterRoutes;
  /** Nodes of the topology that are connected; another one first each time. */
  callers(): readonly Caller[];
  learnt(learnt: LearntTopology): void;
  /** No seed has told of a topology, and none was learnt before: why. */
  unknown(problem: ClientError): void;
  /** Time passes; told about each CALM_MS. */
  calm(): void;
}

export class TopologyWatch {
  readonly #parts: TopologyWatchParts;
  readonly #seeds: readonly Seed[];
  #timer: Timer | undefined;
  #isAsking = false;
  #hurriedUntilMs = 0;
  #askedMs = Number.NEGATIVE_INFINITY;
  #calmMs = 0;
  #seedTurn = 0;
  /** When somebody told of the cluster that is known. */
  #confirmedMs = 0;
  /** Who has sent a call elsewhere, or has told of a newer version. */
  #knowing: Caller | undefined;
  #isClosed = false;

  /** Begins to connect to the seeds. */
  constructor(parts: TopologyWatchParts) {
    this.#parts = parts;
    this.#seeds = parts.seeds.map((server) => new Seed(server, this.#seedChanged));
    this.#schedule();
    for (const seed of this.#seeds) seed.open();
  }

  /** Something has gone wrong that a newer topology may mend. `knowing`: who should know it. */
  hurry(knowing?: Caller): void {
    const now = this.#parts.time.now();
    const isScheduled = now < this.#hurriedUntilMs && this.#timer !== undefined;
    this.#hurriedUntilMs = now + HURRIED_FOR_MS;
    this.#knowing = knowing ?? this.#knowing;
    // It is told for each call that fails.
    if (!isScheduled) this.#schedule();
  }

  /** That node has learnt of this version. */
  told(version: number, knowing: Caller | undefined): void {
    const known = this.#parts.routes.topology?.version ?? 0;
    if (version <= known || this.#knowing !== undefined) return;
    this.#knowing = knowing;
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const seed of this.#seeds) seed.close();
  }

  readonly #seedChanged = (problem: ClientError | undefined): void => {
    if (problem !== undefined) {
      this.#tellUnknown(problem);
      return;
    }
    // Who is there at last is asked at once.
    this.#askedMs = Number.NEGATIVE_INFINITY;
    this.hurry();
    this.#schedule();
  };

  #tellUnknown(problem: ClientError): void {
    const isKnown = this.#parts.routes.topology !== undefined;
    if (!isKnown && this.#seeds.every((seed) => seed.problem !== undefined)) this.#parts.unknown(problem);
  }

  #schedule(): void {
    if (this.#isClosed || this.#isAsking) return;
    const { time, routes } = this.#parts;
    const now = time.now();
    const isHurried =
      routes.topology === undefined || now < this.#hurriedUntilMs || this.#knowing !== undefined;
    const dueMs = this.#askedMs + (isHurried ? HURRY_MS : CALM_MS);
    this.#timer?.cancel();
    const ask = (): void => {
      this.#timer = undefined;
      void this.#ask();
    };
    this.#timer = time.later(ask, Math.max(0, Math.min(dueMs - now, CALM_MS)), false);
  }

  async #ask(): Promise<void> {
    const { time } = this.#parts;
    const now = time.now();
    this.#askedMs = now;
    this.#isAsking = true;
    if (now - this.#calmMs >= CALM_MS) {
      this.#calmMs = now;
      this.#parts.calm();
    }
    const knowing = this.#knowing;
    this.#knowing = undefined;
    const [first] = this.#parts.callers();
    try {
      if (knowing !== undefined) await this.#askOf(knowing, true);
      else if (first !== undefined) await this.#askOf(first, false);
      else await this.#askSeed();
    } catch {
      // Whoever cannot be asked is not; another one is the next time.
    }
    if (first !== undefined) for (const seed of this.#seeds) seed.close();
    this.#isAsking = false;
    this.#schedule();
  }

  async #askSeed(): Promise<void> {
    for (const seed of this.#seeds) seed.open();
    const ready = this.#seeds.filter(({ caller }) => caller !== undefined);
    // Each in its turn: one of them may know nothing.
    const seed = ready[this.#seedTurn++ % Math.max(1, ready.length)];
    if (seed?.caller === undefined) return;
    try {
      await this.#askOf(seed.caller, true);
      seed.problem = undefined;
    } catch (error) {
      seed.problem = error as ClientError;
      this.#tellUnknown(seed.problem);
    }
  }

  async #askOf(caller: Caller, isTopologyWanted: boolean): Promise<void> {
    const { routes, time } = this.#parts;
    if (!isTopologyWanted) {
      const version = versionOf(await caller.call(['CLUSTER', 'INFO'], ANSWER));
      if (version === routes.topology?.version) this.#confirmedMs = time.now();
      if (version === undefined || version === routes.topology?.version) return;
    }
    const topology = topologyOf(await caller.call(['CLUSTER', 'TOPOLOGY'], ANSWER));
    if (this.#isClosed) return;
    if (topology === undefined) {
      const message =
        'the node has not heard of a cluster that it belongs to yet: begin one with nuthatch cluster init';
      throw new ClientError('NOT_CONNECTED', message);
    }
    const isSame = routes.topology === undefined || routes.topology.clusterId === topology.clusterId;
    const mayBeOther = time.now() - this.#confirmedMs >= OTHER_AFTER_MS;
    if (isSame) this.#confirmedMs = time.now();
    const learnt = routes.learn(topology, mayBeOther);
    if (learnt !== undefined) this.#parts.learnt(learnt);
  }
}

/** One of the addresses that were given, for as long as nobody else can be asked. */
class Seed {
  /** Why it cannot tell of a topology. */
  problem: ClientError | undefined;
  readonly #server: EngineServer;
  readonly #changed: (problem: ClientError | undefined) => void;
  #connection: Connection | undefined;

  constructor(server: EngineServer, changed: (problem: ClientError | undefined) => void) {
    this.#server = server;
    this.#changed = changed;
  }

  get caller(): Caller | undefined {
    return this.#connection?.state === 'ready' ? this.#connection : undefined;
  }

  open(): void {
    if (this.#connection !== undefined) return;
    this.#connection = new Connection({
      ...this.#server,
      onEvent: (event) => {
        if (event.kind === 'closed') return;
        this.problem = event.kind === 'ready' ? this.#problemOf(event.server.mode) : event.error;
        this.#changed(this.problem);
      },
    });
    this.#connection.connect();
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #problemOf(mode: string): ClientError | undefined {
    if (mode === 'cluster') return undefined;
    const message = `${addressOf(this.#server)} is in no cluster, and was taken for a node of one`;
    return new ClientError('UNSUPPORTED_SERVER', message);
  }
}

function versionOf(reply: Reply<string>): number | undefined {
  const text = reply instanceof ReplyVerbatim ? String(reply.body) : String(reply);
  const version = /^cluster_topology_version:(\d+)/m.exec(text)?.[1];
  return version === undefined ? undefined : Number(version);
}

/** Undefined: the node knows of none. Throws a ClientError if it is none that can be read here. */
function topologyOf(reply: Reply<string>): Topology | undefined {
  if (!(reply instanceof ReplyMap)) return undefined;
  const { items } = reply;
  const at = items.findIndex((item, i) => i % 2 === 0 && item === 'topology');
  const topology = decodeTopology(String(items[at + 1]));
  if (!isRefusal(topology)) return topology;
  throw new ClientError('PROTOCOL', `the topology of the cluster cannot be read: ${topology.refused}`);
}
