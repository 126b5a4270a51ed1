import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../../resp/index.js';
import { type Player, withPlayer } from './player.testkit.js';
import { wordsOf } from './transcript.testkit.js';

/** Whether a WATCH on a key notices a command. `k` holds "v", `e` too and expires, `m` is missing. */
async function isNoticed(player: Player, key: string, command: string): Promise<boolean> {
  const replies = await player.play([
    ['FLUSHALL'],
    ['SELECT', '0'],
    ['SET', 'k', 'v'],
    ['SET', 'e', 'v', 'EXAT', '4102444800'],
    ['WATCH', key],
    wordsOf(command),
    ['MULTI'],
    ['EXEC'],
  ]);
  const answer = replies[5];
  assert.ok(!(answer instanceof ReplyError && answer.text.includes('unknown command')), command);
  const result = replies.at(-1);
  assert.ok(result === null || Array.isArray(result), `EXEC answered ${String(result)}`);
  return result === null;
}

type Case = readonly [watched: string, command: string];

/** Recorded from Redis 7.0.15. */
const noticed: readonly Case[] = [
  ['k', 'SET k w'],
  ['k', 'SET k v'],
  ['k', 'SET k w XX'],
  ['k', 'SET k w GET'],
  ['k', 'SET k w EXAT 1'],
  ['m', 'SETNX m w'],
  ['k', 'GETSET k w'],
  ['k', 'GETDEL k'],
  ['e', 'GETEX e PERSIST'],
  ['k', 'GETEX k EX 100'],
  ['k', 'GETEX k PXAT 1'],
  ['k', 'MSET k w'],
  ['m', 'MSETNX a 1 m 1'],
  ['k', 'APPEND k ""'],
  ['k', 'APPEND k x'],
  ['m', 'APPEND m ""'],
  ['k', 'SETRANGE k 0 v'],
  ['k', 'SETRANGE k 5 x'],
  ['m', 'INCR m'],
  ['m', 'DECRBY m 1'],
  ['m', 'INCRBYFLOAT m 1'],
  ['k', 'SETBIT k 0 1'],
  ['k', 'SETBIT k 100 0'],
  ['m', 'SETBIT m 0 0'],
  ['k', 'BITFIELD k SET u8 0 1'],
  ['k', 'BITFIELD k SET u8 80 0'],
  ['m', 'BITFIELD m SET u8 0 0'],
  ['k', 'BITOP NOT k k'],
  ['k', 'BITOP AND k m'],
  ['k', 'DEL k'],
  ['k', 'UNLINK k'],
  ['k', 'RENAME k n'],
  ['m', 'RENAME k m'],
  ['m', 'RENAMENX k m'],
  ['m', 'COPY k m'],
  ['e', 'COPY k e REPLACE'],
  ['k', 'MOVE k 1'],
  ['k', 'EXPIRE k 100'],
  ['k', 'EXPIRE k 0'],
  ['e', 'PERSIST e'],
  ['k', 'FLUSHDB'],
  ['k', 'FLUSHALL'],
  ['k', 'SWAPDB 0 1'],
  // A failed write that still made the value longer; Redis keeps this one to itself.
  ['k', 'BITFIELD k OVERFLOW FAIL SET u8 80 1000'],
  // Newer than Redis 7.0.
  ['k', 'SET k w IFEQ v'],
  ['k', 'DELIFEQ k v'],
];

const unnoticed: readonly Case[] = [
  ['k', 'SET k w NX'],
  ['k', 'SETNX k w'],
  ['m', 'GETDEL m'],
  ['k', 'GETEX k'],
  ['k', 'GETEX k PERSIST'],
  ['k', 'MSET a 1'],
  ['k', 'MSETNX k w a 1'],
  ['k', 'SETRANGE k 0 ""'],
  ['m', 'SETRANGE m 0 ""'],
  ['k', 'INCR k'],
  ['k', 'INCRBYFLOAT k 1'],
  ['k', 'SETBIT k 0 0'],
  ['k', 'BITFIELD k GET u8 0'],
  ['k', 'BITFIELD k SET u8 0 118'],
  ['m', 'BITOP AND m m'],
  ['m', 'DEL m'],
  ['k', 'RENAME k k'],
  ['e', 'RENAMENX k e'],
  ['e', 'COPY k e'],
  ['k', 'COPY k m'],
  ['k', 'EXPIRE k 100 XX'],
  ['m', 'EXPIRE m 100'],
  ['k', 'PERSIST k'],
  ['k', 'TOUCH k'],
  ['k', 'GET k'],
  ['m', 'FLUSHDB'],
  ['k', 'SWAPDB 0 0'],
  ['m', 'SWAPDB 0 1'],
  ['k', 'SWAPDB 1 2'],
  ['k', 'SET k w IFEQ w'],
  ['k', 'DELIFEQ k w'],
];

test('every change of a key is noticed by those who watch it', async () => {
  await withPlayer(async (player) => {
    for (const [key, command] of noticed) {
      assert.ok(await isNoticed(player, key, command), `${command}, watching ${key}`);
    }
  });
});

test('what changes nothing is not', async () => {
  await withPlayer(async (player) => {
    for (const [key, command] of unnoticed) {
      assert.ok(!(await isNoticed(player, key, command)), `${command}, watching ${key}`);
    }
  });
});

test('a watched key that expires is noticed', async () => {
  await withPlayer(async (player) => {
    await player.play([
      ['SET', 'k', 'v', 'PX', '100'],
      ['WATCH', 'k'],
    ]);
    player.now += 101;
    const [, , result] = await player.play([['MULTI'], ['GET', 'k'], ['EXEC']]);
    assert.equal(result, null);
  });
});
