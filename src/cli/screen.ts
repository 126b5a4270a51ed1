/**
 * Standard output as people see it: lines that stay, and below them some that are rewritten.
 *
 * Where there is no terminal the live lines are not shown, and lines are just lines.
 */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
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

  get rows(): number {
    return this.#terminal.rows ?? 24;
  }

  /** Text that stays; it ends with a line end. */
  print(text: string): void {
    this.#terminal.write(this.#live === '' ? text : `${this.#erase()}${text}${this.#live}`);
  }

  /** The lines at the bottom from now on; empty for none. Each must be narrower than the screen, and all lower than it. */
  live(lines: string): void {
    if (!this.isTerminal) return;
    if (lines !== '' || this.#live !== '') this.#terminal.write(`${this.#erase()}${lines}`);
    this.#live = lines;
  }

  /** The cursor stands in the last of the live lines. */
  #erase(): string {
    const above = this.#live.split('\n').length - 1;
    return above === 0 ? ERASE_LINE : `\r\u001b[${above}A\u001b[J`;
  }
}

/** Whether to use color: on a terminal, unless NO_COLOR says no (https://no-color.org). */
export function wantsColor(
  terminal: Terminal,
  variables: Readonly<Record<string, string | undefined>>,
): boolean {
  return terminal.isTTY === true && (variables['NO_COLOR'] ?? '') === '' && variables['TERM'] !== 'dumb';
}
