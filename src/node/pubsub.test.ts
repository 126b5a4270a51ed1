import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, resp3, withNode } from './test-client.testkit.js';

function words(type: '*' | '>', ...items: readonly (string | number | null)[]): string {
  const parts = items.map((item) => {
    if (item === null) return '$-1\r\n';
    return typeof item === 'number' ? `:${item}\r\n` : `$${item.length}\r\n${item}\r\n`;
  });
  return `${type}${items.length}\r\n${parts.join('')}`;
}

test('subscriptions are confirmed one by one, with their number', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await client.exchange(
      'SUBSCRIBE a b a',
      words('*', 'subscribe', 'a', 1),
      words('*', 'subscribe', 'b', 2),
      words('*', 'subscribe', 'a', 2),
    );
    await client.exchange(
      'PSUBSCRIBE a* b',
      words('*', 'psubscribe', 'a*', 3),
      words('*', 'psubscribe', 'b', 4),
    );
    await client.exchange('SSUBSCRIBE s', words('*', 'ssubscribe', 's', 1));
    await client.exchange(
      'UNSUBSCRIBE',
      words('*', 'unsubscribe', 'a', 3),
      words('*', 'unsubscribe', 'b', 2),
    );
    await client.exchange('UNSUBSCRIBE none', words('*', 'unsubscribe', 'none', 2));
    await client.exchange(
      'PUNSUBSCRIBE none a*',
      words('*', 'punsubscribe', 'none', 2),
      words('*', 'punsubscribe', 'a*', 1),
    );
    await client.exchange('SUNSUBSCRIBE', words('*', 'sunsubscribe', 's', 0));
    await client.exchange('PUNSUBSCRIBE', words('*', 'punsubscribe', 'b', 0));
    await client.exchange('UNSUBSCRIBE', words('*', 'unsubscribe', null, 0));
    await client.exchange('PUNSUBSCRIBE', words('*', 'punsubscribe', null, 0));
    await client.exchange('SUNSUBSCRIBE', words('*', 'sunsubscribe', null, 0));
    await client.exchange('PING', '+PONG\r\n');
    assert.equal(node.inside.limits.clientsBytes, 0);
  });
});

test('a message reaches channels and patterns, in both protocols', async () => {
  await withNode({}, async (node) => {
    const [two, three, publisher] = [await node.connect(), await node.connect(), await node.connect()];
    await resp3(three);
    await two.exchange('SUBSCRIBE news', words('*', 'subscribe', 'news', 1));
    await two.exchange(
      'PSUBSCRIBE n?ws n* x*',
      words('*', 'psubscribe', 'n?ws', 2),
      words('*', 'psubscribe', 'n*', 3),
      words('*', 'psubscribe', 'x*', 4),
    );
    await three.exchange('PSUBSCRIBE n*', words('>', 'psubscribe', 'n*', 1));
    await publisher.exchange('PUBLISH news hello', ':4\r\n');
    await two.expect(
      words('*', 'message', 'news', 'hello'),
      words('*', 'pmessage', 'n?ws', 'news', 'hello'),
      words('*', 'pmessage', 'n*', 'news', 'hello'),
    );
    await three.expect(words('>', 'pmessage', 'n*', 'news', 'hello'));
    await publisher.exchange('PUBLISH other hello', ':0\r\n');
    await publisher.exchange('PUBSUB NUMPAT', ':3\r\n');
    await three.quiet();
  });
});

test('shard channels are apart from the others', async () => {
  await withNode({}, async (node) => {
    const [client, publisher] = [await node.connect(), await node.connect()];
    await client.exchange('SSUBSCRIBE c', words('*', 'ssubscribe', 'c', 1));
    await publisher.exchange('PUBLISH c x', ':0\r\n');
    await publisher.exchange('SPUBLISH c y', ':1\r\n');
    await client.expect(words('*', 'smessage', 'c', 'y'));
    await publisher.exchange('PUBSUB CHANNELS', '*0\r\n');
    await publisher.exchange('PUBSUB SHARDCHANNELS', words('*', 'c'));
    await publisher.exchange('PUBSUB SHARDNUMSUB c d', words('*', 'c', 1, 'd', 0));
    await publisher.exchange('PUBSUB NUMSUB c', words('*', 'c', 0));
  });
});

test('channels are bytes: all of them, also names that objects have', async () => {
  await withNode({}, async (node) => {
    const [client, publisher] = [await node.connect(), await node.connect()];
    for (const name of ['__proto__', 'constructor', '\x00\xff\r\n', '']) {
      client.send('SUBSCRIBE', name);
      await client.expect(words('*', 'subscribe', name, 1));
      publisher.send('PUBLISH', name, name);
      await publisher.expect(':1\r\n');
      await client.expect(words('*', 'message', name, name));
      client.send('UNSUBSCRIBE', name);
      await client.expect(words('*', 'unsubscribe', name, 0));
    }
    await publisher.exchange('PUBSUB NUMSUB toString', words('*', 'toString', 0));
  });
});

test('PUBSUB CHANNELS takes a pattern', async () => {
  await withNode({}, async (node) => {
    const [client, asker] = [await node.connect(), await node.connect()];
    await client.exchange(
      'SUBSCRIBE ab ac',
      words('*', 'subscribe', 'ab', 1),
      words('*', 'subscribe', 'ac', 2),
    );
    await asker.exchange('PUBSUB CHANNELS *b', words('*', 'ab'));
    await asker.exchange('PUBSUB CHANNELS', words('*', 'ab', 'ac'));
    await asker.exchange(
      'PUBSUB CHANNELS a b',
      "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.\r\n",
    );
  });
});

test('who leaves is forgotten everywhere', async () => {
  await withNode({}, async (node) => {
    const [client, publisher] = [await node.connect(), await node.connect()];
    await client.ask('SUBSCRIBE', 'c');
    await client.ask('PSUBSCRIBE', 'c*');
    client.close();
    await eventually(() => node.inside.sessions.size === 1, 'the client is gone');
    const { pubsub } = node.inside;
    assert.deepEqual([pubsub.channelCount('channel'), pubsub.patternCount], [0, 0]);
    await publisher.exchange('PUBLISH c x', ':0\r\n');
  });
});
