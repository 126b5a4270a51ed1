import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEWER_AFTER_MS, FleetSize } from './fleet-size.js';

test('more are believed at once, fewer after a while, and then the most that were heard', () => {
  const fleet = new FleetSize(1);
  assert.equal(fleet.heard(8, 0), true);
  assert.equal(fleet.heard(2, 1_000), false);
  assert.equal(fleet.heard(5, 2_000), false);
  assert.equal(fleet.heard(3, 1_000 + FEWER_AFTER_MS - 1), false);
  assert.equal(fleet.size, 8);
  assert.equal(fleet.heard(3, 1_000 + FEWER_AFTER_MS), true);
  assert.equal(fleet.size, 5);
});

test('who comes back in time was never away', () => {
  const fleet = new FleetSize(8);
  fleet.heard(1, 0);
  assert.equal(fleet.heard(8, FEWER_AFTER_MS - 1), false);
  fleet.heard(1, FEWER_AFTER_MS);
  assert.equal(fleet.heard(1, 2 * FEWER_AFTER_MS - 1), false);
  assert.equal(fleet.size, 8);
});

test('a silence begins the while anew, and nobody at all is still this process', () => {
  const fleet = new FleetSize(4);
  fleet.heard(0, 0);
  fleet.silence();
  assert.equal(fleet.heard(0, FEWER_AFTER_MS), false);
  assert.equal(fleet.heard(0, 2 * FEWER_AFTER_MS), true);
  assert.equal(fleet.size, 1);
});
