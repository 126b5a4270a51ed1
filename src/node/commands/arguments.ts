/**
 * Reading arguments that several commands share. Who finds a wrong one has replied the error already, and
 * returns `undefined` (or false): the handler just returns.
 *
 * Redis reads 64-bit integers. Here they are numbers, and those beyond 2^53 - 1 become the nearest number
 * that has the same effect: no value is that long, and no reply can tell. Where one could (counters,
 * lifetimes) the caller reads a bigint.
 */
import { GlobPattern, MAX_TEXT_BYTES, type Request } from '../../resp/index.js';
import { DATABASE_COUNT } from '../../store/index.js';
import type { Session } from '../session.js';
import { MAX_INT64, MIN_INT64 } from './decimal.js';
import { errors, invalidExpireTime, textTooLong } from './errors.js';

const MAX_INT32 = 2 ** 31 - 1;
const MIN_INT32 = -(2 ** 31);

/** An integer, at most +-(2^53 - 1). */
export function integerArgument(
  session: Session,
  request: Request,
  i: number,
  error: string = errors.notInteger,
): number | undefined {
  const value = request.integer(i);
  if (value !== undefined) return value;
  const big = request.bigInteger(i);
  if (big !== undefined) return big > 0n ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER;
  session.out.error(error);
  return undefined;
}

/** Whether arguments `from` to the last can be taken as texts whole: channels, patterns. */
export function textsFit(
  session: Session,
  request: Request,
  from: number,
  what: 'channel' | 'pattern',
  to = request.count,
): boolean {
  for (let i = from; i < to; i++) {
    const length = request.lengths[i];
    if (length <= MAX_TEXT_BYTES) continue;
    session.out.error(textTooLong(what, length));
    return false;
  }
  return true;
}

/** A glob pattern. */
export function patternArgument(
  session: Session,
  request: Request,
  i: number,
  ignoreCase = false,
): GlobPattern | undefined {
  if (!textsFit(session, request, i, 'pattern', i + 1)) return undefined;
  return new GlobPattern(request.block, request.starts[i], request.lengths[i], ignoreCase);
}

/** The last range read by `rangeArguments`: both ends as the client gave them, or made absolute by `clampRange`. */
export const range = { start: 0, end: 0 };

/** Reads start and end from arguments i and i + 1 into `range`. */
export function rangeArguments(session: Session, request: Request, i: number): boolean {
  const start = integerArgument(session, request, i);
  if (start === undefined) return false;
  const end = integerArgument(session, request, i + 1);
  if (end === undefined) return false;
  range.start = start;
  range.end = end;
  // Two ends that were cut to the same number keep their order: a backward range is empty.
  if (start === end && start === -Number.MAX_SAFE_INTEGER && wasBackward(request, i)) range.end = start - 1;
  return true;
}

function wasBackward(request: Request, i: number): boolean {
  return (request.bigInteger(i) as bigint) > (request.bigInteger(i + 1) as bigint);
}

/** Whether both ends count from the back and the second lies before the first: Redis calls that empty at once. */
export function rangeIsBackward(): boolean {
  return range.start < 0 && range.end < 0 && range.start > range.end;
}

/** Makes `range` absolute within `length` items, end included; false when it is empty. */
export function clampRange(length: number): boolean {
  let { start, end } = range;
  if (start < 0) start = Math.max(0, start + length);
  if (end < 0) end = Math.max(0, end + length);
  if (end >= length) end = length - 1;
  range.start = start;
  range.end = end;
  return start <= end;
}

/** A 32-bit integer. `error` replaces both errors of Redis: no integer, and out of range. */
export function int32Argument(
  session: Session,
  request: Request,
  i: number,
  error?: string,
): number | undefined {
  const value = integerArgument(session, request, i, error);
  if (value === undefined || (value >= MIN_INT32 && value <= MAX_INT32)) return value;
  session.out.error(error ?? `ERR value is out of range, value must between ${MIN_INT32} and ${MAX_INT32}`);
  return undefined;
}

/** A database's number, 0 to 15. */
export function databaseArgument(session: Session, request: Request, i: number): number | undefined {
  const db = int32Argument(session, request, i);
  if (db === undefined || isDatabase(db)) return db;
  session.out.error(errors.databaseRange);
  return undefined;
}

export function isDatabase(db: number): boolean {
  return db >= 0 && db < DATABASE_COUNT;
}

/** How a lifetime was given. */
export const TimeUnit = { SECONDS: 1000, MILLISECONDS: 1 } as const;
export type TimeUnit = (typeof TimeUnit)[keyof typeof TimeUnit];

/** A lifetime that must lie in the future of `base` (0 for a point in time): ms since the epoch. */
export function lifetimeArgument(
  session: Session,
  request: Request,
  i: number,
  unit: TimeUnit,
  base: number,
  command: string,
): number | undefined {
  const expiry = expiryAt(request, i, unit, base);
  if (expiry === undefined) session.out.error(errors.notInteger);
  else if (expiry === OVERFLOW || expiry <= base) session.out.error(invalidExpireTime(command));
  else return expiry;
  return undefined;
}

/** A time that may lie in the past, even before the epoch: ms since the epoch. */
export function expiryArgument(
  session: Session,
  request: Request,
  i: number,
  unit: TimeUnit,
  base: number,
  command: string,
): number | undefined {
  const expiry = expiryAt(request, i, unit, base);
  if (expiry === undefined) session.out.error(errors.notInteger);
  else if (expiry === OVERFLOW) session.out.error(invalidExpireTime(command));
  else return expiry;
  return undefined;
}

const OVERFLOW = Number.POSITIVE_INFINITY;
/** The largest double that is a signed 64-bit integer. */
const MAX_EXPIRY = 2 ** 63 - 1024;

/** `undefined`: no integer. OVERFLOW: not a signed 64-bit count of ms. Beyond 2^53 ms (year 287,396) rounded. */
function expiryAt(request: Request, i: number, unit: TimeUnit, base: number): number | undefined {
  const value = request.integer(i);
  // 2^53 seconds and any base are less than 2^63 ms.
  if (value !== undefined) return value * unit + base;
  const big = request.bigInteger(i);
  if (big === undefined) return undefined;
  const ms = big * BigInt(unit);
  if (ms < MIN_INT64 || ms + BigInt(base) > MAX_INT64) return OVERFLOW;
  return Math.min(Number(ms) + base, MAX_EXPIRY);
}
