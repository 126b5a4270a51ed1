import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLru, type EvictReason, type Lru } from './index.js';

type Removal = [string, string, EvictReason];

/** Both caches with strings in them, on virtual time: what one does, the other does. */
function caches(ttl?: number) {
  return ['entries', 'bytes'].map((bound) => {
    const time = { ms: 1000 };
    const removals: Removal[] = [];
    const common = {
      now: () => time.ms,
      onEvict: (...removal: Removal) => void removals.push(removal),
      ...(ttl === undefined ? {} : { ttl }),
    };
    const lru: Lru<string> =
      bound === 'entries'
        ? createLru<string>({ maxEntries: 1000, ...common })
        : createLru({ maxBytes: '1mb', values: 'string', ...common });
    return { lru, time, removals };
  });
}

test('get, set, has, peek, delete and clear', () => {
  for (const { lru } of caches()) {
    assert.equal(lru.get('a'), undefined);
    assert.equal(lru.set('a', '1'), true);
    lru.set('b', '');
    assert.equal(lru.get('a'), '1');
    assert.equal(lru.get('b'), '');
    assert.equal(lru.peek('a'), '1');
    assert.equal(lru.has('a'), true);
    assert.equal(lru.has('c'), false);
    assert.equal(lru.size, 2);
    assert.deepEqual([...lru.keys()].sort(), ['a', 'b']);
    assert.deepEqual([...lru.values()].sort(), ['', '1']);
    assert.deepEqual(
      new Map(lru),
      new Map([
        ['a', '1'],
        ['b', ''],
      ]),
    );
    assert.equal(lru.delete('a'), true);
    assert.equal(lru.delete('a'), false);
    lru.clear();
    assert.equal(lru.size, 0);
    assert.equal(lru.get('b'), undefined);
    lru.set('b', '2');
    assert.equal(lru.get('b'), '2');
    const { hits, misses, hitRatio } = lru.stats();
    assert.deepEqual([hits, misses, hitRatio], [3, 2, 0.6]);
  }
});

test('lifetimes: of the cache, of an entry, none, and already over', () => {
  for (const { lru, time, removals } of caches(100)) {
    lru.set('own', 'x', { ttl: '1s' });
    lru.set('usual', 'x');
    lru.set('never', 'x', { ttl: Number.POSITIVE_INFINITY });
    assert.deepEqual(
      ['own', 'usual', 'never', 'absent'].map((key) => lru.remainingTtl(key)),
      [1000, 100, Number.POSITIVE_INFINITY, undefined],
    );
    time.ms += 100;
    assert.equal(lru.get('usual'), 'x', 'it lives for all of its lifetime');
    assert.equal(lru.remainingTtl('usual'), 0);
    time.ms += 1;
    assert.equal(lru.get('usual'), undefined);
    assert.equal(lru.get('own'), 'x');
    assert.deepEqual(removals, [['usual', 'x', 'expired']]);
    assert.equal(lru.set('own', 'late', { ttl: -5 }), false);
    assert.equal(lru.get('own'), undefined, 'what was there before is outdated');
    lru.set('never', 'y');
    assert.equal(lru.remainingTtl('never'), 100, 'each set begins a new lifetime');
    assert.equal(lru.stats().expired, 1);
  }
});

test('a lifetime may end at 0, on a clock that begins below it', () => {
  for (const { lru, time, removals } of caches()) {
    for (let times = 0; times < 2; times++) {
      time.ms = -1000;
      lru.set('a', 'x', { ttl: 1000 });
      assert.equal(lru.remainingTtl('a'), 1000);
    }
    time.ms = 0;
    assert.equal(lru.remainingTtl('a'), 0);
    assert.equal(lru.get('a'), 'x', 'it lives for all of its lifetime');
    time.ms = 1;
    assert.equal(lru.remainingTtl('a'), undefined);
    assert.equal(lru.get('a'), undefined);
    assert.deepEqual(removals, [['a', 'x', 'expired']]);
  }
});

test('remainingTtl is never below 0, though the clock goes on while it is asked', () => {
  let ms = 0;
  const now = () => ms++;
  const entries: Lru<string> = createLru<string>({ maxEntries: 10, now });
  for (const lru of [entries, createLru({ maxBytes: '1mb', values: 'string', now })]) {
    // An even lifetime and an odd one: whether a question takes one look at the clock or two, one falls on the end.
    for (const ttl of [20, 21]) {
      lru.set('a', 'x', { ttl });
      let asked = 0;
      for (let left = lru.remainingTtl('a'); left !== undefined; left = lru.remainingTtl('a')) {
        assert.ok(left >= 0, `${left} ms left`);
        asked++;
      }
      assert.ok(asked > 5, `it lived for ${asked} questions`);
    }
  }
});

test('remainingTtl is of the moment it was asked, though onEvict reads later', () => {
  const time = { ms: 0 };
  const lru = createLru({
    maxBytes: '1mb',
    values: 'string',
    now: () => time.ms,
    onEvict: (key) => {
      if (key === 'a') {
        // The dead b is met, and told of by the next call, since this one fails.
        lru.get('b');
        throw new Error('broken');
      }
      time.ms = 100;
      lru.get('c');
    },
  });
  lru.set('a', 'x', { ttl: 1 });
  lru.set('b', 'x', { ttl: 1 });
  lru.set('c', 'x', { ttl: 10 });
  time.ms = 2;
  assert.throws(() => lru.get('a'), /broken/);
  assert.equal(lru.remainingTtl('c'), 8);
});

test('a lifetime that is none is refused with what would be one', () => {
  for (const { lru } of caches()) {
    assert.throws(
      () => lru.set('a', 'x', { ttl: '5 min' as '5m' }),
      /ttl is '5 min': give milliseconds, or a number with ms/,
    );
    assert.throws(() => lru.set('a', 'x', { ttl: Number.NaN }), RangeError);
    assert.equal(lru.size, 0);
  }
});

test('undefined is no value', () => {
  for (const { lru } of caches()) {
    assert.throws(() => lru.set('a', undefined as unknown as string), /value for key 'a' is undefined/);
  }
  const any = createLru<null | number>({ maxEntries: 2 });
  any.set('a', null);
  assert.equal(any.get('a'), null);
  assert.equal(any.has('a'), true);
});

test('sweep removes the dead without anybody asking for them', () => {
  for (const { lru, time, removals } of caches()) {
    for (let n = 0; n < 100; n++) lru.set(`k${n}`, 'x', { ttl: n < 90 ? 10 : 1000 });
    time.ms += 11;
    while (lru.sweep()) {}
    // Each call looks at a sample only, and a sample may find few.
    for (let calls = 0; calls < 1000 && lru.size > 10; calls++) lru.sweep();
    assert.equal(lru.size, 10);
    assert.equal(removals.length, 90);
    assert.equal(lru.stats().expired, 90);
  }
});

test('onEvict may read and delete, but not set', () => {
  /** Two of these fill either cache. */
  const large = (char: string) => char.repeat(25_000);
  for (const bound of ['entries', 'bytes']) {
    const seen: string[] = [];
    const onEvict = (key: string): void => {
      seen.push(key);
      assert.equal(lru.get(key), undefined, 'the removal is complete');
      assert.equal(lru.get('c'), large('3'), 'and so is the set that caused it');
      lru.delete('b');
      assert.throws(() => lru.set('d', '4'), /set\(\) was called within onEvict/);
    };
    const lru: Lru<string> =
      bound === 'entries'
        ? createLru<string>({ maxEntries: 2, onEvict })
        : createLru({ maxBytes: '64kb', values: 'string', onEvict });
    lru.set('a', large('1'));
    lru.set('b', large('2'));
    lru.set('c', large('3'));
    assert.deepEqual(seen, ['a'], bound);
    assert.deepEqual([...lru.keys()], ['c']);
    lru.set('d', large('4'));
    assert.equal(lru.size, 2, 'after onEvict it takes values again');
  }
});

test('an error of onEvict reaches the caller; the cache is whole and the other removals are told next', () => {
  const told: string[] = [];
  let fails = true;
  const time = { ms: 0 };
  const lru = createLru<number>({
    maxEntries: 10,
    now: () => time.ms,
    onEvict: (key) => {
      told.push(key);
      if (fails) throw new Error('broken');
    },
  });
  lru.set('a', 1, { ttl: 1 });
  lru.set('b', 2, { ttl: 1 });
  time.ms = 2;
  assert.throws(() => lru.sweep(), /broken/);
  fails = false;
  assert.equal(lru.size, 0);
  lru.set('c', 3);
  lru.delete('absent');
  assert.deepEqual(told, ['a', 'b']);
});

test('the cache may be changed while it is walked: what stays is visited once, and the walk ends', () => {
  for (const { lru } of caches()) {
    for (let n = 0; n < 300; n++) lru.set(`k${n}`, 'x');
    const seen: string[] = [];
    for (const key of lru.keys()) {
      seen.push(key);
      lru.get('k7');
      lru.delete(`k${seen.length + 150}`);
      lru.set(`new${seen.length}`, 'y');
      assert.ok(seen.length <= 2000, 'the walk ends');
    }
    const staying = Array.from({ length: 300 }, (_, n) => `k${n}`).filter((key) => lru.has(key));
    for (const key of staying) assert.equal(seen.filter((other) => other === key).length, 1, key);
  }
});

test('any key in a cache of entries', () => {
  const user = { id: 1 };
  const lru = createLru<string, object | number>({ maxEntries: 2 });
  lru.set(user, 'one');
  lru.set(7, 'seven');
  assert.equal(lru.get(user), 'one');
  assert.equal(lru.get({ id: 1 }), undefined);
});

test('bytes: what is read is a copy, and so is what is stored', () => {
  const lru = createLru({ maxBytes: '1mb', values: 'bytes' });
  const value = Uint8Array.of(1, 2, 3);
  lru.set('a', value);
  value[0] = 9;
  const read = lru.get('a') as Uint8Array;
  assert.deepEqual([...read], [1, 2, 3]);
  read[1] = 9;
  assert.deepEqual([...(lru.get('a') as Uint8Array)], [1, 2, 3]);
  for (const length of [64, 65, 4096, 4097, 200_000]) {
    lru.set('long', Buffer.alloc(length, 7));
    assert.deepEqual(lru.get('long'), new Uint8Array(length).fill(7));
  }
  lru.set('empty', new Uint8Array());
  assert.equal(lru.get('empty')?.length, 0);
  assert.equal(lru.get('a')?.length, 3);
});

test('bytes: values and keys of another type are refused with a remedy', () => {
  const bytes = createLru({ maxBytes: '1mb', values: 'bytes' });
  const strings = createLru({ maxBytes: '1mb', values: 'string' });
  assert.throws(
    () => bytes.set('a', 'x' as unknown as Uint8Array),
    /the value is string, this cache holds a Uint8Array/,
  );
  assert.throws(() => bytes.set('a', null as unknown as Uint8Array), /the value is null/);
  assert.throws(
    () => strings.set('a', new Uint8Array() as unknown as string),
    /the value is Uint8Array, this cache holds a string/,
  );
  assert.throws(() => strings.get(7 as unknown as string), /the key is of type number/);
});

test('bytes: what cannot fit is not stored, and nothing else goes for it', () => {
  const lru = createLru({ maxBytes: '64kb', values: 'string' });
  lru.set('a', 'old');
  lru.set('b', 'stays');
  assert.equal(lru.set('a', 'x'.repeat(70_000)), false);
  assert.equal(lru.get('a'), undefined, 'the old value is outdated');
  assert.equal(lru.get('b'), 'stays');
  const longKey = 'k'.repeat(65_537);
  assert.equal(lru.set(longKey, 'x'), false);
  assert.equal(lru.get(longKey), undefined);
  assert.equal(lru.has(longKey), false);
  assert.equal(lru.delete(longKey), false);
  assert.equal(lru.remainingTtl(longKey), undefined);
  assert.equal(lru.stats().misses, 2);
});

test('bytes: all that is taken is counted and stays within the bound', () => {
  const maxBytes = 4 * 2 ** 20;
  const lru = createLru({ maxBytes, values: 'string' });
  for (let n = 0; n < 60_000; n++) {
    lru.set(`key:${n}`, 'v'.repeat(n % 500));
    if (n % 64 === 0) assert.ok(lru.bytes <= maxBytes, `${lru.bytes} bytes after ${n}`);
  }
  const { evicted, size, bytes } = lru.stats();
  assert.equal(evicted + size, 60_000);
  assert.ok(bytes > maxBytes * 0.95, `it uses what it may: ${bytes}`);
  for (let n = 59_999; n > 60_000 - size; n--) assert.ok(lru.has(`key:${n}`), 'what is there is the newest');
});
