import type { Block } from '../../base/index.js';

/** The longest: "-9223372036854775808". */
export const MAX_DECIMAL_LENGTH = 20;

export const MAX_INT64 = 2n ** 63n - 1n;
export const MIN_INT64 = -(2n ** 63n);

const ZERO = 0x30;
const MINUS = 0x2d;

/** Writes a safe integer in decimal, without making a string of it; returns the number of bytes. */
export function writeDecimal(to: Block, at: number, value: number): number {
  const bytes = to.bytes;
  const negative = value < 0;
  let rest = negative ? -value : value;
  let length = negative ? 2 : 1;
  for (let bound = 10; bound <= rest; bound *= 10) length++;
  let i = at + length;
  while (rest > 0x7fffffff) {
    const next = Math.floor(rest / 10);
    bytes[--i] = ZERO + (rest - next * 10);
    rest = next;
  }
  let small = rest | 0;
  do {
    const next = (small / 10) | 0;
    bytes[--i] = ZERO + (small - next * 10);
    small = next;
  } while (small > 0);
  if (negative) bytes[at] = MINUS;
  return length;
}
