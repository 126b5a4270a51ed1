/**
 * Counters: integers of 64 bits, exact, and decimal numbers.
 *
 * A counter is text like any value. As long as it and the sum are below 2^53 all is done with numbers and
 * without making a string; beyond, with BigInt. INCRBYFLOAT is float80.ts.
 */
import { byteString, writeByteString } from '../../base/index.js';
import { type CommandName, parseBigInteger, parseInteger, type Request } from '../../resp/index.js';
import type { Ref } from '../../store/index.js';
import { addFloat80, float80Zero, formatFloat80, MAX_FLOAT80_TEXT_LENGTH, parseFloat80 } from '../float80.js';
import type { Handler, Session } from '../session.js';
import { MAX_DECIMAL_LENGTH, MAX_INT64, MIN_INT64, writeDecimal } from './decimal.js';
import { errors } from './errors.js';
import { changed, findKey, putBytes, refuse, scratch } from './values.js';

export const numberHandlers = {
  incr(session, request) {
    increment(session, request, 1);
  },

  decr(session, request) {
    increment(session, request, -1);
  },

  incrby(session, request) {
    const by = request.integer(2) ?? request.bigInteger(2);
    if (by === undefined) session.out.error(errors.notInteger);
    else increment(session, request, by);
  },

  decrby(session, request) {
    const by = request.integer(2) ?? request.bigInteger(2);
    if (by === undefined) session.out.error(errors.notInteger);
    else if (by === MIN_INT64) session.out.error(errors.decrementOverflow);
    else increment(session, request, -by);
  },

  incrbyfloat(session, request) {
    const ref = findKey(session, request, 1);
    const length = ref === 0 ? 0 : session.node.store.valueLength(ref);
    if (length > MAX_FLOAT80_TEXT_LENGTH) {
      session.out.error(errors.notFloat);
      return;
    }
    const value = ref === 0 ? float80Zero : parseFloat80(textOf(session, ref, length));
    const by = parseFloat80(request.text(2));
    if (value === undefined || by === undefined) {
      session.out.error(errors.notFloat);
      return;
    }
    const sum = addFloat80(value, by);
    if (sum === undefined) {
      session.out.error(errors.incrementNotFinite);
      return;
    }
    const text = formatFloat80(sum);
    writeByteString(scratch, 0, text);
    if (replace(session, request, ref, text.length)) session.out.bulkText(text);
  },
} satisfies Partial<Record<CommandName, Handler>>;

function increment(session: Session, request: Request, by: number | bigint): void {
  const { out, node } = session;
  const ref = findKey(session, request, 1);
  const length = ref === 0 ? 0 : node.store.valueLength(ref);
  if (length > MAX_DECIMAL_LENGTH) {
    out.error(errors.notInteger);
    return;
  }
  if (ref !== 0) node.store.copyValue(ref, 0, length, scratch, 0);
  const value = ref === 0 ? 0 : parseInteger(scratch, 0, length);
  if (value === undefined || typeof by === 'bigint') {
    incrementBig(session, request, ref, value ?? parseBigInteger(scratch, 0, length), by);
    return;
  }
  const sum = value + by;
  if (!Number.isSafeInteger(sum)) incrementBig(session, request, ref, value, by);
  else if (replace(session, request, ref, writeDecimal(scratch, 0, sum))) out.integer(sum);
}

function incrementBig(
  session: Session,
  request: Request,
  ref: Ref,
  value: number | bigint | undefined,
  by: number | bigint,
): void {
  const { out } = session;
  if (value === undefined) {
    out.error(errors.notInteger);
    return;
  }
  const sum = BigInt(value) + BigInt(by);
  if (sum > MAX_INT64 || sum < MIN_INT64) {
    out.error(errors.incrementOverflow);
    return;
  }
  const text = sum.toString();
  writeByteString(scratch, 0, text);
  if (replace(session, request, ref, text.length)) out.bigInteger(sum);
}

/** Makes the first bytes of `scratch` the value, its lifetime kept; replies the error when there is no room. */
function replace(session: Session, request: Request, ref: Ref, length: number): boolean {
  const { store } = session.node;
  if (ref !== 0 && store.valueLength(ref) === length) {
    store.writeValue(ref, 0, scratch, 0, length);
    changed(session, request, 1);
    return true;
  }
  const expiry = ref === 0 ? 0 : store.expiry(ref);
  if (putBytes(session, request, 1, scratch, 0, length, expiry)) return true;
  refuse(session, request, 1);
  return false;
}

function textOf(session: Session, ref: Ref, length: number): string {
  session.node.store.copyValue(ref, 0, length, scratch, 0);
  return byteString(scratch, 0, length);
}
