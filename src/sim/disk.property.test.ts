/** Against the one promise of a disk: only what was not confirmed may be lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../base/index.js';
import { SimDisk } from './disk.js';

const action = fc.oneof(
  { weight: 6, arbitrary: fc.constant('begin' as const) },
  { weight: 5, arbitrary: fc.constant('complete' as const) },
  { weight: 2, arbitrary: fc.constant('crash' as const) },
  { weight: 1, arbitrary: fc.constant('error' as const) },
  { weight: 1, arbitrary: fc.constant('full' as const) },
);

test('a start finds what was confirmed last, or something later that was begun and never confirmed', () => {
  const fates = new Set<string>();
  fc.assert(
    fc.property(fc.integer(), fc.array(action, { maxLength: 60 }), (seed, actions) => {
      const disk = new SimDisk<number>(new Random(seed), 1000);
      let state = 0;
      let number = 0;
      let confirmed = 0;
      let isFull = false;
      let underWay: { state: number; number: number }[] = [];
      for (const one of actions) {
        if (one === 'begin') {
          underWay.push({ state: ++state, number: ++number });
          disk.begin(state, number, 0);
        } else if (one === 'complete') {
          const write = underWay.shift();
          if (write !== undefined && disk.complete(write.number)) {
            assert.ok(!isFull);
            confirmed = write.state;
          }
        } else if (one === 'crash') {
          fates.add(disk.crash(0));
          underWay = [];
          number = 0;
        } else if (one === 'error') {
          disk.error();
        } else {
          isFull = !isFull;
          disk.full(isFull ? 1 : -1);
        }
        const contents = disk.contents();
        if (contents.kind === 'kept') assert.ok(contents.state >= confirmed && contents.state <= state);
        else assert.equal(confirmed, 0);
      }
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(fates, new Set(['none', 'lost', 'torn', 'kept']));
});

test('writes are over in their order, one after another', () => {
  const disk = new SimDisk<string>(new Random(1), 5000);
  const dueUs = [1, 2, 3, 4, 5].map((number) => disk.begin(`state ${number}`, number, 100));
  assert.ok(dueUs[0] > 100);
  assert.deepEqual(
    dueUs,
    dueUs.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(dueUs).size, 5);
});

test('a torn write is seen by the next start, which finds what was before it', () => {
  for (let seed = 1; ; seed++) {
    const disk = new SimDisk<string>(new Random(seed), 1000);
    disk.begin('old', 1, 0);
    assert.ok(disk.complete(1));
    disk.begin('new', 2, 0);
    if (disk.crash(0) !== 'torn') continue;
    assert.deepEqual(disk.contents(), { kind: 'kept', state: 'old', hasTornWrite: true });
    break;
  }
});

test('numbers of persists rise within a life', () => {
  const disk = new SimDisk<string>(new Random(1), 1000);
  disk.begin('a', 2, 0);
  assert.throws(() => disk.begin('b', 2, 0), /numbers must rise/);
});
