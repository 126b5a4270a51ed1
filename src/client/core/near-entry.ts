/**
 * What is handed to the near cache with a value, and what the near cache tells of itself.
 */

/** What enters. All times are of the clock that reads are given. */
export interface NearEntry<H> {
  /** What a hit gives back. Nobody may be able to change what it leads to: see freezer.ts. */
  readonly handle: H;
  /** What the value takes on the heap; the `Freezer` counts it. Bytes must be a copy, no part of a larger buffer. */
  readonly valueBytes: number;
  /** The number of the connection the value was read from, 0 to 1023: what `flushNode` is told when it breaks. */
  readonly node: number;
  readonly freshUntilMs: number;
  /** The drawn time of its early refresh; never, if it is left out. */
  readonly refreshAtMs?: number;
  /** To be refreshed it must be loaded: at its node it ends at the same time. Else reading it anew is enough. Default false. */
  readonly needsLoad?: boolean;
  /** Until when `getStale` may give it; `freshUntilMs` if it is left out. */
  readonly staleUntilMs?: number;
}

/** Counts since the start, but for what is there now: `entries` and `bytes`. */
export interface NearStats {
  readonly hits: number;
  readonly misses: number;
  /** Values given by `getStale`. */
  readonly staleHits: number;
  readonly entries: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** Entries that made room for others. */
  readonly evictions: number;
  /** Entries that left because their time was over. */
  readonly expirations: number;
  /** Keys invalidated, whether they were here or not; `invalidateAll` counts as one. */
  readonly invalidations: number;
  readonly flushes: number;
  /** Values that did not enter because something was invalidated while they were under way. */
  readonly refusedTickets: number;
  /** Values that did not enter because they are larger than an eighth of all bytes. */
  readonly refusedSizes: number;
}
