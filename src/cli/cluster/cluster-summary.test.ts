import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { summarize } from './cluster-summary.js';
import { nodeNamed, nodesNamed, topologyOf, type ViewChanges, viewOf } from './fake-cluster.testkit.js';
import { painter } from './paint.js';
import { ringText } from './ring-text.js';
import { statusText, verdict } from './status-text.js';

const nodes = nodesNamed(6);
const topology = topologyOf({ shards: 3, replicas: 1, nodes });
const plain = painter(false);
const of = (changes: ViewChanges) => summarize(viewOf(topology, nodes, changes));
const linesOf = (text: string) => text.split('\n');

describe('the state of a cluster', () => {
  it('is ok when every shard takes writes and has its replicas in sync', () => {
    const summary = of({});
    assert.deepEqual([summary.state, summary.reasons], ['ok', []]);
    assert.equal(summary.leader, topology.voters[0]);
    assert.equal(
      summary.shards.reduce((sum, { slotCount }) => sum + slotCount, 0),
      16_384,
    );
    assert.deepEqual(
      summary.nodes.map(({ part, shard }) => `${part} ${shard}`),
      ['primary 1', 'primary 2', 'primary 3', 'replica 1', 'replica 2', 'replica 3'],
    );
  });

  it('is degraded while a copy is away or not in sync', () => {
    const away = of({ away: [4] });
    assert.deepEqual([away.state, away.reasons], ['degraded', ['10.0.0.4:6379 does not answer']]);
    const late = { ...topology, shards: topology.shards.map((shard) => ({ ...shard, replicas: [] })) };
    const { state, reasons } = summarize(viewOf(late, nodes));
    assert.equal(state, 'degraded');
    assert.equal(reasons[0], 'shard 1 has 0 of 1 replica in sync');
  });

  it('is not known of a primary that does not answer us, until others take it for dead', () => {
    const unseen = of({ away: [1] });
    assert.deepEqual([unseen.state, unseen.shards[0].writes], ['degraded', 'unknown']);
    const members = [{ ...nodes[0], address: '', state: 'dead' as const }];
    const dead = of({ away: [1], says: { 2: { members } } });
    assert.deepEqual([dead.state, dead.shards[0].writes], ['down', 'no']);
  });

  it('is down when a shard has no primary, or one without a lease, or of another epoch', () => {
    const [first, ...others] = topology.shards;
    const { copy } = viewOf(topology, nodes).nodes[0].status as { copy: object };
    for (const says of [{ leaseLeftMs: 0 }, { epoch: 2 }, { role: 'replica' }, { shard: 2 }]) {
      const summary = of({ says: { 1: { copy: { ...copy, ...says } as never } } });
      assert.deepEqual([summary.state, summary.reasons], ['down', ['shard 1 takes no writes']]);
    }
    const orphan = { ...topology, shards: [{ ...first, primary: undefined }, ...others] };
    const summary = summarize(viewOf(orphan, nodes));
    assert.deepEqual([summary.state, summary.reasons[0]], ['down', 'shard 1 has no primary']);
  });

  it('is degraded when no other node reaches one that answers', () => {
    const members = nodes.slice(1).map((node) => ({ ...node, address: '', state: 'alive' as const }));
    const says = Object.fromEntries(nodes.map((_, i) => [i + 1, { members }]));
    const { state, reasons } = of({ says });
    assert.deepEqual([state, reasons], ['degraded', ['no other node reaches 10.0.0.1:6379']]);
  });

  it('is down, and not to be begun again, when nodes of a cluster know no topology since they were started', () => {
    const summary = summarize(viewOf(undefined, nodes.slice(0, 1), { says: { 1: { clusterId: 'c-1' } } }));
    assert.equal(summary.state, 'down');
    assert.deepEqual(linesOf(statusText(summary, 80, plain)), [
      'down  1 node: no node that answers here has heard of a majority of the voters',
      '  since it was started',
      '',
      'others    10.0.0.1:6379: waits for the other nodes',
      'topology  not known here, of cluster c-1',
      '',
    ]);
    assert.match(ringText({ summary, history: [], nowMs: 0 }, 200, plain), /^Not known here: no node/m);
  });

  it('is not begun without a topology', () => {
    const summary = summarize(viewOf(undefined, nodes));
    assert.equal(summary.state, 'not begun');
    assert.match(statusText(summary, 60, plain), /cluster init 10\.0\.0\.1:6379 10\.0\.0\.2:6379/);
  });

  it('knows witnesses, spares, and who is not of the cluster', () => {
    const [witness, stranger] = [nodeNamed(8, { holdsData: false }), nodeNamed(9)];
    const all = [...nodes, nodeNamed(7), witness];
    const summary = summarize(viewOf(topologyOf({ shards: 3, replicas: 1, nodes: all }), [...all, stranger]));
    assert.deepEqual(
      summary.nodes.slice(6).map(({ part }) => part),
      ['spare', 'witness', 'stranger'],
    );
  });
});

describe('cluster status', () => {
  it('reads as this', () => {
    assert.deepEqual(linesOf(statusText(of({ away: [6] }), 60, plain)), [
      'degraded  3 shards with 1 replica each on 6 nodes:',
      '  10.0.0.6:6379 does not answer',
      '',
      `shard 1   33.3% of the slots, epoch 1`,
      '  primary  10.0.0.1:6379  takes writes',
      '  replica  10.0.0.4:6379  in sync, 12 ms behind',
      '',
      'shard 2   33.3% of the slots, epoch 1',
      '  primary  10.0.0.2:6379  takes writes',
      '  replica  10.0.0.5:6379  in sync, 12 ms behind',
      '',
      'shard 3   33.3% of the slots, epoch 1',
      '  primary  10.0.0.3:6379  takes writes',
      '  replica  10.0.0.6:6379  does not answer, in sync until now',
      '',
      'voters    10.0.0.1:6379 (leads), 10.0.0.2:6379,',
      '          10.0.0.3:6379, 10.0.0.4:6379, 10.0.0.5:6379',
      'away      10.0.0.6:6379: nothing listens there',
      'topology  version 1, term 3, of cluster c-1',
      '',
    ]);
  });

  it('stays narrow, and is colored only where it is told to', () => {
    for (const columns of [40, 60, 100]) {
      const text = statusText(of({ away: [1, 2] }), columns, plain);
      for (const line of linesOf(text).filter((line) => !/^ {2}(primary|replica)/.test(line)))
        assert.ok(line.length <= columns, line);
      assert.ok(!text.includes('\u001b'));
    }
    assert.ok(verdict(of({}), 80, painter(true)).startsWith('\u001b[32mok\u001b[39m  3 shards'));
  });
});

describe('cluster ring', () => {
  const history = [
    {
      atMs: new Date(2026, 0, 2, 14, 3, 7, 250).getTime(),
      text: `shard 2: primary ${nodes[1].node} -> ${nodes[4].node} (epoch 2)`,
      isAgreed: true,
      nodes: ['a'],
    },
  ];

  it('shows shares as bars with their ranges, and history with addresses', () => {
    const nowMs = new Date(2026, 0, 2, 15).getTime();
    const lines = linesOf(ringText({ summary: of({}), history, nowMs }, 70, plain));
    assert.match(lines[2], /^shard 1 {3}█+░* +33\.3% {2}10\.0\.0\.1:6379$/);
    assert.match(lines[3], /^ {10}\d+-\d+( \d+-\d+)*$/);
    assert.ok(lines.includes('14:03:07.250  shard 2: primary 10.0.0.2:6379 -> 10.0.0.5:6379 (epoch'));
    assert.ok(lines.includes('              2)'));
    for (const line of lines) assert.ok(line.length <= 70, line);
    assert.match(
      ringText({ summary: of({}), history, nowMs: nowMs + 86_400_000 }, 90, plain),
      /2026-01-02 14:03:07/,
    );
  });

  it('says how much it leaves out', () => {
    const many = Array.from({ length: 40 }, (_, i) => ({
      atMs: i,
      text: `event ${i}`,
      isAgreed: false,
      nodes: [nodes[0].node],
    }));
    const text = ringText({ summary: of({}), history: many, nowMs: 0 }, 70, plain);
    assert.match(text, /\(10 earlier ones: --json has them\)/);
    assert.ok(!text.includes('event 9\n') && text.includes('  10.0.0.1:6379: event 10\n'));
  });
});
