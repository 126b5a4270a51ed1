import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { textBytes } from './heap-bytes.js';
import { MIN_NEAR_BYTES, NearCache } from './near-cache.js';
import { NearModel } from './near-model.test-helper.js';
import { NearTickets } from './near-tickets.js';

const fixedBytes = new NearCache<object>(MIN_NEAR_BYTES).stats().bytes;
/** What each entry is counted with besides its key and value. */
const entryBytes = (() => {
  const near = new NearCache<object>(MIN_NEAR_BYTES);
  near.enter('', { handle: {}, valueBytes: 0, node: 0, freshUntilMs: 1 }, near.drawTicket(), 0);
  return near.stats().bytes - fixedBytes - textBytes('');
})();

/** Keys of different buckets: what shares a bucket is refused more often, which has a test of its own. */
const keys = Array.from({ length: 9 }, (_, n) => `k${n}`);
const buckets = new NearTickets(128);
assert.equal(new Set(keys.map((key) => buckets.bucketOf(key))).size, keys.length);

const key = fc.constantFrom(...keys);
const node = fc.nat(2);
const lifetime = fc.constantFrom(0, 1, 3, 6, 100);
/** Up to what is too large; some eight of the largest that is not fill the cache. */
const valueBytes = fc.constantFrom(0, 100, 4000, 7000, 7900, 9000);
const value = fc.record({
  key,
  node,
  valueBytes,
  freshMs: lifetime,
  needsLoad: fc.boolean(),
  refreshMs: fc.option(lifetime, { nil: undefined }),
  staleMs: fc.option(lifetime, { nil: undefined }),
});
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('get' as const), key, canLoad: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('enter' as const), value }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('begin' as const), value }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('finish' as const), at: fc.nat(9) }) },
  fc.record({ op: fc.constant('getStale' as const), key }),
  fc.record({ op: fc.constant('invalidate' as const), key }),
  fc.record({ op: fc.constant('flushNode' as const), node }),
  fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ op: fc.constant('invalidateAll' as const) }),
);

type Value = typeof value extends fc.Arbitrary<infer T> ? T : never;
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** The cache and the model, moved together. */
class Pair {
  readonly near = new NearCache<object>(MIN_NEAR_BYTES);
  readonly model = new NearModel(MIN_NEAR_BYTES - fixedBytes);
  readonly #underWay: { value: Value; ticket: number; modelTicket: number }[] = [];

  apply(step: Operation): void {
    const { near, model } = this;
    switch (step.op) {
      case 'get': {
        assert.equal(near.has(step.key, model.nowMs), model.has(step.key));
        const handle = near.get(step.key, model.nowMs, step.canLoad);
        const expected = model.get(step.key, step.canLoad);
        assert.equal(handle, expected.handle);
        if (handle !== undefined) assert.equal(near.isRefreshDue, expected.isRefreshDue);
        break;
      }
      case 'getStale':
        assert.equal(near.getStale(step.key, model.nowMs), model.getStale(step.key));
        break;
      case 'enter':
        this.#enter(step.value, near.drawTicket(), model.events.length);
        break;
      case 'begin':
        this.#underWay.push({
          value: step.value,
          ticket: near.drawTicket(),
          modelTicket: model.events.length,
        });
        break;
      case 'finish': {
        const [one] = this.#underWay.splice(step.at, 1);
        if (one !== undefined) this.#enter(one.value, one.ticket, one.modelTicket);
        break;
      }
      case 'invalidate':
        near.invalidate(step.key);
        model.note({ key: step.key });
        break;
      case 'flushNode':
        near.flushNode(step.node);
        model.note({ node: step.node });
        break;
      case 'invalidateAll':
        near.invalidateAll();
        model.note({});
        break;
      case 'wait':
        model.nowMs += step.ms;
        break;
    }
  }

  #enter(value: Value, ticket: number, modelTicket: number): void {
    const { near, model } = this;
    const { key, node, needsLoad, freshMs, refreshMs, staleMs } = value;
    const handle = {};
    const freshUntilMs = model.nowMs + freshMs;
    const staleUntilMs = freshUntilMs + (staleMs ?? 0);
    const refreshAtMs = refreshMs === undefined ? Number.POSITIVE_INFINITY : model.nowMs + refreshMs;
    const isIn = near.enter(
      key,
      {
        handle,
        valueBytes: value.valueBytes,
        node,
        freshUntilMs,
        needsLoad,
        ...(refreshMs === undefined ? {} : { refreshAtMs }),
        ...(staleMs === undefined ? {} : { staleUntilMs }),
      },
      ticket,
      model.nowMs,
    );
    const kept = new Set(near.newestFirst());
    model.forgetOver((one) => kept.has(one));
    const bytes = entryBytes + textBytes(key) + value.valueBytes;
    const times = { freshUntilMs, staleUntilMs, refreshAtMs };
    const entry = { key, handle, node, bytes, needsLoad, ...times, ticket: modelTicket };
    assert.equal(isIn, model.enter(entry, MIN_NEAR_BYTES / 8));
  }

  check(): void {
    const { near, model } = this;
    near.verify();
    assert.deepEqual(
      [...near.newestFirst()],
      model.entries.map((entry) => entry.key),
    );
    const stats = near.stats();
    assert.equal(stats.bytes, fixedBytes + model.bytes());
    assert.equal(stats.entries, model.entries.filter((entry) => model.isGood(entry.ticket, entry)).length);
    assert.deepEqual(
      [stats.hits, stats.misses, stats.evictions, stats.refusedTickets],
      [model.hits, model.misses, model.evictions, model.refusedTickets],
    );
  }
}

test('every run of operations agrees with a naive list', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150, size: 'max' }), (operations) => {
      const pair = new Pair();
      for (const step of operations) {
        pair.apply(step);
        pair.check();
      }
    }),
    { numRuns: 300 },
  );
});
