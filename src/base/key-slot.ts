/**
 * The hash slot of a key, as Redis Cluster has it: CRC16 (XMODEM: polynomial 0x1021, start 0, not reflected) of its hash tag, or of the whole
 * key, modulo 16384.
 *
 * Every command of a cluster asks for it, so four bytes are taken in one step, each through a table that knows how many bytes follow it; byte by byte
 * each look-up would wait for the one before.
 */
import type { Block } from './block.js';
import { hashTagEnd, hashTagStart } from './hash-tag.js';

/** Hash slots of a cluster. */
export const SLOT_COUNT = 16384;

/** What a byte adds when 0, 1, 2 or 3 bytes follow it. */
const FOLLOWED_BY_0 = firstTable();
const FOLLOWED_BY_1 = nextTable(FOLLOWED_BY_0);
const FOLLOWED_BY_2 = nextTable(FOLLOWED_BY_1);
const FOLLOWED_BY_3 = nextTable(FOLLOWED_BY_2);

function firstTable(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = crc & 0xffff;
  }
  return table;
}

/** The same with one byte more behind. */
function nextTable(table: Uint16Array): Uint16Array {
  return table.map((crc) => (crc << 8) ^ FOLLOWED_BY_0[crc >>> 8]);
}

export function keySlot(block: Block, at: number, length: number): number {
  const { bytes } = block;
  const from = hashTagStart(bytes, at, at + length);
  const to = hashTagEnd(bytes, at, at + length, from);
  let crc = 0;
  let i = from;
  for (const last = to - 3; i < last; i += 4) {
    crc =
      FOLLOWED_BY_3[(crc >>> 8) ^ bytes[i]] ^
      FOLLOWED_BY_2[(crc & 0xff) ^ bytes[i + 1]] ^
      FOLLOWED_BY_1[bytes[i + 2]] ^
      FOLLOWED_BY_0[bytes[i + 3]];
  }
  for (; i < to; i++) crc = withByte(crc, bytes[i]);
  return crc & (SLOT_COUNT - 1);
}

/** The hash slot of a key that is text: that of its UTF-8, in which a lone surrogate is U+FFFD. */
export function textSlot(key: string): number {
  const from = hashTagStart(key, 0, key.length);
  const to = hashTagEnd(key, 0, key.length, from);
  let crc = 0;
  for (let i = from; i < to; i++) {
    const code = key.codePointAt(i) as number;
    if (code < 0x80) {
      crc = withByte(crc, code);
      continue;
    }
    if (code > 0xffff) i++;
    crc = withCharacter(crc, code >= 0xd800 && code <= 0xdfff ? 0xfffd : code);
  }
  return crc & (SLOT_COUNT - 1);
}

function withByte(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ FOLLOWED_BY_0[(crc >>> 8) ^ byte];
}

/** The UTF-8 of a character beyond ASCII. */
function withCharacter(crc: number, code: number): number {
  const last = 0x80 | (code & 0x3f);
  if (code < 0x800) return withByte(withByte(crc, 0xc0 | (code >> 6)), last);
  const third = 0x80 | ((code >> 6) & 0x3f);
  if (code < 0x10000) return withByte(withByte(withByte(crc, 0xe0 | (code >> 12)), third), last);
  const first = withByte(withByte(crc, 0xf0 | (code >> 18)), 0x80 | ((code >> 12) & 0x3f));
  return withByte(withByte(first, third), last);
}
