/**
 * BITFIELD: integers of 1 to 64 bits at any bit offset of a string.
 *
 *   offset 7, u5 = 23:   |0000000 1|0111 0000|
 *
 * All operations are parsed before the first is executed, so a syntax error changes nothing; the value is
 * made long enough for all writes at once. Integers are BigInts here: they are exact, and the rules for
 * overflow need no care of their own.
 */
import type { CommandName, Request } from '../../resp/index.js';
import { MAX_VALUE_BYTES, type Ref, type Store } from '../../store/index.js';
import type { Handler, Session } from '../session.js';
import { MAX_INT64 } from './decimal.js';
import { errors } from './errors.js';
import { changedPart, findKey, readKey, refuse, resizeValue, scratch } from './values.js';

export const bitfieldHandlers = {
  bitfield(session, request) {
    run(session, request, false);
  },

  bitfield_ro(session, request) {
    run(session, request, true);
  },
} satisfies Partial<Record<CommandName, Handler>>;

type OverflowRule = 'WRAP' | 'SAT' | 'FAIL';

interface Operation {
  readonly kind: 'GET' | 'SET' | 'INCRBY';
  readonly signed: boolean;
  readonly bits: number;
  readonly offset: number;
  /** What SET writes and INCRBY adds. */
  readonly operand: bigint;
  readonly overflow: OverflowRule;
}

/** Bytes that a field of 64 bits at any offset can touch. */
const FIELD_BYTES = 9;

function run(session: Session, request: Request, readOnly: boolean): void {
  const { out } = session;
  const operations = parse(request);
  if (typeof operations === 'string') {
    out.error(operations);
    return;
  }
  let endBit = 0;
  for (const { kind, offset, bits } of operations) {
    if (kind !== 'GET') endBit = Math.max(endBit, offset + bits);
  }
  if (endBit === 0) {
    replyAll(session, request, operations, readKey(session, request, 1), 0, false);
    return;
  }
  if (readOnly) {
    out.error(errors.bitfieldReadOnly);
    return;
  }
  const length = Math.ceil(endBit / 8);
  if (length > MAX_VALUE_BYTES) {
    out.error(errors.bitOffset);
    return;
  }
  const found = findKey(session, request, 1);
  const grows = found === 0 || length > session.node.store.valueLength(found);
  const ref = grows ? resizeValue(session, request, found, length) : found;
  if (ref === 0) refuse(session, request, 1);
  else replyAll(session, request, operations, ref, found, grows);
}

function replyAll(
  session: Session,
  request: Request,
  operations: readonly Operation[],
  ref: Ref,
  before: Ref,
  grew: boolean,
): void {
  const { out, node } = session;
  // A value that grew has changed, even if every write then fails. (Redis does not tell its clients.)
  let wrote = grew;
  let first = ref === 0 ? 0 : node.store.valueLength(ref);
  let end = 0;
  out.array(operations.length);
  for (const operation of operations) {
    const old = readField(node.store, ref, operation);
    if (operation.kind === 'GET') {
      out.bigInteger(old);
      continue;
    }
    const fresh = fit(wantedValue(old, operation), operation);
    if (fresh === undefined) {
      out.nil();
      continue;
    }
    out.bigInteger(operation.kind === 'SET' ? old : fresh);
    if (fresh === old) continue;
    writeField(node.store, ref, operation, fresh);
    wrote = true;
    const at = Math.floor(operation.offset / 8);
    first = Math.min(first, at);
    end = Math.max(end, Math.ceil((operation.offset + operation.bits) / 8));
  }
  if (wrote) changedPart(session, request, before, ref, first, Math.max(0, end - first));
}

/** The operations, or the error. */
function parse(request: Request): Operation[] | string {
  const operations: Operation[] = [];
  let overflow: OverflowRule = 'WRAP';
  for (let i = 2; i < request.count; ) {
    const left = request.count - i - 1;
    if (request.is(i, 'OVERFLOW') && left >= 1) {
      const rule = overflowRule(request, i + 1);
      if (rule === undefined) return errors.bitfieldOverflow;
      overflow = rule;
      i += 2;
      continue;
    }
    const kind = kindAt(request, i);
    const words = kind === 'GET' ? 2 : 3;
    if (kind === undefined || left < words) return errors.syntax;
    const type = typeAt(request, i + 1);
    if (type === undefined) return errors.bitfieldType;
    const offset = fieldOffset(request.text(i + 2), type.bits);
    if (offset === undefined) return errors.bitOffset;
    const operand = kind === 'GET' ? 0n : request.bigInteger(i + 3);
    if (operand === undefined) return errors.notInteger;
    operations.push({ kind, ...type, offset, operand, overflow });
    i += words + 1;
  }
  return operations;
}

function kindAt(request: Request, i: number): Operation['kind'] | undefined {
  if (request.is(i, 'GET')) return 'GET';
  if (request.is(i, 'SET')) return 'SET';
  return request.is(i, 'INCRBY') ? 'INCRBY' : undefined;
}

function overflowRule(request: Request, i: number): OverflowRule | undefined {
  if (request.is(i, 'WRAP')) return 'WRAP';
  if (request.is(i, 'SAT')) return 'SAT';
  return request.is(i, 'FAIL') ? 'FAIL' : undefined;
}

/** `i1` to `i64`, `u1` to `u63`: replies cannot carry more. */
function typeAt(request: Request, i: number): { signed: boolean; bits: number } | undefined {
  const match = /^([iu])([1-9]\d?)$/.exec(request.text(i));
  if (!match) return undefined;
  const signed = match[1] === 'i';
  const bits = Number(match[2]);
  return bits <= (signed ? 64 : 63) ? { signed, bits } : undefined;
}

/** In bits; `#n` counts in fields. */
function fieldOffset(text: string, bits: number): number | undefined {
  const inFields = text.startsWith('#');
  const digits = inFields ? text.slice(1) : text;
  if (!/^(?:0|[1-9]\d{0,18})$/.test(digits) || BigInt(digits) > MAX_INT64) return undefined;
  // As Redis multiplies, in 64 bits and without a check.
  const offset = inFields ? BigInt.asIntN(64, BigInt(digits) * BigInt(bits)) : BigInt(digits);
  return offset >= 0n && offset < BigInt(MAX_VALUE_BYTES) * 8n ? Number(offset) : undefined;
}

/** What is to be written, before it is made to fit. A negative number set to an unsigned field counts as a large one. */
function wantedValue(old: bigint, { kind, signed, operand }: Operation): bigint {
  if (kind === 'INCRBY') return old + operand;
  return signed ? operand : BigInt.asUintN(64, operand);
}

/** The value as the field holds it after the rule for overflow; `undefined`: it fails. */
function fit(value: bigint, { kind, signed, bits, overflow }: Operation): bigint | undefined {
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const max = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  if (value >= min && value <= max) return value;
  if (overflow === 'FAIL') return undefined;
  // Redis finds the distance from what is SET to `max` in 64 bits: what lies further below counts as above.
  const wrapped = kind === 'SET' && max - value > MAX_INT64;
  if (overflow === 'SAT') return value > max || wrapped ? max : min;
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

function readField(store: Store, ref: Ref, { signed, bits, offset }: Operation): bigint {
  const window = loadWindow(store, ref, Math.floor(offset / 8));
  const shift = BigInt(FIELD_BYTES * 8 - (offset % 8) - bits);
  const field = window >> shift;
  return signed ? BigInt.asIntN(bits, field) : BigInt.asUintN(bits, field);
}

function writeField(store: Store, ref: Ref, { bits, offset }: Operation, value: bigint): void {
  const at = Math.floor(offset / 8);
  const shift = BigInt(FIELD_BYTES * 8 - (offset % 8) - bits);
  const mask = ((1n << BigInt(bits)) - 1n) << shift;
  const window = (loadWindow(store, ref, at) & ~mask) | (BigInt.asUintN(bits, value) << shift);
  scratch.view.setBigUint64(0, BigInt.asUintN(64, window >> 8n));
  scratch.bytes[FIELD_BYTES - 1] = Number(window & 0xffn);
  store.writeValue(ref, at, scratch, 0, Math.min(FIELD_BYTES, store.valueLength(ref) - at));
}

/** Nine bytes of the value from `at` on, as one big-endian number; beyond its end lie zeros. */
function loadWindow(store: Store, ref: Ref, at: number): bigint {
  scratch.bytes.fill(0, 0, FIELD_BYTES);
  const length = ref === 0 ? 0 : Math.min(FIELD_BYTES, store.valueLength(ref) - at);
  if (length > 0) store.copyValue(ref, at, length, scratch, 0);
  return (scratch.view.getBigUint64(0) << 8n) | BigInt(scratch.bytes[FIELD_BYTES - 1]);
}
