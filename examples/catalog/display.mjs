/** Shows figures on standard output while they come: a block that is redrawn on a terminal, else a line every 10 s. */
import { LiveBlock } from './screen.mjs';
import { statusLine, statusLines } from './status.mjs';

/** How often a terminal is redrawn, and a line printed where there is none. */
const SCREEN_MS = 1_000;
const LINE_MS = 10_000;

export class Display {
  #block;
  #color;
  /** @type {import('./figures.mjs').Figures | undefined} */
  #before;
  #beforeMs = performance.now();

  /** @param {{ isBlock?: boolean }} [options] isBlock: on a terminal, a block; the default */
  constructor({ isBlock = true } = {}) {
    const { isTTY } = process.stdout;
    this.#block = isBlock && isTTY ? new LiveBlock(process.stdout) : undefined;
    this.#color = !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  }

  /** How often `show` is worth a call, in ms. */
  get intervalMs() {
    return this.#block === undefined ? LINE_MS : SCREEN_MS;
  }

  /** @param {import('./figures.mjs').Figures} figures */
  show(figures) {
    const nowMs = performance.now();
    const seconds = (nowMs - this.#beforeMs) / 1000;
    if (this.#block === undefined) {
      process.stdout.write(`${statusLine(figures, this.#before, seconds)}\n`);
    } else {
      const terminal = { columns: process.stdout.columns ?? 80, color: this.#color };
      this.#block.show(['', ...statusLines(figures, this.#before, seconds, terminal)]);
    }
    this.#before = figures;
    this.#beforeMs = nowMs;
  }

  end() {
    this.#block?.end();
  }
}
