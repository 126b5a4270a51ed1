/**
 * LCS: the longest common subsequence of two strings, its length, or where it lies in both.
 *
 * The classic table L[i][j] = length of the LCS of the first i and the first j bytes, of which only two rows
 * are kept. To walk back through it, one bit per cell is enough: whether L[i-1][j] > L[i][j-1]. So memory is
 * 1/32 of Redis' table, and the walk, and with it which of several longest ones is found, is the same.
 *
 * Cost: O(n * m) time. Bounded as Redis bounds it, by what its table would take: 512 MB, 134 million cells.
 */
import type { Block } from '../../base/index.js';
import type { CommandName, ReplyWriter, Request } from '../../resp/index.js';
import { MAX_VALUE_BYTES } from '../../store/index.js';
import type { Handler, Session } from '../session.js';
import { integerArgument } from './arguments.js';
import { errors } from './errors.js';
import { copyOfValue, readKey } from './values.js';

export const lcsHandlers = {
  lcs(session, request) {
    const { out } = session;
    // Both before either is copied: to find one expired would move the other.
    readKey(session, request, 1);
    readKey(session, request, 2);
    const options = parse(session, request);
    if (options === undefined) return;
    const a = copyOfValue(session, request, 1);
    const b = copyOfValue(session, request, 2);
    if ((a.bytes.length + 1) * (b.bytes.length + 1) * 4 > MAX_VALUE_BYTES) {
      out.error(errors.lcsTooLarge);
      return;
    }
    if (options.length) out.integer(buildTable(a, b, undefined));
    else reply(out, a, b, options);
  },
} satisfies Partial<Record<CommandName, Handler>>;

interface Options {
  readonly length: boolean;
  readonly indexes: boolean;
  readonly minMatchLength: number;
  readonly withMatchLength: boolean;
}

function parse(session: Session, request: Request): Options | undefined {
  const options = { length: false, indexes: false, minMatchLength: 0, withMatchLength: false };
  for (let i = 3; i < request.count; i++) {
    if (request.is(i, 'IDX')) options.indexes = true;
    else if (request.is(i, 'LEN')) options.length = true;
    else if (request.is(i, 'WITHMATCHLEN')) options.withMatchLength = true;
    else if (request.is(i, 'MINMATCHLEN') && i + 1 < request.count) {
      const length = integerArgument(session, request, ++i);
      if (length === undefined) return undefined;
      options.minMatchLength = length;
    } else {
      session.out.error(errors.syntax);
      return undefined;
    }
  }
  if (options.length && options.indexes) {
    session.out.error(errors.lcsLengthAndIndexes);
    return undefined;
  }
  return options;
}

/** Fills in `steps`, if given; returns the length of the LCS. */
function buildTable(a: Block, b: Block, steps: Uint32Array | undefined): number {
  const columns = b.bytes.length;
  let above = new Uint32Array(columns + 1);
  let row = new Uint32Array(columns + 1);
  for (let i = 0; i < a.bytes.length; i++) {
    const byte = a.bytes[i];
    const base = i * columns;
    for (let j = 0; j < columns; j++) {
      if (byte === b.bytes[j]) {
        row[j + 1] = above[j] + 1;
      } else if (above[j + 1] > row[j]) {
        row[j + 1] = above[j + 1];
        if (steps !== undefined) steps[(base + j) >>> 5] |= 1 << ((base + j) & 31);
      } else {
        row[j + 1] = row[j];
      }
    }
    const spent = above;
    above = row;
    row = spent;
  }
  return above[columns];
}

/** Walks from the end of both to the front, as Redis does, and replies the subsequence or its ranges. */
function reply(out: ReplyWriter, a: Block, b: Block, options: Options): void {
  const columns = b.bytes.length;
  const steps = new Uint32Array(((a.bytes.length * columns) >>> 5) + 1);
  const length = buildTable(a, b, steps);
  const result = options.indexes ? undefined : new Uint8Array(length);
  /** Of each range of matching bytes, from the last to the first: its start in a, in b, its length. */
  const ranges: number[] = [];
  let matched = 0;
  let run = 0;
  let i = a.bytes.length;
  let j = columns;
  while (i > 0 && j > 0) {
    if (a.bytes[i - 1] === b.bytes[j - 1]) {
      i--;
      j--;
      run++;
      matched++;
      if (result !== undefined) result[length - matched] = a.bytes[i];
      continue;
    }
    if (run > 0 && run >= options.minMatchLength) ranges.push(i, j, run);
    run = 0;
    const cell = (i - 1) * columns + j - 1;
    if (((steps[cell >>> 5] >>> (cell & 31)) & 1) === 1) i--;
    else j--;
  }
  if (run > 0 && run >= options.minMatchLength) ranges.push(i, j, run);
  if (result !== undefined) replyBytes(out, result);
  else replyRanges(out, ranges, length, options.withMatchLength);
}

function replyBytes(out: ReplyWriter, bytes: Uint8Array): void {
  const at = out.bulkHeader(bytes.length);
  out.block.bytes.set(bytes, at);
  out.advance(bytes.length);
  out.crlf();
}

function replyRanges(
  out: ReplyWriter,
  ranges: readonly number[],
  length: number,
  withMatchLength: boolean,
): void {
  out.map(2);
  out.bulkText('matches');
  out.array(ranges.length / 3);
  for (let i = 0; i < ranges.length; i += 3) {
    const [inA, inB, run] = ranges.slice(i, i + 3);
    out.array(withMatchLength ? 3 : 2);
    replyPair(out, inA, inA + run - 1);
    replyPair(out, inB, inB + run - 1);
    if (withMatchLength) out.integer(run);
  }
  out.bulkText('len');
  out.integer(length);
}

function replyPair(out: ReplyWriter, start: number, end: number): void {
  out.array(2);
  out.integer(start);
  out.integer(end);
}
