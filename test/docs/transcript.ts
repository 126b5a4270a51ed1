/** What redis-cli shows on a terminal for a reply, and how it splits what is typed. */
import type { Reply } from '../kit/frames.js';

/** The reply as redis-cli prints it. */
export function showReply(reply: Reply, indent = ''): string {
  if (reply.value === null) return '(nil)';
  if (Array.isArray(reply.value)) return showItems(reply.type, reply.value, indent);
  const text = String(reply.value);
  switch (reply.type) {
    case '+':
      return text;
    case '-':
      return `(error) ${text}`;
    case ':':
      return `(integer) ${text}`;
    case ',':
      return `(double) ${text}`;
    case '#':
      return text === 't' ? '(true)' : '(false)';
    case '(':
      return text;
    case '=':
      return text.slice(4);
    default:
      return quote(text);
  }
}

const emptyNames: Record<string, string> = {
  '*': '(empty array)',
  '%': '(empty hash)',
  '~': '(empty set)',
  '>': '(empty push)',
};

function showItems(type: string, items: readonly Reply[], indent: string): string {
  if (items.length === 0) return emptyNames[type] ?? '(empty)';
  const isMap = type === '%';
  const mark = isMap ? '#' : type === '~' ? '~' : ')';
  const count = isMap ? items.length / 2 : items.length;
  const width = String(count).length;
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const head = `${String(i + 1).padStart(width)}${mark} `;
    const inner = indent + ' '.repeat(head.length);
    const text = isMap
      ? `${showReply(items[i * 2] as Reply, inner)} => ${showReply(items[i * 2 + 1] as Reply, inner)}`
      : showReply(items[i] as Reply, inner);
    lines.push(`${i === 0 ? '' : indent}${head}${text}`);
  }
  return lines.join('\n');
}

function quote(latin1: string): string {
  const escapes: Record<string, string> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\x07': '\\a',
    '\b': '\\b',
  };
  const inner = latin1.replace(/["\\]|[^\x20-\x7e]/g, (char) => {
    if (char === '"' || char === '\\') return `\\${char}`;
    return escapes[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${inner}"`;
}

/** Splits a typed command into its arguments: blanks, 'single' and "double" quotes, \n and \xHH in the latter. */
export function splitArguments(input: string): string[] {
  const args: string[] = [];
  for (const match of input.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)) {
    args.push(match[1] === undefined ? (match[2] ?? match[3] ?? '') : unquote(match[1]));
  }
  return args;
}

function unquote(text: string): string {
  const plain: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };
  return text.replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (plain[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
