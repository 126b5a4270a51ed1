import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeWatch } from './node-watch.js';
import { clusterOf } from './topology.testkit.js';

const topology = clusterOf(1, 1, 4);

/** Looks each 100 ms, from the one time to the other. */
function lookFrom(watch: NodeWatch, fromMs: number, toMs: number, gone: readonly string[]): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 100)
    watch.look(topology, nowMs, (node) => gone.includes(node));
}

test('a node is gone since it was first not seen, and when it is there again all is forgotten', () => {
  const watch = new NodeWatch();
  lookFrom(watch, 0, 1000, []);
  lookFrom(watch, 1100, 5000, ['n02']);
  assert.equal(watch.goneForMs('n02', 5000), 3900);
  assert.equal(watch.goneForMs('n01', 5000), 0);
  lookFrom(watch, 5100, 5100, []);
  lookFrom(watch, 5200, 6000, ['n02']);
  assert.equal(watch.goneForMs('n02', 6000), 800);
});

test('what happened while another one led is not known', () => {
  const watch = new NodeWatch();
  lookFrom(watch, 0, 1000, ['n02']);
  lookFrom(watch, 60_000, 61_000, ['n02']);
  assert.equal(watch.goneForMs('n02', 61_000), 1000);
  assert.equal(watch.votersForMs(61_000), 1000);
});

test('voters are as old as their version', () => {
  const watch = new NodeWatch();
  lookFrom(watch, 0, 1000, []);
  assert.equal(watch.votersForMs(1000), 1000);
  watch.look({ ...topology, voterVersion: 2 }, 1100, () => false);
  assert.equal(watch.votersForMs(1200), 100);
});
