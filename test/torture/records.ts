/**
 * What a process tells of its operations: rows of numbers, since there are millions of them.
 *
 *   | kind | key | version | start | end | flags | staleMs |        times in ns of the machine's monotonic clock
 *
 * The start is read before an operation begins and the end after it has resolved: so of two rows where one ends before the
 * other starts, the operations truly came in this order, in whichever process each was.
 */
import { eachRow, nowNs, Rows } from '../kit/rows.js';

/** Kinds of operations; what a row's version says. */
export const READ = 1; // the value's
export const READ_NOTHING = 2; // 0: the loader found nothing
export const READ_FAILED = 3; // 0
export const INVALIDATED = 4; // what was written to the database before; 0: it may be served on

/** Flags: the value came from the near cache. */
export const NEAR = 1;

const FIELDS = 7;

export interface Row {
  readonly kind: number;
  readonly key: number;
  readonly version: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly flags: number;
  /** Of a read without the lease of a primary: how old the nodes said that it may be; Infinity: none said anything. 0: under a lease. */
  readonly staleMs: number;
}

/** Collects rows until they are taken. */
export class Recorder {
  readonly #rows = new Rows();

  add(kind: number, key: number, version: number, startNs: number, flags = 0, staleMs = 0): void {
    this.#rows.add(kind, key, version, startNs, nowNs(), flags, staleMs);
  }

  /** All rows since the last time. */
  take(): Float64Array {
    return this.#rows.take();
  }
}

export function* rowsOf(numbers: Float64Array): Generator<Row> {
  for (const [kind, key, version, startNs, endNs, flags, staleMs] of eachRow(numbers, FIELDS))
    yield { kind, key, version, startNs, endNs, flags, staleMs };
}

/** A row for people. */
export function describeRow({ kind, version, startNs, endNs, flags, staleMs }: Row, zeroNs: number): string {
  const what = ['', 'read', 'read nothing', 'read failed', 'invalidated'][kind];
  const span = `${((startNs - zeroNs) / 1e6).toFixed(3)} .. ${((endNs - zeroNs) / 1e6).toFixed(3)} ms`;
  const where = `${(flags & NEAR) === 0 ? '' : ' (near)'}${staleMs === 0 ? '' : ` (without a lease: ${staleMs} ms)`}`;
  return `${span}  ${what}${version > 0 ? ` ${version}` : ''}${where}`;
}
