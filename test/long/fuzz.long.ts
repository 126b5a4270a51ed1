/**
 * The short form of `npm run fuzz`: 45 seconds of 200 bad clients, from a seed that is always the same. Its two cycles say
 * little about delays on a shared machine: only a gross change of them fails here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFuzz } from '../fuzz/run.js';

test('200 bad clients harm neither the node nor the good client', async () => {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const options = { minutes: 0.75, badClients: 200, seed: 1, actsPerSecond: 200, mostSlower: 6 };
  const verdict = await runFuzz({ ...options, print });
  for (const line of verdict.lines) print(line);
  assert.deepEqual(verdict.problems, []);
});
