import { assert, Block, copyBytes } from '../base/index.js';
import { BlockPool, LARGEST_POOLED_BYTES } from './block-pool.js';
import { splitInline } from './inline.js';
import { parseBigInteger, parseInteger } from './integers.js';
import { FAILED, NEED_MORE, READY, type ReadResult } from './read-result.js';
import { maxBulkBytesOf, type ReaderLimits, UNAUTHENTICATED_MAX_ARGUMENTS } from './reader-limits.js';
import { Request } from './request.js';

/**
 * Reads the requests of one connection: RESP arrays of bulk strings and inline commands.
 *
 *     feed(chunk) ---> next() -> READY, use `request`     (again and again)
 *                        |----> FAILED: answer `error`, close
 *                        '----> NEED_MORE ---> keep() ---> feed(chunk) ...
 *
 * Whole requests are parsed where they lie in the chunk: no byte is copied, nothing is allocated. Only what
 * is incomplete when the chunk ends is moved, by `keep`, into a pending block of the reader's own, together
 * with the parse position, so that no byte is looked at twice however small the pieces are. The next chunk then
 * lends the pending block just the bytes which that one request lacks, and parsing goes on in the chunk:
 *
 *     pending  [ *2 $3 GET $100 aaaaaa|bbbbb ]          bytes b are borrowed from the chunk
 *     chunk                           [ bbbbb | *2 $3 GET $1 x | *2 ... ]
 *
 * The pending block grows by doubling with what has arrived, whatever lengths the client declares, so it
 * takes at most about twice the bytes that came. Without an incomplete request a reader holds a few numbers.
 *
 * Accepts and refuses exactly what Redis 7.0 does, its laxities included: the byte after a CR and the two after
 * a bulk are skipped unseen, empty arrays and lines are ignored, and a NUL in a line stops the search for its end.
 * One difference makes the outcome independent of how the bytes were cut: a line's end must lie within
 * `maxInlineBytes`, where Redis also takes one beyond if it arrived in the same read.
 */
export class RequestReader {
  /** Valid after READY, until the next call of `next`, `keep` or `feed`. */
  readonly request = new Request();
  /** After FAILED: what Redis says of it, without `-ERR `. */
  error = '';
  /** May be replaced at any time, for instance after AUTH. */
  limits: ReaderLimits;
  readonly #pool: BlockPool;

  /** Where parsing happens: in the chunk, or in the pending block. */
  #block: Block = EMPTY;
  /** The next byte to parse. */
  #at = 0;
  #end = 0;
  /** The first byte that belongs to the request being parsed. */
  #requestAt = 0;
  /** Up to here the current line was searched for its end. */
  #searchedTo = 0;
  /** Arguments the current request still lacks; 0 between requests. */
  #missing = 0;
  /** Bytes of the argument whose length is known and which is not here yet; -1: none. */
  #bulkLength = -1;

  /** While parsing in the pending block: the rest of the chunk, and how much of it was lent last. */
  #isPending = false;
  #chunk: Block = EMPTY;
  #chunkAt = 0;
  #chunkEnd = 0;
  #borrowed = 0;

  /** The pool is shared by the readers of one thread. */
  constructor(limits: ReaderLimits, pool = new BlockPool()) {
    this.limits = limits;
    this.#pool = pool;
  }

  /** Takes the bytes `[at, end)` that were just read. The chunk must stay untouched until `keep`. */
  feed(chunk: Block, at: number, end: number): void {
    assert(
      this.#isPending ? this.#chunkAt === this.#chunkEnd : this.#at === this.#end,
      'fed before the last chunk was used up or kept',
    );
    if (this.#isPending) {
      this.#chunk = chunk;
      this.#chunkAt = at;
      this.#chunkEnd = end;
      this.#borrowed = 0;
    } else {
      this.#parseIn(chunk, at, end);
    }
  }

  /** The next request, if it is here whole. */
  next(): ReadResult {
    if (this.error !== '') return FAILED;
    if (this.#isPending && this.#at === this.#end && this.#missing === 0) this.#leavePending();
    for (;;) {
      const result = this.#parse();
      if (!this.#isPending) return result;
      if (result === READY) {
        // What was borrowed and lies behind the request belongs to the chunk again.
        const bytes = Math.min(this.#end - this.#at, this.#borrowed);
        this.#end -= bytes;
        this.#chunkAt -= bytes;
        this.#borrowed -= bytes;
        return READY;
      }
      if (result === FAILED || this.#chunkAt === this.#chunkEnd) return result;
      this.#borrow();
    }
  }

  /** Copies what is left of the chunk, which may be overwritten after this. */
  keep(): void {
    if (this.error !== '') {
      this.#leavePending();
      this.#parseIn(EMPTY, 0, 0);
      return;
    }
    if (this.#isPending) {
      if (this.#at === this.#end && this.#missing === 0) this.#leavePending();
      else if (this.#chunkAt < this.#chunkEnd) this.#append(this.#chunkEnd - this.#chunkAt);
    }
    if (!this.#isPending) this.#keepChunk();
    this.#chunk = EMPTY;
    this.#borrowed = 0;
  }

  /** Bytes that were kept and belong to no finished request. */
  get pendingBytes(): number {
    return this.#isPending ? this.#end - this.#requestAt : 0;
  }

  /** Bytes of memory that hold them. */
  get pendingCapacity(): number {
    return this.#isPending ? this.#block.bytes.length : 0;
  }

  /** Parses on from `#at`. Whatever comes out, the state says where to go on. */
  #parse(): ReadResult {
    if (this.#missing === 0) {
      const result = this.#begin();
      if (result !== ARRAY_BEGUN) return result;
    }
    return this.#arguments();
  }

  /** Reads an inline command, or the header of an array that is not empty. */
  #begin(): ReadResult | typeof ARRAY_BEGUN {
    const request = this.request;
    request.count = 0;
    const bytes = this.#block.bytes;
    for (;;) {
      const at = this.#at;
      this.#requestAt = at;
      if (at >= this.#end) return NEED_MORE;
      if (bytes[at] !== ASTERISK) {
        const result = this.#inline();
        if (result !== READY || request.count > 0) return result;
        continue;
      }
      // `*`, one digit, CR: nearly every request begins so.
      const digit = this.#end - at >= 4 && bytes[at + 2] === CR ? bytes[at + 1] ^ ZERO : 0;
      if (digit > 0 && digit <= 9 && digit <= this.limits.maxArguments) {
        this.#missing = digit;
        this.#at = at + 4;
        return ARRAY_BEGUN;
      }
      const result = this.#arrayHeader();
      if (result !== READY) return result;
      if (this.#missing > 0) return ARRAY_BEGUN;
    }
  }

  /** Reads arguments until none is missing. The hot loop: whatever is unusual is left to `#bulkHeader`. */
  #arguments(): ReadResult {
    const request = this.request;
    const bytes = this.#block.bytes;
    const end = this.#end;
    const maxBytes = maxBulkBytesOf(this.limits);
    let { count, starts, lengths } = request;
    let at = this.#at;
    let missing = this.#missing;
    let length = this.#bulkLength;
    let result: ReadResult = READY;
    while (missing > 0) {
      const first = length < 0 && end - at >= 4 && bytes[at] === DOLLAR ? bytes[at + 1] ^ ZERO : 10;
      if (first <= 9) {
        let value = first;
        let i = at + 2;
        const limit = first === 0 ? i : Math.min(end - 1, at + 2 + USUAL_DIGITS);
        for (let digit = 0; i < limit; i++) {
          digit = bytes[i] ^ ZERO;
          if (digit > 9) break;
          value = value * 10 + digit;
        }
        if (i < end - 1 && bytes[i] === CR && value <= maxBytes) {
          length = value;
          at = i + 2;
        }
      }
      if (length < 0) {
        this.#at = at;
        result = this.#bulkHeader();
        if (result !== READY) break;
        at = this.#at;
        length = this.#bulkLength;
      }
      const next = at + length + 2;
      if (next > end) {
        result = NEED_MORE;
        break;
      }
      if (count === starts.length) {
        request.grow(count + 1);
        ({ starts, lengths } = request);
      }
      starts[count] = at;
      lengths[count] = length;
      count++;
      missing--;
      length = -1;
      at = next;
    }
    request.block = this.#block;
    request.count = count;
    this.#at = at;
    this.#missing = missing;
    this.#bulkLength = length;
    return result;
  }

  /** Any header of an array, also an empty or negative one: READY when the line is complete and allowed. */
  #arrayHeader(): ReadResult {
    const at = this.#at;
    const lineEnd = this.#lineEnd(CR);
    if (lineEnd === LINE_TOO_LONG) return this.#fail('too big mbulk count string');
    if (lineEnd === LINE_INCOMPLETE || lineEnd + 2 > this.#end) return NEED_MORE;
    const count = parseBigInteger(this.#block, at + 1, lineEnd - at - 1);
    if (count === undefined || count > this.limits.maxArguments)
      return this.#fail('invalid multibulk length');
    if (this.limits.unauthenticated && count > UNAUTHENTICATED_MAX_ARGUMENTS) {
      return this.#fail('unauthenticated multibulk length');
    }
    this.#at = lineEnd + 2;
    if (count <= 0) return READY;
    this.#missing = Number(count);
    // Room for what may be here already; what is only announced gets none.
    const here = Math.floor((this.#end - this.#at) / SMALLEST_ARGUMENT_BYTES);
    if (here > this.request.starts.length) this.request.grow(Math.min(this.#missing, here));
    return READY;
  }

  /** Any header of an argument; sets `#bulkLength` when the line is complete and allowed. */
  #bulkHeader(): ReadResult {
    const at = this.#at;
    if (at >= this.#end) return NEED_MORE;
    const lineEnd = this.#lineEnd(CR);
    if (lineEnd === LINE_TOO_LONG) return this.#fail('too big bulk count string');
    if (lineEnd === LINE_INCOMPLETE || lineEnd + 2 > this.#end) return NEED_MORE;
    const type = this.#block.bytes[at];
    if (type !== DOLLAR) return this.#fail(`expected '$', got '${String.fromCharCode(type)}'`);
    const length = parseInteger(this.#block, at + 1, lineEnd - at - 1);
    if (length === undefined || length < 0 || length > this.limits.maxBulkBytes) {
      return this.#fail('invalid bulk length');
    }
    if (length > maxBulkBytesOf(this.limits)) return this.#fail('unauthenticated bulk length');
    this.#at = lineEnd + 2;
    this.#bulkLength = length;
    return READY;
  }

  /** Any line that does not begin with `*`; READY with 0 arguments when it is blank. */
  #inline(): ReadResult {
    const at = this.#at;
    const lineEnd = this.#lineEnd(LF);
    if (lineEnd === LINE_TOO_LONG) return this.#fail('too big inline request');
    if (lineEnd === LINE_INCOMPLETE) return NEED_MORE;
    const to = lineEnd > at && this.#block.bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    if (!splitInline(this.request, this.#block, at, to)) return this.#fail('unbalanced quotes in request');
    this.#at = lineEnd + 1;
    return READY;
  }

  /** Where the line at `#at` ends. Each byte is searched once. */
  #lineEnd(terminator: typeof CR | typeof LF): number {
    const bytes = this.#block.bytes;
    const limit = Math.min(this.#end, this.#at + this.limits.maxInlineBytes + 1);
    let i = Math.max(this.#at, this.#searchedTo);
    while (i < limit && bytes[i] !== terminator && bytes[i] !== NUL) i++;
    this.#searchedTo = i;
    if (i < limit && bytes[i] === terminator) return i;
    return this.#end - this.#at > this.limits.maxInlineBytes ? LINE_TOO_LONG : LINE_INCOMPLETE;
  }

  #fail(what: string): typeof FAILED {
    this.error = `Protocol error: ${what}`;
    return FAILED;
  }

  /** Parses in these bytes from now on. */
  #parseIn(block: Block, at: number, end: number): void {
    this.#block = block;
    this.#at = at;
    this.#end = end;
    this.#requestAt = at;
    this.#searchedTo = 0;
  }

  /** Moves what is left of the chunk into a pending block. */
  #keepChunk(): void {
    if (this.#missing === 0) this.#requestAt = this.#at;
    const from = this.#requestAt;
    const length = this.#end - from;
    if (length === 0) {
      this.#parseIn(EMPTY, 0, 0);
      if (this.request.starts.length > MAX_IDLE_POSITIONS) this.request.release();
      return;
    }
    const block = this.#take(length);
    copyBytes(block, 0, this.#block, from, length);
    this.#rebase(from);
    this.#block = block;
    this.#isPending = true;
    this.#chunkAt = 0;
    this.#chunkEnd = 0;
  }

  /** The pending block is used up: back to the chunk. */
  #leavePending(): void {
    if (!this.#isPending) return;
    this.#pool.give(this.#block);
    this.#isPending = false;
    this.#parseIn(this.#chunk, this.#chunkAt, this.#chunkEnd);
  }

  /** Lends the pending block what the request lacks, and some more, since its other headers have to be found. */
  #borrow(): void {
    const lacking = this.#bulkLength < 0 ? 0 : this.#at + this.#bulkLength + 2 - this.#end;
    const more = Math.max(MIN_BORROWED_BYTES, Math.min(this.#borrowed, MAX_BORROWED_BYTES));
    this.#append(Math.min(this.#chunkEnd - this.#chunkAt, lacking + more));
  }

  #append(length: number): void {
    this.#makeRoom(length);
    copyBytes(this.#block, this.#end, this.#chunk, this.#chunkAt, length);
    this.#end += length;
    this.#chunkAt += length;
    this.#borrowed += length;
  }

  /** Room for `length` bytes more behind the pending ones. */
  #makeRoom(length: number): void {
    const block = this.#block;
    if (this.#end + length <= block.bytes.length) return;
    if (this.#missing === 0) this.#requestAt = this.#at;
    const from = this.#requestAt;
    const live = this.#end - from;
    if (from >= live && live + length <= block.bytes.length) {
      block.bytes.copyWithin(0, from, this.#end);
    } else {
      const grown = this.#take(live + length);
      copyBytes(grown, 0, block, from, live);
      this.#pool.give(block);
      this.#block = grown;
    }
    this.#rebase(from);
  }

  /** A block for `bytes` that have arrived, with room to grow: at most twice that. */
  #take(bytes: number): Block {
    if (2 * bytes <= LARGEST_POOLED_BYTES) return this.#pool.take(bytes);
    const whole = this.#bulkLength < 0 ? 2 * bytes : this.#at - this.#requestAt + this.#bulkLength + 2;
    return this.#pool.take(Math.max(bytes, Math.min(whole, 2 * bytes)));
  }

  /** All positions move down by `by`. */
  #rebase(by: number): void {
    this.#at -= by;
    this.#end -= by;
    this.#requestAt -= by;
    this.#searchedTo = Math.max(0, this.#searchedTo - by);
    if (this.#missing === 0) return;
    const { starts, count } = this.request;
    for (let i = 0; i < count; i++) starts[i] -= by;
  }
}

const EMPTY = Block.ofLength(0);

// Not imported: a constant of another module is loaded at each use, one of this module is part of the code.
const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const DOLLAR = 0x24;
const ASTERISK = 0x2a;
const ZERO = 0x30;
const ARRAY_BEGUN = 3;
const LINE_INCOMPLETE = -1;
const LINE_TOO_LONG = -2;
/** Digits behind the first that the hot loop reads of a length: up to 9,999,999 bytes. */
const USUAL_DIGITS = 6;
/** `$0\r\n\r\n` */
const SMALLEST_ARGUMENT_BYTES = 6;
/** Positions that a reader without an incomplete request keeps room for. */
const MAX_IDLE_POSITIONS = 256;
/** Bytes borrowed beyond the argument that is known to be incomplete. */
const MIN_BORROWED_BYTES = 64;
const MAX_BORROWED_BYTES = 4096;
