import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '../../base/index.js';
import { MIN_NEAR_BYTES, NearCache } from './near-cache.js';
import type { NearEntry } from './near-entry.js';

interface Value {
  readonly name: string;
}

const entry = (name: string, changes: Partial<NearEntry<Value>> = {}): NearEntry<Value> => ({
  handle: { name },
  valueBytes: 100,
  node: 0,
  freshUntilMs: 1000,
  ...changes,
});

function nearWith(...entries: [key: string, entry: NearEntry<Value>][]): NearCache<Value> {
  const near = new NearCache<Value>(MIN_NEAR_BYTES);
  for (const [key, one] of entries) assert.ok(near.enter(key, one, near.drawTicket(), 0));
  near.verify();
  return near;
}

test('a hit gives back the very handle that entered', () => {
  const one = entry('a');
  const near = nearWith(['k', one]);
  assert.equal(near.get('k', 999), one.handle);
  assert.equal(near.get('other', 0), undefined);
  const { hits, misses, entries } = near.stats();
  assert.deepEqual([hits, misses, entries], [1, 1, 1]);
});

test('an entry ends at its time, and as stale at its later one', () => {
  const near = nearWith(['k', entry('a', { staleUntilMs: 1500 })], ['short', entry('b')]);
  assert.equal(near.get('k', 1000), undefined);
  assert.equal(near.getStale('k', 1499)?.name, 'a');
  assert.equal(near.getStale('k', 1500), undefined);
  assert.equal(near.get('short', 1000), undefined);
  near.verify();
  const { staleHits, expirations, entries } = near.stats();
  assert.deepEqual([staleHits, expirations, entries], [1, 2, 0]);
});

test('one hit is told that a refresh is due, the next ones go on', () => {
  const near = nearWith(['k', entry('a', { refreshAtMs: 700 })]);
  const due = [699, 700, 701, 999].map((nowMs) => near.get('k', nowMs) && near.isRefreshDue);
  assert.deepEqual(due, [false, true, false, false]);
  assert.equal(near.get('k', 1000), undefined, 'a refresh that comes to nothing does not prolong it');
});

test('who cannot load is told of a refresh that reading is, and leaves the others to who can', () => {
  const near = nearWith(
    ['read', entry('a', { refreshAtMs: 700 })],
    ['load', entry('b', { refreshAtMs: 700, needsLoad: true })],
  );
  const due = (key: string, canLoad: boolean) => near.get(key, 800, canLoad) && near.isRefreshDue;
  assert.deepEqual([due('read', false), due('read', true)], [true, false]);
  assert.deepEqual([due('load', false), due('load', true), due('load', true)], [false, true, false]);
});

test('to ask whether there is something changes nothing', () => {
  const near = nearWith(['old', entry('a', { refreshAtMs: 700, staleUntilMs: 1500 })], ['new', entry('b')]);
  const before = near.stats();
  assert.deepEqual([near.has('old', 999), near.has('old', 1000), near.has('none', 0)], [true, false, false]);
  assert.deepEqual(near.stats(), before);
  assert.deepEqual([...near.newestFirst()], ['new', 'old']);
  assert.ok(near.get('old', 999) !== undefined && near.isRefreshDue, 'it is still to be told');
  near.flushNode(0);
  assert.equal(near.has('new', 0), false);
});

test('FLUSHALL in the same chunk as a reply, whichever comes first', () => {
  const near = nearWith();
  const before = near.drawTicket();
  near.invalidateAll();
  assert.equal(near.enter('k', entry('old'), before, 0), false);
  assert.equal(near.get('k', 0), undefined);
  assert.equal(near.enter('k', entry('new'), near.drawTicket(), 0), true);
  near.verify();
  assert.equal(near.stats().refusedTickets, 1);
});

test('a ticket is void after an invalidation of its key, good after those of others', () => {
  const near = nearWith();
  const ticket = near.drawTicket();
  near.invalidate('other');
  assert.equal(near.enter('k', entry('a'), ticket, 0), true);
  near.invalidate('k');
  assert.equal(near.enter('k', entry('a'), ticket, 0), false);
  assert.equal(near.get('k', 0), undefined);
});

test('a node that is flushed takes its entries and what is under way from it, and nothing else', () => {
  const near = nearWith(['a', entry('a', { node: 1 })], ['b', entry('b', { node: 2, staleUntilMs: 5000 })]);
  const ticket = near.drawTicket();
  near.flushNode(2);
  assert.equal(near.get('a', 0)?.name, 'a');
  assert.equal(near.stats().entries, 1);
  assert.equal(near.getStale('b', 0), undefined, 'not as stale either: it may have been deleted');
  assert.equal(near.enter('b', entry('b', { node: 2 }), ticket, 0), false);
  assert.equal(near.enter('b', entry('b', { node: 1 }), ticket, 0), true);
  assert.equal(near.enter('c', entry('c', { node: 2 }), near.drawTicket(), 0), true, 'the node is back');
  near.verify();
});

test('what is dead leaves by the hand, though nobody asks for it', () => {
  const near = new NearCache<Value>(MIN_NEAR_BYTES);
  const empty = near.stats().bytes;
  for (let n = 0; n < 100; n++) near.enter(`flushed:${n}`, entry('x', { node: 1 }), near.drawTicket(), 0);
  for (let n = 0; n < 50; n++)
    near.enter(`over:${n}`, entry('x', { freshUntilMs: 10 }), near.drawTicket(), 0);
  near.flushNode(1);
  // The hand looks at two slots for each that enters.
  for (let n = 0; n < 75; n++) {
    near.enter('k', entry('k'), near.drawTicket(), 20);
    near.verify();
  }
  const { entries, bytes, expirations, evictions } = near.stats();
  assert.deepEqual([entries, expirations, evictions], [1, 50, 0]);
  assert.ok(bytes - empty < 500, `${bytes - empty} bytes are those of one entry`);
});

test('the bytes are never above the bound, whatever enters', () => {
  const near = new NearCache<Value>(MIN_NEAR_BYTES);
  for (let n = 0; n < 2000; n++) {
    const key = `${'key'.repeat(n % 50)}${n % 300}`;
    near.enter(key, entry('x', { valueBytes: (n * 7919) % 9000 }), near.drawTicket(), 0);
    near.verify();
  }
  const { evictions, refusedSizes, bytes } = near.stats();
  assert.ok(evictions > 0 && refusedSizes > 0 && bytes > MIN_NEAR_BYTES * 0.8, 'it was full');
});

test('a new value that is too large or has no time takes the old one away', () => {
  const near = nearWith(['a', entry('old')], ['b', entry('old')]);
  assert.equal(
    near.enter('a', entry('new', { valueBytes: MIN_NEAR_BYTES / 8 }), near.drawTicket(), 0),
    false,
  );
  assert.equal(near.enter('b', entry('new', { freshUntilMs: 5 }), near.drawTicket(), 5), false);
  assert.equal(near.get('a', 0), undefined);
  assert.equal(near.get('b', 0), undefined);
  near.verify();
});

test('what is no number keeps nothing', () => {
  const near = nearWith();
  for (const changes of [{ freshUntilMs: Number.NaN }, { valueBytes: Number.NaN }]) {
    assert.equal(near.enter('k', entry('a', changes), near.drawTicket(), 0), false);
    assert.equal(near.get('k', 0), undefined);
    near.verify();
  }
});

test('a budget too small and a node out of range are told', () => {
  assert.throws(() => new NearCache(MIN_NEAR_BYTES - 1), InvariantError);
  assert.throws(() => new NearCache(Number.NaN), InvariantError);
  const near = nearWith();
  for (const node of [1024, 0.5, Number.NaN]) {
    assert.throws(() => near.enter('k', entry('a', { node }), near.drawTicket(), 0), InvariantError);
  }
  assert.throws(() => near.flushNode(-1), InvariantError);
});
