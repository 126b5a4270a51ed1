/**
 * A block of lines that is redrawn in place at the bottom of a terminal, below whatever else the process prints.
 *
 *   text that was printed          stays, and scrolls
 *   block line 1                   erased before text is printed, and drawn anew below it
 *   block line 2 [cursor]
 *
 * Each redraw is one write, and overwrites what was there, so nothing flickers. Lines must be narrower than the terminal.
 * A line that somebody else has begun is not broken: the block waits for its end.
 */

const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const RESET = '\u001b[0m';

export class LiveBlock {
  #stream;
  #write;
  /** @type {readonly string[]} */
  #lines = [];
  #drawn = 0;
  #isLineOpen = false;

  /** @param {Pick<NodeJS.WriteStream, 'write'> & { rows?: number }} stream what is written to it otherwise goes above the block */
  constructor(stream) {
    this.#stream = stream;
    this.#write = stream.write.bind(stream);
    /** @param {any} chunk @param {any[]} rest */
    const write = (chunk, ...rest) => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      if (text === '') return true;
      this.#erase();
      const result = this.#write(text, ...rest);
      this.#isLineOpen = !text.endsWith('\n');
      this.#draw();
      return result;
    };
    stream.write = /** @type {typeof stream.write} */ (write);
  }

  /** Shows these lines from now on; none for no block. @param {readonly string[]} lines */
  show(lines) {
    this.#lines = lines.slice(0, Math.max(0, (this.#stream.rows ?? 24) - 1));
    if (this.#lines.length === 0) this.#erase();
    else this.#draw();
  }

  /** Leaves what is shown where it is, and the stream as it was. */
  end() {
    this.#stream.write = this.#write;
  }

  /** The cursor stands at the start of the line below the block. */
  #draw() {
    if (this.#isLineOpen || this.#lines.length === 0) return;
    const text = this.#lines.map((line) => `${line}${RESET}${CLEAR_LINE_END}\n`).join('');
    this.#write(`${this.#toTop()}${text}${CLEAR_BELOW}`);
    this.#drawn = this.#lines.length;
  }

  #erase() {
    if (this.#drawn > 0) this.#write(`${this.#toTop()}${CLEAR_BELOW}`);
    this.#drawn = 0;
  }

  #toTop() {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\r`;
  }
}
