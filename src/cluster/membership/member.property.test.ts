import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Claim, isNewer } from './member.js';
import { record } from './world.testkit.js';

const claim: fc.Arbitrary<Claim> = fc
  .record({
    state: fc.constantFrom('alive', 'suspect', 'dead', 'left'),
    assertion: fc.nat(2),
    life: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ state, assertion, life }) => ({ ...record('a', life), state, assertion }));

const believe = (claims: readonly Claim[]): Claim | undefined =>
  claims.reduce<Claim | undefined>(
    (before, next) => (before === undefined || isNewer(next, before) ? next : before),
    undefined,
  );

test('whoever has heard the same claims believes the same, unless the node left', () => {
  fc.assert(
    fc.property(fc.array(claim, { minLength: 1, maxLength: 8 }), fc.nat(), (claims, by) => {
      const staying = claims.filter(({ state }) => state !== 'left');
      const turned = [
        ...staying.slice(by % (staying.length + 1)),
        ...staying.slice(0, by % (staying.length + 1)),
      ].reverse();
      assert.deepEqual(believe(turned), believe(staying));
    }),
    { numRuns: 2000 },
  );
});

test('who left stays away for that life, whatever is still said of it', () => {
  fc.assert(
    fc.property(claim, (later) => {
      const left: Claim = { ...record('a', 1), state: 'left', assertion: 0 };
      assert.equal(isNewer(later, left), later.incarnation !== left.incarnation);
    }),
  );
});
