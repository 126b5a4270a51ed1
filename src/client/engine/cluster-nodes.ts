/**
 * The nodes of a cluster that are talked to: each an engine behind a circuit, over one connection, made when it is first asked for and kept for as
 * long as the node has its number.
 */
import type { RandomSource } from '../../base/index.js';
import type { CircuitOptions, ClusterRoutes } from '../core/index.js';
import type { TimeSource } from '../time.js';
import type { Caller } from './caller.js';
import type { Engine, EngineHost, EngineOptions } from './engine.js';
import type { EngineServer } from './engine-connection.js';
import { GuardedEngine } from './guarded-engine.js';
import { NuthatchEngine } from './nuthatch-engine.js';

const PING_DEADLINE_MS = 1_000;

export interface ClusterNodesOptions extends EngineOptions {
  /** All nodes are connected to as the first of them is. */
  readonly seeds: readonly EngineServer[];
  readonly time: TimeSource;
  readonly random: RandomSource;
  /** Default: `circuitDefaults`. */
  readonly circuit?: CircuitOptions;
}

interface ConnectedNode {
  readonly guarded: GuardedEngine;
  readonly inner: NuthatchEngine;
}

export class ClusterNodes {
  readonly #options: ClusterNodesOptions;
  readonly #routes: ClusterRoutes;
  readonly #host: EngineHost;
  readonly #topologyChanged: (node: number, version: number) => void;
  readonly #nodes = new Map<number, ConnectedNode>();
  #turn = 0;

  /**
   * What a node tells goes to this host, with the node's number, also whether it can be reached; and that it has learnt of a version of the
   * topology to `topologyChanged`.
   */
  constructor(
    options: ClusterNodesOptions,
    routes: ClusterRoutes,
    host: EngineHost,
    topologyChanged: (node: number, version: number) => void,
  ) {
    this.#options = options;
    this.#routes = routes;
    this.#host = host;
    this.#topologyChanged = topologyChanged;
  }

  /** Begins to connect, if it has not begun. */
  engineOf(number: number): Engine {
    return this.#connected(number).guarded;
  }

  /** For what is asked beside keys; undefined while the node is not connected. */
  callerOf(number: number): Caller | undefined {
    return this.#nodes.get(number)?.inner.caller;
  }

  /** Of all that are connected; another one first each time. */
  callers(): Caller[] {
    const callers = [...this.#nodes.values()].flatMap(({ inner }) => inner.caller ?? []);
    const at = this.#turn++ % Math.max(1, callers.length);
    return [...callers.slice(at), ...callers.slice(0, at)];
  }

  serverOf(number: number): EngineServer {
    const [first] = this.#options.seeds;
    const node = this.#routes.node(number);
    return node === undefined ? { ...first } : { ...first, host: node.host, port: node.port };
  }

  /** Nobody has these numbers any more. */
  leave(numbers: Iterable<number>): void {
    for (const number of numbers) {
      this.#nodes.get(number)?.guarded.close();
      this.#nodes.delete(number);
    }
  }

  /** How far they are. One that does not answer is away, and known as such. */
  measure(): void {
    const { time } = this.#options;
    for (const [number, { inner }] of this.#nodes) {
      const sentMs = time.now();
      const take = (): void => this.#routes.tookMs(number, time.now() - sentMs);
      inner.caller?.call(['PING'], { deadlineMs: PING_DEADLINE_MS, take }).catch(() => {});
    }
  }

  close(): void {
    for (const { guarded } of this.#nodes.values()) guarded.close();
  }

  #connected(number: number): ConnectedNode {
    const known = this.#nodes.get(number);
    if (known !== undefined) return known;
    const options = { ...this.#options, node: number };
    const server = this.serverOf(number);
    // It is made by the other one, which is handed what tells both.
    const made: { inner?: NuthatchEngine } = {};
    const make = (host: EngineHost): Engine => {
      made.inner = new NuthatchEngine(server, options, host, {
        isOfCluster: true,
        topologyChanged: (version) => this.#topologyChanged(number, version),
      });
      return made.inner;
    };
    const guarded = new GuardedEngine(make, this.#host, this.#options);
    const connected = { guarded, inner: made.inner as NuthatchEngine };
    this.#nodes.set(number, connected);
    return connected;
  }
}
