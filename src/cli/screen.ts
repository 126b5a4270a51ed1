/**
 * Standard output as people see it: lines that stay, and below them one line that is rewritten.
 *
 * Where there is no terminal the live line is not shown, and lines are just lines.
 */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Erases the line that the cursor is in. */
const ERASE_LINE = '\r\u001b[2K';

export class Screen {
  readonly #terminal: Terminal;
  #live = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get isTerminal(): boolean {
    return this.#terminal.isTTY === true;
  }

  get columns(): number {
    return this.#terminal.columns ?? 80;
  }

  /** Text that stays; it ends with a line end. */
  print(text: string): void {
    this.#terminal.write(this.#live === '' ? text : `${ERASE_LINE}${text}${this.#live}`);
  }

  /** The line at the bottom from now on; empty for none. It must be narrower than the screen. */
  live(line: string): void {
    if (!this.isTerminal) return;
    if (line !== '' || this.#live !== '') this.#terminal.write(`${ERASE_LINE}${line}`);
    this.#live = line;
  }
}

/** Whether to use color: on a terminal, unless NO_COLOR says no (https://no-color.org). */
export function wantsColor(
  terminal: Terminal,
  variables: Readonly<Record<string, string | undefined>>,
): boolean {
  return terminal.isTTY === true && (variables['NO_COLOR'] ?? '') === '' && variables['TERM'] !== 'dumb';
}
