/**
 * Several independent nodes behind one engine: the ring says which of them has a key.
 *
 *   key ──ring──> node 1 ──circuit──> engine ──> 10.0.0.2:6379
 *
 * Invariants
 * - A key belongs to one node, whatever the state of the nodes. The keys of a node that is down are not given to others:
 *   their calls fail with a retryable error, and the cache does without. Else the node would come back with
 *   what was deleted meanwhile.
 * - The number of a node is its place among the sorted ids: the same for the same list.
 * - `clear` goes to all nodes and has succeeded only if all have done it.
 */
import type { RandomSource } from '../../base/index.js';
import { Ring, type RingNode } from '../../ring/index.js';
import type { CircuitOptions } from '../core/index.js';
import { ClientError } from '../errors.js';
import type { TimeSource } from '../time.js';
import type { Engine, EngineHost, Payload, Reading, ReadMode } from './engine.js';
import { GuardedEngine } from './guarded-engine.js';

export interface RoutedEngineOptions {
  /** Ids and weights; all clients of the nodes must write them alike. */
  readonly nodes: readonly RingNode[];
  /** Makes the engine of a node; all it tells goes to this host, with this number. */
  readonly make: (id: string, node: number, host: EngineHost) => Engine;
  readonly time: TimeSource;
  readonly random: RandomSource;
  /** Default: `circuitDefaults`. */
  readonly circuit?: CircuitOptions;
}

export class RoutedEngine implements Engine {
  readonly description: string;
  readonly #ring: Ring;
  readonly #engines: readonly GuardedEngine[];
  readonly #engineOf: ReadonlyMap<string, GuardedEngine>;
  readonly #nodeOf: ReadonlyMap<string, number>;

  /** Throws a RingNodesError if the nodes are wrong. */
  constructor(options: RoutedEngineOptions, host: EngineHost) {
    this.#ring = new Ring(options.nodes);
    const { ids } = this.#ring;
    this.#engines = ids.map(
      (id, node) => new GuardedEngine((inner) => options.make(id, node, inner), host, options),
    );
    this.#engineOf = new Map(this.#engines.map((engine, node) => [ids[node], engine]));
    this.#nodeOf = new Map(ids.map((id, node) => [id, node]));
    this.description = `${ids.length} nodes: ${ids.join(', ')}`;
  }

  nodeOf(key: string): number {
    return this.#nodeOf.get(this.#ring.pick(key)) as number;
  }

  homeOf(key: string): number {
    return this.nodeOf(key);
  }

  /** Resolves when one node is ready; rejects when none will be. */
  async ready(): Promise<void> {
    try {
      await Promise.any(this.#engines.map((engine) => engine.ready()));
    } catch (error) {
      const { errors } = error as AggregateError;
      const closed = errors.find((each) => each instanceof ClientError && each.code === 'CLOSED');
      if (closed !== undefined) throw closed;
      const message = `none of ${this.description} is ready: ${(errors[0] as Error).message}`;
      const isRetryable = errors.some((each) => !(each instanceof ClientError) || each.retryable);
      throw new ClientError('CONNECT_FAILED', message, { cause: error, retryable: isRetryable });
    }
  }

  read<R>(key: string, mode: ReadMode, deadlineMs: number, reading: Reading<R>): Promise<R> {
    return this.#of(key).read(key, mode, deadlineMs, reading);
  }

  fill(key: string, token: string, payload: Payload, deadlineMs: number): Promise<boolean> {
    return this.#of(key).fill(key, token, payload, deadlineMs);
  }

  fail(key: string, token: string, error: string, errorMs: number, deadlineMs: number): Promise<boolean> {
    return this.#of(key).fail(key, token, error, errorMs, deadlineMs);
  }

  renew(key: string, token: string, deadlineMs: number): Promise<boolean> {
    return this.#of(key).renew(key, token, deadlineMs);
  }

  put(key: string, payload: Payload, deadlineMs: number): Promise<void> {
    return this.#of(key).put(key, payload, deadlineMs);
  }

  remove(key: string, deadlineMs: number): Promise<boolean> {
    return this.#of(key).remove(key, deadlineMs);
  }

  soften(key: string, deadlineMs: number): Promise<boolean> {
    return this.#of(key).soften(key, deadlineMs);
  }

  beginWrite(key: string, deadlineMs: number): Promise<string | undefined> {
    return this.#of(key).beginWrite(key, deadlineMs);
  }

  async clear(prefix: string, deadlineMs: number): Promise<number> {
    // Nodes that answer do it, whatever becomes of the others.
    const calls = await Promise.allSettled(this.#engines.map((engine) => engine.clear(prefix, deadlineMs)));
    let deleted = 0;
    for (const call of calls) {
      if (call.status === 'rejected') throw call.reason;
      deleted += call.value;
    }
    return deleted;
  }

  close(): void {
    for (const engine of this.#engines) engine.close();
  }

  #of(key: string): GuardedEngine {
    return this.#engineOf.get(this.#ring.pick(key)) as GuardedEngine;
  }
}
