import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Player, withPlayer } from './player.testkit.js';
import { wordsOf } from './transcript.testkit.js';

const MAX_MEMORY_BYTES = 2 * 2 ** 20;
const ROUNDS = 5;
const FILLERS = 600;

/** Whether `k` outlives many new keys, when this command is given between them. */
async function keepsAlive(player: Player, command: string): Promise<boolean> {
  await player.play([['FLUSHALL'], ['SET', 'k', 'v']]);
  for (let round = 0; round < ROUNDS; round++) {
    const fillers = Array.from({ length: FILLERS }, (_, i) => ['SET', `${round}:${i}`, 'x'.repeat(1024)]);
    await player.play([...fillers, wordsOf(command)]);
  }
  const [exists] = await player.play([['EXISTS', 'k']]);
  return exists === 1;
}

test('what reads or writes a key keeps it from eviction', async () => {
  await withPlayer(async (player) => {
    for (const command of [
      'GET k',
      'MGET other k',
      'STRLEN k',
      'GETRANGE k 0 0',
      'GETBIT k 0',
      'BITCOUNT k',
      'BITFIELD k GET u8 0',
      'GETEX k',
      'TOUCH k',
      'APPEND k x',
      'SETRANGE k 0 x',
      'SETBIT k 0 0',
      'EXPIRE k 1000',
      'COPY k copy REPLACE',
      // Tries that fail.
      'SET k v NX',
      'SETNX k v',
      'SET k v IFEQ w',
      'INCR k',
      'PERSIST k',
    ]) {
      assert.ok(await keepsAlive(player, command), command);
    }
  }, MAX_MEMORY_BYTES);
});

test('what only asks about a key does not', async () => {
  await withPlayer(async (player) => {
    for (const command of ['EXISTS k', 'TTL k', 'TYPE k', 'OBJECT ENCODING k', 'MEMORY USAGE k']) {
      assert.ok(!(await keepsAlive(player, command)), command);
    }
  }, MAX_MEMORY_BYTES);
});

test('after CLIENT NO-TOUCH ON only TOUCH and writes do', async () => {
  await withPlayer(async (player) => {
    await player.play([['CLIENT', 'NO-TOUCH', 'ON']]);
    assert.ok(!(await keepsAlive(player, 'GET k')));
    assert.ok(await keepsAlive(player, 'TOUCH k'));
    assert.ok(await keepsAlive(player, 'APPEND k x'));
  }, MAX_MEMORY_BYTES);
});
