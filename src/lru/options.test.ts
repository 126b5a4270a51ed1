import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLru } from './create-lru.js';
import { LruOptionsError, lruDefaults, resolveByteOptions, resolveEntryOptions } from './options.js';
import { runLater } from './run-later.js';

function problemsOf(options: unknown): readonly string[] {
  try {
    createLru(options as { maxEntries: number });
  } catch (error) {
    assert.ok(error instanceof LruOptionsError);
    assert.equal(error.code, 'LRU_OPTIONS');
    assert.equal(error.retryable, false);
    for (const problem of error.problems) assert.ok(error.message.includes(problem));
    return error.problems;
  }
  throw new Error('no error');
}

test('defaults are filled in, and nothing can change them', () => {
  const resolved = resolveEntryOptions({ maxEntries: 5 });
  assert.deepEqual(
    { ...resolved },
    {
      maxEntries: 5,
      ttlMs: Number.POSITIVE_INFINITY,
      now: lruDefaults.now,
      onEvict: undefined,
      later: runLater,
    },
  );
  assert.ok(Object.isFrozen(resolved) && Object.isFrozen(lruDefaults));
  assert.equal(resolveByteOptions({ maxBytes: '1mb', values: 'string', ttl: '5m' }).ttlMs, 300_000);
});

test('all problems are reported together, each with the value and the remedy', () => {
  assert.deepEqual(problemsOf({ maxEntries: 0, ttl: '5 minutes', now: 7, onEvict: 'log', max: 10 }), [
    'maxEntries is 0: give an integer from 1 to 8388608',
    "ttl is '5 minutes': give a duration above 0, as milliseconds, or a number with ms, s, m, h or d such as '5m', or leave it out",
    'now is 7: give a function that returns milliseconds',
    "onEvict is 'log': give a function, or leave it out",
    'max is no option here: take it out (known are maxEntries, now, onEvict, ttl)',
  ]);
  assert.deepEqual(problemsOf({ maxBytes: '10kb', values: 'json', ttl: 0 }), [
    "maxBytes is '10kb': give a size from 65536 (64kb) to 34359738368 (32gb), as bytes, or a number with b, kb, mb or gb such as '64mb'",
    "values is 'json': say 'string' or 'bytes', or bound the cache by maxEntries to keep other values",
    "ttl is 0: give a duration above 0, as milliseconds, or a number with ms, s, m, h or d such as '5m', or leave it out",
  ]);
});

test('it must be clear what bounds the cache', () => {
  assert.match(problemsOf({}).join(), /^neither of maxEntries and maxBytes/);
  assert.match(problemsOf({ maxEntries: 1, maxBytes: 1e6 }).join(), /^both of maxEntries and maxBytes/);
  assert.match(problemsOf(undefined).join(), /^options are undefined/);
  assert.match(problemsOf({ maxEntries: 5, values: 'string' }).join(), /^values is no option here/);
});

test('values at the limits pass, values beyond do not', () => {
  for (const maxEntries of [1, 2 ** 23]) resolveEntryOptions({ maxEntries });
  for (const maxEntries of [-1, 1.5, Number.NaN, 2 ** 23 + 1, '5' as unknown as number])
    assert.equal(problemsOf({ maxEntries }).length, 1);
  for (const maxBytes of [65_536, 2 ** 35]) resolveByteOptions({ maxBytes, values: 'bytes' });
  for (const maxBytes of [65_535, 2 ** 35 + 1, Number.NaN, 'lots'])
    assert.equal(problemsOf({ maxBytes, values: 'bytes' }).length, 1);
});
