/** The largest share of a ring, for every number of nodes from 3 to 100. The figures are exact, as in the short test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '#layers/base';
import { Ring } from '#layers/ring';

const random = new Random(7);
const randomNames = Array.from({ length: 101 }, () => `${random.uint32().toString(36)}:6379`);

/** The worst of all numbers of nodes, in means, and the number at which it is. */
const sets: [name: string, nameOf: (number: number) => string, worst: string, count: number][] = [
  ['addresses', (number) => `10.0.0.${number}:6379`, '1.0515', 46],
  ['hosts', (number) => `cache-${number}.internal:6379`, '1.0561', 50],
  ['ports', (number) => `127.0.0.1:${7000 + number}`, '1.0683', 35],
  ['letters', (number) => `n${number}`, '1.0650', 24],
  ['random', (number) => randomNames[number], '1.0649', 83],
];

for (const [name, nameOf, worst, count] of sets) {
  test(`from 3 to 100 nodes no share exceeds 1.10 times the mean: ${name}`, () => {
    const largest = new Map<number, number>();
    for (let nodes = 3; nodes <= 100; nodes++) {
      const ring = new Ring(Array.from({ length: nodes }, (_, i) => ({ id: nameOf(i + 1) })));
      largest.set(nodes, Math.max(...ring.shares().values()) * nodes);
    }
    const [[at, share]] = [...largest].sort((a, b) => b[1] - a[1]);
    assert.ok(share <= 1.1);
    assert.deepEqual([share.toFixed(4), at], [worst, count]);
  });
}
