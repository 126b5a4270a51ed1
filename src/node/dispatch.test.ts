import { test } from 'node:test';
import { withNode } from './test-client.testkit.js';

const OK = '+OK\r\n';

test('the slow log knows of a large reply, though its command is not measured otherwise', async () => {
  let wallMs = 1_000_000;
  const clock = {
    // Each look at it is 20 ms later: so long did what lies between two looks take.
    wallMs: () => {
      wallMs += 20;
      return wallMs;
    },
    // What is measured by this one takes no time, however busy the machine is.
    monotonicMs: () => 1_000,
  };
  await withNode({ clock }, async (node) => {
    const client = await node.connect();
    await client.ask('SET', 'large', 'x'.repeat(300_000));
    await client.ask('SET', 'small', 'x');
    await client.exchange('SLOWLOG RESET', OK);
    await client.ask('GET', 'small');
    await client.exchange('SLOWLOG LEN', ':0\r\n');
    client.send('GET', 'large');
    await client.drop(300_000 + '$300000\r\n\r\n'.length);
    await client.exchange('SLOWLOG LEN', ':1\r\n');
  });
});
