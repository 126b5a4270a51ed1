import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, resp3, withNode } from './test-client.testkit.js';

const OK = '+OK\r\n';
const QUEUED = '+QUEUED\r\n';

test('EXEC runs what MULTI has queued, in order, and nothing in between', async () => {
  await withNode({}, async (node) => {
    const [a, b] = [await node.connect(), await node.connect()];
    await a.exchange('MULTI', OK);
    await a.exchange('SET k 1', QUEUED);
    await b.exchange('SET k 5', OK);
    await a.exchange('INCR k', QUEUED);
    await b.exchange('GET k', '$1\r\n5\r\n');
    await a.exchange('EXEC', '*2\r\n', OK, ':2\r\n');
    await a.exchange('MULTI', OK);
    await a.exchange('EXEC', '*0\r\n');
  });
});

test('what a queued request holds is not overwritten by the requests that follow it', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const values = Array.from({ length: 200 }, (_, i) => `value-${i}`);
    client.write(encode(['MULTI']) + values.map((value) => encode(['SET', value, value])).join(''));
    await client.expect(OK, QUEUED.repeat(values.length));
    await client.exchange('EXEC', `*${values.length}\r\n`, OK.repeat(values.length));
    for (const value of values) assert.equal(await client.ask('GET', value), value);
  });
});

test('a refused request breaks the transaction, an error in execution does not', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const aborted = '-EXECABORT Transaction discarded because of previous errors.\r\n';
    for (const [request, error] of [
      ['GET', "-ERR wrong number of arguments for 'get' command\r\n"],
      ['NOSUCH', "-ERR unknown command 'NOSUCH', with args beginning with: \r\n"],
      ['CLIENT NOSUCH', "-ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.\r\n"],
      ['SHUTDOWN', '-ERR Command not allowed inside a transaction\r\n'],
    ] as const) {
      await client.exchange('MULTI', OK);
      await client.exchange('SET k 1', QUEUED);
      await client.exchange(request, error);
      await client.exchange('EXEC', aborted);
    }
    await client.exchange('GET k', '$-1\r\n');
    await client.exchange('MULTI', OK);
    await client.exchange('SET k text', QUEUED);
    await client.exchange('INCR k', QUEUED);
    await client.exchange('GET k', QUEUED);
    await client.exchange(
      'EXEC',
      `*3\r\n${OK}-ERR value is not an integer or out of range\r\n$4\r\ntext\r\n`,
    );
  });
});

test('MULTI, EXEC, DISCARD and WATCH where they do not belong', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await client.exchange('EXEC', '-ERR EXEC without MULTI\r\n');
    await client.exchange('DISCARD', '-ERR DISCARD without MULTI\r\n');
    await client.exchange('MULTI', OK);
    await client.exchange('MULTI', '-ERR MULTI calls can not be nested\r\n');
    await client.exchange('WATCH k', '-ERR WATCH inside MULTI is not allowed\r\n');
    await client.exchange('PING', QUEUED);
    await client.exchange('EXEC', '*1\r\n+PONG\r\n');
    await client.exchange('MULTI', OK);
    await client.exchange('DISCARD', OK);
    await client.exchange('PING', '+PONG\r\n');
    await client.exchange('MULTI', OK);
    await client.exchange(
      'EXEC now',
      '-EXECABORT Transaction discarded because of: ',
      "wrong number of arguments for 'exec' command\r\n",
    );
    await client.exchange('PING', '+PONG\r\n');
  });
});

/** What others may do to a watched key, and whether EXEC must fail then. */
const changes: readonly [
  name: string,
  before: readonly string[],
  change: readonly string[],
  fails: boolean,
][] = [
  ['a write', ['SET k 1'], ['SET k 1'], true],
  ['a write of an absent key', [], ['SET k 1'], true],
  ['a delete', ['SET k 1'], ['DEL k'], true],
  ['a delete of an absent key', [], ['DEL k'], false],
  ['a new lifetime', ['SET k 1'], ['EXPIRE k 100'], true],
  ['a read', ['SET k 1'], ['GET k'], false],
  ['another key', ['SET k 1'], ['SET other 1'], false],
  ['the same key of another database', ['SET k 1'], ['SELECT 1', 'SET k 1'], false],
  ['FLUSHALL with the key there', ['SET k 1'], ['FLUSHALL'], true],
  ['FLUSHALL with the key absent', [], ['FLUSHALL'], false],
  ['FLUSHDB of its database', ['SET k 1'], ['FLUSHDB'], true],
  ['FLUSHDB of another database', ['SET k 1'], ['SELECT 1', 'FLUSHDB'], false],
  ['SWAPDB that takes the key away', ['SET k 1'], ['SWAPDB 0 1'], true],
  ['SWAPDB that brings the key', [], ['SELECT 1', 'SET k 1', 'SWAPDB 0 1'], true],
  ['SWAPDB of two others', ['SET k 1'], ['SWAPDB 1 2'], false],
  ['a rename to it', ['SET other 1'], ['RENAME other k'], true],
  ['a rename away', ['SET k 1'], ['RENAME k other'], true],
];

for (const [name, before, change, fails] of changes) {
  test(`WATCH and ${name}: EXEC ${fails ? 'fails' : 'succeeds'}`, async () => {
    await withNode({}, async (node) => {
      const [watcher, other] = [await node.connect(), await node.connect()];
      for (const request of before) await other.ask(...request.split(' '));
      await watcher.exchange('WATCH k unrelated', OK);
      for (const request of change) await other.ask(...request.split(' '));
      await watcher.exchange('MULTI', OK);
      await watcher.exchange('PING', QUEUED);
      await watcher.exchange('EXEC', fails ? '*-1\r\n' : '*1\r\n+PONG\r\n');
      // The watch is used up either way.
      await other.ask('SELECT', '0');
      await other.ask('SET', 'k', 'again');
      await watcher.exchange('MULTI', OK);
      await watcher.exchange('EXEC', '*0\r\n');
    });
  });
}

test('a client breaks its own watch, and UNWATCH and DISCARD end one', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await client.exchange('WATCH k', OK);
    await client.exchange('SET k 1', OK);
    await client.exchange('MULTI', OK);
    await client.exchange('EXEC', '*-1\r\n');
    for (const end of ['UNWATCH', 'DISCARD']) {
      await client.exchange('WATCH k', OK);
      await client.exchange('SET k 1', OK);
      if (end === 'DISCARD') await client.exchange('MULTI', OK);
      await client.exchange(end, OK);
      await client.exchange('MULTI', OK);
      await client.exchange('EXEC', '*0\r\n');
    }
    assert.equal((await client.ask('CLIENT', 'INFO'))?.toString().includes('flags=N'), true);
  });
});

test('a watched key that expires makes EXEC fail; one that had expired before does not', async () => {
  let now = 1_800_000_000_000;
  const clock = { wallMs: () => now, monotonicMs: () => performance.now() };
  await withNode({ clock }, async (node) => {
    const [watcher, other] = [await node.connect(), await node.connect()];
    await other.exchange('SET k 1 PX 50', OK);
    await watcher.exchange('WATCH k', OK);
    now += 100;
    await watcher.exchange('MULTI', OK);
    await watcher.exchange('EXEC', '*-1\r\n');

    await other.exchange('SET k 1 PX 50', OK);
    now += 100;
    await watcher.exchange('WATCH k', OK);
    await other.exchange('GET k', '$-1\r\n');
    await watcher.exchange('MULTI', OK);
    await watcher.exchange('EXEC', '*0\r\n');
  });
});

test('eviction of a watched key makes EXEC fail', async () => {
  await withNode({ maxMemoryBytes: 2 ** 21 }, async (node) => {
    const [watcher, other] = [await node.connect(), await node.connect()];
    await other.exchange('SET k 1', OK);
    await watcher.exchange('WATCH k', OK);
    const value = 'x'.repeat(10_000);
    for (let i = 0; node.inside.store.stats.evicted === 0; i++) await other.ask('SET', `filler-${i}`, value);
    await watcher.exchange('MULTI', OK);
    await watcher.exchange('EXEC', '*-1\r\n');
  });
});

test('a closed connection leaves no watch behind', async () => {
  await withNode({}, async (node) => {
    const [watcher, other] = [await node.connect(), await node.connect()];
    await watcher.exchange('WATCH a b c', OK);
    watcher.close();
    while (node.running.traffic().clients > 1) await other.exchange('PING', '+PONG\r\n');
    await other.exchange('SET a 1', OK);
    await other.quiet();
  });
});

test('pushes to the client at work stand behind the reply of EXEC, not within it', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await resp3(client);
    await client.exchange('SUBSCRIBE x', '>3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n');
    await client.exchange('MULTI', OK);
    await client.exchange('PUBLISH x m', QUEUED);
    await client.exchange('PING', QUEUED);
    await client.exchange('EXEC', '*2\r\n:1\r\n+PONG\r\n', '>3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\nm\r\n');
    await client.exchange('PUBLISH x n', '>3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\nn\r\n', ':1\r\n');
  });
});

test('a client that kills itself within EXEC hears nothing of what follows', async () => {
  await withNode({}, async (node) => {
    const [client, other] = [await node.connect(), await node.connect()];
    await client.exchange('MULTI', OK);
    await client.exchange('CLIENT KILL ID 1 SKIPME no', '+QUEUED\r\n');
    await client.exchange('SET k 1', '+QUEUED\r\n');
    client.send('EXEC');
    assert.equal(await client.closed(), '*2\r\n:1\r\n');
    await other.exchange('GET k', '$1\r\n1\r\n');
  });
});

test('a transaction that grows without end is closed at the limit of the query buffer', async () => {
  await withNode({ maxQueryBytes: 2 ** 20 }, async (node) => {
    const client = await node.connect();
    client.send('MULTI');
    const request = encode(['SET', 'k', 'x'.repeat(1000)]);
    for (let i = 0; i < 3000; i++) client.write(request);
    await client.closed();
    assert.match(node.logged.join(), /query buffer/);
    const other = await node.connect();
    await other.exchange('GET k', '$-1\r\n');
    assert.equal(node.inside.limits.clientsBytes, 0);
  });
});
