import type { Block } from './block.js';
import { hashTagEnd, hashTagStart } from './hash-tag.js';

/** Hash slots of a cluster, as Redis Cluster has them. */
export const SLOT_COUNT = 16384;

/** CRC16 (XMODEM: polynomial 0x1021, start 0, not reflected), as the Redis Cluster specification says. */
const CRC16_TABLE = makeTable();

function makeTable(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = crc & 0xffff;
  }
  return table;
}

/** The hash slot of a key: CRC16 of its hash tag, or of the whole key, modulo 16384. */
export function keySlot(block: Block, at: number, length: number): number {
  const bytes = block.bytes;
  const from = hashTagStart(bytes, at, at + length);
  const to = hashTagEnd(bytes, at, at + length, from);
  let crc = 0;
  for (let i = from; i < to; i++) crc = ((crc << 8) ^ CRC16_TABLE[((crc >>> 8) ^ bytes[i]) & 0xff]) & 0xffff;
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
  return ((crc << 8) ^ CRC16_TABLE[((crc >>> 8) ^ byte) & 0xff]) & 0xffff;
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
