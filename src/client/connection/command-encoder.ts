/**
 * Commands as RESP, one behind the other in one growing buffer, until somebody takes them away.
 *
 *   encode(['GET', 'k'])     *2 CRLF $3 CRLF GET CRLF $1 CRLF k CRLF
 *                            |<--- earlier commands --->|<- this ->|     length
 *
 * Nothing is made per command or argument: short texts are written char by char behind room left for their
 * length (texts of ASCII, which keys are, are as long as their chars), others by the host's encoder. A command that
 * cannot be written leaves no trace.
 */

/** What a command is made of. Text is sent as UTF-8, a number as its decimal digits. */
export type Argument = string | number | Uint8Array;

/** `encode` failed: the command does not fit, or an argument is something else. */
export const TOO_LARGE = -1;
export const BAD_ARGUMENT = -2;

/** First capacity: some hundred small commands. */
const FIRST_BYTES = 16 * 1024;
/** A buffer that grew beyond this is not kept when it is empty again. */
const KEPT_BYTES = 256 * 1024;
/** Texts of up to this many chars are written by a loop. The length has two digits at most. */
const LOOP_CHARS = 64;
/** Room for a type byte, the digits of any length, two line ends. */
const FRAME_BYTES = 24;

const ASTERISK = 42;
const DOLLAR = 36;
const ZERO = 48;
const CR = 13;
const LF = 10;

export class CommandEncoder {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  /** Bytes encoded and not taken. */
  get length(): number {
    return this.#length;
  }

  /** Appends a command of up to `maxBytes`. Returns its bytes, or TOO_LARGE or BAD_ARGUMENT. */
  encode(args: readonly Argument[], maxBytes: number): number {
    const start = this.#length;
    const limit = start + maxBytes;
    this.#room(start, FRAME_BYTES);
    let at = this.#header(ASTERISK, args.length, start);
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      if (typeof arg === 'string') at = this.#text(arg, at, limit);
      else if (typeof arg === 'number' && Number.isFinite(arg)) at = this.#text(String(arg), at, limit);
      else if (arg instanceof Uint8Array) at = this.#copy(arg, at, limit);
      else return BAD_ARGUMENT;
      if (at > limit) return TOO_LARGE;
    }
    if (args.length === 0) return BAD_ARGUMENT;
    this.#length = at;
    return at - start;
  }

  /** What was encoded, still this buffer's own. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The view is not used any more. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  #room(at: number, bytes: number): void {
    if (at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, at + bytes));
    larger.set(this.#bytes.subarray(0, at));
    this.#bytes = larger;
  }

  #text(text: string, at: number, limit: number): number {
    const chars = text.length;
    if (chars > LOOP_CHARS) return this.#longText(text, at, limit);
    this.#room(at, chars + FRAME_BYTES);
    const bytes = this.#bytes;
    let to = at + (chars < 10 ? 4 : 5);
    for (let i = 0; i < chars; i++) {
      const char = text.charCodeAt(i);
      if (char > 127) return this.#longText(text, at, limit);
      bytes[to++] = char;
    }
    this.#header(DOLLAR, chars, at);
    bytes[to] = CR;
    bytes[to + 1] = LF;
    return to + 2;
  }

  #longText(text: string, at: number, limit: number): number {
    // The exact length takes a look at each char; short texts and hopeless ones do without.
    const length = text.length + at > limit ? text.length : Buffer.byteLength(text, 'utf8');
    if (at + length > limit) return limit + 1;
    this.#room(at, length + FRAME_BYTES);
    const to = this.#header(DOLLAR, length, at);
    this.#bytes.write(text, to, length, 'utf8');
    return this.#lineEnd(to + length);
  }

  #copy(source: Uint8Array, at: number, limit: number): number {
    const { length } = source;
    if (at + length > limit) return limit + 1;
    this.#room(at, length + FRAME_BYTES);
    const to = this.#header(DOLLAR, length, at);
    this.#bytes.set(source, to);
    return this.#lineEnd(to + length);
  }

  /** A type byte, a number, a line end; there is room for them. */
  #header(type: number, count: number, at: number): number {
    const bytes = this.#bytes;
    bytes[at] = type;
    if (count < 10) {
      bytes[at + 1] = ZERO + count;
      return this.#lineEnd(at + 2);
    }
    let digits = 2;
    for (let rest = count; rest >= 100; rest = (rest / 10) | 0) digits++;
    let rest = count;
    for (let i = at + digits; i > at; i--) {
      // Counts are whole and below 2^31, so that the host divides integers.
      const tens = (rest / 10) | 0;
      bytes[i] = ZERO + rest - tens * 10;
      rest = tens;
    }
    return this.#lineEnd(at + 1 + digits);
  }

  #lineEnd(at: number): number {
    this.#bytes[at] = CR;
    this.#bytes[at + 1] = LF;
    return at + 2;
  }
}
