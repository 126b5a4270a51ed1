import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoaderGroup } from './loader-group.js';

const NEVER = Number.POSITIVE_INFINITY;

function newGroup(share: number, maxQueued: number) {
  const started: string[] = [];
  const expired: string[] = [];
  const group = new LoaderGroup<string>({
    share,
    maxQueued,
    start: (task) => started.push(task),
    expired: (task) => expired.push(task),
  });
  return { group, started, expired };
}

test('up to its share runs, then it queues, then it sheds; who leaves lets the oldest waiter in', () => {
  const { group, started } = newGroup(2, 2);
  const answers = ['a', 'b', 'c', 'd', 'e'].map((task) => group.enter(task, NEVER, 0));
  assert.deepEqual(answers, ['run', 'run', 'queued', 'queued', 'shed']);
  group.leave(1);
  assert.deepEqual(started, ['c']);
  assert.equal(group.enter('f', NEVER, 1), 'queued');
  group.leave(2);
  group.leave(3);
  group.leave(4);
  assert.deepEqual(started, ['c', 'd', 'f']);
  assert.deepEqual(group.stats(), {
    share: 2,
    running: 1,
    queued: 0,
    shed: 1,
    expired: 0,
    peakRunning: 2,
    peakQueued: 2,
  });
});

test('whose deadline has passed does not run, and whoever cancels leaves nothing behind', () => {
  const { group, started, expired } = newGroup(1, 9);
  group.enter('running', NEVER, 0);
  group.enter('a', 10, 0);
  group.enter('b', NEVER, 0);
  group.enter('c', 20, 0);
  assert.equal(group.cancel('b'), true);
  assert.equal(group.cancel('b'), false);
  group.leave(10);
  assert.deepEqual(started, ['c']);
  assert.deepEqual(expired, ['a']);
  assert.equal(group.cancel('a'), false);
  assert.equal(group.cancel('c'), false, 'it runs');
  group.leave(11);
  assert.equal(group.stats().running, 0);
});

test('deadlines that pass in the queue end at the moment it names, in any order', () => {
  const { group, started, expired } = newGroup(1, 3);
  group.enter('running', NEVER, 0);
  for (const [task, deadlineMs] of [
    ['a', 30],
    ['b', 10],
    ['c', 20],
  ] as const) {
    group.enter(task, deadlineMs, 0);
  }
  assert.equal(group.nextDeadlineMs, 10);
  group.expire(9);
  assert.deepEqual(expired, []);
  group.expire(10);
  assert.deepEqual(expired, ['b']);
  assert.equal(group.nextDeadlineMs, 20);
  assert.equal(group.enter('d', NEVER, 12), 'queued');
  assert.equal(group.enter('e', NEVER, 20), 'queued', 'a full queue makes room of what is over');
  assert.deepEqual(expired, ['b', 'c']);
  group.leave(21);
  group.leave(22);
  group.leave(23);
  assert.deepEqual(started, ['a', 'd', 'e']);
  assert.equal(group.nextDeadlineMs, NEVER);
  assert.equal(group.enter('late', 24, 24), 'shed');
  assert.equal(group.stats().shed, 1);
});

test('the share is the part of the cap that one of so many processes has, at least 1', () => {
  const { group, started } = newGroup(1, 9);
  for (const [cap, processes, share] of [
    [50, 1, 50],
    [50, 3, 16],
    [50, 50, 1],
    [50, 70, 1],
  ] as const) {
    group.setShare(cap, processes, 0);
    assert.equal(group.stats().share, share);
  }
  for (const task of ['a', 'b', 'c', 'd']) group.enter(task, NEVER, 0);
  group.setShare(6, 2, 0);
  assert.deepEqual(started, ['b', 'c'], 'a larger share is used at once');
  group.setShare(6, 6, 0);
  assert.equal(group.stats().running, 3, 'a smaller one interrupts nothing');
  group.leave(0);
  group.leave(0);
  assert.deepEqual(started, ['b', 'c']);
  group.leave(0);
  assert.deepEqual(started, ['b', 'c', 'd']);
});

test('loads that end as they start need no stack', () => {
  let started = 0;
  const group: LoaderGroup<number> = new LoaderGroup<number>({
    share: 1,
    maxQueued: 100_000,
    start: () => {
      started++;
      group.leave(0);
    },
    expired: () => assert.fail('no deadline passed'),
  });
  group.enter(-1, NEVER, 0);
  for (let i = 0; i < 100_000; i++) group.enter(i, NEVER, 0);
  group.leave(0);
  assert.equal(started, 100_000);
  assert.equal(group.stats().running, 0);
});

test('who comes while the queue is worked off comes last', () => {
  const started: string[] = [];
  const group: LoaderGroup<string> = new LoaderGroup<string>({
    share: 1,
    maxQueued: 9,
    start: (task) => started.push(task),
    expired: () => assert.equal(group.enter('after', NEVER, 10), 'queued'),
  });
  group.enter('running', NEVER, 0);
  group.enter('over', 10, 0);
  group.enter('before', NEVER, 0);
  group.leave(10);
  group.leave(11);
  assert.deepEqual(started, ['before', 'after']);
});

test('what never was cannot end, and what waits cannot wait again', () => {
  const { group } = newGroup(1, 9);
  assert.throws(() => group.leave(0), /a load ends once/);
  group.enter('a', NEVER, 0);
  group.enter('b', NEVER, 0);
  assert.throws(() => group.enter('b', NEVER, 0), /a task waits once/);
  assert.throws(() => group.setShare(0, 1, 0), /a cap of 0/);
  assert.throws(() => newGroup(0, 1), /at least 1/);
});
