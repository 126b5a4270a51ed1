import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TurnQueue } from './turn-queue.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('all that came is worked on in its order, and what its work brings behind it', async () => {
  const done: number[] = [];
  const queue = new TurnQueue<number>(1000, (one) => {
    done.push(one);
    if (one < 4) queue.push(one + 4);
  });
  for (const one of [0, 1, 2, 3]) queue.push(one);
  assert.deepEqual(done, [], 'not at once');
  while (done.length < 8) await nextTurn();
  assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('a turn ends when its time is over: one that takes long is the last', async () => {
  const turns: number[][] = [[]];
  const queue = new TurnQueue<number>(1, (one) => {
    turns.at(-1)?.push(one);
    for (const endMs = performance.now() + 2; performance.now() < endMs; );
  });
  for (const one of [0, 1, 2]) queue.push(one);
  while (turns.flat().length < 3) {
    await nextTurn();
    turns.push([]);
  }
  assert.deepEqual(
    turns.filter((turn) => turn.length > 0),
    [[0], [1], [2]],
  );
});

test('what is cleared is not worked on', async () => {
  const done: number[] = [];
  const queue = new TurnQueue<number>(1000, (one) => void done.push(one));
  queue.push(1);
  queue.clear();
  await nextTurn();
  queue.push(2);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(done, [2]);
});
