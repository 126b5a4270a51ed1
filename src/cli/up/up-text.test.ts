import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { summarize } from '../cluster/cluster-summary.js';
import { nodesNamed, topologyOf, type ViewChanges, viewOf } from '../cluster/fake-cluster.testkit.js';
import { painter } from '../cluster/paint.js';
import { rateOf, readingOf } from './up-readings.js';
import { type UpFacts, upBanner, upBlock, upLine } from './up-text.js';

const nodes = nodesNamed(4).map((node, i) => ({ ...node, host: '127.0.0.1', port: 7000 + i }));
const topology = topologyOf({ shards: 2, replicas: 1, nodes });
const plain = painter(false);

function factsOf(changes: ViewChanges = {}): UpFacts {
  const view = viewOf(topology, nodes, changes);
  const here = view.nodes.filter(({ status }) => status !== undefined);
  const rate = { opsPerSecond: 12_345, keys: 1_200_000, usedBytes: 312 * 2 ** 20, maxBytes: 2 ** 30 };
  return {
    summary: summarize(view),
    history: [
      {
        atMs: new Date(2026, 0, 2, 14, 3, 7, 250).getTime(),
        text: `shard 2: primary ${nodes[1].node} -> ${nodes[3].node}`,
        isAgreed: true,
        nodes: [],
      },
    ],
    rates: new Map(here.map(({ node }) => [node, rate])),
    pids: new Map(nodes.map(({ node, port }) => [node, port - 6000])),
    nowMs: new Date(2026, 0, 2, 15).getTime(),
    hint: 'k kills a primary, Ctrl-C ends',
  };
}

describe('the screen of up', () => {
  it('reads as this', () => {
    assert.deepEqual(upBlock(factsOf({ away: [3] }), 80, 24, plain).split('\n'), [
      '',
      'degraded  2 shards with 1 replica each on 4 nodes: 127.0.0.1:7002 does not',
      '  answer',
      '',
      'shard  primary        replicas      keys  ops/s  memory',
      '1      7000 pid 1000  7002 away     1.2M  12.3k  312 MB',
      '2      7001 pid 1001  7003 in sync  1.2M  24.7k  312 MB',
      '',
      '14:03:07.250  shard 2: primary 7001 -> 7003',
      '',
      'k kills a primary, Ctrl-C ends',
    ]);
  });

  it('fits every terminal: what is less important is left out', () => {
    for (const columns of [30, 40, 50, 60, 80, 200])
      for (const rows of [5, 24]) {
        const lines = upBlock(factsOf({ away: [1] }), columns, rows, plain).split('\n');
        assert.ok(lines.length < rows);
        for (const line of lines) assert.ok(line.length < columns || columns < 40, `${columns}: ${line}`);
      }
    const [event, hint] = ['14:03:07.250', 'k kills'];
    const fitting = (rows: number) => upBlock(factsOf(), 80, rows, plain);
    assert.ok(fitting(11).includes(event) && fitting(11).includes(hint));
    assert.ok(!fitting(9).includes(event) && fitting(9).includes(hint));
    const narrow = upBlock(factsOf(), 45, 24, plain);
    assert.match(narrow, /primary +replicas +keys\n/);
  });

  it('is a line where there is no terminal', () => {
    assert.equal(upLine(factsOf()), 'ok: 2 shards, 2.4M keys, 49.4k ops/s, 1.2 GB of 4.0 GB');
    assert.match(upLine(factsOf({ away: [3] })), /^degraded \(127\.0\.0\.1:7002 does not answer\): 2 shards/);
  });

  it('begins with how to connect', () => {
    const facts = {
      version: '0.1.0',
      size: '2 shards with 1 replica each',
      ports: [7000, 7001, 7002, 7003],
      hasPassword: false,
      speaksTls: false,
      memory: '1 GB a node',
      data: undefined,
      command: 'nuthatch',
      killing: 'press k',
    };
    const text = upBanner(facts, plain);
    assert.match(
      text,
      /^\nNuthatch 0\.1\.0 is a cluster of 2 shards with 1 replica each on ports 7000 to 7003\n/,
    );
    assert.match(text, /redis-cli -c -p 7000\n/);
    assert.match(
      upBanner({ ...facts, speaksTls: true }, plain),
      /redis-cli -c --tls -p 7000\n.*'rediss:\/\/127.*status --tls -p 7000/s,
    );
    assert.match(text, /temporary folder: the cluster ends with this command/);
    assert.match(
      upBanner({ ...facts, hasPassword: true, data: './d' }, plain),
      /--askpass.*:PASSWORD@.*\.\/d: who/s,
    );
  });
});

describe('what a node does', () => {
  const info = (commands: number) =>
    `# Stats\r\ntotal_commands_processed:${commands}\r\nused_memory:1000\r\nused_memory_human:x\r\nmaxmemory:2000\r\n# Keyspace\r\ndb0:keys=7,expires=0\r\n`;

  it('is what INFO says, and operations since the last time but our own', () => {
    const first = readingOf(info(100), 0);
    assert.deepEqual(first, { commands: 100, keys: 7, usedBytes: 1000, maxBytes: 2000, atMs: 0 });
    assert.equal(rateOf(undefined, first, 2).opsPerSecond, 0);
    assert.equal(rateOf(first, readingOf(info(302), 2000), 2).opsPerSecond, 100);
    assert.equal(rateOf(first, readingOf(info(3), 1000), 2).opsPerSecond, 0);
    assert.equal(readingOf('', 0).keys, 0);
  });
});
