import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Block } from '../../base/index.js';
import { bulkText, freshBlocks, READY, ReplyReader, ReplyWriter } from '../../resp/index.js';
import { decodeTopology, isRefusal, topologyHash } from '../../ring/index.js';
import { ClusterReplies, ownShardId } from './cluster-replies.js';
import { p, q, r, twoShards } from './member.testkit.js';
import { nodeIdOf, shardIdOf, TopologyView } from './topology-view.js';

const nobody: ReadonlySet<string> = new Set();

describe('a topology as one node sees it', () => {
  test('each slot has a home, and one of them is its own', () => {
    const view = new TopologyView(twoShards(), r, nobody);
    assert.equal(view.homeOf(0).shard.id, 1);
    assert.equal(view.homeOf(8191).primary?.port, p.port);
    assert.equal(view.homeOf(8192).primary?.port, q.port);
    assert.equal(view.homeOf(16383).shard.id, 2);
    assert.equal(view.own, view.homeOf(0));
    assert.equal(new TopologyView(twoShards(), { ...r, incarnation: '2-b' }, nobody).own, undefined);
  });

  test('slots that are lost, and served', () => {
    const before = new TopologyView(twoShards(), p, nobody);
    assert.equal(before.losesSlotsTo(new TopologyView(twoShards({}, 2), p, nobody)), false);
    const fewer = {
      ...twoShards({}, 2),
      slots: [
        { first: 0, last: 0, shard: 2 },
        { first: 1, last: 8191, shard: 1 },
        { first: 8192, last: 16383, shard: 2 },
      ],
    };
    assert.equal(before.losesSlotsTo(new TopologyView(fewer, p, nobody)), true);
    assert.equal(before.losesSlotsTo(new TopologyView(fewer, q, nobody)), true);
    assert.equal(new TopologyView(fewer, p, nobody).losesSlotsTo(before), false);
    assert.equal(before.servedSlots, 16384);
    assert.equal(new TopologyView(twoShards(), p, new Set([q.node])).servedSlots, 8192);
    assert.equal(new TopologyView(twoShards({ primary: undefined }), p, nobody).servedSlots, 8192);
  });

  test('ids have 40 hex digits, and are those of all nodes at all times', () => {
    assert.equal(nodeIdOf('n-p'), '47ad0f5e174924537a8270d6f6ced8f160060ead');
    assert.match(shardIdOf('test', 1), /^[0-9a-f]{40}$/);
    assert.notEqual(shardIdOf('test', 1), shardIdOf('other', 1));
    assert.equal(ownShardId(p, new TopologyView(twoShards(), p, nobody)), shardIdOf('test', 1));
    assert.equal(ownShardId(r, new TopologyView(twoShards(), r, nobody)), shardIdOf('test', 1));
    assert.equal(ownShardId(p, undefined), nodeIdOf('n-p'));
  });
});

describe('what CLUSTER answers', () => {
  const all = [p, q, r];

  test('SLOTS and SHARDS are the same bytes on all nodes, in both protocols', () => {
    for (const what of ['slots', 'shards', 'topology'] as const) {
      for (const protocol of [2, 3] as const) {
        const answers = all.map((self) => textOf(repliesOf(self), what, protocol));
        assert.equal(new Set(answers).size, 1);
      }
    }
  });

  test('NODES differs in the word myself', () => {
    const [ofP, ofQ] = [p, q].map((self) => textOf(repliesOf(self), 'nodes', 2));
    assert.notEqual(ofP, ofQ);
    assert.equal(ofP.replace('myself,', ''), ofQ.replace('myself,', ''));
    assert.match(
      ofP,
      /^\$\d+\r\n47ad0f5e174924537a8270d6f6ced8f160060ead 127.0.0.1:7001@17001 myself,master - 0 0 1 connected 0-8191\n/,
    );
  });

  test('every slot is listed, also of a shard that nobody has', () => {
    for (const first of [{ primary: undefined }, { primary: undefined, replicas: [] }]) {
      const view = new TopologyView(twoShards(first), q, nobody);
      const slots = decoded(textOf(new ClusterReplies(q, view), 'slots', 2)) as unknown as number[][];
      let next = 0;
      for (const [from, to] of slots) {
        assert.equal(from, next);
        next = to + 1;
      }
      assert.equal(next, 16384);
    }
  });

  test('a dead replica is no place to read', () => {
    const text = (dead: ReadonlySet<string>, what: 'slots' | 'shards' | 'nodes' | 'links') =>
      textOf(new ClusterReplies(p, new TopologyView(twoShards(), p, dead)), what, 2);
    const dead = new Set([r.node]);
    assert.ok(text(nobody, 'slots').includes(':7003'));
    assert.ok(!text(dead, 'slots').includes(':7003'));
    assert.ok(text(dead, 'shards').includes('fail'));
    assert.match(text(dead, 'nodes'), /:7003@17003 slave,fail .* disconnected/);
    assert.ok(!text(dead, 'links').includes(nodeIdOf(r.node)));
  });

  test('TOPOLOGY is the topology', () => {
    const [, version, , hash, , text] = decoded(textOf(repliesOf(p), 'topology', 2)) as unknown as string[];
    const topology = decodeTopology(text);
    assert.ok(!isRefusal(topology));
    assert.deepEqual([version, hash], [topology.version, topologyHash(topology)]);
    assert.deepEqual(topology, twoShards());
  });
});

function repliesOf(self: typeof p): ClusterReplies {
  return new ClusterReplies(self, new TopologyView(twoShards(), self, nobody));
}

function textOf(
  replies: ClusterReplies,
  what: 'slots' | 'shards' | 'nodes' | 'links' | 'topology',
  protocol: 2 | 3,
): string {
  const out = new ReplyWriter(freshBlocks, 1024);
  out.protocol = protocol;
  replies[what](out);
  const once = Buffer.from(out.written()).toString('latin1');
  replies[what](out);
  assert.equal(Buffer.from(out.written()).toString('latin1'), once + once);
  return once;
}

function decoded(text: string) {
  const reader = ReplyReader.of(bulkText);
  const bytes = Buffer.from(text, 'latin1');
  reader.feed(new Block(bytes), 0, bytes.length);
  assert.equal(reader.next(), READY);
  return reader.reply;
}
