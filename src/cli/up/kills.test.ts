import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Random } from '../../base/index.js';
import { summarize } from '../cluster/cluster-summary.js';
import { nodesNamed, topologyOf, viewOf } from '../cluster/fake-cluster.testkit.js';
import { Kills } from './kills.js';

const nodes = nodesNamed(4).map((node, i) => ({ ...node, host: '127.0.0.1', port: 7000 + i }));
const summary = summarize(viewOf(topologyOf({ shards: 2, replicas: 1, nodes }), nodes, {}));
const pidOf = new Map(nodes.map(({ node, port }) => [node, port - 6000]));

it('a primary is killed at random, once until somebody took over, and then it is told who did', () => {
  const told: string[] = [];
  const killed: number[] = [];
  const kills = new Kills({
    random: new Random(1),
    pids: () => [1000, 1001, 1002, 1003],
    kill: (pid) => killed.push(pid),
    tell: (line) => told.push(line),
    nowMs: () => 5000,
  });
  const looked = (history: readonly { text: string; atMs: number; by: number }[]) =>
    kills.looked({
      summary,
      history: history.map(({ text, atMs, by }) => ({
        text,
        atMs,
        isAgreed: false,
        nodes: [nodes[by].node],
      })),
      rates: new Map(),
      pids: pidOf,
      nowMs: 9000,
      hint: '',
    });
  kills.killPrimary();
  assert.deepEqual(told.splice(0), ['no primary to kill: no shard takes writes just now']);

  const old = { text: 'has the write lease of shard 1 at epoch 1', atMs: 1000, by: 0 };
  looked([old]);
  for (let i = 0; i < 3; i++) kills.killPrimary();
  assert.deepEqual(killed.toSorted(), [1000, 1001]);
  assert.ok(told.includes('killed 7000 (pid 1000), the primary of shard 1'));
  assert.equal(told.at(-1), 'no primary to kill: no shard takes writes just now');

  told.length = 0;
  looked([old]);
  assert.deepEqual(told, []);
  looked([old, { text: 'has the write lease of shard 1 at epoch 2', atMs: 7345, by: 2 }]);
  assert.deepEqual(told.splice(0), ['shard 1: 7002 took over 2,345 ms after 7000 was killed']);
  looked([old, { text: 'has the write lease of shard 1 at epoch 2', atMs: 7345, by: 2 }]);
  assert.deepEqual(told, []);
});
