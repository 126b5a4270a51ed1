import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block, byteString } from '../../base/index.js';
import { ToldNode } from './live-member.testkit.js';
import { clusterNode, p, q, r, twoShards, withMember } from './member.testkit.js';
import { decodePublications, type Publication, PublicationBatch } from './publication-codec.js';
import { Publications } from './publications.js';
import { MAX_PUBLICATION_BYTES } from './stream-form.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function publicationOf(channel: string, message: string): Publication {
  return {
    block: Block.of(channel + message),
    channelAt: 0,
    channelLength: channel.length,
    messageAt: channel.length,
    messageLength: message.length,
  };
}

function messagesOf(batch: Uint8Array): string[] {
  return decodePublications(batch).map(({ block, messageAt, messageLength }) =>
    byteString(block, messageAt, messageLength),
  );
}

test('PUBLISH goes to the other nodes too, also by EXEC, and answers with the subscribers here; SPUBLISH does not', async () => {
  await withMember({}, async (node) => {
    const [subscriber, publisher] = [await node.connect(), await node.connect()];
    await subscriber.ask('SUBSCRIBE', 'news');
    assert.equal(await publisher.ask('PUBLISH', 'news', '1'), 1);
    assert.equal(await publisher.ask('PUBLISH', 'nobody', '2'), 0);
    assert.equal(await publisher.ask('SPUBLISH', 'bar', 'not this'), 0);
    await publisher.ask('MULTI');
    await publisher.ask('PUBLISH', 'news', '3');
    assert.equal(node.member.forwarded.length, 2, 'it is not published yet');
    assert.deepEqual(await publisher.ask('EXEC'), [1]);
    assert.deepEqual(node.member.forwarded, [
      ['news', '1'],
      ['nobody', '2'],
      ['news', '3'],
    ]);
  });
});

test('a replica, and a primary without its lease, publish like any other', async () => {
  await withMember({ self: r }, async (node) => {
    const client = await node.connect();
    assert.equal(await client.ask('PUBLISH', 'news', '1'), 0);
    assert.equal(node.member.forwarded.length, 1);
  });
  await withMember({}, async (node) => {
    node.member.loseLease();
    const client = await node.connect();
    assert.equal(await client.ask('PUBLISH', 'news', '1'), 0);
    assert.equal(node.member.forwarded.length, 1);
  });
});

test('what comes from another node reaches channels and patterns here, and goes no further', async () => {
  await withMember({}, async (node) => {
    const subscriber = await node.connect();
    await subscriber.ask('SUBSCRIBE', 'news');
    await subscriber.ask('PSUBSCRIBE', 'n*');
    await subscriber.ask('SSUBSCRIBE', 'bar');
    const { inside } = node;
    const publications = new Publications(inside, () => assert.fail('it is sent on'));
    publications.nodes = [q.node];
    const batch = new PublicationBatch();
    for (const [channel, message] of [
      ['news', 'a'],
      ['bar', 'of no shard channel'],
      ['news', 'b'],
    ] as const)
      batch.add(publicationOf(channel, message));
    inside.beginEvent(undefined);
    publications.receive(q.node, batch.take());
    inside.endEvent();
    const heard = [];
    while (heard.length < 4) heard.push(await subscriber.reply());
    assert.deepEqual(heard, [
      ['message', 'news', 'a'],
      ['pmessage', 'n*', 'news', 'a'],
      ['message', 'news', 'b'],
      ['pmessage', 'n*', 'news', 'b'],
    ]);
    await nextTurn();
    assert.deepEqual(node.member.forwarded, []);
    const other = await node.connect();
    assert.match(
      `${await other.ask('INFO', 'stats')}`,
      /cluster_publications_received:3\r\ncluster_publications_dropped:0/,
    );
    inside.beginEvent(undefined);
    publications.receive(q.node, Uint8Array.of(1, 2, 3));
    inside.endEvent();
    assert.equal(inside.stats.publicationsReceived, 3);
  });
});

test('all of one turn goes as one, to every other node that has clients and is not dead', async () => {
  const told = new ToldNode(p);
  const { member, mind, node } = told;
  member.forward(publicationOf('c', 'before there is a cluster'));
  const witness = { ...clusterNode('n-w', 7004), holdsData: false };
  const topology = twoShards();
  told.learn({ ...topology, nodes: [...topology.nodes, witness] });
  for (const message of ['1', '2']) member.forward(publicationOf('c', message));
  assert.equal(mind.published.length, 0);
  await nextTurn();
  member.forward(publicationOf('c', '3'));
  await nextTurn();
  assert.deepEqual(
    mind.published.map(([to, batch]) => [to, messagesOf(batch)]),
    [
      [
        [q.node, r.node],
        ['1', '2'],
      ],
      [[q.node, r.node], ['3']],
    ],
  );
  assert.equal(node.stats.publicationsSent, 6);
  mind.onDeadNodes(new Set([q.node]));
  member.forward(publicationOf('c', '4'));
  await nextTurn();
  assert.deepEqual(mind.published.at(-1)?.[0], [r.node]);
  mind.onDeadNodes(new Set([q.node, r.node]));
  member.forward(publicationOf('c', '5'));
  await nextTurn();
  assert.equal(mind.published.length, 3);
  assert.equal(node.stats.publicationsDropped, 0);
  await member.close();
});

test('what is too large, and what the thread of the bus has no room for, is dropped and counted; the rest goes in order', async () => {
  const told = new ToldNode(p);
  const { member, mind, node } = told;
  told.learn(twoShards());
  const half = 'x'.repeat(40_000);
  for (const message of ['1', half, half, '2']) member.forward(publicationOf('c', message));
  const messageLength = MAX_PUBLICATION_BYTES;
  const block = Block.ofLength(messageLength + 1);
  member.forward({ block, channelAt: 0, channelLength: 1, messageAt: 1, messageLength });
  assert.equal(node.stats.publicationsDropped, 2);
  await nextTurn();
  assert.deepEqual(
    mind.published.map(([, batch]) => messagesOf(batch)),
    [
      ['1', half],
      [half, '2'],
    ],
  );
  mind.isFull = true;
  member.forward(publicationOf('c', '3'));
  await nextTurn();
  assert.equal(node.stats.publicationsDropped, 4);
  mind.onPublicationsDropped(5);
  assert.equal(node.stats.publicationsDropped, 9);
  await member.close();
});
