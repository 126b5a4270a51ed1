import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UntakenBytes } from './untaken-bytes.js';

test('no more is given than there is room for, until some is taken, and counts wrap around', () => {
  let taken = 0;
  const untaken = new UntakenBytes(100, () => taken);
  assert.ok(untaken.give(60));
  assert.ok(untaken.give(60));
  assert.equal(untaken.give(1), false, '120 wait');
  taken = 60;
  assert.ok(untaken.give(2 ** 31 - 1));
  assert.equal(untaken.give(1), false);
  taken = (60 + 60 + 2 ** 31 - 1) | 0;
  assert.ok(taken < 0);
  assert.ok(untaken.give(1));
});
