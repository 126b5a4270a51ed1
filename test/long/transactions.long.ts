/** A transaction whose replies are more than a client may be given: it is done whole, and the client is closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawConnection } from '../kit/connection.js';
import { startNuthatch } from '../kit/servers.js';

test('EXEC executes all, also when its replies find no room', async () => {
  const node = await startNuthatch(['--max-clients-memory', 'off']);
  try {
    const client = await RawConnection.open(node.port);
    assert.equal(await client.call('SET', 'big', Buffer.alloc(100_000_000, 'v')), 'OK');
    client.request('MULTI');
    client.request('SET', 'before', '1');
    for (let i = 0; i < 20; i++) client.request('GET', 'big');
    client.request('SET', 'after', '1');
    client.request('EXEC');
    await client.untilClosed();
    const other = await RawConnection.open(node.port);
    assert.deepEqual(await other.call('MGET', 'before', 'after'), ['1', '1']);
    other.close();
  } finally {
    await node.stop();
  }
});
