/**
 * Counts the replies in a stream of bytes, and looks at nothing else.
 *
 *   line ('+OK', ':1', 'STORED', ...)  -> one reply
 *   '$64' or 'VALUE key 0 64'          -> pass over 64 + 2 bytes -> one reply (memcached: after the line 'END')
 *   '$-1', '_' or a lone 'END'         -> one reply, a miss
 *
 * Any split of the stream is fine: the line begun is kept, the value begun is a count of bytes to pass over.
 * It knows only what the generators ask for: GET and SET, in RESP and in memcached's text protocol.
 */
export type Dialect = 'resp' | 'memcached';

const LF = 10;
const SPACE = 32;
const DOLLAR = 36;
const UNDERSCORE = 95;
const MINUS = 45;
const ZERO = 48;
/** Longer lines are cut; only errors are longer. */
const MOST_LINE_BYTES = 256;

export class ReplyScanner {
  replies = 0;
  misses = 0;
  errors = 0;
  /** The first error reply, for the report. */
  firstError = '';

  readonly #memcached: boolean;
  readonly #line = new Uint8Array(MOST_LINE_BYTES);
  #lineLength = 0;
  #skip = 0;
  #valueSeen = false;

  constructor(dialect: Dialect) {
    this.#memcached = dialect === 'memcached';
  }

  feed(bytes: Uint8Array, from: number, end: number): void {
    const line = this.#line;
    let at = from;
    while (at < end) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, end - at);
        this.#skip -= step;
        at += step;
        if (this.#skip === 0 && !this.#memcached) this.replies++;
        continue;
      }
      const byte = bytes[at++] as number;
      if (byte !== LF) {
        if (this.#lineLength < MOST_LINE_BYTES) line[this.#lineLength++] = byte;
      } else {
        if (this.#memcached) this.#memcachedLine();
        else this.#respLine();
        this.#lineLength = 0;
      }
    }
  }

  #respLine(): void {
    const first = this.#line[0];
    if (first === DOLLAR && this.#line[1] !== MINUS) {
      // counted when all of the value is here
      this.#skip = this.#lastNumber() + 2;
      return;
    }
    this.replies++;
    if (first === DOLLAR || first === UNDERSCORE) this.misses++;
    else if (first === MINUS) this.#error();
  }

  #memcachedLine(): void {
    const kind = ((this.#line[0] as number) << 8) | (this.#line[1] as number);
    if (kind === 0x5641) {
      // VALUE key flags bytes: its reply is counted at END
      this.#skip = this.#lastNumber() + 2;
      this.#valueSeen = true;
      return;
    }
    this.replies++;
    if (kind === 0x454e) {
      if (!this.#valueSeen) this.misses++;
      this.#valueSeen = false;
    } else if (kind !== 0x5354) {
      // neither END nor STORED
      this.#error();
    }
  }

  /** The number that ends the line, before its CR. */
  #lastNumber(): number {
    let at = this.#lineLength - 2;
    while (at > 0 && (this.#line[at] as number) >= ZERO) at--;
    if (at > 0 && this.#line[at] !== SPACE) throw new Error(`Not a length: ${this.#lineText()}`);
    let number = 0;
    for (at++; at < this.#lineLength - 1; at++) number = number * 10 + (this.#line[at] as number) - ZERO;
    return number;
  }

  #error(): void {
    this.errors++;
    if (this.firstError === '') this.firstError = this.#lineText();
  }

  #lineText(): string {
    return String.fromCharCode(...this.#line.subarray(0, this.#lineLength)).trimEnd();
  }
}
