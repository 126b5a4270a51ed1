import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coarseNow } from './coarse-now.js';

test('the clock of all caches follows real time in a loop that never lets the event loop turn', () => {
  const first = coarseNow();
  const start = performance.now();
  while (performance.now() < start + 20) coarseNow();
  // However long the machine was away meanwhile: at most 64 reads are late.
  for (let reads = 0; reads < 64; reads++) coarseNow();
  const passed = coarseNow() - first;
  assert.ok(passed >= 20, `it saw ${passed} of 20 ms`);
});
