import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CoarseClock } from './coarse-clock.js';

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
