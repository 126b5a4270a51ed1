/** How evenly keys are dealt out. The figures are exact, since a ring is: another figure means that keys have moved. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largestShare, nodesOf } from './ring-shares.testkit.js';

const promised = 1.1;

/** Largest share in means, with 3, 10, 30 and 100 nodes. Every number from 3 to 100: test/long/ring-shares.long.ts. */
const equalWeights: Record<string, string[]> = {
  addresses: ['1.0037', '1.0278', '1.0422', '1.0435'],
  hosts: ['1.0204', '1.0191', '1.0297', '1.0361'],
  ports: ['1.0194', '1.0238', '1.0499', '1.0432'],
  letters: ['1.0012', '1.0279', '1.0382', '1.0400'],
  random: ['1.0076', '1.0323', '1.0432', '1.0440'],
};

for (const [set, expected] of Object.entries(equalWeights)) {
  test(`nodes of equal weight have at most 1.10 times the mean: ${set}`, () => {
    const largest = [3, 10, 30, 100].map((count) => largestShare(nodesOf(set, count)));
    for (const share of largest) assert.ok(share <= promised);
    assert.deepEqual(
      largest.map((share) => share.toFixed(4)),
      expected,
    );
  });
}

/** The same in means for a weight of 1, with nodes of weight 1, 2, 1.5 and 4 in turn. */
const weights = [1, 2, 1.5, 4];
const differentWeights: Record<string, string[]> = {
  addresses: ['1.0037', '1.0161', '1.0468'],
  hosts: ['1.0135', '1.0271', '1.0251'],
  ports: ['1.0193', '1.0278', '1.0338'],
};

for (const [set, expected] of Object.entries(differentWeights)) {
  test(`nodes of different weight have at most 1.10 times what is due to them: ${set}`, () => {
    const largest = [3, 10, 30].map((count) =>
      largestShare(nodesOf(set, count).map((node, i) => ({ ...node, weight: weights[i % 4] }))),
    );
    for (const share of largest) assert.ok(share <= promised);
    assert.deepEqual(
      largest.map((share) => share.toFixed(4)),
      expected,
    );
  });
}
