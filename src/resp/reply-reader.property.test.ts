import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Block } from '../base/index.js';
import { bulkText } from './bulk-decoder.js';
import { FAILED, READY } from './read-result.js';
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
} from './reply.js';
import { ReplyReader } from './reply-reader.js';

/** The naive model: a reply with the bytes that say it. */
interface Said {
  readonly reply: Reply<string>;
  readonly wire: string;
}

const byteText = fc.uint8Array({ maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes));
const lineText = byteText.map((text) => text.replace(/[\r\n]/g, '.'));

const scalar: fc.Arbitrary<Said> = fc.oneof(
  byteText.map((text) => ({ reply: text, wire: `$${text.length}\r\n${text}\r\n` })),
  lineText.map((text) => ({ reply: text, wire: `+${text}\r\n` })),
  lineText.map((text) => ({ reply: new ReplyError(text), wire: `-${text}\r\n` })),
  byteText.map((text) => ({ reply: new ReplyError(text), wire: `!${text.length}\r\n${text}\r\n` })),
  byteText.map((text) => ({
    reply: new ReplyVerbatim('txt', text),
    wire: `=${text.length + 4}\r\ntxt:${text}\r\n`,
  })),
  fc.maxSafeInteger().map((value) => ({ reply: value, wire: `:${value}\r\n` })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => {
    return { reply: Number.isSafeInteger(Number(value)) ? Number(value) : value, wire: `:${value}\r\n` };
  }),
  fc.bigInt().map((value) => ({ reply: new ReplyBigNumber(`${value}`), wire: `(${value}\r\n` })),
  fc.double().map((value) => {
    const text = `${value}`.replace('Infinity', 'inf').replace('NaN', 'nan');
    return { reply: new ReplyDouble(text), wire: `,${text}\r\n` };
  }),
  fc.boolean().map((value) => ({ reply: value, wire: value ? '#t\r\n' : '#f\r\n' })),
  fc.constantFrom('$-1', '*-1', '_').map((wire) => ({ reply: null, wire: `${wire}\r\n` })),
);

const { said } = fc.letrec<{ said: Said }>((tie) => {
  const items = fc.array(tie('said'), { maxLength: 5 });
  return {
    said: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { arbitrary: scalar, weight: 5 },
      items.map((all) => ({ reply: all.map((one) => one.reply), wire: `*${all.length}\r\n${joined(all)}` })),
      items.map((all) => {
        return { reply: new ReplySet(all.map((one) => one.reply)), wire: `~${all.length}\r\n${joined(all)}` };
      }),
      items.map((all) => ({
        reply: new ReplyMap(twice(all)),
        wire: `%${all.length}\r\n${joined(all)}${joined(all)}`,
      })),
      fc.tuple(items, tie('said')).map(([all, one]) => ({
        reply: new ReplyWithAttributes(twice(all), one.reply),
        wire: `|${all.length}\r\n${joined(all)}${joined(all)}${one.wire}`,
      })),
    ),
  };
});

const topLevel: fc.Arbitrary<Said> = fc.oneof(
  { arbitrary: said, weight: 5 },
  fc.array(said, { maxLength: 4 }).map((all) => {
    return { reply: new ReplyPush(all.map((one) => one.reply)), wire: `>${all.length}\r\n${joined(all)}` };
  }),
);

function joined(all: readonly Said[]): string {
  return all.map((one) => one.wire).join('');
}

function twice(all: readonly Said[]): Reply<string>[] {
  const replies = all.map((one) => one.reply);
  return [...replies, ...replies];
}

function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b);
  return at.slice(1).map((to, i) => text.slice(at[i], to));
}

describe('ReplyReader, properties', () => {
  it('reads any replies, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(topLevel, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (all, places) => {
          const reader = ReplyReader.of(bulkText);
          const replies: Reply<string>[] = [];
          for (const chunk of cut(joined(all), places)) {
            reader.feed(Block.of(chunk), 0, chunk.length);
            while (reader.next() === READY) replies.push(reader.reply);
          }
          assert.equal(reader.error, '');
          assert.deepEqual(
            replies,
            all.map((one) => one.reply),
          );
          assert.equal(reader.isInside, false);
          assert.equal(reader.pendingBytes, 0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never throws on garbage, and holds no more than what came', () => {
    const wire = fc.array(topLevel, { minLength: 1, maxLength: 4 }).map(joined);
    const change = fc.tuple(
      fc.nat(),
      fc.constantFrom(...'\r\n*$:+-%~>|_#,(=!0129?a'),
      fc.integer({ min: 0, max: 3 }),
    );
    fc.assert(
      fc.property(
        wire,
        fc.array(change, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        (good, changes, place) => {
          let bad = good;
          for (const [at, char, removed] of changes) {
            const from = at % (bad.length + 1);
            bad = bad.slice(0, from) + char + bad.slice(from + removed);
          }
          const reader = ReplyReader.ofBytes();
          for (const chunk of cut(bad, [place])) {
            reader.feed(Block.of(chunk), 0, chunk.length);
            let result = reader.next();
            while (result === READY) result = reader.next();
            assert.ok(reader.pendingBytes <= bad.length);
            if (result === FAILED) return assert.match(reader.error, /^Protocol error: ./);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
