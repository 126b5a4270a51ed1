/** What leases leave in other parts of the node: keys that are tracked, memory that counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyPush } from '../resp/index.js';
import { eventually, resp3, type TestClient, withNode } from './test-client.testkit.js';

/** Takes the lease of a key that is not there. */
async function token(client: TestClient, key: string): Promise<string> {
  const reply = await client.ask('LEASE.GET', key);
  assert.ok(Array.isArray(reply) && reply[0] === 'load', JSON.stringify(reply));
  return String(reply[1]);
}

async function pushed(client: TestClient): Promise<unknown[]> {
  const push = await client.reply();
  assert.ok(push instanceof ReplyPush, `a push comes: ${JSON.stringify(push)}`);
  return push.items;
}

test('what is waited for is tracked as CLIENT CACHING said before it', async () => {
  for (const [mode, caching] of [
    ['OPTIN', 'YES'],
    ['OPTIN', undefined],
    ['OPTOUT', 'NO'],
    ['OPTOUT', undefined],
  ] as const) {
    await withNode({}, async (node) => {
      const [a, b] = [await node.connect(), await node.connect()];
      await resp3(a);
      await a.ask('CLIENT', 'TRACKING', 'ON', mode, 'NOLOOP');
      const mine = await token(b, 'k');
      if (caching !== undefined) await a.ask('CLIENT', 'CACHING', caching);
      a.send('LEASE.GET', 'k', 'WAIT', '60000');
      await eventually(() => node.inside.waits.count === 1, 'it waits');
      await b.ask('LEASE.FILL', 'k', mine, 'v');
      const isTracked = (mode === 'OPTIN') === (caching !== undefined);
      if (isTracked) assert.deepEqual(await pushed(a), ['invalidate', ['k']], 'of the fill');
      assert.deepEqual(((await a.reply()) as unknown[]).slice(0, 2), ['hit', 'v']);
      await b.ask('DEL', 'k');
      if (isTracked) assert.deepEqual(await pushed(a), ['invalidate', ['k']], 'of what it was answered');
      else await a.quiet();
    });
  }
});

test('a shared error counts in the memory of leases, and is not shared without room', async () => {
  await withNode({}, async (node) => {
    const a = await node.connect();
    const { records } = node.inside.leases.table;
    const error = 'x'.repeat(1_024);
    await a.ask('LEASE.FAIL', 'k', await token(a, 'k'), error, 'PX', '60000');
    assert.ok(records.usedBytes >= 700 + 2 * error.length, `${records.usedBytes} bytes`);
    await a.ask('DEL', 'k');
    assert.equal(records.usedBytes, 0);
    records.maxBytes = 1_024;
    assert.equal(await a.ask('LEASE.FAIL', 'k', await token(a, 'k'), error, 'PX', '60000'), 1);
    assert.equal(((await a.ask('LEASE.GET', 'k')) as unknown[])[0], 'load');
  });
});
