import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { worstTracedMs } from './trace-gc.js';

test('the longest pause is found, in whole collections and in steps', () => {
  const output = [
    '[77:0x5f]       40 ms: Scavenge 4.5 (4.9) -> 4.1 (5.9) MB, 0.89 / 0.00 ms  (average mu = 1.000) allocation failure;',
    '[77:0x5f]      812 ms: Mark-Compact 95.1 (98.0) -> 60.2 (99.0) MB, 4.21 / 0.00 ms  (+ 30.1 ms in 80 steps since start of marking, biggest step 12.5 ms, walltime 120 ms)',
    'something else, 99 / 0 ms',
  ];
  assert.equal(worstTracedMs(output.slice(0, 1).join('\n'), 1000), 0.89);
  assert.equal(worstTracedMs(output.join('\n'), 1000), 12.5);
  assert.equal(worstTracedMs(output.join('\n'), 811), 0.89, 'what came later does not count');
  assert.equal(worstTracedMs('', 1000), 0);
});

test('this Node prints its pauses in that form', () => {
  const { stdout } = spawnSync(process.execPath, ['--trace-gc', '--expose-gc', '-e', 'gc()'], {
    encoding: 'latin1',
  });
  assert.ok(worstTracedMs(stdout, 60_000) > 0, stdout);
});
