/** Counting and finding bits in values, read in pieces. Bit 0 is the highest bit of the first byte. */
import type { Request } from '../../resp/index.js';
import { MAX_VALUE_BYTES, type Ref, type Store } from '../../store/index.js';
import { SCRATCH_BYTES, scratch } from './values.js';

const MAX_BITS = BigInt(MAX_VALUE_BYTES) * 8n;

/** The offset of a bit, below 2^32; `undefined` when argument i is none. */
export function bitOffset(request: Request, i: number): number | undefined {
  const offset = request.integer(i);
  return offset !== undefined && offset >= 0 && offset < Number(MAX_BITS) ? offset : undefined;
}

/** Ones among the bits from `first` to `last`, both included; they must exist. */
export function countBits(store: Store, ref: Ref, first: number, last: number): number {
  if (last < first) return 0;
  const firstByte = Math.floor(first / 8);
  const lastByte = Math.floor(last / 8);
  let count = 0;
  for (let at = firstByte; at <= lastByte; at += SCRATCH_BYTES) {
    const length = Math.min(SCRATCH_BYTES, lastByte + 1 - at);
    load(store, ref, at, length, first, last, 0);
    let i = 0;
    for (; i <= length - 4; i += 4) count += ones(scratch.view.getInt32(i, true));
    for (; i < length; i++) count += ones(scratch.bytes[i]);
  }
  return count;
}

/** The first bit that is `bit` (0 or 1) from `first` to `last`, both included; -1 when there is none. */
export function firstBit(store: Store, ref: Ref, bit: number, first: number, last: number): number {
  const firstByte = Math.floor(first / 8);
  const lastByte = Math.floor(last / 8);
  const other = bit === 0 ? 0xff : 0;
  const otherWord = bit === 0 ? -1 : 0;
  for (let at = firstByte; at <= lastByte; at += SCRATCH_BYTES) {
    const length = Math.min(SCRATCH_BYTES, lastByte + 1 - at);
    load(store, ref, at, length, first, last, other);
    let i = 0;
    while (i <= length - 4 && scratch.view.getInt32(i, true) === otherWord) i += 4;
    while (i < length && scratch.bytes[i] === other) i++;
    if (i < length) return (at + i) * 8 + Math.clz32(scratch.bytes[i] ^ other) - 24;
  }
  return -1;
}

/** Loads bytes into `scratch`; bits outside of [first, last] become those of `outside` (0 or 0xff). */
function load(
  store: Store,
  ref: Ref,
  at: number,
  length: number,
  first: number,
  last: number,
  outside: number,
): void {
  const { bytes } = scratch;
  store.copyValue(ref, at, length, scratch, 0);
  if (first > at * 8) bytes[0] = mix(outside, bytes[0], 0xff >> (first % 8));
  const end = at + length - 1;
  if (last < end * 8 + 7)
    bytes[length - 1] = mix(outside, bytes[length - 1], (0xff00 >> ((last % 8) + 1)) & 0xff);
}

function mix(outside: number, inside: number, mask: number): number {
  return (outside & ~mask) | (inside & mask);
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
