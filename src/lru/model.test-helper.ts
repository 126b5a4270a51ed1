/**
 * A naive LRU with lifetimes, for comparison: a plain list, newest first, searched from end to end.
 */
import type { EvictReason } from './lru.js';

export interface ModelEntry<V> {
  readonly key: string;
  value: V;
  end: number;
}

export class ModelLru<V> {
  entries: ModelEntry<V>[] = [];
  removed: [string, V, EvictReason][] = [];
  now = 0;
  hits = 0;
  misses = 0;
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(key: string): V | undefined {
    const entry = this.#live(key);
    if (entry === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.entries = [entry, ...this.entries.filter((other) => other !== entry)];
    return entry.value;
  }

  set(key: string, value: V, ttlMs: number): boolean {
    const entry = this.#live(key);
    if (entry !== undefined) this.#without(entry);
    if (ttlMs <= 0) return false;
    if (this.entries.length === this.#maxEntries) this.evictOldest();
    this.entries.unshift({ key, value, end: this.now + ttlMs });
    return true;
  }

  peek(key: string): V | undefined {
    return this.entries.find((entry) => entry.key === key && entry.end >= this.now)?.value;
  }

  remainingTtl(key: string): number | undefined {
    const entry = this.entries.find((other) => other.key === key && other.end >= this.now);
    return entry === undefined ? undefined : entry.end - this.now;
  }

  delete(key: string): boolean {
    const entry = this.#live(key);
    if (entry === undefined) return false;
    this.#without(entry);
    return true;
  }

  sweep(): void {
    for (const entry of this.entries.filter((other) => other.end < this.now)) this.#expire(entry);
  }

  evictOldest(): void {
    const oldest = this.entries.at(-1);
    if (oldest === undefined) throw new Error('the model has nothing to evict');
    if (oldest.end < this.now) {
      this.#expire(oldest);
    } else {
      this.removed.push([oldest.key, oldest.value, 'evicted']);
      this.#without(oldest);
    }
  }

  live(): [string, V][] {
    return this.entries.filter((entry) => entry.end >= this.now).map((entry) => [entry.key, entry.value]);
  }

  /** The live entry; a dead one goes. */
  #live(key: string): ModelEntry<V> | undefined {
    const entry = this.entries.find((other) => other.key === key);
    if (entry === undefined || entry.end >= this.now) return entry;
    this.#expire(entry);
    return undefined;
  }

  #expire(entry: ModelEntry<V>): void {
    this.removed.push([entry.key, entry.value, 'expired']);
    this.#without(entry);
  }

  #without(entry: ModelEntry<V>): void {
    this.entries = this.entries.filter((other) => other !== entry);
  }
}
