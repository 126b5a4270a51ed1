/**
 * Strings as rows of bits: bit 0 is the highest bit of the first byte. BITFIELD is in bitfield.ts.
 *
 * Values are read in pieces of up to 1 MB into `scratch`, never copied whole; only BITOP makes its result at
 * once, since the destination may be one of the sources.
 */
import { Block } from '../../base/index.js';
import type { CommandName, Request } from '../../resp/index.js';
import type { Ref, Store } from '../../store/index.js';
import type { Handler, Session } from '../session.js';
import { clampRange, integerArgument, range, rangeArguments, rangeIsBackward } from './arguments.js';
import { bitOffset, countBits, firstBit } from './bit-rows.js';
import { errors } from './errors.js';
import {
  changed,
  changedPart,
  findKey,
  locateKey,
  putBytes,
  readKey,
  refuse,
  resizeValue,
  SCRATCH_BYTES,
  scratch,
} from './values.js';

export const bitHandlers = {
  setbit(session, request) {
    const { out, node } = session;
    const offset = bitOffset(request, 2);
    if (offset === undefined) {
      out.error(errors.bitOffset);
      return;
    }
    const on = integerArgument(session, request, 3, errors.bitValue);
    if (on === undefined) return;
    if (on !== 0 && on !== 1) {
      out.error(errors.bitValue);
      return;
    }
    const { store } = node;
    const at = Math.floor(offset / 8);
    const found = findKey(session, request, 1);
    const grows = found === 0 || at >= store.valueLength(found);
    const ref = grows ? resizeValue(session, request, found, at + 1) : found;
    if (ref === 0) {
      refuse(session, request, 1);
      return;
    }
    store.copyValue(ref, at, 1, scratch, 0);
    const bit = 0x80 >> (offset % 8);
    const was = (scratch.bytes[0] & bit) === 0 ? 0 : 1;
    if (was !== on) {
      scratch.bytes[0] ^= bit;
      store.writeValue(ref, at, scratch, 0, 1);
    } else {
      store.touch(ref);
    }
    if (grows || was !== on) changedPart(session, request, found, ref, at, 1);
    out.integer(was);
  },

  getbit(session, request) {
    const { out, node } = session;
    const offset = bitOffset(request, 2);
    if (offset === undefined) {
      out.error(errors.bitOffset);
      return;
    }
    const ref = readKey(session, request, 1);
    const at = Math.floor(offset / 8);
    if (ref === 0 || at >= node.store.valueLength(ref)) {
      out.integer(0);
      return;
    }
    node.store.copyValue(ref, at, 1, scratch, 0);
    out.integer((scratch.bytes[0] & (0x80 >> (offset % 8))) === 0 ? 0 : 1);
  },

  bitcount(session, request) {
    const { out, node } = session;
    const ref = readKey(session, request, 1);
    if (ref === 0) {
      out.integer(0);
      return;
    }
    const bits = node.store.valueLength(ref) * 8;
    if (request.count === 2) {
      out.integer(countBits(node.store, ref, 0, bits - 1));
      return;
    }
    if (request.count !== 4 && request.count !== 5) {
      out.error(errors.syntax);
      return;
    }
    if (!rangeArguments(session, request, 2)) return;
    // Before the unit is looked at, as in Redis.
    if (rangeIsBackward()) {
      out.integer(0);
      return;
    }
    const unit = request.count === 5 ? unitArgument(session, request, 4) : BYTE;
    if (unit === 0) return;
    out.integer(clampRange(bits / unit) ? countBits(node.store, ref, firstOf(unit), lastOf(unit)) : 0);
  },

  bitpos(session, request) {
    const { out } = session;
    const bit = integerArgument(session, request, 2);
    if (bit === undefined) return;
    if (bit !== 0 && bit !== 1) {
      out.error(errors.bitArgument);
      return;
    }
    const ref = readKey(session, request, 1);
    // A key that does not exist is an endless row of zeros.
    if (ref === 0) out.integer(bit === 0 ? 0 : -1);
    else if (request.count > 6) out.error(errors.syntax);
    else replyBitPosition(session, request, ref, bit);
  },

  bitop(session, request) {
    const operation = operationAt(request);
    if (operation === undefined) {
      session.out.error(errors.syntax);
      return;
    }
    if (operation === 'NOT' && request.count !== 4) {
      session.out.error(errors.bitopNotKeys);
      return;
    }
    const result = combine(session, request, operation);
    const length = result.bytes.length;
    if (length > 0) {
      if (!putBytes(session, request, 2, result, 0, length, 0)) {
        refuse(session, request, 2);
        return;
      }
    } else {
      const old = locateKey(session, request, 2);
      if (old !== 0) {
        session.node.store.remove(old);
        changed(session, request, 2);
      }
    }
    session.out.integer(length);
  },
} satisfies Partial<Record<CommandName, Handler>>;

/** Bits in a unit of a range. */
const BIT = 1;
const BYTE = 8;

function firstOf(unit: number): number {
  return range.start * unit;
}

function lastOf(unit: number): number {
  return range.end * unit + unit - 1;
}

/** BIT or BYTE; 0 after an error reply. */
function unitArgument(session: Session, request: Request, i: number): number {
  if (request.is(i, 'BIT')) return BIT;
  if (request.is(i, 'BYTE')) return BYTE;
  session.out.error(errors.syntax);
  return 0;
}

function replyBitPosition(session: Session, request: Request, ref: Ref, bit: number): void {
  const { store } = session.node;
  const bits = store.valueLength(ref) * 8;
  const endGiven = request.count >= 5;
  let unit = BYTE;
  range.start = 0;
  range.end = Number.MAX_SAFE_INTEGER;
  if (request.count >= 4) {
    const start = integerArgument(session, request, 3);
    if (start === undefined) return;
    if (request.count === 6) unit = unitArgument(session, request, 5);
    if (unit === 0) return;
    const end = endGiven ? integerArgument(session, request, 4) : Number.MAX_SAFE_INTEGER;
    if (end === undefined) return;
    range.start = start;
    range.end = end;
  }
  const found = clampRange(bits / unit) ? firstBit(store, ref, bit, firstOf(unit), lastOf(unit)) : -1;
  // Beyond the value lie zeros, unless the client said where to stop.
  if (found < 0 && bit === 0 && !endGiven && range.start <= range.end) session.out.integer(bits);
  else session.out.integer(found);
}

const OPERATIONS = ['AND', 'OR', 'XOR', 'NOT'] as const;
type Operation = (typeof OPERATIONS)[number];

function operationAt(request: Request): Operation | undefined {
  for (const operation of OPERATIONS) {
    if (request.is(1, operation)) return operation;
  }
  return undefined;
}

/** The result of BITOP: as long as the longest source, shorter ones filled up with zeros. */
function combine(session: Session, request: Request, operation: Operation): Block {
  const { store } = session.node;
  let length = 0;
  for (let i = 3; i < request.count; i++) {
    const ref = readKey(session, request, i);
    if (ref !== 0) length = Math.max(length, store.valueLength(ref));
  }
  const result = Block.ofLength(length);
  const first = locateKey(session, request, 3);
  if (first !== 0) store.copyValue(first, 0, store.valueLength(first), result, 0);
  if (operation === 'NOT') invert(result);
  for (let i = 4; i < request.count; i++) {
    mergeValue(store, locateKey(session, request, i), operation, result);
  }
  return result;
}

function mergeValue(store: Store, ref: Ref, operation: Operation, result: Block): void {
  const length = ref === 0 ? 0 : store.valueLength(ref);
  for (let at = 0; at < length; at += SCRATCH_BYTES) {
    const count = Math.min(SCRATCH_BYTES, length - at);
    store.copyValue(ref, at, count, scratch, 0);
    merge(result, at, count, operation);
  }
  if (operation === 'AND') result.bytes.fill(0, length);
}

/** Merges the first bytes of `scratch` into the result. */
function merge(result: Block, at: number, count: number, operation: Operation): void {
  const target = result.view;
  const source = scratch.view;
  let i = 0;
  for (; i <= count - 4; i += 4) {
    const word = apply(operation, target.getInt32(at + i, true), source.getInt32(i, true));
    target.setInt32(at + i, word, true);
  }
  for (; i < count; i++)
    target.setUint8(at + i, apply(operation, target.getUint8(at + i), source.getUint8(i)));
}

function apply(operation: Operation, a: number, b: number): number {
  if (operation === 'AND') return a & b;
  return operation === 'OR' ? a | b : a ^ b;
}

function invert(result: Block): void {
  const { bytes } = result;
  for (let i = 0; i < bytes.length; i++) bytes[i] = ~bytes[i];
}
