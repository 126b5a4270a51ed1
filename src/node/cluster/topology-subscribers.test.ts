import { test } from 'node:test';
import { resp3 } from '../test-client.testkit.js';
import { twoShards, withMember } from './member.testkit.js';

test('who asked for it is told of each newer topology, until it begins anew', async () => {
  await withMember({}, async (node) => {
    const client = await node.connect();
    await client.exchange('CLUSTER TOPOLOGY PUSH', '-ERR pushes need RESP3: say HELLO 3 first\r\n');
    await client.exchange('CLUSTER TOPOLOGY WHAT', '-ERR syntax error\r\n');
    await resp3(client);
    await client.exchange('CLUSTER TOPOLOGY PUSH', ':1\r\n');
    node.member.become('primary', 1, twoShards({ syncVersion: 2 }, 2));
    await client.expect('>2\r\n$8\r\ntopology\r\n:2\r\n');
    // Other news than a topology is none.
    node.member.listener.changed();
    await client.exchange('PING', '+PONG\r\n');
    await client.exchange('RESET', '+RESET\r\n');
    await resp3(client);
    node.member.become('primary', 1, twoShards({ syncVersion: 3 }, 3));
    await client.exchange('PING', '+PONG\r\n');
  });
});
