import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NearStaleness } from './near-staleness.js';

const NODES = 2;
const TTL_MS = 50;

type Step =
  | { readonly kind: 'pass' | 'sound'; readonly ms: number; readonly node: number }
  | { readonly kind: 'hit' | 'unsound' | 'look'; readonly node: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('pass', 'pass', 'sound'), ms: fc.nat(40), node: fc.nat(NODES - 1) }),
  fc.record({ kind: fc.constantFrom('hit', 'hit', 'unsound', 'look'), node: fc.nat(NODES - 1) }),
);

/** How far behind each hit may have been, one by one, and the bound at the end of its interval, which may be told for it. */
class Model {
  nowMs = 1_000;
  hits = 0;
  exactMs = 0;
  mostMs = 0;
  readonly sinceMs: (number | undefined)[] = Array(NODES).fill(undefined);
  readonly isHit: boolean[] = Array(NODES).fill(false);

  boundOf(node: number): number {
    const since = this.sinceMs[node];
    return since === undefined ? 0 : Math.min(TTL_MS, this.nowMs - since);
  }

  get boundMs(): number {
    return Math.max(...this.sinceMs.map((_, node) => this.boundOf(node)));
  }

  hit(): void {
    this.hits++;
    this.exactMs = Math.max(this.exactMs, this.boundMs);
    this.isHit.fill(true);
  }

  measure(node: number): void {
    if (this.isHit[node]) this.mostMs = Math.max(this.mostMs, this.boundOf(node));
  }

  ends(node: number, sinceMs: number | undefined): void {
    this.measure(node);
    this.isHit[node] = false;
    this.sinceMs[node] = sinceMs;
  }
}

test('the bound is that of the sound node which is known for longest, and no hit was further behind than the largest', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const model = new Model();
      const staleness = new NearStaleness(TTL_MS);
      for (const one of steps) {
        const { node } = one;
        if (one.kind === 'pass') model.nowMs += one.ms;
        else if (one.kind === 'hit') model.hit();
        else if (one.kind === 'sound') {
          // It was asked so long ago.
          const sinceMs = model.nowMs - one.ms;
          model.ends(node, sinceMs);
          staleness.sound(node, sinceMs, model.nowMs, model.hits);
          assert.ok(staleness.isSound(node));
        } else if (one.kind === 'unsound') {
          model.ends(node, undefined);
          staleness.unsound(node, model.nowMs, model.hits);
          assert.ok(!staleness.isSound(node));
        } else {
          for (let each = 0; each < NODES; each++) model.measure(each);
          const { stalenessMs, largestStalenessMs } = staleness.stats(model.nowMs, model.hits);
          assert.equal(stalenessMs, model.boundMs);
          assert.equal(largestStalenessMs, model.mostMs);
          assert.ok(largestStalenessMs >= model.exactMs, 'every hit is within it');
        }
      }
    }),
  );
});

test('a node of which nothing is told is sound, and tells of changes at once', () => {
  const staleness = new NearStaleness(TTL_MS);
  assert.ok(staleness.isSound(0));
  assert.deepEqual(staleness.stats(1_000, 5), { stalenessMs: 0, largestStalenessMs: 0 });
});
