/**
 * Reads replies from a stream of bytes: RESP2 and RESP3, incremental, bounded.
 *
 *   feed(chunk) ──> next() ──> READY ──> reply ──┐
 *                    ^  │                        │
 *                    │  └──> NEED_MORE (feed)    │
 *                    └───────────────────────────┘      any ──> FAILED, for good
 *
 * Nothing is parsed twice. A chunk may end anywhere; what is half read then lies in one of three places:
 * a line without its end in `line`, a bulk in `gathered`, the aggregates it belongs to on the stack of
 * frames. So after NEED_MORE the chunk is the caller's again.
 *
 * A bulk that lies whole in its chunk is handed to the decoder in place; one that spans chunks is first
 * gathered in a block of its own, which the decoder may keep (`owned`).
 *
 * Bounds: memory grows with what has arrived, never with what was declared: arrays grow as elements come,
 * the gathering block at most doubles. The frames are a stack of our own, so depth costs no call stack.
 *
 * Not read: the streamed strings and aggregates ("$?", "*?") of the first RESP3 draft, which no server sends.
 * Source: the RESP3 specification, and hiredis 1.x for what it tolerates.
 */
import { assert, Block, byteString, copyBytes } from '../base/index.js';
import { type BulkDecoder, bulkBytes } from './bulk-decoder.js';
import { FAILED, NEED_MORE, READY, type ReadResult } from './read-result.js';
import {
  type Reply,
  ReplyBigNumber,
  ReplyDouble,
  ReplyError,
  ReplyVerbatim,
  ReplyWithAttributes,
} from './reply.js';
import { aggregate, Frame, type FrameKind } from './reply-frame.js';
import { type ReplyLimits, replyLimits } from './reply-limits.js';

const LF = 10;
const CR = 13;
const MINUS = 45;
const PLUS = 43;
const COLON = 58;
const ZERO = 48;
const ASTERISK = 42;
const DOLLAR = 36;
/** First capacity of a line that spans chunks; it doubles up to maxLineBytes. */
const LINE_BYTES = 64;
/** Least capacity of the block in which a bulk that spans chunks is gathered. */
const GATHER_BYTES = 16 * 1024;
/** Lines of a type and up to so many digits are read at once: the lengths, counts and integers of almost all replies. */
const SHORT_DIGITS = 9;
/** Up to this many digits an integer is exact as a number, whatever they are. */
const EXACT_DIGITS = 15;
/** A sign and the digits of 2^63. */
const LONGEST_INTEGER = 20;
const DOUBLE_FORM = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$|^[+-]?(inf|nan)$/i;
const BIG_NUMBER_FORM = /^[+-]?\d+$/;

export class ReplyReader<B = Uint8Array> {
  /** After READY. */
  reply: Reply<B> = null;
  /** After FAILED: what was wrong. */
  error = '';

  readonly #limits: ReplyLimits;
  readonly #decode: BulkDecoder<B>;

  #block: Block = nothing;
  #at = 0;
  #end = 0;
  #line: Block = nothing;
  #lineLength = 0;

  /** The bulk being read: its type byte (0 = none), its length, and what of it and its CR LF has been gathered. */
  #bulkType = 0;
  #bulkLength = 0;
  #gathered: Block = nothing;
  #gatheredLength = 0;

  readonly #frames: Frame<B>[] = [];
  #depth = 0;
  #replyBytes = 0;
  #isPush = false;

  private constructor(decode: BulkDecoder<B>, limits: ReplyLimits) {
    this.#decode = decode;
    this.#limits = limits;
  }

  /** A reader whose bulks are byte arrays of their own. */
  static ofBytes(limits: ReplyLimits = replyLimits): ReplyReader {
    return new ReplyReader(bulkBytes, limits);
  }

  /** A reader whose bulks are what `decode` makes of them. */
  static of<B>(decode: BulkDecoder<B>, limits: ReplyLimits = replyLimits): ReplyReader<B> {
    return new ReplyReader(decode, limits);
  }

  /** Bytes held for a reply that is not complete; decoded elements not counted. */
  get pendingBytes(): number {
    return this.#lineLength + this.#gatheredLength;
  }

  /** True while a reply has begun and is not complete. */
  get isInside(): boolean {
    return this.#depth > 0 || this.#lineLength > 0 || this.#bulkType !== 0;
  }

  /** True while what is being read is a push: a decoder sees by it whose bulk it gets. */
  get isInsidePush(): boolean {
    return this.#isPush;
  }

  /** The next chunk: bytes [at, end) of `block`, borrowed until next() says NEED_MORE. */
  feed(block: Block, at: number, end: number): void {
    if (this.error !== '') return;
    assert(
      this.#at === this.#end,
      'ReplyReader.feed: the last chunk is not used up, call next() until NEED_MORE',
    );
    this.#block = block;
    this.#at = at;
    this.#end = end;
  }

  next(): ReadResult {
    if (this.error !== '') return FAILED;
    while (this.#at < this.#end) {
      const complete = this.#bulkType === 0 ? this.#readLine() : this.#gather();
      if (complete) return READY;
      if (this.error !== '') return FAILED;
    }
    this.#block = nothing;
    this.#at = this.#end = 0;
    return NEED_MORE;
  }

  /** Reads a line and what it begins. True when that completes a reply. */
  #readLine(): boolean {
    const bytes = this.#block.bytes;
    const end = this.#end;
    const start = this.#at;
    let lf = start + 1;
    let number = 0;
    for (const most = lf + SHORT_DIGITS; lf < end && lf < most; lf++) {
      const digit = bytes[lf] - ZERO;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    const isWhole = this.#lineLength === 0 && lf - start < this.#limits.maxLineBytes;
    const isShort = isWhole && lf > start + 1 && lf + 1 < end && bytes[lf] === CR && bytes[lf + 1] === LF;
    const type = isShort ? bytes[start] : 0;
    if (type === DOLLAR || type === COLON || type === ASTERISK)
      return this.#shortRead(type, number, lf + 2 - start);
    lf = start;
    while (lf < end && bytes[lf] !== LF) lf++;
    const length = this.#lineLength + lf - start;
    if (length > this.#limits.maxLineBytes)
      return this.#fail(`line longer than ${this.#limits.maxLineBytes} bytes`);
    if (lf === end) {
      this.#keepLine(start, end);
      this.#at = end;
      return false;
    }
    this.#at = lf + 1;
    this.#replyBytes += length + 1;
    if (this.#lineLength === 0) return this.#lineRead(this.#block, start, lf);
    this.#keepLine(start, lf);
    this.#lineLength = 0;
    return this.#lineRead(this.#line, 0, length);
  }

  /** A line of so many bytes that says a number. */
  #shortRead(type: number, number: number, length: number): boolean {
    this.#at += length;
    this.#replyBytes += length;
    if (this.#replyBytes > this.#limits.maxReplyBytes) return this.#failSize();
    if (type === DOLLAR) return this.#bulkOf(type, number);
    return type === COLON ? this.#completed(number) : this.#aggregateOf('*', number, number);
  }

  #keepLine(from: number, to: number): void {
    const length = this.#lineLength + to - from;
    if (length > this.#line.bytes.length) {
      const larger = Block.ofLength(Math.max(LINE_BYTES, length, this.#line.bytes.length * 2));
      copyBytes(larger, 0, this.#line, 0, this.#lineLength);
      this.#line = larger;
    }
    copyBytes(this.#line, this.#lineLength, this.#block, from, to - from);
    this.#lineLength = length;
  }

  /** A line without its LF: [at, lf) of `block`. */
  #lineRead(block: Block, at: number, lf: number): boolean {
    const bytes = block.bytes;
    const end = lf - 1;
    if (end <= at || bytes[end] !== CR) return this.#failLine(block, at, lf);
    if (this.#replyBytes > this.#limits.maxReplyBytes) return this.#failSize();
    const body = at + 1;
    const type = bytes[at];
    switch (type) {
      case 36: // $
      case 61: // =
      case 33: // !
        return this.#bulkBegins(type, block, at, end);
      case 58: // :
        return this.#integerRead(block, body, end);
      case 43: // +
        return this.#completed(isOk(bytes, body, end) ? 'OK' : byteString(block, body, end - body));
      case 42: // *
        return this.#aggregateBegins('*', 1, block, at, end);
      case 45: // -
        return this.#completed(new ReplyError(byteString(block, body, end - body)));
      case 37: // %
        return this.#aggregateBegins('%', 2, block, at, end);
      case 126: // ~
        return this.#aggregateBegins('~', 1, block, at, end);
      case 62: // >
        if (this.#depth > 0 && this.#frames[this.#depth - 1].kind !== 'attributed') {
          return this.#fail('a push inside of a reply');
        }
        this.#isPush = true;
        return this.#aggregateBegins('>', 1, block, at, end);
      case 124: // |
        return this.#aggregateBegins('|', 2, block, at, end);
      default:
        return this.#rareRead(type, block, at, end);
    }
  }

  #rareRead(type: number, block: Block, at: number, end: number): boolean {
    const text = byteString(block, at + 1, end - at - 1);
    switch (type) {
      case 95: // _
        if (text === '') return this.#completed(null);
        break;
      case 35: // #
        if (text === 't' || text === 'f') return this.#completed(text === 't');
        break;
      case 44: // ,
        if (DOUBLE_FORM.test(text)) return this.#completed(new ReplyDouble(text));
        break;
      case 40: // (
        if (BIG_NUMBER_FORM.test(text)) return this.#completed(new ReplyBigNumber(text));
        break;
    }
    return this.#failLine(block, at, end + 1);
  }

  #integerRead(block: Block, body: number, end: number): boolean {
    const small = digits(block.bytes, body, end);
    if (small !== undefined) return this.#completed(small);
    const text = byteString(block, body, end - body);
    if (!BIG_NUMBER_FORM.test(text) || text.length > LONGEST_INTEGER)
      return this.#failLine(block, body - 1, end + 1);
    const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
    return this.#completed(Number.isSafeInteger(Number(value)) ? Number(value) : value);
  }

  #bulkBegins(type: number, block: Block, at: number, end: number): boolean {
    const length = digits(block.bytes, at + 1, end);
    if (length === -1 && type === 36) return this.#completed(null);
    if (length === undefined || length < 0) return this.#failLine(block, at, end + 1);
    return this.#bulkOf(type, length);
  }

  #bulkOf(type: number, length: number): boolean {
    if (length > this.#limits.maxBulkBytes) {
      return this.#fail(`bulk of ${length} bytes, the limit is ${this.#limits.maxBulkBytes}`);
    }
    this.#replyBytes += length + 2;
    if (this.#replyBytes > this.#limits.maxReplyBytes) return this.#failSize();
    const next = this.#at + length + 2;
    if (next > this.#end) {
      this.#bulkType = type;
      this.#bulkLength = length;
      return false;
    }
    const start = this.#at;
    this.#at = next;
    return this.#bulkRead(type, this.#block, start, length, false);
  }

  /** Takes what the chunk has of the bulk. */
  #gather(): boolean {
    const whole = this.#bulkLength + 2;
    const taken = Math.min(this.#end - this.#at, whole - this.#gatheredLength);
    const length = this.#gatheredLength + taken;
    if (length > this.#gathered.bytes.length) {
      const larger = Block.ofLength(
        Math.min(whole, Math.max(GATHER_BYTES, length, 2 * this.#gatheredLength)),
      );
      copyBytes(larger, 0, this.#gathered, 0, this.#gatheredLength);
      this.#gathered = larger;
    }
    copyBytes(this.#gathered, this.#gatheredLength, this.#block, this.#at, taken);
    this.#at += taken;
    this.#gatheredLength = length;
    if (length < whole) return false;
    const bulkType = this.#bulkType;
    const gathered = this.#gathered;
    this.#bulkType = 0;
    this.#gathered = nothing;
    this.#gatheredLength = 0;
    return this.#bulkRead(bulkType, gathered, 0, this.#bulkLength, true);
  }

  #bulkRead(type: number, block: Block, at: number, length: number, owned: boolean): boolean {
    const bytes = block.bytes;
    if (bytes[at + length] !== CR || bytes[at + length + 1] !== LF) {
      return this.#fail(`bulk of ${length} bytes not followed by CR LF`);
    }
    if (type === 36) return this.#completed(this.#decode(block, at, length, owned));
    if (type === 33) return this.#completed(new ReplyError(byteString(block, at, length)));
    if (length < 4 || bytes[at + 3] !== COLON) return this.#fail('verbatim text without its format');
    const body = this.#decode(block, at + 4, length - 4, owned);
    return this.#completed(new ReplyVerbatim(byteString(block, at, 3), body));
  }

  #aggregateBegins(kind: FrameKind, perCount: number, block: Block, at: number, end: number): boolean {
    const count = digits(block.bytes, at + 1, end);
    if (count === -1 && kind === '*') return this.#completed(null);
    if (count === undefined || count < 0) return this.#failLine(block, at, end + 1);
    return this.#aggregateOf(kind, count, count * perCount);
  }

  #aggregateOf(kind: FrameKind, count: number, items: number): boolean {
    if (count === 0 && kind !== '|') return this.#completed(aggregate<B>(kind, []));
    const { maxDepth } = this.#limits;
    if (this.#depth >= maxDepth) return this.#fail(`nested deeper than ${maxDepth}`);
    if (this.#depth === this.#frames.length) this.#frames.push(new Frame<B>());
    const frame = this.#frames[this.#depth++];
    frame.begin(count === 0 ? 'attributed' : kind, items);
    return false;
  }

  /** A value is complete: it ends its reply, or is put where it belongs. */
  #completed(value: Reply<B>): boolean {
    let done = value;
    while (this.#depth > 0) {
      const frame = this.#frames[this.#depth - 1];
      if (frame.kind === 'attributed') {
        done = new ReplyWithAttributes<B>(frame.items, done);
        this.#depth--;
        continue;
      }
      frame.items[frame.at++] = done;
      if (--frame.left > 0) return false;
      if (frame.kind === '|') {
        frame.kind = 'attributed'; // It waits for the value that these attributes belong to.
        return false;
      }
      done = aggregate(frame.kind, frame.items);
      frame.end();
      this.#depth--;
    }
    this.reply = done;
    this.#replyBytes = 0;
    this.#isPush = false;
    return true;
  }

  #fail(reason: string): false {
    this.error = `Protocol error: ${reason}`;
    this.#line = this.#gathered = this.#block = nothing;
    this.#lineLength = this.#gatheredLength = 0;
    this.#at = this.#end = 0;
    return false;
  }

  #failSize(): false {
    return this.#fail(`reply larger than ${this.#limits.maxReplyBytes} bytes`);
  }

  #failLine(block: Block, at: number, lf: number): false {
    const shown = byteString(block, at, Math.min(lf - at, 48)).replace(/[^ -~]/g, (char) => {
      return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
    });
    return this.#fail(`not a reply: "${shown}"`);
  }
}

const nothing = Block.ofLength(0);

function isOk(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at === 2 && bytes[at] === 79 && bytes[at + 1] === 75;
}

/** A decimal integer of up to EXACT_DIGITS digits; undefined when it is longer or something else. */
function digits(bytes: Uint8Array, from: number, end: number): number | undefined {
  const sign = bytes[from];
  const at = sign === MINUS || sign === PLUS ? from + 1 : from;
  if (at >= end || end - at > EXACT_DIGITS) return undefined;
  let value = 0;
  for (let i = at; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return sign === MINUS ? 0 - value : value;
}
