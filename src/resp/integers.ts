import { type Block, byteString } from '../base/index.js';

/**
 * Integers as Redis reads them from arguments and values: an optional minus, digits, nothing else. No plus, no
 * leading zero, no space, no empty text, no `-0`; one form per number.
 */

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Digits that cannot leave the safe integers, however chosen. */
const SAFE_DIGITS = 15;
/** Digits of 2^63. */
const LONGEST = 19;

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** The integer in these bytes, or undefined if they are none or it lies beyond +-(2^53 - 1). */
export function parseInteger(block: Block, at: number, length: number): number | undefined {
  const bytes = block.bytes;
  const end = at + length;
  let i = at;
  if (length > 0 && bytes[i] === MINUS) i++;
  const digits = end - i;
  if (digits === 0 || digits > SAFE_DIGITS + 1) return undefined;
  const first = bytes[i];
  if (first === ZERO) return length === 1 ? 0 : undefined;
  let value = 0;
  for (let j = i; j < end; j++) {
    const byte = bytes[j];
    if (byte < ZERO || byte > NINE) return undefined;
    value = value * 10 + (byte - ZERO);
  }
  if (value > Number.MAX_SAFE_INTEGER) return undefined;
  return i === at ? value : -value;
}

/** The signed 64-bit integer in these bytes, or undefined. */
export function parseBigInteger(block: Block, at: number, length: number): bigint | undefined {
  const small = parseInteger(block, at, length);
  if (small !== undefined) return BigInt(small);
  const bytes = block.bytes;
  const from = length > 0 && bytes[at] === MINUS ? at + 1 : at;
  const digits = at + length - from;
  if (digits <= SAFE_DIGITS || digits > LONGEST || bytes[from] === ZERO) return undefined;
  for (let i = from; i < at + length; i++) {
    if (bytes[i] < ZERO || bytes[i] > NINE) return undefined;
  }
  const value = BigInt(byteString(block, at, length));
  return value < MIN_INT64 || value > MAX_INT64 ? undefined : value;
}
