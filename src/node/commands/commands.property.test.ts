import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Reply, ReplyError } from '../../resp/index.js';
import { Model, type ModelReply } from './model.testkit.js';
import { type Player, withPlayer } from './player.testkit.js';

/** A command, or so many ms that pass. */
type Step = readonly string[] | number;

test('commands answer as a naive model does, whatever comes before and however time passes', async () => {
  const step = fc.oneof({ weight: 12, arbitrary: command() }, passingMs());
  await withPlayer(async (player) => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 80 }), (steps) => play(player, steps));
    await fc.assert(property, { numRuns: 100 });
  });
});

async function play(player: Player, steps: readonly Step[]): Promise<void> {
  await player.play([['FLUSHALL'], ['SELECT', '0']]);
  const model = new Model(player.now);
  let batch: { command: readonly string[]; expected: string }[] = [];
  const flush = async (): Promise<void> => {
    const replies = await player.play(batch.map(({ command }) => command));
    replies.forEach((reply, i) => {
      const { command, expected } = batch[i];
      assert.equal(actual(command, reply), expected, command.join(' '));
    });
    batch = [];
  };
  for (const step of steps) {
    if (typeof step === 'number') {
      await flush();
      player.now += step;
      model.now += step;
      continue;
    }
    // Points in time are written relative to now.
    const absolute = step.map((word) =>
      word.startsWith('@') ? `${model.now + Number(word.slice(1))}` : word,
    );
    batch.push({ command: absolute, expected: canonical(model.run(absolute)) });
  }
  for (let db = 0; db < 3; db++) {
    for (const command of [
      ['SELECT', `${db}`],
      ['KEYS', '*'],
    ]) {
      batch.push({ command, expected: canonical(model.run(command)) });
    }
  }
  await flush();
  player.verify();
}

/** One text per value: numbers and strings stay apart, simple and bulk strings do not. */
function canonical(reply: ModelReply): string {
  if (reply === null) return 'nil';
  if (typeof reply === 'number' || typeof reply === 'bigint') return `:${reply}`;
  if (typeof reply === 'string') return JSON.stringify(reply);
  if ('error' in reply) return `-${reply.error}`;
  return `[${reply.map(canonical).join(' ')}]`;
}

function actual(command: readonly string[], reply: Reply): string {
  const converted = convert(reply);
  const isUnordered = command[0] === 'KEYS' && Array.isArray(converted);
  return canonical(isUnordered ? [...converted].sort() : converted);
}

function convert(reply: Reply): ModelReply {
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString('latin1');
  if (reply instanceof ReplyError) return { error: reply.code };
  if (Array.isArray(reply)) return reply.map(convert);
  assert.ok(
    reply === null || ['string', 'number', 'bigint'].includes(typeof reply),
    'a reply of another type',
  );
  return reply as ModelReply;
}

function passingMs(): fc.Arbitrary<number> {
  return fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 3000 }));
}

function command(): fc.Arbitrary<readonly string[]> {
  const key = fc.constantFrom('a', 'b', 'c', '', 'k\r\n\x00\xff');
  const keys = fc.array(key, { minLength: 1, maxLength: 4 });
  const text = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 12 }),
    fc.constantFrom(
      '',
      '0',
      '-1',
      '9007199254740993',
      '9223372036854775807',
      '\xff\xff\x00',
      'x'.repeat(300),
    ),
  );
  const integer = fc.constantFrom(...['0', '1', '-1', '5', '-7', '9007199254740991', '-9223372036854775808']);
  const index = fc.integer({ min: -15, max: 15 }).map(String);
  const offset = fc.integer({ min: 0, max: 40 }).map(String);
  const ms = fc.integer({ min: 1, max: 4000 }).map(String);
  const time = fc.integer({ min: -100, max: 4000 }).map((at) => `@${at}`);
  const db = fc.constantFrom('0', '1', '2');
  const word = (...words: string[]): fc.Arbitrary<string> => fc.constantFrom(...words);
  const optional = (part: fc.Arbitrary<readonly string[]>): fc.Arbitrary<readonly string[]> =>
    fc.oneof(fc.constant([]), part);
  const condition = optional(
    fc.oneof(
      word('NX', 'XX').map((name) => [name]),
      fc.tuple(word('IFEQ'), text),
    ),
  );
  const lifetime = optional(
    fc.oneof(fc.constant(['KEEPTTL']), fc.tuple(word('PX'), ms), fc.tuple(word('PXAT'), time)),
  );
  const set = fc.tuple(key, text, condition, lifetime, optional(fc.constant(['GET'])));
  const pairs = fc.array(fc.tuple(key, text), { minLength: 1, maxLength: 3 });
  const getex = optional(
    fc.oneof(fc.constant(['PERSIST']), fc.tuple(word('PX'), ms), fc.tuple(word('PXAT'), time)),
  );
  return fc.oneof(
    { weight: 4, arbitrary: set.map(([k, value, ...options]) => ['SET', k, value, ...options.flat()]) },
    { weight: 2, arbitrary: fc.tuple(word('GET', 'GETDEL', 'STRLEN', 'PERSIST'), key) },
    { weight: 2, arbitrary: fc.tuple(word('PTTL', 'TTL', 'PEXPIRETIME'), key) },
    fc.tuple(key, getex).map(([k, options]) => ['GETEX', k, ...options]),
    fc.tuple(word('SETNX', 'GETSET', 'APPEND', 'DELIFEQ'), key, text),
    fc.tuple(word('MGET', 'EXISTS', 'DEL'), keys).map(([name, names]) => [name, ...names]),
    fc.tuple(word('MSET', 'MSETNX'), pairs).map(([name, all]) => [name, ...all.flat()]),
    fc.tuple(word('SETRANGE'), key, offset, text),
    fc.tuple(word('GETRANGE', 'BITCOUNT'), key, index, index),
    fc.tuple(word('INCRBY'), key, integer),
    fc.tuple(word('SETBIT'), key, offset, word('0', '1')),
    fc.tuple(word('GETBIT'), key, offset),
    fc
      .tuple(word('AND', 'OR', 'XOR'), key, keys)
      .map(([name, target, names]) => ['BITOP', name, target, ...names]),
    fc.tuple(key, key).map(([target, source]) => ['BITOP', 'NOT', target, source]),
    fc.tuple(word('RENAME', 'RENAMENX'), key, key),
    fc.tuple(key, key, db, optional(fc.constant(['REPLACE']))).map(([from, to, target, replace]) => {
      return ['COPY', from, to, 'DB', target, ...replace];
    }),
    fc.tuple(word('MOVE'), key, db),
    fc
      .tuple(
        word('PEXPIRE'),
        key,
        fc.oneof(ms, word('0', '-5')),
        optional(word('NX', 'XX', 'GT', 'LT').map((w) => [w])),
      )
      .map(flat),
    fc.tuple(word('PEXPIREAT'), key, time, optional(word('NX', 'XX', 'GT', 'LT').map((w) => [w]))).map(flat),
    fc.tuple(word('SELECT'), db),
    fc.tuple(word('SWAPDB'), db, db),
    fc.constantFrom(['FLUSHDB'], ['KEYS', '*']),
  );
}

function flat(words: readonly (string | readonly string[])[]): string[] {
  return words.flat();
}
