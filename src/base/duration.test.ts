import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ByteSize, byteCount, type Duration, durationMs } from './index.js';

test('durations: milliseconds or a number with a unit', () => {
  const cases: [Duration, number][] = [
    [250, 250],
    ['250ms', 250],
    ['5s', 5_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['.5d', 43_200_000],
    ['5M' as Duration, 300_000],
    ['-5s', -5_000],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ];
  for (const [duration, ms] of cases) assert.equal(durationMs(duration), ms, String(duration));
});

test('sizes: bytes or a number with a unit of 1024', () => {
  const cases: [ByteSize, number][] = [
    [1000.7, 1000],
    ['100b', 100],
    ['64kb', 65_536],
    ['1.5mb', 1_572_864],
    ['2GB' as ByteSize, 2_147_483_648],
  ];
  for (const [size, bytes] of cases) assert.equal(byteCount(size), bytes, String(size));
});

test('what is none is NaN', () => {
  for (const text of [
    '',
    '5',
    'm',
    '5 m',
    '5min',
    '1e3s',
    '5mm',
    '0x5s',
    '--5s',
    '1.2.3s',
    '5toString',
    '٥s',
    null,
    {},
    [],
  ]) {
    assert.ok(Number.isNaN(durationMs(text as Duration)), `${text}`);
    assert.ok(Number.isNaN(byteCount(text as ByteSize)), `${text}`);
  }
});
