/** Weight and color of text on a terminal; where there is none, text as it is. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
}

export function painter(hasColor: boolean): Paint {
  const style = (on: number, off: number) => (text: string) =>
    hasColor && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    good: style(32, 39),
    warn: style(33, 39),
    bad: style(31, 39),
  };
}

/** Words in lines of at most so many columns, if no word is wider. The first one begins with `first`, the others with the indent. */
export function wrapped(text: string, columns: number, indent: string, first = ''): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (isEmpty) line += word;
    else if (line.length + 1 + word.length <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = indent + word;
    }
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
