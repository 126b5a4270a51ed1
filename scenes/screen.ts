/**
 * What a scene shows while it plays: a column for each way, with what happened last and figures that move.
 *
 *   on a terminal   a block that is drawn again in its place
 *   elsewhere       a line for each event, with its time and its column's name
 */
const REDRAW_MS = 100;
/** Lines of events that stay in sight. */
const SHOWN_LINES = 12;
const MOST_COLUMNS = 120;
const GAP = 3;
const TIME_WIDTH = 8;
/** Where the text of an event begins, after its time. */
const TEXT_AT = TIME_WIDTH + 2;

class Column {
  readonly title: string;
  readonly events: string[] = [];
  readonly figures = new Map<string, string>();

  constructor(title: string) {
    this.title = title;
  }
}

/** Of a stream, what this uses. */
export type Output = Pick<NodeJS.WriteStream, 'write'> & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

export class Screen {
  readonly #columns: readonly Column[];
  #startMs = performance.now();
  readonly #output: Output;
  readonly #isTerminal: boolean;
  #drawnLines = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(titles: readonly string[], output: Output = process.stdout) {
    this.#columns = titles.map((title) => new Column(title));
    this.#output = output;
    this.#isTerminal = output.isTTY === true;
  }

  /** The time of events counts from here. */
  begin(): void {
    this.#startMs = performance.now();
  }

  /** Something happened in a column. */
  note(column: number, text: string): void {
    const { title, events } = this.#columns[column] as Column;
    const time = `${((performance.now() - this.#startMs) / 1000).toFixed(2)} s`.padStart(TIME_WIDTH);
    if (this.#isTerminal) {
      events.push(`${time}  ${text}`);
      if (events.length > SHOWN_LINES) events.shift();
      this.#redrawSoon();
    } else {
      this.#output.write(`${time}  ${title.padEnd(14)}  ${text}\n`);
    }
  }

  /** A figure of a column is now this. Without a terminal nobody sees it. */
  figure(column: number, name: string, value: string): void {
    this.#columns[column]?.figures.set(name, value);
    if (this.#isTerminal) this.#redrawSoon();
  }

  /** Draws what is to be seen at the end; what changes later would be drawn over what is printed then. */
  close(): void {
    clearTimeout(this.#timer);
    if (this.#isTerminal) this.#draw();
    this.#isClosed = true;
  }

  #redrawSoon(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, REDRAW_MS);
  }

  #draw(): void {
    const all = Math.min(this.#output.columns ?? MOST_COLUMNS, MOST_COLUMNS);
    const width = Math.floor((all - GAP * (this.#columns.length - 1)) / this.#columns.length);
    const blocks = this.#columns.map((column) => linesOf(column, width));
    const height = Math.max(...blocks.map((block) => block.length));
    const lines = Array.from({ length: height }, (_, line) =>
      blocks.map((block) => fitted(block[line] ?? '', width)).join(' '.repeat(GAP)),
    );
    const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : '';
    this.#output.write(`${up}${lines.map((line) => `\x1b[2K${line}\n`).join('')}`);
    this.#drawnLines = height;
  }
}

function linesOf({ title, events, figures }: Column, width: number): string[] {
  const lines = events.flatMap((event) => wrapped(event, width)).slice(-SHOWN_LINES);
  const shown = Array.from({ length: SHOWN_LINES }, (_, line) => lines[line] ?? '');
  const told = [...figures].map(([name, value]) => `${name}: ${value}`);
  return [title, '-'.repeat(title.length), ...shown, ...told];
}

/** As many lines as it takes, broken at blanks; the further ones begin below the text. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const at = blank > TEXT_AT ? blank : Math.max(width, TEXT_AT + 1);
    lines.push(rest.slice(0, at));
    rest = `${' '.repeat(TEXT_AT)}${rest.slice(at).trimStart()}`;
  }
  return [...lines, rest];
}

function fitted(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}
