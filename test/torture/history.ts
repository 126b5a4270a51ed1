/**
 * Checks what all processes have done against the one promise: a read that begins after an invalidation was acknowledged
 * sees nothing older than what was written before that invalidation.
 *
 *   process 1   write 7 ── delete ──acknowledged                floor of the key: 7
 *   process 2                                     read ──> 6    a violation, unless the value was near and within its bound
 *   process 3                            read ──────────────> 6 none: it began before
 *
 * Rows come from each process in the order in which operations ended, some of them late. They are looked at when no
 * process can tell of an earlier end: then every acknowledgement before the start of a read is known.
 *
 * A read that no primary answered under its lease may see an older version, as old as the nodes said that it may be, and as `max-stale` at most.
 *
 * A read that finds nothing is checked too, where the rows of the database say that there is nothing at some versions: one
 * of these must lie between the floor and the newest version at its end.
 *
 * An interleaving is an operation that overlapped one which ended before it, on the same key, of which one is an invalidation.
 */
import { describeRow, INVALIDATED, NEAR, READ, READ_NOTHING, type Row, rowsOf } from './records.js';

/** Invalidations remembered of a key; older than what any read under way can have begun before. */
const FLOORS_KEPT = 20_000;
/** Rows of a key that are shown with a violation. */
const SHOWN_ROWS = 40;
/** Violations described; all are counted. */
const MAX_DESCRIBED = 5;

export interface HistoryOptions {
  readonly keys: number;
  /** The newest version of a row at that time. */
  readonly versionAt: (key: number, ns: number) => number;
  /** Whether the database says of this version that there is nothing. */
  readonly isNothing: (version: number) => boolean;
  /** How old a near value may be, after the acknowledgement of what invalidated it. */
  readonly nearBoundMs: number;
  /** How old at most what was read without the lease of a primary may be, whatever the nodes say. */
  readonly maxStaleMs: number;
}

/**
 * So long after it goes on a process may still be in the event in which it was stopped, after its look at the clock: what
 * it reads then counts as read before. No clock can mend that.
 */
const EVENT_NS = 100e6;

/** A row, and the process that told it. */
interface ToldRow extends Row {
  readonly source: string;
}

interface Stop {
  readonly fromNs: number;
  readonly untilNs: number;
}

class KeyHistory {
  /** Acknowledgements that raised the floor: when, and to what. */
  times: number[] = [];
  versions: number[] = [];
  lastEndNs = 0;
  lastInvalidationNs = 0;
  readonly rows: Row[] = [];
  readonly orphans = new Set<number>();
}

export class History {
  readonly #options: HistoryOptions;
  readonly #keys: KeyHistory[];
  /** Up to when each process has told everything. */
  readonly #toldNs = new Map<string, number>();
  readonly #stops = new Map<string, Stop>();
  #waiting: ToldRow[] = [];
  readonly counts = { operations: 0, interleavings: 0, reads: 0, nearReads: 0, invalidations: 0, nothing: 0 };
  violations = 0;
  /** A few of them, for people. */
  readonly described: string[] = [];
  /** The oldest near value that was served, after the acknowledgement of what invalidated it. */
  oldestNearMs = 0;
  staleNearReads = 0;
  /** Near reads in an event in which their process was stopped, that were too old but for that. */
  interruptedReads = 0;
  /** Of what was read without the lease of a primary: all, those behind an acknowledgement, and by how much at most. */
  readonly unleased = { reads: 0, oldReads: 0, oldestMs: 0 };

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#keys = Array.from({ length: options.keys }, () => new KeyHistory());
  }

  /** A process begins: it tells of nothing that ended before. */
  begins(source: string, ns: number): void {
    this.#toldNs.set(source, ns);
  }

  /** A process has ended: what it has not told is lost. */
  ends(source: string): void {
    this.#toldNs.delete(source);
  }

  /** All operations of a process that ended up to that time and were not told before. What a dead one told comes too late. */
  tell(source: string, rows: Float64Array, untilNs: number): void {
    if (!this.#toldNs.has(source)) return;
    for (const row of rowsOf(rows)) this.#waiting.push({ ...row, source });
    this.#toldNs.set(source, untilNs);
  }

  /** A process was stopped for a while. */
  stopped(source: string, fromNs: number, untilNs: number): void {
    this.#stops.set(source, { fromNs, untilNs });
  }

  /** A process died while it stored this version, outside of any lease: it may come at any time. */
  orphaned(key: number, version: number): void {
    this.#keys[key].orphans.add(version);
  }

  /** Looks at all that is complete. */
  check(): void {
    const untilNs = Math.min(...this.#toldNs.values());
    const ready = this.#waiting.filter((row) => row.endNs <= untilNs);
    this.#waiting = this.#waiting.filter((row) => row.endNs > untilNs);
    ready.sort((a, b) => a.endNs - b.endNs);
    for (const row of ready) this.#take(row);
  }

  #take(row: ToldRow): void {
    const { counts } = this;
    const key = this.#keys[row.key];
    const isInvalidation = row.kind === INVALIDATED;
    counts.operations++;
    if (row.startNs < (isInvalidation ? key.lastEndNs : key.lastInvalidationNs)) counts.interleavings++;
    key.lastEndNs = row.endNs;
    key.rows.push(row);
    if (key.rows.length > 2 * SHOWN_ROWS) key.rows.splice(0, SHOWN_ROWS);
    if (isInvalidation) {
      key.lastInvalidationNs = row.endNs;
      counts.invalidations++;
      raise(key, row);
    } else if (row.kind === READ) {
      this.#checkRead(key, row);
    } else if (row.kind === READ_NOTHING) {
      this.#checkNothing(key, row);
    }
  }

  #checkRead(key: KeyHistory, row: ToldRow): void {
    const floor = floorAt(key, row.startNs);
    this.counts.reads++;
    if (isNear(row)) this.counts.nearReads++;
    if (row.staleMs > 0) this.unleased.reads++;
    if (row.version >= floor || key.orphans.has(row.version)) return;
    if (isNear(row)) this.#checkNear(key, row, row.version);
    else if (row.staleMs > 0) this.#checkUnleased(key, row, row.version);
    else this.#violated(key, row, `${row.version} was read where ${floor} was due`);
  }

  /** A near read that saw a version below the floor: for how long has it been below? */
  #checkNear(key: KeyHistory, row: ToldRow, version: number): void {
    const ageMs = ageOf(key, row, version);
    this.staleNearReads++;
    this.oldestNearMs = Math.max(this.oldestNearMs, ageMs);
    if (ageMs <= this.#options.nearBoundMs) return;
    if (ageMs - this.#stoppedMs(row) <= this.#options.nearBoundMs) this.interruptedReads++;
    else this.#violated(key, row, `a near value was ${ageMs} ms too old`);
  }

  /** A read without the lease of a primary that saw a version below the floor: it may be as old as the nodes said. */
  #checkUnleased(key: KeyHistory, row: ToldRow, version: number): void {
    const ageMs = ageOf(key, row, version);
    const boundMs = Math.min(row.staleMs, this.#options.maxStaleMs);
    this.unleased.oldReads++;
    this.unleased.oldestMs = Math.max(this.unleased.oldestMs, ageMs);
    if (ageMs <= boundMs) return;
    this.#violated(
      key,
      row,
      `${version}, read without a lease, was ${ageMs} ms too old where ${boundMs} ms are allowed`,
    );
  }

  /** For how long its process was stopped in the event of this read, perhaps. */
  #stoppedMs({ source, startNs }: ToldRow): number {
    const stop = this.#stops.get(source);
    if (stop === undefined || startNs < stop.fromNs || startNs > stop.untilNs + EVENT_NS) return 0;
    return (stop.untilNs - stop.fromNs) / 1e6;
  }

  #checkNothing(key: KeyHistory, row: ToldRow): void {
    const { versionAt, isNothing } = this.#options;
    this.counts.nothing++;
    const newest = versionAt(row.key, row.endNs);
    const floor = floorAt(key, row.startNs);
    for (let version = floor; version <= newest; version++) if (isNothing(version)) return;
    let last = floor;
    while (last >= 0 && !isNothing(last)) last--;
    // At no version before it was there nothing.
    if (isNear(row) && last >= 0) this.#checkNear(key, row, last);
    else if (row.staleMs > 0 && last >= 0) this.#checkUnleased(key, row, last);
    else this.#violated(key, row, `nothing was read where a version from ${floor} to ${newest} was due`);
  }

  #violated(key: KeyHistory, row: Row, what: string): void {
    this.violations++;
    if (this.described.length >= MAX_DESCRIBED) return;
    const shown = key.rows.slice(-SHOWN_ROWS).map((one) => `    ${describeRow(one, row.startNs)}`);
    this.described.push(`key ${row.key}: ${what}; what ended before it:\n${shown.join('\n')}`);
  }
}

const isNear = ({ flags }: Row): boolean => (flags & NEAR) !== 0;

/** For how long this version has been below the floor of its key when it was read. */
function ageOf(key: KeyHistory, { startNs }: Row, version: number): number {
  return (startNs - key.times[key.versions.findIndex((one) => one > version)]) / 1e6;
}

function raise(key: KeyHistory, row: Row): void {
  if (row.version <= (key.versions.at(-1) ?? 0)) return;
  key.times.push(row.endNs);
  key.versions.push(row.version);
  if (key.times.length < 2 * FLOORS_KEPT) return;
  key.times.splice(0, FLOORS_KEPT);
  key.versions.splice(0, FLOORS_KEPT);
}

/** What the newest acknowledgement before that time was for. */
function floorAt(key: KeyHistory, ns: number): number {
  let [low, high] = [0, key.times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key.times[middle] < ns) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : key.versions[low - 1];
}
