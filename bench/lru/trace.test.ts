import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEAN_VALUE_BYTES, Trace } from './trace.js';

test('a key has one name and one size, and sizes have the mean that is stated', () => {
  const trace = new Trace(50_000, 1);
  const names = new Set<string>();
  let bytes = 0;
  for (let rank = 1; rank <= trace.keys; rank++) {
    names.add(trace.key(rank));
    bytes += trace.valueBytes(rank);
    assert.ok(trace.valueBytes(rank) >= 64 && trace.valueBytes(rank) <= 4096);
  }
  assert.equal(names.size, trace.keys);
  assert.ok(Math.abs(bytes / trace.keys / MEAN_VALUE_BYTES - 1) < 0.03, `mean ${bytes / trace.keys}`);
  assert.equal(trace.text(7).length, trace.valueBytes(7));
  assert.equal(trace.bytes(7).length, trace.valueBytes(7));
});

test('the same seed gives the same keys, however many values were made', () => {
  const one = new Trace(1000, 3);
  const other = new Trace(1000, 3);
  for (let i = 0; i < 100; i++) {
    assert.equal(one.nextRank(), other.nextRank());
    one.text(i + 1);
  }
  for (let i = 0; i < 100; i++) assert.ok(one.nextFrequentRank() <= 50);
});
