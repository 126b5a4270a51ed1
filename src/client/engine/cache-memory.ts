/**
 * A cache in the memory of this process: what its engines share, as clients of one node share the node.
 *
 *   engine A ──run──> store, load leases ──> events of others, queued ──> told when the store is at rest
 *   engine B ──run──>        ^
 *                            └── upkeep: leases that end, entries that expire
 *
 * An engine's event handler may call its engine again: the events of that call are told after those that are queued. What
 * an engine changes itself it is not told.
 *
 * All memory of entries and leases together is at most `maxBytes`; what was used longest ago goes first.
 */
import { Block, KeyHash, Random, type RandomSource } from '../../base/index.js';
import { LeaseClient, LoadLeases, MAX_KEY_BYTES, MAX_STORE_BYTES, Store } from '../../store/index.js';
import { ClientError, ClientOptionsError } from '../errors.js';
import { hostTime, type Timer, type TimeSource } from '../time.js';
import type { EngineHost } from './engine.js';

export interface CacheMemoryOptions {
  /** Memory for entries and leases, in bytes. Default 64 MiB. */
  readonly maxBytes?: number;
  /** The clock and the timers. Default: those of the host. */
  readonly time?: TimeSource;
  /** Default: seeded by the host. */
  readonly random?: RandomSource;
}

const DEFAULT_BYTES = 64 * 1024 * 1024;
/** What a store and a handful of leases can work with. */
const MIN_BYTES = 1024 * 1024;
/** Part of the memory that is for leases. */
const LEASE_SHARE = 1 / 16;
/** Upkeep is looked at so often while there is something that ends by itself. */
const UPKEEP_MS = 100;
/** Longest time that upkeep looks for expired entries at once. */
const SLICE_MS = 2;
/** The only database. */
const DB = 0;

/** An engine, as the memory sees it. */
export class MemoryClient extends LeaseClient {
  readonly host: EngineHost;
  readonly tracks: boolean;
  readonly node: number;

  constructor(host: EngineHost, tracks: boolean, node: number) {
    super();
    this.host = host;
    this.tracks = tracks;
    this.node = node;
  }
}

export class CacheMemory {
  readonly maxBytes: number;
  readonly time: TimeSource;
  readonly store: Store;
  readonly leases: LoadLeases;
  readonly #clients = new Set<MemoryClient>();
  readonly #events: (() => void)[] = [];
  #depth = 0;
  #timer: Timer | undefined;

  /** Throws a ClientOptionsError if the options are wrong. */
  constructor(options: CacheMemoryOptions = {}) {
    const { maxBytes = DEFAULT_BYTES, time = hostTime } = options;
    if (!Number.isInteger(maxBytes) || maxBytes < MIN_BYTES || maxBytes > MAX_STORE_BYTES) {
      const range = `give an integer from ${MIN_BYTES} to ${MAX_STORE_BYTES}`;
      throw new ClientOptionsError([`maxBytes is ${String(maxBytes)}; ${range}.`]);
    }
    // No secret is needed: keys come from this process.
    const random = options.random ?? new Random(Math.floor(Math.random() * 2 ** 32));
    const leaseBytes = Math.floor(maxBytes * LEASE_SHARE);
    const hash = new KeyHash(random.uint32() | 0, random.uint32() | 0);
    this.maxBytes = maxBytes;
    this.time = time;
    this.store = new Store({ maxBytes: maxBytes - leaseBytes, hash, random });
    const incarnation = `${random.uint32().toString(16)}${random.uint32().toString(16)}`;
    this.leases = new LoadLeases(this.store, incarnation, leaseBytes, time.now());
    this.leases.records.onWake = (client, _db, key) => {
      const text = Buffer.from(key, 'latin1').toString('utf8');
      if (client instanceof MemoryClient) this.#tell(client, () => client.host.woken(text));
    };
  }

  join(client: MemoryClient): void {
    this.#clients.add(client);
  }

  /** Its leases are free, and it is told nothing more. */
  leave(client: MemoryClient): void {
    this.#clients.delete(client);
    this.run(() => this.leases.records.release(client));
  }

  /** Does some work on the store at the time as it is now; afterwards others are told what it changed. */
  run<T>(work: () => T): T {
    // Lifetimes count whole ms from 1 on: 0 stands for none.
    this.store.now = Math.floor(this.time.now()) + 1;
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#tellAll();
      this.#planUpkeep();
    }
  }

  /** `by` wrote or deleted a key; or deleted it although it was not there. */
  changed(by: MemoryClient, key: string, block: Block, wasThere: boolean): void {
    this.leases.changed(DB, block, 0, block.bytes.length);
    if (!wasThere) return;
    for (const client of this.#clients) {
      if (client === by || !client.tracks) continue;
      this.#tell(client, () => client.host.invalidated(key, client.node));
    }
  }

  #tell(client: MemoryClient, event: () => void): void {
    this.#events.push(() => {
      if (this.#clients.has(client)) event();
    });
  }

  #tellAll(): void {
    // Events of what handlers do come behind; only this loop tells.
    this.#depth++;
    try {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) event();
    } finally {
      this.#depth--;
    }
  }

  #planUpkeep(): void {
    const isNeeded = this.leases.records.count > 0 || this.store.expiringCount(DB) > 0;
    if (isNeeded && this.#timer === undefined) this.#timer = this.time.later(this.#upkeep, UPKEEP_MS, false);
  }

  readonly #upkeep = (): void => {
    this.#timer = undefined;
    const endMs = this.time.now() + SLICE_MS;
    this.run(() => {
      this.leases.records.advance(this.time.now());
      this.store.expireSome(() => this.time.now() < endMs);
    });
  };
}

/** The bytes of a key. Throws a ClientError if they are too many. */
export function keyBlock(key: string): Block {
  const block = new Block(Buffer.from(key, 'utf8'));
  if (block.bytes.length <= MAX_KEY_BYTES) return block;
  const message = `a key of ${block.bytes.length} bytes is too long; at most ${MAX_KEY_BYTES} are taken`;
  throw new ClientError('TOO_LARGE', message);
}
