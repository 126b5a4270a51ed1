import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readableBytes, readableCount, readableShare } from './quantities.js';
import { type Traffic, trafficFacts, trafficLine } from './traffic.js';

const before: Traffic = {
  commands: 1000,
  hits: 100,
  misses: 50,
  evicted: 7,
  expired: 3,
  keys: 5,
  usedBytes: 1024,
  maxBytes: 2 * 1024 ** 3,
  clients: 1,
  atMs: 1000,
};
const now: Traffic = {
  ...before,
  commands: 25_690,
  hits: 18_100,
  misses: 350,
  evicted: 13,
  expired: 27,
  keys: 1_234_567,
  usedBytes: 312 * 1024 ** 2,
  clients: 50,
  atMs: 3000,
};

describe('traffic', () => {
  it('is what happened between two readings, by the second', () => {
    assert.deepEqual(trafficFacts(before, now), {
      opsPerSecond: 12_345,
      hitRatio: 0.9836,
      keys: 1_234_567,
      usedBytes: 312 * 1024 ** 2,
      maxBytes: 2 * 1024 ** 3,
      clients: 50,
      evictedPerSecond: 3,
      expiredPerSecond: 12,
    });
    assert.equal(trafficFacts(before, before).hitRatio, null);
    assert.equal(trafficFacts(before, before).opsPerSecond, 0);
  });

  it('is shown in a line', () => {
    const line = trafficLine(trafficFacts(before, now), 120, false);
    assert.equal(
      line,
      '  12.3k ops/s   98.3% hits   1.2M keys   312 MB of 2.0 GB   50 clients   3/s evicted   12/s expired',
    );
    const idle = trafficLine(trafficFacts(before, before), 120, false);
    assert.equal(
      idle,
      '  0 ops/s   - hits   5 keys   1.0 KB of 2.0 GB   1 client   0/s evicted   0/s expired',
    );
  });

  it('is narrower than the screen, whatever that is', () => {
    const facts = trafficFacts(before, now);
    const whole = trafficLine(facts, 120, false);
    for (let columns = 0; columns <= 120; columns++) {
      const line = trafficLine(facts, columns, false);
      assert.ok(line.length < Math.max(columns, 1), `${columns} columns`);
      assert.ok(whole.startsWith(line));
      assert.equal(trafficLine(facts, columns, true).replace(/\u001b\[\d+m/g, ''), line);
    }
  });
});

describe('quantities', () => {
  it('are short', () => {
    const counts: [number, string][] = [
      [0, '0'],
      [999, '999'],
      [1000, '1.0k'],
      [12_345, '12.3k'],
      [99_960, '100k'],
      [999_499, '999k'],
      [999_500, '1.0M'],
      [1_234_567, '1.2M'],
      [5e15, '5000T'],
    ];
    for (const [count, text] of counts) assert.equal(readableCount(count), text);
    assert.equal(readableBytes(0), '0 B');
    assert.equal(readableBytes(1023.9), '1.0 KB');
    assert.equal(readableBytes(12_638_251_008), '11.8 GB');
  });

  it('never round a share up to all', () => {
    assert.equal(readableShare(99_999, 100_000), '99.9%');
    assert.equal(readableShare(1, 1), '100%');
    assert.equal(readableShare(0, 0), '-');
    assert.equal(readableShare(0, 5), '0.0%');
  });
});
