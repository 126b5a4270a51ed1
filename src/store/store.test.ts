import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block, KeyHash, Random } from '../base/index.js';
import { MAX_KEY_BYTES, type Ref, Store, type StoreOptions } from './index.js';
import { LiveEntries } from './live-entries.js';

function newStore(options: Partial<StoreOptions> = {}): Store {
  return new Store({ maxBytes: 2 ** 20, hash: new KeyHash(1, 2), random: new Random(5), ...options });
}

function set(store: Store, name: string, length: number, expiry = 0): Ref {
  return store.set(0, Block.of(name), 0, name.length, Block.ofLength(length), 0, length, expiry);
}

function find(store: Store, name: string): Ref {
  return store.find(0, Block.of(name), 0, name.length);
}

test('an entry is alive at its expiry and gone after it', () => {
  const store = newStore();
  store.now = 1000;
  set(store, 'a', 1, 1500);
  store.now = 1500;
  assert.notEqual(find(store, 'a'), 0);
  store.now = 1501;
  assert.equal(store.count(0), 1, 'nobody looked yet');
  assert.equal(find(store, 'a'), 0);
  assert.equal(store.count(0), 0);
  assert.deepEqual(store.stats, { hits: 0, misses: 0, expired: 1, evicted: 0 });
});

test('the sampler goes on while many are dead and there is time, and leaves at most a small share', () => {
  const store = newStore({ maxBytes: 16 * 2 ** 20 });
  store.now = 1;
  for (let i = 0; i < 10_000; i++) set(store, `dies:${i}`, 8, 100);
  for (let i = 0; i < 10_000; i++) set(store, `lives:${i}`, 8, 100_000);
  store.now = 50;
  assert.equal(
    store.expireSome(() => true),
    0,
    'none is dead yet',
  );
  store.now = 101;
  let asked = 0;
  const first = store.expireSome(() => ++asked < 3);
  assert.ok(first > 0 && first <= 3 * 64 && asked === 3, `three samples (${first})`);
  for (let i = 0; i < 5; i++) store.expireSome(() => true);
  const dead = store.count(0) - 10_000;
  assert.ok(dead / store.count(0) < 0.15, `${dead} dead are left`);
  store.verify();
});

test('nine tenths of a full store are live data, at random sizes', () => {
  const pageBytes = 4096;
  const store = newStore({ maxBytes: 4 * 2 ** 20, pageBytes });
  const random = new Random(11);
  for (let i = 0; i < 30_000; i++)
    set(store, `k${random.below(100_000)}`, Math.floor(2 ** (random.fraction() * 15)));
  store.verify();
  assert.ok(store.stats.evicted > 1000, 'the budget was full');
  assert.ok(store.cellsMoved > 1000, 'pages were emptied by moves');
  assert.ok(store.liveBytes / store.maxBytes > 0.85, `live share ${store.liveBytes / store.maxBytes}`);
  assert.ok(store.usedBytes <= store.maxBytes);
});

test('large values do not starve small ones, nor small ones large', () => {
  const store = newStore({ maxBytes: 8 * 2 ** 20 });
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 20_000; i++) set(store, `small:${i}`, 40);
    store.verify();
    for (let i = 0; i < 10; i++) {
      assert.notEqual(set(store, `large:${i}`, 3 * 2 ** 20), 0);
      assert.equal(store.valueLength(find(store, `large:${i}`)), 3 * 2 ** 20);
    }
    store.verify();
  }
});

test('what cannot fit is refused, and what was there stays', () => {
  const store = newStore();
  set(store, 'other', 100);
  set(store, 'big', 10);
  assert.equal(set(store, 'big', 2 ** 20), 0);
  assert.equal(store.valueLength(find(store, 'big')), 10);
  assert.equal(store.resizeValue(find(store, 'big'), 2 ** 20), 0);
  assert.equal(store.valueLength(find(store, 'big')), 10);
  assert.notEqual(find(store, 'other'), 0, 'nothing was evicted for it');
});

test('the longest key is found again', () => {
  const store = newStore({ maxBytes: 4 * 2 ** 20 });
  const long = 'x'.repeat(MAX_KEY_BYTES);
  set(store, long, 5);
  assert.equal(find(store, `${long.slice(0, -1)}y`), 0);
  assert.equal(store.keyLength(find(store, long)), MAX_KEY_BYTES);
  store.verify();
});

test('a value that grows by appending touches only its end', () => {
  const store = newStore({ maxBytes: 64 * 2 ** 20, pageBytes: 4096 });
  set(store, 'log', 0);
  for (let length = 0; length < 200_000; length += 1000) {
    let ref = find(store, 'log');
    ref = store.resizeValue(ref, length + 1000);
    const line = Block.ofLength(1000);
    line.bytes.fill((length / 1000) & 255);
    store.writeValue(ref, length, line, 0, 1000);
  }
  store.verify();
  const all = Block.ofLength(200_000);
  store.copyValue(find(store, 'log'), 0, 200_000, all, 0);
  for (let i = 0; i < 200_000; i++) assert.equal(all.bytes[i], Math.floor(i / 1000) & 255);
});

test('a smaller budget is reached in slices, the oldest first', () => {
  const store = newStore({ maxBytes: 16 * 2 ** 20 });
  for (let i = 0; i < 50_000; i++) set(store, `k${i}`, 100);
  store.setMaxBytes(4 * 2 ** 20);
  let slices = 0;
  while (store.reclaim()) slices++;
  assert.ok(slices > 10, `${slices} slices`);
  assert.ok(store.usedBytes <= 4 * 2 ** 20);
  assert.equal(find(store, 'k0'), 0);
  assert.notEqual(find(store, 'k49999'), 0);
  store.verify();
});

test('memory elsewhere counts', () => {
  const store = newStore({ maxBytes: 8 * 2 ** 20 });
  for (let i = 0; i < 100_000; i++) set(store, `k${i}`, 40);
  const before = store.count(0);
  store.setExternalBytes(4 * 2 ** 20);
  while (store.reclaim());
  assert.ok(store.count(0) < before * 0.6, 'half of the budget is taken');
  assert.ok(store.usedBytes <= store.maxBytes);
});

test('flushing one of two databases is done at once and swept up later', () => {
  const store = newStore({ maxBytes: 16 * 2 ** 20 });
  const empty = Block.ofLength(0);
  for (let i = 0; i < 5000; i++) {
    for (const db of [0, 1]) store.set(db, Block.of(`k${i}`), 0, `k${i}`.length, empty, 0, 0, 0);
  }
  const used = store.usedBytes;
  store.flush(0);
  assert.equal(store.count(0), 0);
  assert.equal(store.count(1), 5000);
  assert.equal(find(store, 'k1'), 0);
  set(store, 'k2', 3);
  assert.equal(store.count(0), 1);
  while (store.reclaim());
  for (let i = 0; i < 5000; i++) store.set(0, Block.of(`n${i}`), 0, `n${i}`.length, empty, 0, 0, 0);
  assert.ok(store.usedBytes < used * 1.05, 'the memory is used again');
  assert.equal(store.valueLength(find(store, 'k2')), 3, 'what was set after the flush stays');
  store.flushAll();
  assert.equal(store.count(0) + store.count(1), 0);
  store.verify();
});

test('a type stays with an entry, and goes with its copies', () => {
  const store = newStore();
  const key = Block.of('typed');
  const typed = (): Ref => store.set(0, key, 0, 5, Block.ofLength(9), 0, 9, 0, 7);
  assert.equal(store.type(typed()), 7);
  assert.equal(store.type(store.setExpiry(find(store, 'typed'), 5000)), 7);
  assert.equal(store.type(store.resizeValue(find(store, 'typed'), 500)), 7);
  assert.equal(store.type(store.copyEntry(find(store, 'typed'), 1, key, 0, 5)), 7);
  assert.equal(store.type(set(store, 'typed', 9)), 0);
  assert.throws(() => store.set(0, key, 0, 5, Block.ofLength(9), 0, 9, 0, 16), /four bits/);
});

test('a version has 48 bits', () => {
  const live = new LiveEntries({ pageBytes: 1024, chunkBytes: 4096, firstPage: 1 }, 32, false);
  live.version = 2 ** 47;
  const ref = live.add(1, 0, Block.of('k'), 0, 1, 5, 0, 0);
  live.stamp(ref, 3);
  assert.equal(live.versionOf(ref), 2 ** 47 + 1);
});

test('the cost of an entry is what the layout says', () => {
  const store = newStore({ maxBytes: 64 * 2 ** 20 });
  for (let i = 0; i < 100_000; i++) set(store, `key:${i}`.padEnd(16, '.'), 64);
  assert.equal(store.entryBytes(find(store, 'key:7'.padEnd(16, '.'))), 116);
  assert.ok(store.usedBytes / 100_000 < 118, `${store.usedBytes / 100_000} bytes a key`);
  assert.equal(set(store, 'key:7'.padEnd(16, '.'), 64, 5) !== 0, true);
  assert.equal(store.entryBytes(find(store, 'key:7'.padEnd(16, '.'))), 128);
});
