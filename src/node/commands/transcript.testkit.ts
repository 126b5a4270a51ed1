/**
 * Transcripts: what redis-cli shows when it plays commands to a server.
 *
 *   # a heading
 *   > SET k "\x00"
 *   OK
 *   > GET k
 *   "\x00"
 *
 * They were recorded with `redis-cli --no-raw` from Redis 7.0.15, so a difference is a difference from Redis.
 * Words are quoted as redis-cli and inline commands quote them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block } from '../../base/index.js';
import { type Reply, ReplyError, ReplyMap, Request, splitInline } from '../../resp/index.js';
import { withPlayer } from './player.testkit.js';

/** A test that plays the commands of a transcript to a new node and compares all that is shown. */
export function testTranscript(name: string, transcript: string): void {
  test(name, async () => {
    const expected = transcript.trim();
    const lines = expected.split('\n').filter((line) => line.startsWith('> ') || line.startsWith('# '));
    await withPlayer(async (player) => {
      const replies = await player.play(
        lines.filter((line) => line.startsWith('> ')).map((line) => wordsOf(line.slice(2))),
      );
      player.verify();
      const shown = lines.flatMap((line) => {
        return line.startsWith('> ') ? [line, show(replies.shift() as Reply)] : [line];
      });
      assert.equal(shown.join('\n'), expected);
    });
  });
}

/** The words of a line as redis-cli splits it. */
export function wordsOf(line: string): string[] {
  const block = Block.of(line);
  const request = new Request();
  assert.ok(splitInline(request, block, 0, line.length), `unbalanced quotes: ${line}`);
  return Array.from({ length: request.count }, (_, i) => request.text(i));
}

/** A reply as redis-cli shows it; `indent` stands before all lines but the first. */
function show(reply: Reply, indent = ''): string {
  if (reply === null) return '(nil)';
  if (typeof reply === 'string') return reply;
  if (typeof reply === 'number' || typeof reply === 'bigint') return `(integer) ${reply}`;
  if (reply instanceof Uint8Array) return quote(reply);
  if (reply instanceof ReplyError) return `(error) ${reply.text}`;
  assert.ok(
    Array.isArray(reply) || reply instanceof ReplyMap,
    'a reply of a type that no data command sends',
  );
  const items = Array.isArray(reply) ? reply : reply.items;
  if (items.length === 0) return '(empty array)';
  const width = `${items.length}`.length;
  return items
    .map((item, i) => {
      const label = `${`${i + 1}`.padStart(width)}) `;
      return label + show(item, indent + ' '.repeat(label.length));
    })
    .join(`\n${indent}`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
};

function quote(bytes: Uint8Array): string {
  const chars = Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    const isPrintable = byte >= 0x20 && byte < 0x7f;
    return ESCAPES[char] ?? (isPrintable ? char : `\\x${byte.toString(16).padStart(2, '0')}`);
  });
  return `"${chars.join('')}"`;
}
