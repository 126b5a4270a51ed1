import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Reply, ReplyError } from '../../resp/index.js';
import { anyCommand, passingMs } from './any-command.testkit.js';
import { Model, type ModelReply } from './model.testkit.js';
import { type Player, withPlayer } from './player.testkit.js';

/** A command, or so many ms that pass. */
type Step = readonly string[] | number;

test('commands answer as a naive model does, whatever comes before and however time passes', async () => {
  const step = fc.oneof({ weight: 12, arbitrary: anyCommand(['0', '1', '2']) }, passingMs());
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
