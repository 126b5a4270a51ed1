/**
 * The fenced code blocks of a Markdown page. The words behind the fence say the language and how to treat it:
 *
 *     ```sh serve        language `sh`, word `serve`
 */

export interface Block {
  /** Path of the page in the repository. */
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly words: readonly string[];
  /** The lines between the fences, without the fence's indentation. */
  readonly text: string;
}

/** All fenced blocks of a page, in order. Throws if a fence is never closed. */
export function blocksOf(page: string, markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const open = /^( *)(`{3,}|~{3,})\s*([^`]*)$/.exec(lines[at] ?? '');
    if (!open) continue;
    const [, indent = '', fence = '', info = ''] = open;
    const isEnd = (line: string) => new RegExp(`^ *${fence}${fence[0]}* *$`).test(line);
    const length = lines.slice(at + 1).findIndex(isEnd);
    if (length < 0) throw new Error(`${page}:${at + 1}: the block is never closed.`);
    const inner = lines.slice(at + 1, at + 1 + length);
    const [language = '', ...words] = info.trim().split(/\s+/);
    const text = inner.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)).join('\n');
    blocks.push({ page, line: at + 1, language, words, text: `${text}\n` });
    at += length + 1;
  }
  return blocks;
}

/** One step of a transcript: what is typed, and what must come back. */
export interface Step {
  readonly prompt: '$' | '>';
  readonly input: string;
  readonly expected: string;
}

/** Splits a `console` block. `$ ` begins a shell command, `> ` (also `HOST:PORT> `) a command to the node. */
export function stepsOf(block: Block): Step[] {
  const steps: { prompt: '$' | '>'; input: string; expected: string }[] = [];
  let continues = false;
  for (const line of block.text.trimEnd().split('\n')) {
    const typed = /^(?:(\$)|(?:[\w.-]+:\d+(?:\[\d+\])?(?:\(TX\))?)?(>)) (.*)$/.exec(line);
    const last = steps.at(-1);
    if (continues && last) {
      last.input += `\n${line.replace(/^> /, '')}`;
    } else if (typed) {
      steps.push({ prompt: typed[1] ? '$' : '>', input: typed[3] ?? '', expected: '' });
    } else if (last) {
      last.expected += `${line}\n`;
    } else {
      throw new Error('a console block begins with `$ ` (the shell) or `> ` (the node).');
    }
    continues = steps.at(-1)?.prompt === '$' && line.endsWith('\\');
  }
  return steps;
}

/** True if `actual` is what the page says. `...` stands for anything in its line; alone, for any lines. */
export function matches(expected: string, actual: string): boolean {
  const pattern = trimLines(expected)
    .split('\n')
    .map((line) =>
      line.trim() === '...' ? '(?:.*\\n)*?' : `${line.split('...').map(escapePattern).join('.*')}\\n`,
    )
    .join('');
  return new RegExp(`^${pattern}$`).test(`${trimLines(actual)}\n`);
}

function trimLines(text: string): string {
  return text.replace(/[ \t\r]+$/gm, '').replace(/\n+$/, '');
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
