import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nodesNamed, viewOf } from './fake-cluster.testkit.js';
import { mergeTimelines } from './timeline.js';

const nodes = nodesNamed(3);
const merged = (...args: Parameters<typeof viewOf>) =>
  mergeTimelines(viewOf(...args).nodes).map(({ atMs, text, nodes }) => `${atMs} ${text} (${nodes.length})`);

describe('the history of a cluster', () => {
  it('tells what several nodes saw once, when the first saw it', () => {
    const timelines = {
      1: [
        { atMs: 100, text: 'a', version: 2 },
        { atMs: 900, text: 'c' },
      ],
      2: [{ atMs: 90, text: 'a', version: 2 }],
      3: [
        { atMs: 95, text: 'b' },
        { atMs: 60_000, text: 'a', version: 2 },
      ],
    };
    assert.deepEqual(merged(undefined, nodes, { timelines }), ['90 a (3)', '95 b (1)', '900 c (1)']);
  });

  it('keeps apart what happened again', () => {
    const timelines = {
      1: [
        { atMs: 100, text: 'a', version: 2 },
        { atMs: 200, text: 'a', version: 3 },
        { atMs: 300, text: 'b' },
        { atMs: 310, text: 'b' },
      ],
      2: [{ atMs: 20_000, text: 'b' }],
    };
    assert.deepEqual(merged(undefined, nodes, { timelines }), [
      '100 a (1)',
      '200 a (1)',
      '300 b (1)',
      '310 b (1)',
      '20000 b (1)',
    ]);
  });

  it('puts the times of all nodes on one clock', () => {
    const timelines = { 1: [{ atMs: 5_100, text: 'second' }], 2: [{ atMs: 50, text: 'first' }] };
    const of = merged(undefined, nodes, { timelines, skewMs: { 1: 5_000 } });
    assert.deepEqual(of, ['50 first (1)', '100 second (1)']);
  });
});
