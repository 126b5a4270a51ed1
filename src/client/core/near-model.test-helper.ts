/**
 * A naive near cache for comparison: a list, newest first, and the list of all events since the start.
 * A ticket is how many events there were.
 */
export interface ModelEntry {
  readonly key: string;
  readonly handle: object;
  readonly node: number;
  /** Counted with all that comes with it. */
  readonly bytes: number;
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
  readonly ticket: number;
  readonly needsLoad: boolean;
  refreshAtMs: number;
}

export interface ModelEvent {
  readonly key?: string;
  readonly node?: number;
}

export class NearModel {
  entries: ModelEntry[] = [];
  /** One without key and node concerns all. */
  readonly events: ModelEvent[] = [];
  nowMs = 0;
  hits = 0;
  misses = 0;
  evictions = 0;
  refusedTickets = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Removes entries that are over, as the cache may at any time, when `isKept` says that it did. */
  forgetOver(isKept: (key: string) => boolean): void {
    this.entries = this.entries.filter((entry) => !this.isOver(entry) || isKept(entry.key));
  }

  isOver(entry: ModelEntry): boolean {
    return !this.isGood(entry.ticket, entry) || this.nowMs >= entry.staleUntilMs;
  }

  /** Whether nothing since concerned what was read from that node under that key. */
  isGood(ticket: number, read: { key: string; node: number }): boolean {
    return this.events
      .slice(ticket)
      .every(({ key, node }) =>
        key === undefined ? node !== undefined && node !== read.node : key !== read.key,
      );
  }

  /** Whether `get` would find something. */
  has(key: string): boolean {
    return this.entries.some((one) => one.key === key && !this.isOver(one) && this.nowMs < one.freshUntilMs);
  }

  get(key: string, canLoad: boolean): { handle: object | undefined; isRefreshDue: boolean } {
    const entry = this.#used(key, (one) => this.nowMs < one.freshUntilMs);
    if (entry === undefined) {
      this.misses++;
      return { handle: undefined, isRefreshDue: false };
    }
    this.hits++;
    const isRefreshDue = this.nowMs >= entry.refreshAtMs && (canLoad || !entry.needsLoad);
    if (isRefreshDue) entry.refreshAtMs = Number.POSITIVE_INFINITY;
    return { handle: entry.handle, isRefreshDue };
  }

  getStale(key: string): object | undefined {
    return this.#used(key, () => true)?.handle;
  }

  enter(entry: ModelEntry, maxEntryBytes: number): boolean {
    if (!this.isGood(entry.ticket, entry)) {
      this.refusedTickets++;
      return false;
    }
    this.#without(entry.key);
    if (entry.bytes > maxEntryBytes || this.nowMs >= entry.freshUntilMs) return false;
    this.entries.unshift(entry);
    while (this.bytes() > this.#maxBytes) {
      const oldest = this.entries.pop();
      if (oldest !== undefined && !this.isOver(oldest)) this.evictions++;
    }
    return true;
  }

  note(event: ModelEvent): void {
    this.events.push(event);
    if (event.key !== undefined) this.#without(event.key);
    else if (event.node === undefined) this.entries = [];
  }

  bytes(): number {
    return this.entries.reduce((sum, entry) => sum + entry.bytes, 0);
  }

  #used(key: string, isUsable: (entry: ModelEntry) => boolean): ModelEntry | undefined {
    const entry = this.entries.find((one) => one.key === key);
    if (entry === undefined) return undefined;
    if (this.isOver(entry)) {
      this.#without(key);
      return undefined;
    }
    if (!isUsable(entry)) return undefined;
    this.#without(key);
    this.entries.unshift(entry);
    return entry;
  }

  #without(key: string): void {
    this.entries = this.entries.filter((entry) => entry.key !== key);
  }
}
