/**
 * What this process has loaded while no node may store it, kept for a moment: else each read would be a load.
 *
 *   cut-off node   grants a lease with each read, says that it is cut off, and refuses each fill
 *   first read     begin --loads--> keep, for KEPT_MS from the beginning of the load
 *   next reads     the node is asked, as ever: is it still cut off, and has nothing fresh --> get
 *
 * It never takes the place of an answer, so it is of no use once somebody may store again, and is given only if it is no further behind than
 * such an answer may be:
 *
 *   replica of a primary that died   nothing, behind by 200 ms   a load begins, kept
 *   new primary                      another process deletes the key, acknowledged
 *   replica of the new primary       nothing, behind by 10 ms    the load began 400 ms ago: load anew
 *
 * What is invalidated after `begin` is not kept. What goes near is kept elsewhere: near-cache.ts, of which this is a small one.
 *
 * Bounds: KEPT_BYTES, the least recently read goes first; a value that takes more than an eighth of that is loaded each time.
 * Memory is taken with the first `begin`.
 */
import { NearCache } from './near-cache.js';
import type { Ticket } from './near-tickets.js';

/** For so long, in ms: a database is asked for a key once in that time by a process, and values are soon new again. */
export const KEPT_MS = 1_000;
/** Some thousands of values of 1 KB: what a process reads within KEPT_MS, mostly. */
const KEPT_BYTES = 4 * 2 ** 20;
/** There is no node of which to forget all. */
const NO_NODE = 0;

/** The beginning of a load. */
export interface LoadStart {
  readonly startMs: number;
  readonly ticket: Ticket;
}

interface Kept<V> {
  readonly value: V;
  readonly startMs: number;
}

export class KeptLoads<V extends {}> {
  #cache: NearCache<Kept<V>> | undefined;

  /** A load begins whose value nobody will store. */
  begin(nowMs: number): LoadStart {
    this.#cache ??= new NearCache<Kept<V>>(KEPT_BYTES);
    return { startMs: nowMs, ticket: this.#cache.drawTicket() };
  }

  /** It has brought this value, which takes so many bytes. */
  keep(key: string, value: V, valueBytes: number, { startMs, ticket }: LoadStart, nowMs: number): void {
    const entry = { handle: { value, startMs }, valueBytes, node: NO_NODE, freshUntilMs: startMs + KEPT_MS };
    this.#cache?.enter(key, entry, ticket, nowMs);
  }

  /** For who is answered by a node that may be behind by so much. */
  get(key: string, behindMs: number, nowMs: number): V | undefined {
    const kept = this.#cache?.get(key, nowMs);
    return kept !== undefined && nowMs - kept.startMs <= behindMs ? kept.value : undefined;
  }

  /** The key was changed, or may have been. */
  invalidate(key: string): void {
    this.#cache?.invalidate(key);
  }

  invalidateAll(): void {
    this.#cache?.invalidateAll();
  }
}
