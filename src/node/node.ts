/**
 * Starting a node, and ending it.
 *
 *   startNode --> (joins its cluster) listens, serves --drain--> (hands over) accepts nothing more, answers what has arrived --> closed
 *                                                     --stop---> closed at once
 *
 * After `drain` or `stop` nothing of the node keeps the process alive.
 */
import { CacheNode } from './cache-node.js';
import type { LiveMember } from './cluster/cluster-member.js';
import type { ClusterStatus } from './cluster/cluster-status.js';
import { joinCluster } from './cluster/join-cluster.js';
import type { FirstPlan } from './cluster/orders.js';
import { drain } from './drain.js';
import { Listener } from './listener.js';
import { defaultMemoryBytes } from './memory-limit.js';
import { type NodeOptions, OptionsError, optionRanges, resolve } from './options.js';
import { type TlsOptions, tlsProblems } from './tls-options.js';

/** Counters since the start, and the state as of now. */
export interface NodeTraffic {
  readonly commands: number;
  readonly hits: number;
  readonly misses: number;
  readonly evicted: number;
  readonly expired: number;
  readonly keys: number;
  readonly usedBytes: number;
  readonly maxBytes: number;
  readonly clients: number;
}

/** The part of a node in its cluster, as an operator has it: what `nuthatch cluster` does by commands. */
export interface ClusterControl {
  /** Where other nodes reach it, also when port 0 was given: `join: ['HOST:' + busPort]`. */
  readonly busPort: number;
  /** Begins a cluster, once in its life, of nodes that know each other. Resolves with why not, if it is refused. */
  begin(plan: FirstPlan): Promise<string | undefined>;
  /** HOST:PORT of the primary of a key, as far as this node has heard; undefined: nobody is. */
  primaryOf(key: string): string | undefined;
  /** What it does, and what it believes of the others. */
  status(): Promise<ClusterStatus>;
  /** Hands its shard over to that node, or to any replica in sync. Resolves with why not, if it did not come about. */
  handOver(to?: string): Promise<string | undefined>;
}

export interface RunningNode {
  /** As given. */
  readonly host: string;
  /** Where it listens, also when port 0 was given. */
  readonly port: number;
  /** Undefined: it serves alone. */
  readonly cluster: ClusterControl | undefined;
  traffic(): NodeTraffic;
  /**
   * Accepts no more connections, executes what has arrived from the others, sends the replies, and closes.
   * Resolves when all are closed, at the latest after `drainTimeoutMs`. May be called again.
   */
  drain(): Promise<void>;
  /**
   * Connections from now on are made with these: for a certificate that was renewed. Those there are stay. Throws an
   * OptionsError when something is wrong, or the node was started without TLS; the certificate in use stays then.
   */
  renewTls(tls: TlsOptions): void;
  /** Closes everything at once; replies not yet sent are lost. */
  stop(): Promise<void>;
}

/**
 * Starts a node. Rejects with an OptionsError that names all problems of the options, with the system's
 * error (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`) when it cannot listen, or with a JoinError when it cannot be one of a cluster here.
 */
export async function startNode(options: NodeOptions = {}): Promise<RunningNode> {
  const node = await startCacheNode(options);
  return node.running;
}

/** The same for tests, which also want to look inside. */
export async function startCacheNode(
  options: NodeOptions,
  /** What else belongs to it, before it listens. */
  prepare: (inside: CacheNode) => void = () => {},
): Promise<{ running: RunningNode; inside: CacheNode }> {
  const resolved = resolve(options);
  const { min, max } = optionRanges.maxMemoryBytes;
  const maxMemoryBytes = resolved.maxMemoryBytes || Math.min(max, Math.max(min, defaultMemoryBytes()));
  const inside = new CacheNode(resolved, maxMemoryBytes);
  prepare(inside);
  const listener = new Listener(inside);
  // In a cluster nobody is served before it is known what this node is.
  const { port, member } = await joinCluster(inside);
  try {
    inside.port = await listener.listen(port);
  } catch (error) {
    await member?.close();
    throw error;
  }
  inside.cron.start();
  member?.start();
  const running = new Running(inside, listener, member);
  inside.requestShutdown = () => {
    void running.drain();
    resolved.onShutdown();
  };
  return { running, inside };
}

class Running implements RunningNode {
  readonly host: string;
  readonly port: number;
  readonly cluster: ClusterControl | undefined;
  readonly #node: CacheNode;
  readonly #listener: Listener;
  readonly #member: LiveMember | undefined;
  #ended: Promise<void> | undefined;

  constructor(node: CacheNode, listener: Listener, member: LiveMember | undefined) {
    this.#node = node;
    this.#listener = listener;
    this.#member = member;
    this.host = node.options.host;
    this.port = node.port;
    this.cluster = node.orders;
  }

  traffic(): NodeTraffic {
    const node = this.#node;
    const { hits, misses, evicted, expired } = node.store.stats;
    return {
      commands: node.commandCount,
      hits,
      misses,
      evicted,
      expired,
      keys: node.keyCount,
      usedBytes: node.store.usedBytes,
      maxBytes: node.store.maxBytes,
      clients: node.sessions.size,
    };
  }

  renewTls(tls: TlsOptions): void {
    const problems = tlsProblems(tls).map(({ field, problem }) => `tls.${field} ${problem}.`);
    if (this.#node.options.tls === undefined) problems.push('tls was not given at the start: start it anew.');
    if (problems.length > 0) throw new OptionsError(problems);
    this.#listener.renewTls(tls);
  }

  drain(): Promise<void> {
    this.#ended ??= this.#drain();
    return this.#ended;
  }

  stop(): Promise<void> {
    this.#listener.close();
    this.#end();
    this.#ended ??= this.#member?.kill() ?? Promise.resolve();
    return this.#ended;
  }

  async #drain(): Promise<void> {
    const member = this.#member;
    const problem = member?.role === 'primary' ? await member.handOverForGood() : undefined;
    if (problem !== undefined) this.#node.log.warn(`the shard of this node is not handed over: ${problem}`);
    this.#listener.close();
    await drain(this.#node);
    await member?.close();
    this.#end();
  }

  #end(): void {
    this.#node.cron.stop();
    this.#node.sessions.closeAll();
    this.#listener.closeHandshakes();
  }
}
