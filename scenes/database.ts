/**
 * The database of a scene: rows that have a version, a query that takes its time, and so many connections. What comes
 * while all of them are busy waits for its turn, as in a pool.
 *
 *   query(key) --> waits for a connection --> takes `queryMs` --> the version that the row had when the query began
 */
export interface DatabaseOptions {
  readonly queryMs: number;
  /** Queries that run at once; Infinity for as many as come. */
  readonly connections: number;
  /** Told with each change of how many are at work or wait. */
  readonly onChange?: (database: Database) => void;
}

export class Database {
  /** Queries so far. */
  queries = 0;
  /** Those that run or wait for a connection now, and the most there were. */
  atOnce = 0;
  mostAtOnce = 0;
  readonly #options: DatabaseOptions;
  readonly #versions = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** Counts anew from here. */
  reset(): void {
    this.queries = 0;
    this.mostAtOnce = this.atOnce;
  }

  version(key: string): number {
    return this.#versions.get(key) ?? 1;
  }

  /** Writes the row. */
  update(key: string): number {
    const version = this.version(key) + 1;
    this.#versions.set(key, version);
    return version;
  }

  /** What the row was when the query began. */
  async query(key: string, queryMs = this.#options.queryMs): Promise<number> {
    this.queries++;
    this.atOnce++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    this.#options.onChange?.(this);
    if (this.#running >= this.#options.connections) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    const version = this.version(key);
    await new Promise((resolve) => setTimeout(resolve, queryMs));
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
    this.atOnce--;
    this.#options.onChange?.(this);
    return version;
  }
}
