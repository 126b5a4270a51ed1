import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, byteString, KeyHash, keySlot, Random } from '../base/index.js';
import { type Ref, Store } from './index.js';

/**
 * A walk against a changing store: what is there from the first call to the last is visited exactly once,
 * though between two calls the index grows and shrinks by much.
 */
const EMPTY = Block.ofLength(0);

function newStore(): Store {
  return new Store({ maxBytes: 2 ** 20, hash: new KeyHash(3, 4), random: new Random(1), slots: true });
}

function put(store: Store, name: string): void {
  assert.notEqual(store.set(0, Block.of(name), 0, name.length, EMPTY, 0, 0, 0), 0);
}

function nameOf(store: Store, ref: Ref): string {
  const key = Block.ofLength(store.keyLength(ref));
  store.copyKey(ref, key, 0);
  return byteString(key, 0, key.bytes.length);
}

const change = fc.record({ after: fc.integer({ min: 1, max: 20 }), by: fc.integer({ min: -600, max: 600 }) });

test('a walk visits what stays exactly once, and nothing twice that was not set again', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 300 }),
      fc.array(change, { maxLength: 30, size: 'max' }),
      (staying, changes) => {
        const store = newStore();
        for (let i = 0; i < staying; i++) put(store, `stays:${i}`);
        const visits = new Map<string, number>();
        let passing = 0;
        let serial = 0;
        const plan = [...changes];
        let next = plan.shift();
        let step = 0;
        let cursor = 0;
        do {
          cursor = store.scan(0, cursor, (ref) => {
            const name = nameOf(store, ref);
            visits.set(name, (visits.get(name) ?? 0) + 1);
          });
          if (next === undefined || ++step < next.after) continue;
          step = 0;
          for (let i = 0; i < next.by; i++) put(store, `passes:${serial + passing++}`);
          for (let i = 0; i < -next.by && passing > 0; i++) {
            const name = `passes:${serial++}`;
            passing--;
            store.remove(store.find(0, Block.of(name), 0, name.length));
          }
          next = plan.shift();
        } while (cursor !== 0);
        for (let i = 0; i < staying; i++) assert.equal(visits.get(`stays:${i}`), 1, `stays:${i}`);
        for (const [name, count] of visits) assert.equal(count, 1, name);
        store.verify();
      },
    ),
    { numRuns: 60, seed: 3 },
  );
});

test('a walk of some slots visits the keys of these slots', () => {
  const store = newStore();
  const expected: string[] = [];
  const wanted = (slot: number) => slot % 5 === 2;
  for (let i = 0; i < 500; i++) {
    const name = `k:${i}`;
    put(store, name);
    if (wanted(keySlot(Block.of(name), 0, name.length))) expected.push(name);
  }
  const seen: string[] = [];
  let cursor = 0;
  do {
    cursor = store.scanSlots(cursor, wanted, (ref) => seen.push(nameOf(store, ref)));
  } while (cursor !== 0);
  assert.deepEqual(seen.sort(), expected.sort());
  const slot = keySlot(Block.of('k:7'), 0, 3);
  assert.ok(store.countInSlot(slot) >= 1);
});
