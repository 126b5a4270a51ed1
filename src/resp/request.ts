import { Block, byteString } from '../base/index.js';
import { parseBigInteger, parseInteger } from './integers.js';

const EMPTY = Block.ofLength(0);
const NO_POSITIONS = new Int32Array(0);
/**
 * What is read as a text (a name, an option, a pattern) is at most so long. An argument can have 512 MB, which is more than
 * a string can hold, and a name that long would be copied, compared and told for seconds.
 */
export const MAX_TEXT_BYTES = 128 * 1024;
/** Positions a request has room for at first; most commands need fewer. */
const FIRST_POSITIONS = 8;

/**
 * One request: its arguments as positions in the block in which they arrived. Nothing is copied and no
 * string is made until somebody asks.
 *
 *     *2 \r\n $3 \r\n GET \r\n $4 \r\n name \r\n
 *                     ^               ^
 *               starts[0]        starts[1]       lengths = 3, 4
 *
 * Valid until the reader is asked for the next one, and as long as the block is not read into: a handler that
 * keeps a request makes a `copy()`. Argument 0 is the name of the command.
 */
export class Request {
  block: Block = EMPTY;
  /** The number of arguments, the command's name included. */
  count = 0;
  starts: Int32Array = NO_POSITIONS;
  lengths: Int32Array = NO_POSITIONS;

  /** Argument `i` as a byte string, one char (0 to 255) per byte: its first MAX_TEXT_BYTES. */
  text(i: number): string {
    return byteString(this.block, this.starts[i], Math.min(this.lengths[i], MAX_TEXT_BYTES));
  }

  /** Whether argument `i` is this word, given in upper case, in any case of ASCII letters. */
  is(i: number, word: string): boolean {
    const length = this.lengths[i];
    if (length !== word.length) return false;
    const bytes = this.block.bytes;
    const start = this.starts[i];
    for (let j = 0; j < length; j++) {
      const byte = bytes[start + j];
      const upper = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
      if (upper !== word.charCodeAt(j)) return false;
    }
    return true;
  }

  /** Argument `i` as an integer as Redis reads them, or undefined if it is none or lies beyond +-(2^53 - 1). */
  integer(i: number): number | undefined {
    return parseInteger(this.block, this.starts[i], this.lengths[i]);
  }

  /** Argument `i` as a signed 64-bit integer as Redis reads them, or undefined if it is none. */
  bigInteger(i: number): bigint | undefined {
    return parseBigInteger(this.block, this.starts[i], this.lengths[i]);
  }

  /** Adds an argument. Its bytes stand in `block`. */
  push(start: number, length: number): void {
    if (this.count === this.starts.length) this.grow(this.count + 1);
    this.starts[this.count] = start;
    this.lengths[this.count++] = length;
  }

  /** Makes room for at least `count` arguments; the room at least doubles. */
  grow(count: number): void {
    const room = Math.max(count, 2 * this.starts.length, FIRST_POSITIONS);
    const { starts, lengths } = this;
    this.starts = new Int32Array(room);
    this.starts.set(starts);
    this.lengths = new Int32Array(room);
    this.lengths.set(lengths);
  }

  /** Drops the room for arguments. */
  release(): void {
    this.count = 0;
    this.starts = NO_POSITIONS;
    this.lengths = NO_POSITIONS;
  }

  /** The same request with bytes of its own. */
  copy(): Request {
    const copy = new Request();
    let bytes = 0;
    for (let i = 0; i < this.count; i++) bytes += this.lengths[i];
    copy.block = Block.ofLength(bytes);
    copy.count = this.count;
    copy.starts = new Int32Array(this.count);
    copy.lengths = this.lengths.slice(0, this.count);
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      const start = this.starts[i];
      copy.starts[i] = at;
      copy.block.bytes.set(this.block.bytes.subarray(start, start + this.lengths[i]), at);
      at += this.lengths[i];
    }
    return copy;
  }
}
