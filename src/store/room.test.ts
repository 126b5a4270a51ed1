import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block, KeyHash, Random } from '../base/index.js';
import { Bodies } from './bodies.js';
import { type Ref, Store, type StoreOptions } from './index.js';
import { SizeClasses } from './size-classes.js';

/** How room is made: nothing goes that need not, and no step is longer than it says. */

const value = Block.ofLength(4 * 2 ** 20);

function newStore(options: Partial<StoreOptions> = {}): Store {
  const store = new Store({ maxBytes: 2 ** 20, hash: new KeyHash(1, 2), random: new Random(5), ...options });
  store.now = 1;
  return store;
}

function set(store: Store, name: string, length: number, expiry = 0): Ref {
  return store.set(0, Block.of(name), 0, name.length, value, 0, length, expiry);
}

function find(store: Store, name: string): Ref {
  return store.find(0, Block.of(name), 0, name.length);
}

/** Fills a store with values of one length, uses them in a random order, and deletes three in ten. */
function worn(length: number): { store: Store; kept: string } {
  const store = newStore({ pageBytes: 4096 });
  const random = new Random(9);
  let count = 0;
  while (store.stats.evicted === 0) set(store, `key:${count++}`, length);
  for (let i = 0; i < 3 * count; i++) {
    const ref = find(store, `key:${random.below(count)}`);
    if (ref !== 0) store.touch(ref);
  }
  let kept = '';
  for (let i = 0; i < count; i++) {
    const name = `key:${i}`;
    const ref = find(store, name);
    if (ref === 0) continue;
    if (random.below(10) < 3) store.remove(ref);
    else kept = name;
  }
  return { store, kept };
}

test('nothing is evicted while a class has a page of free cells, also the class that is needed', () => {
  for (const length of [40, 64, 200, 300]) {
    const { store, kept } = worn(length);
    const before = store.stats.evicted;
    // The list of lifetimes needs its first page.
    assert.notEqual(store.setExpiry(find(store, kept), 1e9), 0);
    assert.notEqual(set(store, 'another', length, 1e9), 0);
    assert.equal(store.stats.evicted, before, `values of ${length} bytes`);
    store.verify();
  }
});

test('at most a page of free cells is lost in each class', () => {
  const pageBytes = 4096;
  const store = newStore({ maxBytes: 4 * 2 ** 20, pageBytes });
  const random = new Random(11);
  for (let i = 0; i < 30_000; i++)
    set(store, `k${random.below(100_000)}`, Math.floor(2 ** (random.fraction() * 15)));
  let entries = 0;
  let cursor = 0;
  do {
    cursor = store.scan(0, cursor, (ref) => {
      entries += store.entryBytes(ref);
    });
  } while (cursor !== 0);
  const classes = new SizeClasses(pageBytes).cellBytes.length;
  const lost = store.usedBytes - entries;
  assert.ok(lost <= classes * pageBytes, `${lost} bytes are lost in ${classes} classes`);
});

test('a copy goes along both values once, however many fragments they have', () => {
  const store = newStore({ maxBytes: 16 * 2 ** 20, pageBytes: 1024 });
  const ref = set(store, 'large', value.bytes.length);
  const { next } = Bodies.prototype;
  let hops = 0;
  Bodies.prototype.next = function (this: Bodies, fragment: Ref): Ref {
    hops++;
    return next.call(this, fragment);
  };
  try {
    assert.notEqual(store.copyEntry(ref, 0, Block.of('copy'), 0, 4), 0);
  } finally {
    Bodies.prototype.next = next;
  }
  const fragments = value.bytes.length / 240;
  assert.ok(hops > fragments && hops < 4 * fragments, `${hops} hops over ${Math.round(fragments)} fragments`);
});

test('a random key is looked for once among what is gone: it is dropped on the way', () => {
  const store = newStore();
  for (let i = 0; i < 1000; i++) set(store, `k${i}`, 8, 100);
  store.now = 101;
  assert.equal(store.random(0), 0);
  assert.equal(store.count(0), 0);
  assert.equal(store.stats.expired, 1000);
  store.verify();
});

test('a slice of reclaiming moves or frees a bounded number of cells', () => {
  const store = newStore({ maxBytes: 8 * 2 ** 20, pageBytes: 4096 });
  for (let i = 0; i < 60_000; i++) set(store, `k${i}`, 8);
  for (let i = 0; i < 60_000; i += 2) {
    const ref = find(store, `k${i}`);
    if (ref !== 0) store.remove(ref);
  }
  store.setMaxBytes(2 ** 20);
  const perPage = 4096 / 32;
  let slices = 0;
  for (let isLeft = true; isLeft; slices++) {
    const before = { moved: store.cellsMoved, count: store.count(0) };
    isLeft = store.reclaim();
    const cells = store.cellsMoved - before.moved + before.count - store.count(0);
    assert.ok(cells <= 2048 + perPage, `${cells} cells in a slice`);
  }
  assert.ok(slices > 10, `${slices} slices`);
  store.verify();
});

test('the sampler asks for the time more often where what is dead is large', () => {
  const store = newStore({ maxBytes: 64 * 2 ** 20, pageBytes: 1024 });
  for (let i = 0; i < 40; i++) set(store, `k${i}`, 2 ** 20, 100);
  store.now = 101;
  let asked = 0;
  store.expireSome(() => {
    asked++;
    return true;
  });
  assert.equal(store.count(0), 0);
  assert.ok(asked >= 39, `asked ${asked} times for 40 values of 4370 cells`);
});

test('memory elsewhere takes room at once: what is added then takes the place of what was there', () => {
  const store = newStore();
  while (store.stats.evicted === 0) set(store, `k${store.count(0)}`, 40);
  const used = store.usedBytes;
  store.setExternalBytes(2 ** 19);
  for (let i = 0; i < 5000; i++) set(store, `n${i}`, 40);
  assert.ok(store.usedBytes <= used + 2 ** 19, 'no page was taken');
  assert.ok(store.stats.evicted > 4000);
  while (store.reclaim());
  store.verify();
  store.setExternalBytes(2 ** 20);
  while (store.reclaim());
  store.verify();
});

test('a budget may grow as far as its pages are fit for', () => {
  const store = newStore();
  assert.equal(store.mostBytes, 64 * 2 ** 20);
  store.setMaxBytes(64 * 2 ** 20);
  assert.throws(() => store.setMaxBytes(65 * 2 ** 20), /64 times its first budget/);
  assert.equal(newStore({ maxBytes: 256 * 2 ** 20 }).mostBytes, 32 * 2 ** 30);
});

test('pages and chunks of impossible sizes are refused', () => {
  assert.throws(() => newStore({ maxBytes: 2 ** 26, pageBytes: 2 ** 20 }), /at most 512 KB/);
  assert.throws(() => newStore({ pageBytes: 6144 }), /power of two/);
  assert.throws(() => newStore({ pageBytes: 8192, chunkBytes: 4096 }), /at least a page/);
});
