import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HolderClock } from './holder-clock.js';

/** A clock that was read once, at 1000 on the monotonic clock and 50,000 on the wall. */
function begun(mutant = ''): HolderClock {
  const clock = new HolderClock({ mutants: new Set([mutant]) });
  assert.deepEqual(clock.read(1000, 50_000), { holderMs: 1000, skippedMs: 0, jumped: false });
  return clock;
}

test('a suspend, in which the monotonic clock stands still, is counted and told once', () => {
  const clock = begun();
  assert.deepEqual(clock.read(1010, 60_010), { holderMs: 11_010, skippedMs: 10_000, jumped: true });
  assert.deepEqual(clock.read(1020, 60_020), { holderMs: 11_020, skippedMs: 10_000, jumped: false });
});

test('a wall clock that is set back stops nothing, and hides no pause that comes later', () => {
  const clock = begun();
  assert.deepEqual(clock.read(1010, 10), { holderMs: 1010, skippedMs: 0, jumped: true });
  assert.deepEqual(clock.read(2010, 1010), { holderMs: 2010, skippedMs: 0, jumped: false });
  const { holderMs, jumped } = clock.read(2020, 4020);
  assert.ok(jumped);
  assert.ok(holderMs >= 2020 + 3000 - 2, 'the pause of 3 s is counted but for the tremble');
});

test('clocks 50 ms apart are a jump, not before', () => {
  assert.equal(begun().read(1100, 50_150).jumped, false);
  assert.equal(begun().read(1100, 50_151).jumped, true);
  assert.equal(begun().read(1100, 50_050).jumped, false);
  assert.equal(begun().read(1100, 50_049).jumped, true);
});

test('pauses too short to be a jump add up', () => {
  const clock = begun();
  let wallMs = 50_000;
  for (let n = 1; n <= 100; n++) assert.equal(clock.read(1000 + n, (wallMs += 41)).jumped, false);
  assert.equal(clock.read(1100, wallMs).holderMs, 1100 + 100 * 40);
});

test('the steps of a wall clock in whole milliseconds do not make it run fast', () => {
  const clock = new HolderClock();
  let holderMs = 0;
  for (let n = 0; n < 100_000; n++) holderMs = clock.read(n / 100, Math.floor(n / 100)).holderMs;
  assert.ok(holderMs - 999.99 <= 2);
});

const step = fc.record({
  monotonicMs: fc.integer({ min: 0, max: 300 }),
  wallMs: fc.oneof(fc.integer({ min: -5, max: 300 }), fc.integer({ min: -100_000, max: 100_000 })),
});

test('from any reading to any later one it grows as much as each clock did, but for the tremble', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const clock = new HolderClock();
      let [monotonicMs, wallMs] = [0, 0];
      const readings = steps.map((one) => {
        monotonicMs += one.monotonicMs;
        wallMs += one.wallMs;
        return { monotonicMs, wallMs, ...clock.read(monotonicMs, wallMs) };
      });
      readings.forEach((earlier, index) => {
        for (const later of readings.slice(index + 1)) {
          const grewMs = later.holderMs - earlier.holderMs;
          assert.ok(grewMs >= later.monotonicMs - earlier.monotonicMs);
          assert.ok(grewMs >= later.wallMs - earlier.wallMs - 2);
        }
      });
    }),
  );
});

test('the mutant that looks at the monotonic clock alone misses a suspend', () => {
  assert.deepEqual(begun('holder-monotonic-only').read(1010, 60_010), {
    holderMs: 1010,
    skippedMs: 0,
    jumped: false,
  });
});
