/**
 * Replies as text, as redis-cli shows them.
 *
 *   shown   for people: (integer) 1, "quoted bulk", numbered and indented arrays
 *   raw     for scripts: the bytes themselves, elements on lines of their own
 *   json    one line of JSON; bytes that are no UTF-8 become \u0080 to \u00ff, char by byte
 *
 * Texts are byte strings, one char per byte, but JSON, which is Unicode.
 */
import {
  type Reply,
  ReplyBigNumber,
  ReplyDouble,
  ReplyError,
  ReplyMap,
  ReplyPush,
  ReplySet,
  ReplyVerbatim,
  ReplyWithAttributes,
} from '../resp/index.js';

/** A reply for people, without its last line end. `indent` stands before all lines but the first. */
export function shownReply(reply: Reply, indent = ''): string {
  if (reply === null) return '(nil)';
  if (typeof reply === 'string') return reply;
  if (typeof reply === 'boolean') return reply ? '(true)' : '(false)';
  if (typeof reply === 'number' || typeof reply === 'bigint') return `(integer) ${reply}`;
  if (reply instanceof Uint8Array) return quotedBytes(reply);
  if (reply instanceof ReplyError) return `(error) ${reply.text}`;
  if (reply instanceof ReplyDouble) return `(double) ${reply.text}`;
  if (reply instanceof ReplyBigNumber) return `(big number) ${reply.text}`;
  if (reply instanceof ReplyVerbatim) return bytesText(reply.body);
  if (reply instanceof ReplyWithAttributes) return shownReply(reply.reply, indent);
  if (reply instanceof ReplyMap) return shownItems(pairs(reply.items), '#', '(empty hash)', indent);
  if (reply instanceof ReplySet) return shownItems(single(reply.items), '~', '(empty set)', indent);
  if (reply instanceof ReplyPush) return shownItems(single(reply.items), ')', '(empty push)', indent);
  return shownItems(single(reply), ')', '(empty array)', indent);
}

/** A reply for scripts, without its last line end. */
export function rawReply(reply: Reply): string {
  if (reply === null) return '';
  if (typeof reply === 'boolean') return reply ? '(true)' : '(false)';
  if (typeof reply !== 'object') return String(reply);
  if (reply instanceof Uint8Array) return bytesText(reply);
  if (reply instanceof ReplyVerbatim) return bytesText(reply.body);
  if (reply instanceof ReplyWithAttributes) return rawReply(reply.reply);
  if (reply instanceof ReplyMap) {
    return pairs(reply.items)
      .map((pair) => pair.map(rawReply).join(' '))
      .join('\n');
  }
  if (reply instanceof ReplySet || reply instanceof ReplyPush) return reply.items.map(rawReply).join('\n');
  return Array.isArray(reply) ? reply.map(rawReply).join('\n') : reply.text;
}

/** A reply as JSON. Integers keep all their digits, as JSON allows and few parsers honor. */
export function jsonReply(reply: Reply): string {
  if (reply === null || typeof reply === 'boolean') return String(reply);
  if (typeof reply === 'number' || typeof reply === 'bigint') return String(reply);
  if (typeof reply === 'string') return JSON.stringify(unicode(Buffer.from(reply, 'latin1')));
  if (reply instanceof Uint8Array) return JSON.stringify(unicode(reply));
  if (reply instanceof ReplyError)
    return JSON.stringify({ error: unicode(Buffer.from(reply.text, 'latin1')) });
  if (reply instanceof ReplyDouble)
    return JSON.stringify(Number.isFinite(reply.value) ? reply.value : reply.text);
  if (reply instanceof ReplyBigNumber) return String(reply.value);
  if (reply instanceof ReplyVerbatim) return jsonReply(reply.body);
  if (reply instanceof ReplyWithAttributes) return jsonReply(reply.reply);
  if (reply instanceof ReplyMap) {
    const members = pairs(reply.items).map(([key, value]) => `${jsonKey(key)}:${jsonReply(value)}`);
    return `{${members.join(',')}}`;
  }
  const items = reply instanceof ReplySet || reply instanceof ReplyPush ? reply.items : reply;
  return `[${items.map(jsonReply).join(',')}]`;
}

/** Keys of JSON are strings: what is none stands in quotes. */
function jsonKey(key: Reply): string {
  const text = jsonReply(key);
  return text.startsWith('"') ? text : JSON.stringify(text);
}

function shownItems(
  rows: readonly (readonly Reply[])[],
  mark: string,
  empty: string,
  indent: string,
): string {
  if (rows.length === 0) return empty;
  const width = String(rows.length).length;
  const deeper = indent + ' '.repeat(width + 2);
  return rows
    .map((row, i) => {
      const number = String(i + 1).padStart(width);
      const [first, ...rest] = row.map((one) => shownReply(one, deeper));
      // The value of a map begins a line of its own when it takes several.
      const values = rest.map((text, j) =>
        hasSeveralLines(row[j + 1]) ? ` => \n${deeper}${text}` : ` => ${text}`,
      );
      return `${i === 0 ? '' : indent}${number}${mark} ${first}${values.join('')}`;
    })
    .join('\n');
}

function hasSeveralLines(reply: Reply): boolean {
  if (reply instanceof ReplyMap)
    return reply.items.length > 2 || (reply.items.length > 0 && hasSeveralLines(reply.items[1]));
  const items = reply instanceof ReplySet || reply instanceof ReplyPush ? reply.items : reply;
  return Array.isArray(items) && (items.length > 1 || (items.length > 0 && hasSeveralLines(items[0])));
}

function single(items: readonly Reply[]): Reply[][] {
  return items.map((item) => [item]);
}

function pairs(items: readonly Reply[]): [Reply, Reply][] {
  return Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]]);
}

const ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

function quotedBytes(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) {
    if (ESCAPES[byte] !== undefined) text += ESCAPES[byte];
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `${text}"`;
}

function bytesText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function unicode(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return bytesText(bytes);
  }
}
