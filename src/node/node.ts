/**
 * Starting a node, and ending it.
 *
 *   startNode --> listens, serves --drain--> accepts nothing more, answers what has arrived --> closed
 *                                 --stop---> closed at once
 *
 * After `drain` or `stop` nothing of the node keeps the process alive.
 */
import { CacheNode } from './cache-node.js';
import { drain } from './drain.js';
import { Listener } from './listener.js';
import { defaultMemoryBytes } from './memory-limit.js';
import { type NodeOptions, optionRanges, resolve } from './options.js';

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

export interface RunningNode {
  /** As given. */
  readonly host: string;
  /** Where it listens, also when port 0 was given. */
  readonly port: number;
  traffic(): NodeTraffic;
  /**
   * Accepts no more connections, executes what has arrived from the others, sends the replies, and closes.
   * Resolves when all are closed, at the latest after `drainTimeoutMs`. May be called again.
   */
  drain(): Promise<void>;
  /** Closes everything at once; replies not yet sent are lost. */
  stop(): Promise<void>;
}

/**
 * Starts a node. Rejects with an OptionsError that names all problems of the options, or with the system's
 * error (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`) when it cannot listen.
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
  inside.port = await listener.listen();
  inside.cron.start();
  const running = new Running(inside, listener);
  inside.requestShutdown = () => {
    void running.drain();
    resolved.onShutdown();
  };
  return { running, inside };
}

class Running implements RunningNode {
  readonly host: string;
  readonly port: number;
  readonly #node: CacheNode;
  readonly #listener: Listener;
  #ended: Promise<void> | undefined;

  constructor(node: CacheNode, listener: Listener) {
    this.#node = node;
    this.#listener = listener;
    this.host = node.options.host;
    this.port = node.port;
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

  drain(): Promise<void> {
    this.#ended ??= this.#drain();
    return this.#ended;
  }

  stop(): Promise<void> {
    this.#listener.close();
    this.#end();
    this.#ended ??= Promise.resolve();
    return this.#ended;
  }

  async #drain(): Promise<void> {
    this.#listener.close();
    await drain(this.#node);
    this.#end();
  }

  #end(): void {
    this.#node.cron.stop();
    this.#node.sessions.closeAll();
  }
}
