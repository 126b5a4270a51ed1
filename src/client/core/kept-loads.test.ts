import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KEPT_MS, KeptLoads, type LoadStart } from './kept-loads.js';

test('a value is given until so long after the beginning of its load', () => {
  const kept = new KeptLoads<string>();
  assert.equal(kept.get('a', KEPT_MS, 0), undefined);
  const start = kept.begin(100);
  kept.keep('a', 'v', 10, start, 700);
  assert.equal(kept.get('a', KEPT_MS, 99 + KEPT_MS), 'v');
  assert.equal(kept.get('b', KEPT_MS, 99 + KEPT_MS), undefined);
  assert.equal(kept.get('a', KEPT_MS, 100 + KEPT_MS), undefined);
  kept.keep('a', 'late', 10, start, 100 + KEPT_MS);
  assert.equal(kept.get('a', KEPT_MS, 0), undefined, 'a load that took too long is not kept');
});

test('a value is given only for an answer that may be as far behind', () => {
  const kept = new KeptLoads<string>();
  kept.keep('a', 'v', 10, kept.begin(100), 150);
  assert.equal(kept.get('a', 99, 200), undefined);
  assert.equal(kept.get('a', 100, 200), 'v');
});

test('values that are too many or too large are not all kept', () => {
  const kept = new KeptLoads<number>();
  for (let i = 0; i < 100; i++) kept.keep(`k${i}`, i, 100_000, kept.begin(0), 0);
  const left = Array.from({ length: 100 }, (_, i) => i).filter(
    (i) => kept.get(`k${i}`, KEPT_MS, 1) !== undefined,
  );
  assert.ok(left.length * 100_000 <= 4 * 2 ** 20 && left.length > 30, `${left.length} are kept`);
  assert.equal(left.at(-1), 99, 'the newest');
  kept.keep('large', 1, 2 ** 20, kept.begin(0), 0);
  assert.equal(kept.get('large', KEPT_MS, 1), undefined);
});

test('nothing is given that was loaded before an invalidation, or too long ago', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ what: fc.constantFrom('begin', 'keep', 'get' as const), key }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('invalidate', 'invalidateAll'), key }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('pass'), key, ms: fc.nat(300) }) },
  );
  let given = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 60 }), (steps) => {
      const kept = new KeptLoads<LoadStart>();
      const underWay = new Map<string, LoadStart[]>();
      /** When each key was last invalidated, counted in steps. */
      const invalid = new Map<string, number>();
      const begun = new Map<LoadStart, number>();
      let now = 0;
      for (const [at, one] of steps.entries()) {
        if (one.what === 'pass') now += 'ms' in one ? one.ms : 0;
        else if (one.what === 'begin') {
          const start = kept.begin(now);
          begun.set(start, at);
          underWay.set(one.key, [...(underWay.get(one.key) ?? []), start]);
        } else if (one.what === 'keep') {
          const start = underWay.get(one.key)?.shift();
          if (start !== undefined) kept.keep(one.key, start, 10, start, now);
        } else if (one.what === 'get') {
          const start = kept.get(one.key, KEPT_MS, now);
          if (start === undefined) continue;
          given++;
          assert.ok(now - start.startMs < KEPT_MS);
          assert.ok((begun.get(start) ?? 0) > (invalid.get(one.key) ?? -1));
        } else {
          for (const each of one.what === 'invalidate' ? [one.key] : ['a', 'b', 'c']) invalid.set(each, at);
          if (one.what === 'invalidate') kept.invalidate(one.key);
          else kept.invalidateAll();
        }
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(given > 100, `${given} were given`);
});
