import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CoarseClock, coarseNow } from './coarse-clock.js';

function clockWithTime() {
  const world = { ms: 100, reads: 0, timers: [] as (() => void)[] };
  const clock = new CoarseClock(
    () => {
      world.reads++;
      return world.ms;
    },
    (run) => world.timers.push(run),
  );
  return { world, clock };
}

test('the time is kept for 64 reads, even when no timer ever fires', () => {
  const { world, clock } = clockWithTime();
  for (let i = 0; i < 64; i++) {
    assert.equal(clock.now(), 100);
    world.ms = 200;
  }
  assert.equal(world.reads, 1);
  assert.equal(clock.now(), 200);
  assert.equal(world.timers.length, 1, 'never more than one timer');
});

test('the timer ends what is kept; it runs once for each spell of reading', () => {
  const { world, clock } = clockWithTime();
  clock.now();
  world.ms = 200;
  assert.equal(clock.now(), 100);
  assert.equal(world.timers.length, 1);
  world.timers.pop()?.();
  assert.equal(world.timers.length, 0, 'nobody reads, no timer runs');
  assert.equal(clock.now(), 200);
  assert.equal(world.timers.length, 1);
});

test('the clock of all caches follows real time in a loop that never lets the event loop turn', () => {
  const first = coarseNow();
  const start = performance.now();
  while (performance.now() < start + 20) coarseNow();
  // However long the machine was away meanwhile: at most 64 reads are late.
  for (let reads = 0; reads < 64; reads++) coarseNow();
  const passed = coarseNow() - first;
  assert.ok(passed >= 20, `it saw ${passed} of 20 ms`);
});
