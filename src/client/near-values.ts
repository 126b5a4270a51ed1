/**
 * The near cache with its values: what enters is frozen once and handed out as one settled promise, or kept as it was
 * stored and decoded for each hit (`copy`).
 *
 * An entry lives as long as the node says it is fresh, and at most `ttlMs`, both from the moment at which it was asked for: an
 * answer may have lain in a buffer while this process was stopped or busy. So a reader here is never later than that behind
 * an acknowledged invalidation; pushes make it far less.
 *
 * The clock is read once for 64 hits of an event, and anew in the next event: a process that was stopped, or whose
 * machine was, mostly wakes between two events, and then all that is over is over.
 */
import { CoarseClock, type RandomSource } from '../base/index.js';
import {
  drawRefreshAt,
  Freezer,
  type Frozen,
  NearCache,
  NearStaleness,
  type NearStats,
  refreshLeadMs,
  type StalenessStats,
} from './core/index.js';
import { decodeOrText, jsonSerializer, type Serializer } from './serializer.js';
import type { TimeSource } from './time.js';

export interface NearOptions {
  /** All its memory, structures included. */
  readonly maxBytes: number;
  /** An entry is read anew after so long at the latest. */
  readonly ttlMs: number;
  /** Decode for each hit, so that every reader has a value of its own. */
  readonly copy: boolean;
}

/** What is shared by readers of an entry: a settled promise, or the data to decode. */
type Handle = Promise<unknown> | { readonly data: string | Uint8Array };

/** A value as it can be kept: nobody can change it for others. */
export interface Held {
  readonly handle: Handle;
  readonly valueBytes: number;
}

/** What a read from the node takes, in ms, on a bad day. */
const READ_MS = 5;
/** Bytes that a settled promise and its value's text take when they are kept as stored. */
const STORED_BYTES = 64;

/** What UTF-8 has no bytes for. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A value, and as it is stored; undefined for what says that there is nothing. */
export interface NearValue {
  readonly value: unknown;
  readonly data: string | Uint8Array | undefined;
}

/** How long a value is to be remembered. */
export interface NearTimes {
  readonly node: number;
  /** When the node was asked for it, or given it. */
  readonly sentMs: number;
  /** How long it was fresh when the node answered. */
  readonly freshMs: number;
  readonly loadMs: number;
  readonly refreshes: boolean;
}

export class NearValues {
  readonly #near: NearCache<Handle>;
  readonly #staleness: NearStaleness;
  readonly #options: NearOptions;
  readonly #copies: boolean;
  readonly #serializer: Serializer;
  readonly #time: TimeSource;
  readonly #random: RandomSource;
  readonly #clock: CoarseClock;
  readonly #freeze: (value: unknown) => Frozen;
  /** The lead of what is only read anew, from its node. */
  readonly #rereadMs: number;

  constructor(options: NearOptions, serializer: Serializer, time: TimeSource, random: RandomSource) {
    this.#near = new NearCache(options.maxBytes);
    this.#staleness = new NearStaleness(options.ttlMs);
    this.#options = options;
    this.#copies = options.copy;
    this.#rereadMs = refreshLeadMs(READ_MS, options.ttlMs);
    this.#serializer = serializer;
    const freezer = new Freezer();
    // Every value has passed the serializer, and JSON makes nothing but trees of plain objects.
    this.#freeze =
      serializer === jsonSerializer
        ? (value) => freezer.freezeJson(value)
        : (value) => freezer.freezeDeep(value);
    this.#time = time;
    this.#random = random;
    this.#clock = new CoarseClock(
      () => time.now(),
      (run, ms) => {
        if (time.endOfEvent === undefined) time.later(run, ms, false);
        else time.endOfEvent(run);
      },
    );
  }

  /** A promise of the value; undefined: not here. After a hit, `isRefreshDue`. `canLoad`: so does who asks, if it must. */
  get(key: string, canLoad: boolean): Promise<unknown> | undefined {
    const handle = this.#near.get(key, this.#clock.now(), canLoad);
    return this.#copies ? this.#copied(handle) : (handle as Promise<unknown> | undefined);
  }

  /** Whether there is one. Nothing is counted, and nobody is told of a refresh. */
  has(key: string): boolean {
    return this.#near.has(key, this.#clock.now());
  }

  /** The last hit is to be refreshed, by reading it anew and, if need be, loading: told once. */
  get isRefreshDue(): boolean {
    return this.#near.isRefreshDue;
  }

  /** Makes a value immutable, before any reader has it, and counts its bytes. Undefined: its readers could change it for each other. */
  hold({ value, data }: NearValue): Held | undefined {
    if (value === undefined) return { handle: Promise.resolve(undefined), valueBytes: STORED_BYTES };
    if (this.#copies) {
      return data === undefined
        ? undefined
        : { handle: { data }, valueBytes: STORED_BYTES + 2 * data.length };
    }
    const { isImmutable, bytes } = this.#freeze(value);
    return isImmutable ? { handle: Promise.resolve(value), valueBytes: bytes } : undefined;
  }

  drawTicket(): number {
    return this.#near.drawTicket();
  }

  /** Remembers a value, if its node is sound and nothing that concerns it was invalidated since the ticket was drawn. */
  enter(key: string, held: Held | undefined, near: NearTimes, ticket: number): void {
    // The node knows another name for such a key, and tells of its changes by that.
    if (held === undefined || LONE_SURROGATE.test(key) || !this.#staleness.isSound(near.node)) return;
    const now = this.#time.now();
    const { ttlMs } = this.#options;
    const { node, sentMs, freshMs, loadMs, refreshes } = near;
    const freshUntilMs = sentMs + Math.min(freshMs, ttlMs);
    const needsLoad = freshMs <= ttlMs;
    const leadMs = needsLoad ? loadMs : this.#rereadMs;
    const refreshAtMs = refreshes
      ? drawRefreshAt(freshUntilMs, leadMs, this.#random)
      : Number.POSITIVE_INFINITY;
    this.#near.enter(key, { ...held, node, freshUntilMs, refreshAtMs, needsLoad }, ticket, now);
  }

  invalidate(key: string): void {
    this.#near.invalidate(key);
  }

  invalidateAll(): void {
    this.#near.invalidateAll();
  }

  /** Invalidations of the node may have been lost: what came from it goes, and nothing enters until it is sound. */
  unsound(node: number): void {
    this.#staleness.unsound(node, this.#time.now(), this.#near.stats().hits);
    this.#near.flushNode(node);
  }

  /** All changes on the node before `sinceMs` have been told. */
  sound(node: number, sinceMs: number): void {
    this.#staleness.sound(node, sinceMs, this.#time.now(), this.#near.stats().hits);
  }

  stats(): NearStats & StalenessStats {
    const stats = this.#near.stats();
    return { ...stats, ...this.#staleness.stats(this.#time.now(), stats.hits) };
  }

  #copied(handle: Handle | undefined): Promise<unknown> | undefined {
    if (handle === undefined || handle instanceof Promise) return handle;
    return Promise.resolve(decodeOrText(this.#serializer, handle.data));
  }
}
