/** What the near cache is for: no value stays whose end the node told, whatever overtakes what. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Flaw, KEYS, NearWorld, NODES, type Step } from './near-world.test-helper.js';

const key = fc.nat(KEYS - 1);
const node = fc.nat(NODES - 1);
const isEarly = fc.boolean();
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('read' as const), key, isEarly }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('write' as const), key, isEarly }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('execute' as const, 'deliver' as const), node }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('decode' as const), at: fc.nat(3) }) },
  fc.record({ op: fc.constantFrom('cut' as const, 'notice' as const, 'flush' as const), node }),
);

function worldWith(flaw: Flaw) {
  return fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
    const world = new NearWorld(flaw);
    for (const one of steps) world.take(one);
    world.settle();
  });
}

test('no read gives a version that a push has ended, and none is stale for ever', () => {
  fc.assert(worldWith('none'), { numRuns: 500 });
});

for (const flaw of ['ticket drawn when decoded', 'cut not told', 'flush of a node ignored'] as const) {
  test(`a client with this flaw is found out: ${flaw}`, () => {
    assert.ok(fc.check(worldWith(flaw), { numRuns: 500, seed: 1, endOnFailure: true }).failed);
  });
}
