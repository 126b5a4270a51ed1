/**
 * Sizes as users write them: a number of bytes, or a number with a unit: `'64mb'`. A kb is 1024 bytes.
 */
import { quantity } from './duration.js';

const unitBytes = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

export type ByteUnit = keyof typeof unitBytes;

/** Bytes, or a number with one of the units b, kb, mb, gb (powers of 1024). */
export type ByteSize = number | `${number}${ByteUnit}`;

/** What a text may look like, for messages. */
export const BYTE_SIZE_FORMS = "bytes, or a number with b, kb, mb or gb such as '64mb'";

/** Whole bytes of a size; NaN when it is none. */
export function byteCount(size: ByteSize): number {
  return Math.floor(typeof size === 'number' ? size : quantity(size, unitBytes));
}
