/**
 * Bytes as Redis prints them between double quotes: printable ASCII as it is, the usual escapes, the rest as `\xHH`.
 * From block to block, without a string in between: what is printed may be a value of many megabytes.
 */
import type { Block } from '../base/index.js';

const BACKSLASH = 0x5c;
const LOWER_X = 0x78;
const HEX_DIGITS = '0123456789abcdef';

/** For each byte: 0 = as it is, 1 = `\xHH`, else the letter behind the backslash. */
const escapes = new Uint8Array(256).map((_, byte) => (byte >= 0x20 && byte < 0x7f ? 0 : 1));
for (const [byte, letter] of ['\\\\', '""', '\nn', '\rr', '\tt', '\x07a', '\bb']) {
  escapes[byte.charCodeAt(0)] = letter.charCodeAt(0);
}

/** How many bytes `writeQuoted` writes. */
export function quotedLength(from: Block, at: number, length: number): number {
  const { bytes } = from;
  let quoted = length;
  for (let i = at; i < at + length; i++) {
    const kind = escapes[bytes[i]];
    if (kind !== 0) quoted += kind === 1 ? 3 : 1;
  }
  return quoted;
}

/** Writes the bytes in quoted form, without the quotes, and returns the place behind them. */
export function writeQuoted(to: Block, toAt: number, from: Block, at: number, length: number): number {
  const source = from.bytes;
  const target = to.bytes;
  let end = toAt;
  for (let i = at; i < at + length; i++) {
    const byte = source[i];
    const kind = escapes[byte];
    if (kind === 0) {
      target[end++] = byte;
      continue;
    }
    target[end++] = BACKSLASH;
    if (kind !== 1) {
      target[end++] = kind;
      continue;
    }
    target[end++] = LOWER_X;
    target[end++] = HEX_DIGITS.charCodeAt(byte >> 4);
    target[end++] = HEX_DIGITS.charCodeAt(byte & 15);
  }
  return end;
}
