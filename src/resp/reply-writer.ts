import { Block, copyBytes, writeByteString } from '../base/index.js';

/** Where a writer's blocks come from. */
export interface BlockSource {
  /** A block of `bytes`, or of fewer, but of `least`. May throw: a write that has no room did nothing. */
  take(bytes: number, least?: number): Block;
  /** Takes a block back that nobody uses any more. */
  give(block: Block): void;
}

/** New blocks each time, left to the collector. */
export const freshBlocks: BlockSource = { take: (bytes) => Block.ofLength(bytes), give: () => {} };

/**
 * Writes replies straight into an output buffer, in the protocol version of the connection.
 *
 * The buffer grows by doubling. Nothing is checked about the order of calls: an `array(2)` must be followed
 * by two values. Texts are byte strings: of each char the low 8 bits are written.
 *
 * | call              | RESP2       | RESP3      |
 * |-------------------|-------------|------------|
 * | `nil`             | `$-1`       | `_`        |
 * | `nilArray`        | `*-1`       | `_`        |
 * | `map(n)`          | `*2n`       | `%n`       |
 * | `set(n)`          | `*n`        | `~n`       |
 * | `push(n)`         | `*n`        | `>n`       |
 * | `double`          | bulk        | `,`        |
 * | `boolean`         | `:1` `:0`   | `#t` `#f`  |
 * | `bigNumber`       | bulk        | `(`        |
 * | `verbatim`        | bulk        | `=`        |
 *
 * Everything else is the same in both. A value that is written elsewhere goes `bulkHeader(length)`,
 * `at = reserve(length)`, fill `block` from `at`, `advance(length)`, `crlf()`.
 */
export class ReplyWriter {
  protocol: 2 | 3 = 2;
  /** Holds the replies at `[0, length)`. Replaced when it grows. */
  block: Block;
  length = 0;
  readonly #blocks: BlockSource;
  readonly #initialBytes: number;
  /** What `written` returned last for this block. */
  #written: Uint8Array | undefined;

  constructor(blocks: BlockSource, initialBytes: number) {
    this.#blocks = blocks;
    this.#initialBytes = initialBytes;
    this.block = blocks.take(initialBytes);
  }

  /** Makes room for `bytes` more and returns where they go. */
  reserve(bytes: number): number {
    const at = this.length;
    if (at + bytes > this.block.bytes.length) this.#grow(at + bytes);
    return at;
  }

  /** Counts bytes that were written into reserved room. */
  advance(bytes: number): void {
    this.length += bytes;
  }

  ok(): void {
    const at = this.reserve(5);
    const { view } = this.block;
    view.setInt32(at, OK, true);
    view.setUint8(at + 4, LF);
    this.length = at + 5;
  }

  pong(): void {
    const at = this.reserve(7);
    const { view } = this.block;
    view.setInt32(at, PONG, true);
    view.setInt32(at + 3, NG_CRLF, true);
    this.length = at + 7;
  }

  queued(): void {
    this.simple('QUEUED');
  }

  nil(): void {
    if (this.protocol === 3) {
      this.#line(UNDERSCORE, '');
      return;
    }
    const at = this.reserve(5);
    const { view } = this.block;
    view.setInt32(at, NIL, true);
    view.setUint8(at + 4, LF);
    this.length = at + 5;
  }

  nilArray(): void {
    if (this.protocol === 3) this.#line(UNDERSCORE, '');
    else this.#line(ASTERISK, '-1');
  }

  /** A short status without CR and LF. */
  simple(text: string): void {
    this.#line(PLUS, text);
  }

  /** An error from its first word on: `ERR syntax error`. CR and LF become spaces, at its ends they go. */
  error(text: string): void {
    this.#line(MINUS, text.replace(/^[\r\n]+|[\r\n]+$/g, '').replace(/[\r\n]/g, ' '));
  }

  integer(value: number): void {
    this.#header(COLON, value);
  }

  bigInteger(value: bigint): void {
    this.#line(COLON, value.toString());
  }

  bulk(from: Block, fromAt: number, length: number): void {
    const at = this.bulkHeader(length);
    copyBytes(this.block, at, from, fromAt, length);
    this.length = at + length;
    this.crlf();
  }

  bulkText(text: string): void {
    const at = this.bulkHeader(text.length);
    writeByteString(this.block, at, text);
    this.length = at + text.length;
    this.crlf();
  }

  /** `$length CRLF`. Makes room for the value and its CRLF too, and returns where the value goes. */
  bulkHeader(length: number): number {
    this.reserve(MAX_HEADER_BYTES + length + 2);
    this.#header(DOLLAR, length);
    return this.length;
  }

  /** Ends a bulk. */
  crlf(): void {
    const at = this.reserve(2);
    this.block.view.setUint16(at, CRLF, true);
    this.length = at + 2;
  }

  array(count: number): void {
    this.#header(ASTERISK, count);
  }

  /** `count` pairs. */
  map(count: number): void {
    if (this.protocol === 3) this.#header(PERCENT, count);
    else this.#header(ASTERISK, 2 * count);
  }

  set(count: number): void {
    this.#header(this.protocol === 3 ? TILDE : ASTERISK, count);
  }

  push(count: number): void {
    this.#header(this.protocol === 3 ? GREATER : ASTERISK, count);
  }

  /** With 17 significant digits, as `%.17g` of C. */
  double(value: number): void {
    const text = formatDouble(value);
    if (this.protocol === 3) this.#line(COMMA, text);
    else this.bulkText(text);
  }

  boolean(value: boolean): void {
    if (this.protocol === 3) this.#line(HASH, value ? 't' : 'f');
    else this.integer(value ? 1 : 0);
  }

  bigNumber(value: bigint): void {
    if (this.protocol === 3) this.#line(OPEN_PARENTHESIS, value.toString());
    else this.bulkText(value.toString());
  }

  /** Text for people, in three letters' format. */
  verbatim(format: 'txt' | 'mkd', text: string): void {
    if (this.protocol === 2) {
      this.bulkText(text);
      return;
    }
    this.reserve(MAX_HEADER_BYTES + text.length + 6);
    this.#header(EQUALS, text.length + 4);
    writeByteString(this.block, this.length, `${format}:`);
    writeByteString(this.block, this.length + 4, text);
    this.length += text.length + 4;
    this.crlf();
  }

  /** Bytes of a reply that was written before. */
  raw(from: Block, fromAt: number, length: number): void {
    const at = this.reserve(length);
    copyBytes(this.block, at, from, fromAt, length);
    this.length = at + length;
  }

  /** Takes back what was written from `length` on. */
  truncate(length: number): void {
    this.length = length;
  }

  /** The first `length` bytes of the replies, not copied. */
  written(length = this.length): Uint8Array {
    // A view costs as much as a small copy, and most events of a busy node end with as many bytes as the last.
    if (this.#written?.length !== length) this.#written = this.block.bytes.subarray(0, length);
    return this.#written;
  }

  /** Takes away the first `bytes`. */
  drop(bytes: number): void {
    if (bytes < this.length) this.block.bytes.copyWithin(0, bytes, this.length);
    this.length -= bytes;
  }

  /** Puts an error in the place of each of these replies, given by where they begin and end, in order. */
  replace(replies: readonly (readonly [from: number, to: number])[], text: string): void {
    const { block, length } = this;
    this.block = this.#blocks.take(this.#initialBytes);
    this.#written = undefined;
    this.length = 0;
    let at = 0;
    for (const [from, to] of replies) {
      this.raw(block, at, from - at);
      this.error(text);
      at = to;
    }
    this.raw(block, at, length - at);
    this.#blocks.give(block);
  }

  /** Begins anew in the same buffer; one that has grown much is given up for a small one. */
  reset(): void {
    if (this.block.bytes.length > MAX_KEPT_GROWTH * this.#initialBytes) this.#blocks.give(this.renew());
    this.length = 0;
  }

  /**
   * Begins anew in another block, with what stood behind the first `bytes`, and returns the old one, which whoever sends these still
   * needs.
   */
  renew(bytes = this.length): Block {
    const { block, length } = this;
    this.block = this.#blocks.take(this.#initialBytes);
    this.#written = undefined;
    this.length = 0;
    if (bytes < length) this.raw(block, bytes, length - bytes);
    return block;
  }

  #grow(needed: number): void {
    const grown = this.#blocks.take(Math.max(needed, 2 * this.block.bytes.length), needed);
    copyBytes(grown, 0, this.block, 0, this.length);
    this.#blocks.give(this.block);
    this.block = grown;
    this.#written = undefined;
  }

  #line(type: number, text: string): void {
    const at = this.reserve(text.length + 3);
    const { block } = this;
    block.view.setUint8(at, type);
    writeByteString(block, at + 1, text);
    block.view.setUint16(at + 1 + text.length, CRLF, true);
    this.length = at + text.length + 3;
  }

  /** `type`, a safe integer, CRLF. */
  #header(type: number, value: number): void {
    const at = this.reserve(MAX_HEADER_BYTES);
    const { view } = this.block;
    view.setUint8(at, type);
    if (value >= 0 && value < 10) {
      view.setUint8(at + 1, ZERO + value);
      view.setUint16(at + 2, CRLF, true);
      this.length = at + 4;
      return;
    }
    let from = at + 1;
    let rest = value;
    if (value < 0) {
      view.setUint8(from++, MINUS);
      rest = -value;
    }
    const digits = digitCount(rest);
    let i = from + digits;
    view.setUint16(i, CRLF, true);
    this.length = i + 2;
    while (rest > 0x7fffffff) {
      const tenth = Math.floor(rest / 10);
      view.setUint8(--i, ZERO + (rest - 10 * tenth));
      rest = tenth;
    }
    while (i > from) {
      const tenth = (rest / 10) | 0;
      view.setUint8(--i, ZERO + (rest - 10 * tenth));
      rest = tenth;
    }
  }
}

/** Type, sign, 16 digits, CRLF. */
const MAX_HEADER_BYTES = 20;

/** A buffer beyond so many times its first size is not kept for the next replies. */
const MAX_KEPT_GROWTH = 16;

const LF = 0x0a;
const HASH = 0x23;
const DOLLAR = 0x24;
const PERCENT = 0x25;
const OPEN_PARENTHESIS = 0x28;
const ASTERISK = 0x2a;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const UNDERSCORE = 0x5f;
const TILDE = 0x7e;

/** Constants of several bytes, little endian. */
const CRLF = 0x0a0d;
const OK = 0x0d4b4f2b; // "+OK\r"
const PONG = 0x4e4f502b; // "+PON"
const NG_CRLF = 0x0a0d474e; // "NG\r\n"
const NIL = 0x0d312d24; // "$-1\r"

function digitCount(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** As `%.17g` prints it. */
function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = value.toExponential(16).split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 17) {
    const sign = exponent < 0 ? '-' : '+';
    return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return withoutTrailingZeros(value.toFixed(16 - exponent));
}

function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
