import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTime } from '../connection/fake-server.testkit.js';
import type { LeaseWaits, Watch } from './lease-waits.js';
import { PolledWaits } from './polled-waits.js';
import { PushedWaits } from './pushed-waits.js';

/** Draws the longest waits. */
const longest = { uint32: () => 2 ** 32 - 1, below: () => 0 };

interface Stage {
  readonly time: ManualTime;
  readonly woken: string[];
  readonly waits: LeaseWaits;
  /** Questions under way, oldest first. */
  readonly asked: { key: string; answer: (leftMs: number) => void; fail: () => void }[];
}

type Make = (time: ManualTime, woken: (key: string) => void, watch: Watch) => LeaseWaits;

function staged(make: Make): Stage {
  const time = new ManualTime();
  const woken: string[] = [];
  const asked: Stage['asked'] = [];
  const watch = (key: string) =>
    new Promise<number>((resolve, reject) => {
      asked.push({ key, answer: resolve, fail: () => reject(new Error('cannot be asked')) });
    });
  return { time, woken, asked, waits: make(time, (key) => woken.push(key), watch) };
}

const tracked: Make = (time, woken) => new PushedWaits(time, woken, undefined);
const optIn: Make = (time, woken, watch) => new PushedWaits(time, woken, watch);
const polled: Make = (time, woken, watch) => new PolledWaits(time, longest, woken, watch);

/** Lets what a promise resumes run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('pushed: a change wakes, once; else the end of the lease does', () => {
  const { time, woken, waits, asked } = staged(tracked);
  waits.changed('a');
  waits.begin('a', 5_000);
  waits.begin('b', 5_000);
  waits.begin('c', 300);
  waits.changed('a');
  waits.changed('a');
  assert.deepEqual(woken, ['a']);
  time.advance(299);
  assert.deepEqual(woken, ['a']);
  time.advance(20);
  assert.deepEqual(woken, ['a', 'c']);
  waits.begin('c', 300);
  waits.changed(undefined);
  assert.deepEqual(woken, ['a', 'c', 'b', 'c']);
  time.advance(60_000);
  assert.equal(woken.length, 4);
  assert.equal(asked.length, 0);
});

test('pushed by announcement: the key is read once more, and what that finds counts', async () => {
  const { time, woken, waits, asked } = staged(optIn);
  for (const key of ['held', 'ended', 'lost']) waits.begin(key, 1_000);
  waits.begin('held', 1_000);
  assert.deepEqual(
    asked.map(({ key }) => key),
    ['held', 'ended', 'lost'],
    'each key once',
  );
  asked[0]?.answer(4_000);
  asked[1]?.answer(0);
  asked[2]?.fail();
  await settled();
  assert.deepEqual(woken, ['ended']);
  time.advance(1_020);
  assert.deepEqual(woken, ['ended', 'lost'], 'by its timer');
  time.advance(3_000);
  assert.deepEqual(woken, ['ended', 'lost', 'held']);
});

test('pushed by announcement: an answer that comes after the wake does nothing', async () => {
  const { time, woken, waits, asked } = staged(optIn);
  waits.begin('a', 1_000);
  waits.changed('a');
  asked[0]?.answer(700);
  await settled();
  time.advance(5_000);
  assert.deepEqual(woken, ['a']);
});

test('polled: looks come at longer and longer intervals until the lease has ended', async () => {
  const { time, woken, waits, asked } = staged(polled);
  waits.begin('a', 5_000);
  waits.begin('a', 5_000);
  const startMs = time.now();
  const looksMs: number[] = [];
  while (looksMs.length < 6) {
    const before = asked.length;
    while (asked.length === before) time.advance(1);
    looksMs.push(time.now() - startMs);
    asked.at(-1)?.answer(looksMs.length < 6 ? 4_000 : 0);
    await settled();
  }
  const waitsMs = looksMs.map((ms, i) => ms - (looksMs[i - 1] ?? 0));
  for (const [i, ms] of [25, 50, 100, 200, 250, 250].entries()) {
    assert.ok((waitsMs[i] ?? 0) >= ms && (waitsMs[i] ?? 0) <= ms + 20, `${waitsMs}`);
  }
  assert.deepEqual(woken, ['a']);
  time.advance(60_000);
  assert.equal(asked.length, 6);
});

test('polled: who cannot ask wakes when the lease is over', async () => {
  const { time, woken, waits, asked } = staged(polled);
  waits.begin('a', 400);
  for (let ms = 0; ms < 380; ms++) {
    time.advance(1);
    asked.splice(0).forEach(({ fail }) => {
      fail();
    });
    await settled();
  }
  assert.deepEqual(woken, []);
  time.advance(40);
  asked.splice(0).forEach(({ fail }) => {
    fail();
  });
  await settled();
  assert.deepEqual(woken, ['a']);
});

test('polled: a change of our own wakes at once, and a look under way changes nothing', async () => {
  const { time, woken, waits, asked } = staged(polled);
  waits.begin('a', 5_000);
  time.advance(40);
  assert.equal(asked.length, 1);
  waits.changed('a');
  waits.begin('a', 5_000);
  asked[0]?.answer(0);
  await settled();
  assert.deepEqual(woken, ['a'], 'the answer is of the wait before');
  waits.changed(undefined);
  assert.deepEqual(woken, ['a', 'a']);
  waits.begin('b', 5_000);
  waits.close();
  time.advance(60_000);
  assert.deepEqual(woken, ['a', 'a']);
});
