import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EntryLru } from './entry-lru.js';
import type { EvictReason } from './lru.js';
import { ModelLru } from './model.test-helper.js';
import { resolveEntryOptions } from './options.js';

const key = fc.integer({ min: 0, max: 7 }).map((n) => `k${n}`);
const ttl = fc.constantFrom(Number.POSITIVE_INFINITY, 1, 2, 5, 0, -1);
/** Below 0, so that lifetimes end at it too. */
const startMs = fc.integer({ min: -6, max: 0 });
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('set' as const), key, value: fc.integer(), ttl }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('get' as const), key }) },
  fc.record({
    op: fc.constantFrom('has' as const, 'peek' as const, 'delete' as const, 'remainingTtl' as const),
    key,
  }),
  fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ op: fc.constantFrom('sweep' as const, 'clear' as const, 'list' as const) }),
);

test('every run of operations agrees with a naive list', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      startMs,
      fc.array(operation, { maxLength: 120, size: 'max' }),
      (maxEntries, startMs, operations) => {
        const model = new ModelLru<number>(maxEntries);
        model.now = startMs;
        const removed: [string, number, EvictReason][] = [];
        const lru = new EntryLru<number>(
          resolveEntryOptions<number, string>({
            maxEntries,
            now: () => model.now,
            onEvict: (...entry) => removed.push(entry),
          }),
        );
        let swept = false;
        for (const step of operations) {
          switch (step.op) {
            case 'set':
              assert.equal(
                lru.set(step.key, step.value, { ttl: step.ttl }),
                model.set(step.key, step.value, step.ttl),
              );
              break;
            case 'get':
              assert.equal(lru.get(step.key), model.get(step.key));
              break;
            case 'has':
              assert.equal(lru.has(step.key), model.peek(step.key) !== undefined);
              break;
            case 'peek':
              assert.equal(lru.peek(step.key), model.peek(step.key));
              break;
            case 'remainingTtl':
              assert.equal(lru.remainingTtl(step.key), model.remainingTtl(step.key));
              break;
            case 'delete':
              assert.equal(lru.delete(step.key), model.delete(step.key));
              break;
            case 'wait':
              model.now += step.ms;
              break;
            case 'sweep':
              lru.sweep();
              model.sweep();
              swept = true;
              break;
            case 'clear':
              lru.clear();
              model.entries = [];
              break;
            case 'list':
              assert.deepEqual([...lru].sort(), model.live().sort());
              break;
          }
          lru.verify();
          assert.equal(lru.size, model.entries.length);
          // The hand finds dead entries in the order of their slots, not of their use.
          if (swept) assert.deepEqual(removed.toSorted(), model.removed.toSorted());
          else assert.deepEqual(removed, model.removed);
        }
        const { hits, misses, evicted, expired } = lru.stats();
        assert.deepEqual([hits, misses], [model.hits, model.misses]);
        assert.equal(evicted, model.removed.filter(([, , reason]) => reason === 'evicted').length);
        assert.equal(expired, model.removed.filter(([, , reason]) => reason === 'expired').length);
      },
    ),
    { numRuns: 200 },
  );
});
