import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostClocks, undisturbed } from './host-clocks.js';

/** Clocks that show these, one after the other, as [monotonic, wall]. */
function scripted(...looks: readonly (readonly [number, number])[]) {
  const left = [...looks];
  const read = undisturbed(() => {
    const [monotonicMs, wallMs] = left.shift() ?? assert.fail('it looks too often');
    return { monotonicMs, wallMs };
  });
  return { read, left };
}

test('a thread that lost its core between the two looks reads again', () => {
  const { read, left } = scripted([0, 1000], [0, 1000], [10, 1010], [20, 1100], [101, 1101], [102, 1102.5]);
  assert.deepEqual(read(), { monotonicMs: 0, wallMs: 1000 });
  assert.deepEqual(read(), { monotonicMs: 10, wallMs: 1010 });
  // It stood for 80 ms. The next look differs from that one, and the one behind it from neither.
  assert.deepEqual(read(), { monotonicMs: 102, wallMs: 1102.5 });
  assert.deepEqual(left, []);
});

test('what happened to the machine is read twice and shows', () => {
  const { read } = scripted([0, 1000], [0, 1000], [10, 61_010], [11, 61_011]);
  read();
  assert.deepEqual(read(), { monotonicMs: 11, wallMs: 61_011 });
});

test('clocks that never agree are read all the same', () => {
  let wallMs = 0;
  const read = undisturbed(() => ({ monotonicMs: 0, wallMs: (wallMs += 10) }));
  assert.equal(read().wallMs, 50);
});

test('the clocks of this machine go on', () => {
  const [first, second] = [hostClocks(), hostClocks()];
  assert.ok(second.monotonicMs >= first.monotonicMs);
  assert.ok(Math.abs(first.wallMs - Date.now()) < 60_000);
});
