/**
 * The cache as applications use it: values by key, read through, and never older than the last acknowledged
 * invalidation.
 *
 *   getOrLoad   near cache -> callers of this process -> node, with a load lease -> loader
 *   get, getMany, peek   what is there                 set   stores
 *   delete, expire, clear, writeThrough   invalidate, and resolve when the node has acknowledged
 *
 * Reads never reject because of the cache: without it they load (but `peek`, which asks about the cache itself). Invalidations do, since a caller must know that the
 * old value may still be served elsewhere.
 */
import { Random } from '../base/index.js';
import { type CacheEventName, type CacheListener, Events } from './cache-events.js';
import type { ResolvedBehavior } from './cache-options.js';
import {
  CacheCounts,
  type CacheParts,
  type CacheStats,
  forget,
  forgetWhere,
  type How,
  noteCacheError,
} from './cache-parts.js';
import { KeptLoads, LoadTable } from './core/index.js';
import {
  type Engine,
  type EngineHost,
  type EngineOptions,
  type KeyPlace,
  plainReading,
} from './engine/engine.js';
import { Invalidator } from './invalidator.js';
import { Lease } from './lease.js';
import { type LoadOptions, type ResolvedLoadOptions, resolveLoadOptions } from './load-options.js';
import { Group } from './loader-groups.js';
import type { Loader } from './loading.js';
import { look } from './look.js';
import { NearValues } from './near-values.js';
import { News, type NewsSources } from './news.js';
import { Reader } from './reader.js';
import { asStored } from './serializer.js';
import { decodeAnswer, encodeLoaded } from './stored.js';
import type { TimeSource } from './time.js';
import { Wakes } from './wakes.js';

/** What stands under a key. */
export interface Peeked<T> {
  /** Undefined for an entry that says that there is nothing. */
  readonly value: T | undefined;
  readonly state: 'fresh' | 'stale';
  /** Of a fresh value: ms until it is stale or gone, Infinity for never. Of a stale one: ms since then. */
  readonly ms: number;
  /**
   * How early it is refreshed, in ms: between two and four of these before it is stale. Whoever stored it worked it out
   * from how long it took to load and from its lifetime. 0: not early.
   */
  readonly leadMs: number;
}

/** What a cache knows of a key, and where it would look. */
export interface Explanation {
  readonly key: string;
  /** The key at the node. */
  readonly name: string;
  readonly engine: string;
  readonly node: number;
  /** Undefined unless it is in a cluster. */
  readonly place: KeyPlace | undefined;
  readonly isNear: boolean;
  readonly isInvalidationPending: boolean;
  readonly atNode: Peeked<unknown> | 'nothing' | Error;
}

export class Cache {
  readonly #behavior: ResolvedBehavior;
  readonly #groupNames: ReadonlySet<string>;
  readonly #parts: CacheParts;
  readonly #reader: Reader;
  readonly #invalidator: Invalidator;
  readonly #near: NearValues | undefined;
  readonly #prefix: string;
  readonly #news: News;

  /** Use `createCache`. */
  constructor(
    behavior: ResolvedBehavior,
    startEngine: (host: EngineHost, options: EngineOptions) => Engine,
    time: TimeSource,
    seed: number,
    sources: NewsSources = {},
  ) {
    const { near, serializer, leaseMs } = behavior;
    const { ttlMs, staleWhileRevalidateMs, staleIfErrorMs } = behavior.load;
    const random = new Random(seed);
    this.#behavior = behavior;
    this.#prefix = behavior.prefix;
    this.#groupNames = new Set(behavior.groups.keys());
    this.#near = near === undefined ? undefined : new NearValues(near, serializer, time, random);
    const copies = near?.copy === true;
    const events = new Events();
    const wakes = new Wakes();
    const table: CacheParts['table'] = new LoadTable();
    const host: EngineHost = {
      woken: (key) => wakes.wake(key),
      invalidated: (key) => this.#invalidated(key),
      unsound: (node) => this.#near?.unsound(node),
      sound: (sinceMs, node) => this.#near?.sound(node, sinceMs),
      drawTicket: () => this.#near?.drawTicket() ?? 0,
      reachable: (problem, home) => {
        // A node that was away has forgotten who waits.
        wakes.wakeAll();
        if (problem === undefined) this.#invalidator.hasten(home);
        events.emit('reachable', { problem });
      },
    };
    const engine = startEngine(host, {
      serializer: copies ? asStored(serializer) : serializer,
      leaseMs,
      tracks: near !== undefined,
    });
    const groups = new Map(
      [...behavior.groups].map(([name, options]) => [name, new Group(name, options, time)]),
    );
    this.#parts = {
      engine,
      serializer,
      copies,
      near: this.#near,
      table,
      kept: new KeptLoads(),
      wakes,
      groups,
      events,
      counts: new CacheCounts(),
      time,
      random,
      isPending: (name) => this.#invalidator.isPending(name),
      deadlineMs: behavior.deadlineMs,
      leaseMs,
      longestMs: ttlMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs),
    };
    this.#news = new News(this.#parts, this.#prefix, sources);
    this.#reader = new Reader(this.#parts);
    this.#invalidator = new Invalidator(this.#parts, this.#prefix, behavior.invalidationDeadlineMs);
  }

  /**
   * The value of a key; if there is none, the loader's, stored for all. One loader runs per key in the whole fleet.
   *
   * Resolves to undefined when the loader found nothing. Rejects with the loader's error, LOAD_FAILED (another process
   * has just failed), LOAD_TIMEOUT, LOAD_SHED, VALUE or OPTIONS; never because the cache cannot be reached. A near hit
   * does not look at the options, unless its refresh is due. It does not throw.
   */
  getOrLoad<T>(key: string, loader: Loader<T>, options?: LoadOptions): Promise<T | undefined> {
    const name = this.#nameOf(key);
    const near = this.#near;
    const hit = near?.get(name, true) as Promise<T | undefined> | undefined;
    if (near !== undefined && hit !== undefined && !near.isRefreshDue) return hit;
    let how: How;
    try {
      how = { key, loader: loader as Loader<unknown>, options: this.#resolve(options) };
    } catch (error) {
      return Promise.reject(error);
    }
    if (hit === undefined) return this.#reader.read(name, how) as Promise<T | undefined>;
    this.#reader.reread(name, how);
    return hit;
  }

  /** What is there: a fresh value, or one within `staleWhileRevalidate`. Undefined otherwise, and when the cache cannot say. */
  get<T = unknown>(key: string): Promise<T | undefined> {
    const name = this.#nameOf(key);
    const near = this.#near;
    const hit = near?.get(name, false) as Promise<T | undefined> | undefined;
    if (near !== undefined && hit !== undefined && !near.isRefreshDue) return hit;
    const looked = look(this.#parts, name, key, this.#behavior.load) as Promise<T | undefined>;
    return hit ?? looked;
  }

  /** `get` of many keys, in one write to each node. The values stand in the order of the keys. */
  getMany<T = unknown>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  /**
   * What stands under a key at its node, stale or fresh, and for how long; undefined if nothing does. Rejects with a
   * ClientError when the cache cannot be reached: it is the cache that is asked about.
   */
  async peek<T = unknown>(key: string): Promise<Peeked<T> | undefined> {
    const { engine, deadlineMs } = this.#parts;
    const answer = await engine.read(this.#nameOf(key), 'look', deadlineMs, plainReading);
    if (!answer.isThere) return undefined;
    const value = decodeAnswer(this.#parts, answer).forReader() as T | undefined;
    const { ms, loadMs: leadMs } = answer;
    return { value, state: answer.status === 'hit' ? 'fresh' : 'stale', ms, leadMs };
  }

  /**
   * Stores a value. Loads under way are not stored. If it cannot be stored, the key is deleted: see `delete`. One that was
   * given up may still be executed later: what follows a write of the database is `writeThrough`, or a delete.
   */
  async set(key: string, value: unknown, options?: LoadOptions): Promise<void> {
    const name = this.#nameOf(key);
    const resolved = this.#resolve(options);
    const loaded = { value, isAbsent: false, ttlMs: resolved.ttlMs, loadMs: 0 };
    const { payload } = encodeLoaded(this.#parts, key, loaded, resolved.ttlMs, resolved);
    forget(this.#parts, name);
    try {
      await this.#parts.engine.put(name, payload, this.#parts.deadlineMs);
      forget(this.#parts, name);
    } catch (error) {
      noteCacheError(this.#parts, 'put', key, error);
      await this.#invalidator.invalidate(name, key, 'delete');
    }
  }

  /**
   * Deletes a key: no read that begins after this has resolved gets the old value, and no load under way can put it
   * back. Rejects with an InvalidationPending when the node did not acknowledge in time; it is repeated until it does.
   */
  delete(key: string): Promise<boolean> {
    return this.#invalidator.invalidate(this.#nameOf(key), key, 'delete');
  }

  /** Makes a key stale: it is loaded anew, and may be served within `staleWhileRevalidate` and `staleIfError`. As `delete`. */
  expire(key: string): Promise<boolean> {
    return this.#invalidator.invalidate(this.#nameOf(key), key, 'expire');
  }

  /**
   * Deletes every key of this cache. Returns how many there were. Rejects with a ClientError if not all nodes have done it
   * within `invalidationDeadline`; unlike a delete it is not repeated then.
   */
  clear(): Promise<number> {
    return this.#invalidator.clear(this.#prefix);
  }

  /**
   * Writes the database through the cache: the key is deleted, `write` runs, and what it returns is stored, unless
   * somebody else wrote or deleted the key meanwhile; then it is deleted again.
   */
  async writeThrough<T>(key: string, write: () => Promise<T> | T, options?: LoadOptions): Promise<T> {
    const name = this.#nameOf(key);
    const resolved = this.#resolve(options);
    const { engine, deadlineMs } = this.#parts;
    forget(this.#parts, name);
    let lease: Lease | undefined;
    try {
      const token = await engine.beginWrite(name, deadlineMs);
      if (token !== undefined) lease = new Lease(this.#parts, name, token);
    } catch (error) {
      noteCacheError(this.#parts, 'beginWrite', key, error);
    }
    forget(this.#parts, name);
    let value: T;
    try {
      value = await write();
    } catch (error) {
      // Whether the database has written is not known: nobody may fill what was read before.
      await this.#endWrite(name, key, lease).catch(() => {
        // Events tell that it is pending; the caller has to know that its write failed.
      });
      throw error;
    }
    if (value !== undefined && lease !== undefined) {
      const loaded = { value, isAbsent: false, ttlMs: resolved.ttlMs, loadMs: 0 };
      const filled = await this.#fillWritten(key, lease, loaded, resolved);
      forget(this.#parts, name);
      if (filled) return value;
      lease = undefined;
    }
    await this.#endWrite(name, key, lease);
    return value;
  }

  /** A function that caches what another returns, by a key made of its arguments. */
  wrap<A extends readonly unknown[], T>(
    load: (...args: A) => T | Promise<T>,
    options: LoadOptions & { readonly key: (...args: A) => string },
  ): (...args: A) => Promise<T | undefined> {
    const { key, ...how } = options;
    return (...args) => this.getOrLoad<T>(key(...args), () => load(...args), how);
  }

  /** Resolves when the cache can be reached; rejects when that will hardly be. Nothing needs to wait for it. */
  ready(): Promise<void> {
    return this.#parts.engine.ready();
  }

  /** Calls the listener for each such event; returns what takes it back. */
  on<N extends CacheEventName>(name: N, listener: CacheListener<N>): () => void {
    return this.#parts.events.on(name, listener);
  }

  off<N extends CacheEventName>(name: N, listener: CacheListener<N>): void {
    this.#parts.events.off(name, listener);
  }

  stats(): CacheStats {
    const { counts, engine, groups, table } = this.#parts;
    const near = this.#near?.stats();
    return {
      ...counts,
      nearHits: near?.hits ?? 0,
      near,
      groups: Object.fromEntries([...groups].map(([name, group]) => [name, group.stats()])),
      cluster: engine.cluster?.stats(),
      loading: table.size,
      pendingInvalidations: this.#invalidator.count,
    };
  }

  /** What is known of a key, and where a read of it would go. */
  async explain(key: string): Promise<Explanation> {
    const { engine } = this.#parts;
    const name = this.#nameOf(key);
    const atNode = await this.peek(key).then(
      (peeked) => peeked ?? ('nothing' as const),
      (error: Error) => error,
    );
    return {
      key,
      name,
      engine: engine.description,
      node: engine.nodeOf(name),
      place: engine.cluster?.placeOf(name),
      isNear: this.#near?.has(name) ?? false,
      isInvalidationPending: this.#invalidator.isPending(name),
      atNode,
    };
  }

  /** Closes the connections. Reads go on without the cache. */
  close(): void {
    this.#invalidator.close();
    this.#news.close();
    this.#parts.engine.close();
  }

  /** What the key is called at the node. To join it with '' is not free. */
  #nameOf(key: string): string {
    return this.#prefix === '' ? key : this.#prefix + key;
  }

  #resolve(options: LoadOptions | undefined): ResolvedLoadOptions {
    return resolveLoadOptions(options, this.#behavior.load, this.#groupNames);
  }

  async #fillWritten(
    key: string,
    lease: Lease,
    loaded: Parameters<typeof encodeLoaded>[2],
    resolved: ResolvedLoadOptions,
  ): Promise<boolean> {
    try {
      const { payload } = encodeLoaded(this.#parts, key, loaded, resolved.ttlMs, resolved);
      return await lease.fill(payload);
    } catch (error) {
      // It is written, but cannot be stored: it is read back by the next one.
      void lease.giveBack();
      noteCacheError(this.#parts, 'fill', key, error);
      return false;
    }
  }

  /** A write ends without a fill: what others may have filled meanwhile goes. */
  async #endWrite(name: string, key: string, lease: Lease | undefined): Promise<void> {
    void lease?.giveBack();
    await this.#invalidator.invalidate(name, key, 'delete');
  }

  /** A push of a node: somebody changed the key. */
  #invalidated(name: string | undefined): void {
    if (name === undefined) forgetWhere(this.#parts, () => true);
    else forget(this.#parts, name);
  }
}
