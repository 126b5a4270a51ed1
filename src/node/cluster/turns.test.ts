import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('all share the bytes of a turn; who waits goes on in the order of asking, each in its turn', async () => {
  const turns = new Turns(10);
  const done: string[] = [];
  const worker = (name: string, pieces: number): (() => void) => {
    let left = pieces;
    const go = (): void => {
      for (; left > 0; left--) {
        if (!turns.hasLeft) {
          turns.wait(go);
          return;
        }
        turns.take(5);
        done.push(name);
      }
    };
    return go;
  };
  for (const go of [worker('a', 5), worker('b', 3), worker('c', 1)]) go();
  const seen: string[] = [];
  while (done.length > 0) {
    seen.push(done.splice(0).join(''));
    await nextTurn();
  }
  assert.deepEqual(seen, ['aa', 'aa', 'bb', 'ca', 'b']);
});

test('who asks twice goes on once', async () => {
  const turns = new Turns(1);
  turns.take(1);
  let times = 0;
  const go = (): void => void times++;
  turns.wait(go);
  turns.wait(go);
  await nextTurn();
  await nextTurn();
  assert.equal(times, 1);
});
