/**
 * Sixteen databases in one store: one memory, one LRU.
 *
 * A database is four bits of an entry's STATE and a salt of its hash. What a user calls database 3 may be
 * another one inside: SWAPDB exchanges two names. FLUSHDB notes the store's version: entries of the
 * database that are not newer are gone from then on, and are dropped when met or by the sweep.
 */
export const DATABASE_COUNT = 16;

export class Databases {
  /** The inner database of each name. */
  readonly inner = new Uint8Array(DATABASE_COUNT);
  /** By inner database: entries, those that expire, bytes of keys and values. */
  readonly entries = new Float64Array(DATABASE_COUNT);
  readonly expiring = new Float64Array(DATABASE_COUNT);
  readonly bytes = new Float64Array(DATABASE_COUNT);
  /** By inner database: entries up to this version were flushed. */
  readonly flushedUpTo = new Float64Array(DATABASE_COUNT);
  /** Flushed entries that still take memory. */
  flushedEntries = 0;

  constructor() {
    for (let i = 0; i < DATABASE_COUNT; i++) this.inner[i] = i;
  }

  /** The name of an inner database. */
  nameOf(inner: number): number {
    return this.inner.indexOf(inner);
  }

  swap(a: number, b: number): void {
    const inner = this.inner[a];
    this.inner[a] = this.inner[b];
    this.inner[b] = inner;
  }

  /** Marks all entries of an inner database, up to this version, as gone. */
  flush(inner: number, version: number): void {
    this.flushedEntries += this.entries[inner];
    this.flushedUpTo[inner] = version;
    this.#empty(inner);
  }

  /** All entries of all databases are gone and their memory too. */
  clear(): void {
    this.flushedEntries = 0;
    for (let inner = 0; inner < DATABASE_COUNT; inner++) this.#empty(inner);
  }

  total(counts: Float64Array): number {
    let sum = 0;
    for (let inner = 0; inner < DATABASE_COUNT; inner++) sum += counts[inner];
    return sum;
  }

  #empty(inner: number): void {
    this.entries[inner] = 0;
    this.expiring[inner] = 0;
    this.bytes[inner] = 0;
  }
}
