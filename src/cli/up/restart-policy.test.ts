import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Random } from '../../base/index.js';
import { RestartPolicy } from './restart-policy.js';

it('a node that dies again and again is started later and later, one that lived is started soon', () => {
  const policy = new RestartPolicy(new Random(7));
  let nowMs = 0;
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    policy.started(nowMs);
    nowMs += 100;
    const waitMs = policy.ended(nowMs);
    const ceilingMs = Math.min(1000 * 2 ** i, 30_000);
    assert.ok(waitMs >= ceilingMs / 2 && waitMs <= ceilingMs, `${i}: ${waitMs}`);
    waits.push(waitMs);
    nowMs += waitMs;
  }
  assert.ok(waits[7] >= 15_000);
  policy.started(nowMs);
  assert.ok(policy.ended(nowMs + 29_999) >= 15_000);
  policy.started(nowMs);
  assert.ok(policy.ended(nowMs + 30_000) <= 1000);
});
