import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeBlocks } from './blocks.js';
import type { Block } from './event-loop-probe.js';

const block: Block = { fromMs: 100, toMs: 130, waitedMs: 0, ranMs: 30, userMs: 25, systemMs: 5, gcMs: 0 };

test('a block is ours when nothing else explains it', () => {
  assert.equal(ownMs(block, []), 30);
});

test('waiting for the core and absences of the core are not ours', () => {
  assert.equal(ownMs({ ...block, waitedMs: 4 }, [{ fromMs: 90, toMs: 110 }]), 16);
  assert.equal(ownMs({ ...block, waitedMs: 25 }, [{ fromMs: 100, toMs: 130 }]), 0, 'never below nothing');
  assert.equal(ownMs(block, [{ fromMs: 0, toMs: 99 }]), 30, 'an absence at another time');
});

test('waiting for threads of our own is ours', () => {
  const helped = { ...block, ranMs: 18, waitedMs: 12 };
  assert.equal(ownMs(helped, []), 30, 'the whole wait was for a collector or the compiler');
  assert.equal(ownMs({ ...helped, userMs: 17, systemMs: 5 }, []), 22, 'four of twelve were');
});

test('a block is never longer ours than the process ran in it', () => {
  assert.equal(ownMs({ ...block, userMs: 1, systemMs: 1 }, []), 2);
});

test('the longest are those that were ours, not those that lasted', () => {
  const short = { ...block, toMs: 111 };
  const figures = figuresOf([{ ...block, waitedMs: 29 }, short], []);
  assert.deepEqual([figures.longest[0]?.ownMs, figures.over10Ms, figures.worstWallMs], [11, 1, 30]);
});

function ownMs(one: Block, absences: Parameters<typeof judgeBlocks>[1]): number | undefined {
  return figuresOf([one], absences).longest[0]?.ownMs;
}

function figuresOf(blocks: Block[], absences: Parameters<typeof judgeBlocks>[1]) {
  const collections = { count: 0, totalMs: 0, worstMs: 0 };
  return judgeBlocks({ seconds: 1, ticks: 1, p999Ms: 1, blocks, collections }, absences);
}
