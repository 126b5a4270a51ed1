import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTime } from '../connection/fake-server.testkit.js';
import { KeyTimers } from './key-timers.js';

function staged(): { time: ManualTime; due: string[]; timers: KeyTimers } {
  const time = new ManualTime();
  const due: string[] = [];
  return { time, due, timers: new KeyTimers(time, (key) => due.push(key)) };
}

test('each key is due at its time, not before, and once', () => {
  const { time, due, timers } = staged();
  timers.set('late', 20_000);
  timers.set('soon', 100);
  timers.set('now', 0);
  time.advance(99);
  assert.deepEqual(due, ['now']);
  time.advance(20);
  assert.deepEqual(due, ['now', 'soon']);
  assert.ok(timers.has('late') && !timers.has('soon'));
  time.advance(19_900);
  assert.deepEqual(due, ['now', 'soon', 'late']);
  time.advance(60_000);
  assert.equal(due.length, 3);
});

test('a later time takes the place of the first, also a shorter one', () => {
  const { time, due, timers } = staged();
  timers.set('a', 100);
  timers.set('b', 5_000);
  timers.set('a', 1_000);
  timers.set('b', 100);
  time.advance(500);
  assert.deepEqual(due, ['b']);
  time.advance(600);
  assert.deepEqual(due, ['b', 'a']);
});

test('what was taken out is never due, and after a long rest times are right', () => {
  const { time, due, timers } = staged();
  timers.set('a', 100);
  assert.equal(timers.take('a'), true);
  assert.equal(timers.take('a'), false);
  timers.set('b', 100);
  timers.set('c', 100);
  assert.deepEqual(timers.takeAll(), ['b', 'c']);
  time.advance(1_000_000);
  timers.set('d', 50);
  time.advance(49);
  assert.deepEqual(due, []);
  time.advance(20);
  assert.deepEqual(due, ['d']);
  timers.set('e', 50);
  timers.close();
  time.advance(1_000);
  assert.deepEqual(due, ['d']);
});

test('of too many the oldest is due at once', () => {
  const { due, timers } = staged();
  for (let i = 0; i <= 65_536; i++) timers.set(`k${i}`, 1_000);
  assert.deepEqual(due, ['k0']);
  assert.equal(timers.size, 65_536);
  timers.set('k2', 5);
  assert.equal(timers.size, 65_536, 'one that is there needs no room');
});

test('what is due may set and take others', () => {
  const time = new ManualTime();
  const due: string[] = [];
  const timers = new KeyTimers(time, (key) => {
    due.push(key);
    if (key === 'a') timers.set('again', 100);
    timers.take('b');
    timers.take('c');
  });
  timers.set('a', 50);
  timers.set('b', 50);
  timers.set('c', 200);
  time.advance(100);
  assert.equal(due.length, 1);
  time.advance(1_000);
  assert.deepEqual(due.slice(1), due[0] === 'a' ? ['again'] : []);
  assert.equal(time.alive, 0, 'it keeps no process alive');
});
