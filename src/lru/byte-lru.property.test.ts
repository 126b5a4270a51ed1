import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteLru } from './byte-lru.js';
import type { EvictReason } from './lru.js';
import { ModelLru } from './model.test-helper.js';
import { resolveByteOptions } from './options.js';

/** 64 KB, 64 pages of 1 KB: a few dozen values of a few KB fill it. */
const MAX_BYTES = 65_536;

const key = fc.constantFrom(
  ...Array.from({ length: 12 }, (_, n) => `k${n}`),
  '',
  '\u00ff',
  '\u0100',
  'Ā'.repeat(40),
  '\ud800',
);
const unit = fc.constantFrom('a', 'é', '→', '😀', '\udc00');
const text = fc.record({
  unit,
  times: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 9000 })),
});
const ttl = fc.constantFrom(Number.POSITIVE_INFINITY, 1, 2, 5, 0);
/** Below 0, so that lifetimes end at it too. */
const startMs = fc.integer({ min: -6, max: 0 });
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('set' as const), key, text, ttl }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('get' as const), key }) },
  fc.record({
    op: fc.constantFrom('has' as const, 'peek' as const, 'delete' as const, 'remainingTtl' as const),
    key,
  }),
  fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ op: fc.constantFrom('sweep' as const, 'clear' as const, 'list' as const) }),
);

/**
 * How many entries fit is the store's business, so the model has no bound of its own: it is told of each
 * removal and checks that what was evicted was its oldest, and what expired was dead.
 */
function follow(model: ModelLru<string>, key: string, value: string, reason: EvictReason): void {
  const at = model.entries.findIndex((entry) => entry.key === key);
  const entry = model.entries[at];
  assert.ok(entry !== undefined, `${reason} ${key} was there`);
  assert.equal(value, entry.value);
  if (reason === 'evicted') assert.equal(at, model.entries.length - 1, `${key} was used longest ago`);
  assert.equal(
    entry.end < model.now,
    reason === 'expired',
    `${key} ${reason} at ${model.now}, end ${entry.end}`,
  );
  model.entries.splice(at, 1);
}

test('every run of operations agrees with a naive list, within the bytes', () => {
  fc.assert(
    fc.property(startMs, fc.array(operation, { maxLength: 150, size: 'max' }), (startMs, operations) => {
      const model = new ModelLru<string>(Number.POSITIVE_INFINITY);
      model.now = startMs;
      const removals: [string, string, EvictReason][] = [];
      const lru = new ByteLru(
        resolveByteOptions({
          maxBytes: MAX_BYTES,
          values: 'string',
          now: () => model.now,
          onEvict: (...removal) => removals.push(removal),
        }),
      );
      /** Runs an operation; entries that it removed by itself leave the model before `expected` is asked. */
      const compare = <T>(actual: T, expected: () => T): void => {
        for (const removal of removals.splice(0)) follow(model, ...removal);
        assert.deepEqual(actual, expected());
      };
      for (const step of operations) {
        switch (step.op) {
          case 'set': {
            const value = step.text.unit.repeat(step.text.times);
            const old = model.entries.find((entry) => entry.key === step.key);
            // The old value goes with the call that replaces it, before anything is evicted for the new one.
            if (old !== undefined && old.end >= model.now)
              model.entries = model.entries.filter((entry) => entry !== old);
            const stored = lru.set(step.key, value, { ttl: step.ttl });
            for (const removal of removals.splice(0)) follow(model, ...removal);
            assert.equal(stored, model.set(step.key, value, step.ttl));
            break;
          }
          case 'get':
            compare(lru.get(step.key), () => model.get(step.key));
            break;
          case 'has':
            compare(lru.has(step.key), () => model.peek(step.key) !== undefined);
            break;
          case 'peek':
            compare(lru.peek(step.key), () => model.peek(step.key));
            break;
          case 'remainingTtl':
            compare(lru.remainingTtl(step.key), () => model.remainingTtl(step.key));
            break;
          case 'delete':
            compare(lru.delete(step.key), () => model.delete(step.key));
            break;
          case 'wait':
            model.now += step.ms;
            break;
          case 'sweep':
            lru.sweep();
            break;
          case 'clear':
            lru.clear();
            model.entries = [];
            break;
          case 'list':
            compare([...lru].sort(), () => model.live().sort());
            break;
        }
        for (const removal of removals.splice(0)) follow(model, ...removal);
        assert.equal(model.removed.length, 0, 'the cache removed what the model finds dead');
        assert.ok(lru.bytes <= MAX_BYTES, `${lru.bytes} bytes`);
        assert.equal(lru.size, model.entries.length);
        lru.verify();
      }
      assert.deepEqual([lru.stats().hits, lru.stats().misses], [model.hits, model.misses]);
    }),
    { numRuns: 120 },
  );
});
