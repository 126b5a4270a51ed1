import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLru } from './index.js';

test('each cache draws its own secret for the hash of keys', () => {
  // A walk follows the hashes: equal secrets give equal orders, and two secrets almost surely not.
  const [one, other] = [1, 2].map(() => {
    const lru = createLru({ maxBytes: '1mb', values: 'string' });
    for (let n = 0; n < 1000; n++) lru.set(`k${n}`, 'x');
    return [...lru.keys()];
  });
  assert.notDeepEqual(one, other);
  assert.deepEqual(one.toSorted(), other.toSorted());
});

test('values are outside the JavaScript heap', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const collect = () => {
    gc();
    // Dropped ArrayBuffers of other tests are counted until the next collection begins.
    gc();
  };
  const megabytes = (bytes: number) => bytes / 2 ** 20;
  collect();
  const before = process.memoryUsage();
  const lru = createLru({ maxBytes: '80mb', values: 'string' });
  // 64 MB of strings, each different and one piece of memory, as what a program reads.
  const bytes = Buffer.alloc(65_536, 'x');
  for (let n = 0; n < 1024; n++) {
    bytes.writeUInt32LE(n);
    lru.set(`k${n}`, bytes.toString('latin1'));
  }
  collect();
  const after = process.memoryUsage();
  assert.equal(lru.size, 1024);
  const heap = megabytes(after.heapUsed - before.heapUsed);
  const buffers = megabytes(after.arrayBuffers - before.arrayBuffers);
  assert.ok(heap < 8, `the heap grew by ${heap} MB`);
  assert.ok(buffers >= 64, `ArrayBuffers grew by ${buffers} MB`);
});
