/**
 * Shows figures on standard output while they come: a block that is redrawn on a terminal, else a line every 10 s. Below the block
 * there is room for what somebody else has to show.
 */
import { LiveBlock } from './screen.mjs';
import { statusLine, statusLines } from './status.mjs';

/** What is shown happened in the last so many calls, which come once a second: fewer would jump too much to be read. */
const SHOWN_CALLS = 10;

export class Display {
  #block;
  #color;
  /** What was shown last, the oldest first. @type {{ figures: import('./figures.mjs').Figures, ms: number }[]} */
  #past = [];
  #calls = 0;
  /** @type {readonly string[]} */
  #lines = [];
  /** @type {(columns: number, rows: number) => string} */
  #below = () => '';

  /** @param {{ isBlock?: boolean }} [options] isBlock: on a terminal, a block; the default */
  constructor({ isBlock = true } = {}) {
    const { isTTY } = process.stdout;
    this.#block = isBlock && isTTY ? new LiveBlock(process.stdout) : undefined;
    this.#color = !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  }

  /** To be called once a second: redraws a block, or prints a line each tenth time. @param {import('./figures.mjs').Figures} figures */
  show(figures) {
    const now = { figures, ms: performance.now() };
    const before = this.#past[0];
    const seconds = before === undefined ? Number.POSITIVE_INFINITY : (now.ms - before.ms) / 1000;
    this.#past.push(now);
    if (this.#past.length > SHOWN_CALLS) this.#past.shift();
    if (this.#block !== undefined) {
      const terminal = { columns: columns(), color: this.#color };
      this.#lines = ['', ...statusLines(figures, before?.figures, seconds, terminal)];
      this.#draw();
    } else if (this.#calls++ % SHOWN_CALLS === 0 && before !== undefined) {
      process.stdout.write(`${statusLine(figures, before.figures, seconds)}\n`);
    }
  }

  /** From now on this stands below the figures: the text of a function of the room for it. @param {(columns: number, rows: number) => string} block */
  showBelow(block) {
    this.#below = block;
    this.#draw();
  }

  /** No figures from now on; what is below them stays. */
  hide() {
    this.#lines = [];
    this.#draw();
  }

  end() {
    this.#block?.end();
  }

  #draw() {
    const room = (process.stdout.rows ?? 24) - this.#lines.length;
    const below = this.#below(columns(), room);
    this.#block?.show([...this.#lines, ...(below === '' ? [] : below.split('\n'))]);
  }
}

function columns() {
  return process.stdout.columns ?? 80;
}
