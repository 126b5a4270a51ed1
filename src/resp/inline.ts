import { Block } from '../base/index.js';
import type { Request } from './request.js';

/**
 * Inline commands: a line of words as people type it into telnet, split by the rules of Redis (`sdssplitargs`).
 *
 *     set key "a \"quoted\" value\x00\n" 'single quoted'
 *
 * Within double quotes `\n \r \t \b \a \xHH` and `\` before any other char are understood, within single quotes
 * only `\'`. A closing quote must end its word. A line without quotes is split in place, without copying a byte.
 */

/** Splits the line `[from, to)` of `block` into `request`. False when quotes are unbalanced. */
export function splitInline(request: Request, block: Block, from: number, to: number): boolean {
  const bytes = block.bytes;
  request.block = block;
  for (let i = from; i < to; i++) {
    if (bytes[i] === DOUBLE_QUOTE || bytes[i] === SINGLE_QUOTE)
      return splitQuoted(request, bytes.slice(from, to));
  }
  let at = from;
  for (;;) {
    while (at < to && isSpace(bytes[at])) at++;
    if (at === to) return true;
    const start = at;
    while (at < to && !endsWord(bytes[at])) at++;
    request.push(start, at - start);
  }
}

const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;

/** Splits a line that is ours to change: what a word means never takes more bytes than how it is written. */
function splitQuoted(request: Request, line: Uint8Array): boolean {
  request.block = new Block(line);
  let at = 0;
  let write = 0;
  for (;;) {
    while (at < line.length && isSpace(line[at])) at++;
    if (at === line.length) return true;
    const start = write;
    while (at < line.length && !endsWord(line[at])) {
      const byte = line[at];
      if (byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE) {
        line[write++] = byte;
        at++;
        continue;
      }
      at++;
      while (at < line.length && line[at] !== byte) {
        const taken = byte === DOUBLE_QUOTE ? escapedLength(line, at) : escapedQuoteLength(line, at);
        line[write++] = taken === 1 ? line[at] : unescaped(line, at, taken);
        at += taken;
      }
      if (at === line.length) return false;
      at++;
      if (at < line.length && !isSpace(line[at])) return false;
      break;
    }
    request.push(start, write - start);
  }
}

/** How many bytes at `at`, within double quotes, stand for one. */
function escapedLength(line: Uint8Array, at: number): number {
  if (line[at] !== BACKSLASH || at + 1 === line.length) return 1;
  const isHex = line[at + 1] === 0x78 && hexDigit(line[at + 2]) >= 0 && hexDigit(line[at + 3]) >= 0;
  return isHex ? 4 : 2;
}

function escapedQuoteLength(line: Uint8Array, at: number): number {
  return line[at] === BACKSLASH && line[at + 1] === SINGLE_QUOTE ? 2 : 1;
}

const ESCAPES = new Map([
  [0x6e, 0x0a], // \n
  [0x72, 0x0d], // \r
  [0x74, 0x09], // \t
  [0x62, 0x08], // \b
  [0x61, 0x07], // \a
]);

function unescaped(line: Uint8Array, at: number, taken: number): number {
  if (taken === 4) return hexDigit(line[at + 2]) * 16 + hexDigit(line[at + 3]);
  return ESCAPES.get(line[at + 1]) ?? line[at + 1];
}

/** The value of a hexadecimal digit, or -1. */
function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** Space, tab, LF, VT, FF, CR: what `isspace` of C says. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** Of these, VT and FF do not end a word that has begun. */
function endsWord(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
