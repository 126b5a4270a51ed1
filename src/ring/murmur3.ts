/**
 * MurmurHash3_x86_32 with seed 0: where a key, and where a vnode, stands on the circle.
 *
 * All clients of one cache, in all languages and all versions, must agree on it, so it is a published hash that every
 * language has, and it is never changed. Of those it is the one that suits JavaScript: 32-bit arithmetic only, and
 * each four bytes are taken once, in order, so a string is hashed as UTF-8 without being encoded anywhere. It has no
 * secret: who may choose keys can choose many for one node, as with the CRC16 of Redis Cluster.
 *
 * A string counts as the bytes that a client sends for it: UTF-8, with U+FFFD in place of a lone surrogate.
 *
 * Results are int32, the hash as signed: larger numbers are objects on the heap. Cost: O(bytes), nothing allocated.
 *
 * Source: A. Appleby, MurmurHash3.cpp (2011).
 */
import type { Block } from '../base/index.js';

/** The hash of a range of bytes. */
export function murmur3(block: Block, at: number, length: number): number {
  const { bytes, view } = block;
  const end = at + length;
  let hash = 0;
  let i = at;
  for (; i <= end - 4; i += 4) hash = withWord(hash, view.getInt32(i, true));
  let rest = 0;
  for (let shift = 0; i < end; i++, shift += 8) rest |= bytes[i] << shift;
  return finished(hash, rest, length);
}

/** The hash of a part of a string, as UTF-8. */
export function murmur3Text(text: string, from: number, to: number): number {
  let hash = 0;
  let i = from;
  for (; i <= to - 4; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    if ((a | b | c | d) > 0x7f) break;
    hash = withWord(hash, a | (b << 8) | (c << 16) | (d << 24));
  }
  return withAnyText(hash, i - from, text, i, to);
}

/** Goes on after `length` bytes, a multiple of four, with text of which every char may take one to four bytes. */
function withAnyText(hash: number, length: number, text: string, from: number, to: number): number {
  let word = 0;
  let filled = 0;
  for (let i = from; i < to; i++) {
    let code = text.charCodeAt(i);
    if ((code & 0xf800) === 0xd800) {
      const next = i + 1 < to ? text.charCodeAt(i + 1) : 0;
      if (code < 0xdc00 && (next & 0xfc00) === 0xdc00) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (next & 0x3ff);
        i++;
      } else {
        code = 0xfffd;
      }
    }
    const bytes = utf8Bytes(code);
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    length += size;
    word |= bytes << (filled * 8);
    filled += size;
    if (filled >= 4) {
      hash = withWord(hash, word);
      filled -= 4;
      word = filled === 0 ? 0 : bytes >>> ((size - filled) * 8);
    }
  }
  return finished(hash, word, length);
}

/** The UTF-8 bytes of a code point, the first one lowest. */
function utf8Bytes(code: number): number {
  if (code < 0x80) return code;
  const last = 0x80 | (code & 0x3f);
  if (code < 0x800) return 0xc0 | (code >> 6) | (last << 8);
  const third = 0x80 | ((code >> 6) & 0x3f);
  if (code < 0x10000) return 0xe0 | (code >> 12) | (third << 8) | (last << 16);
  return 0xf0 | (code >> 18) | ((0x80 | ((code >> 12) & 0x3f)) << 8) | (third << 16) | (last << 24);
}

function withWord(hash: number, word: number): number {
  const mixed = hash ^ scrambled(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** `rest` holds the last bytes, less than a word; scrambled, no bytes are 0 and change nothing. */
function finished(hash: number, rest: number, length: number): number {
  hash ^= scrambled(rest) ^ length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function scrambled(word: number): number {
  const product = Math.imul(word, 0xcc9e2d51);
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593);
}
