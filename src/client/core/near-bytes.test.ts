/** The near cache takes no more memory than it counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textBytes } from './heap-bytes.js';
import { NearCache } from './near-cache.js';
import { usedBytes } from './used-bytes.test-helper.js';

/** As large as a settled promise: the test runner hooks those, which makes them larger. */
class Handle {
  readonly value: string;
  readonly state = 0;

  constructor(value: string) {
    this.value = value;
  }
}

/** Values of 64 characters below handles, under keys as they come from a connection. */
function fill(near: NearCache<Handle>, count: number): void {
  for (let n = 0; n < count; n++) {
    const value = Buffer.from(`${n}`.padStart(64, '.')).toString();
    const handle = new Handle(value);
    const key = Buffer.from(`user:${n}`).toString();
    const entry = { handle, valueBytes: textBytes(value), node: n % 3, freshUntilMs: 1 };
    assert.ok(near.enter(key, entry, near.drawTicket(), 0));
  }
}

const maxBytes = 16 * 1024 ** 2;

// Just after the arrays grew, and after the Map did; and with three times as many as there is room for.
for (const entries of [16_000, 33_000, 140_000]) {
  test(`${entries} entries take no more than is counted`, () => {
    fill(new NearCache(maxBytes), 1000);
    const before = usedBytes();
    const near = new NearCache<Handle>(maxBytes);
    fill(near, entries);
    const taken = usedBytes() - before;
    const { bytes } = near.stats();
    assert.ok(bytes <= maxBytes);
    assert.ok(taken > bytes * 0.6 && taken < bytes * 1.02, `${taken} bytes taken, ${bytes} counted`);
  });
}
