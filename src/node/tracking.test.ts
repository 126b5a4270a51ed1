import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encode,
  eventually,
  resp3,
  type TestClient,
  type TestNode,
  withNode,
} from './test-client.testkit.js';

const OK = '+OK\r\n';
const EVERYTHING = '>2\r\n$10\r\ninvalidate\r\n_\r\n';

function invalidate(...keys: readonly string[]): string {
  const items = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('');
  return `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${items}`;
}

/** A RESP3 client that tracks, and an ordinary one. */
async function pair(node: TestNode, options = ''): Promise<[tracker: TestClient, other: TestClient]> {
  const [tracker, other] = [await node.connect(), await node.connect()];
  await resp3(tracker);
  await tracker.exchange(`CLIENT TRACKING ON${options === '' ? '' : ` ${options}`}`, OK);
  return [tracker, other];
}

test('a read key is invalidated once, by whoever changes it', async () => {
  await withNode({}, async (node) => {
    const [tracker, other] = await pair(node);
    for (const change of [
      'SET k 1',
      'INCR k',
      'DEL k',
      'SETEX k 100 1',
      'EXPIRE k 50',
      'PERSIST k',
      'GETDEL k',
    ]) {
      await tracker.ask('GET', 'k');
      await other.ask(...change.split(' '));
      await tracker.expect(invalidate('k'));
      await other.ask(...change.split(' '));
    }
    await tracker.quiet();
  });
});

test('a read of a missing key is tracked, and so is every key of MGET, EXISTS, TTL', async () => {
  await withNode({}, async (node) => {
    const [tracker, other] = await pair(node);
    for (const read of ['MGET a b a', 'EXISTS a b', 'STRLEN a']) {
      await tracker.ask(...read.split(' '));
      await other.exchange('MSET a 1 b 2', OK);
      await tracker.expect(invalidate('a'));
      if (read.includes('b')) await tracker.expect(invalidate('b'));
      await other.exchange('DEL a b', ':2\r\n');
    }
    await tracker.quiet();
  });
});

test('writes are not reads: what was only written is not tracked', async () => {
  await withNode({}, async (node) => {
    const [tracker, other] = await pair(node);
    await tracker.exchange('SET k 1', OK);
    await tracker.exchange('INCR k', ':2\r\n');
    await other.exchange('SET k 2', OK);
    await tracker.quiet();
  });
});

test('its own change is told after the reply, and not at all with NOLOOP', async () => {
  await withNode({}, async (node) => {
    const [tracker, other] = await pair(node);
    await tracker.exchange('GET k', '_\r\n');
    await tracker.exchange('SET k 1', OK, invalidate('k'));
    await tracker.exchange('GET k', '$1\r\n1\r\n');
    await tracker.exchange('MULTI', OK);
    await tracker.exchange('SET k 2', '+QUEUED\r\n');
    await tracker.exchange('GET k', '+QUEUED\r\n');
    await tracker.exchange('EXEC', '*2\r\n', OK, '$1\r\n2\r\n', invalidate('k'));
    await tracker.exchange('CLIENT TRACKING ON NOLOOP', OK);
    await tracker.exchange('GET k', '$1\r\n2\r\n');
    await tracker.exchange('SET k 3', OK);
    await other.exchange('SET k 4', OK);
    await tracker.quiet();
  });
});

test('FLUSHALL, FLUSHDB and SWAPDB invalidate everything', async () => {
  await withNode({}, async (node) => {
    const [tracker, other] = await pair(node);
    for (const change of ['FLUSHALL', 'FLUSHDB', 'SWAPDB 0 1']) {
      await other.exchange(change, OK);
      await tracker.expect(EVERYTHING);
    }
    await tracker.exchange('FLUSHALL', OK, EVERYTHING);
  });
});

test('expiry and eviction invalidate', async () => {
  let now = 1_800_000_000_000;
  const clock = { wallMs: () => now, monotonicMs: () => performance.now() };
  await withNode({ clock, maxMemoryBytes: 2 ** 21 }, async (node) => {
    const [tracker, other] = await pair(node);
    await other.exchange('SET lazy 1 PX 50', OK);
    await other.exchange('SET active 1 PX 50', OK);
    await other.exchange('SET old 1', OK);
    await tracker.exchange('MGET lazy active old', '*3\r\n', '$1\r\n1\r\n'.repeat(3));
    now += 100;
    await other.exchange('GET lazy', '$-1\r\n');
    await tracker.expect(invalidate('lazy'));
    node.inside.cron.tick();
    await tracker.expect(invalidate('active'));
    const value = 'x'.repeat(10_000);
    for (let i = 0; node.inside.store.stats.evicted === 0; i++) await other.ask('SET', `filler-${i}`, value);
    await tracker.expect(invalidate('old'));
  });
});

test('OPTIN tracks what follows CLIENT CACHING YES, a transaction as a whole; OPTOUT the others', async () => {
  await withNode({}, async (node) => {
    const [tracker, other] = await pair(node, 'OPTIN');
    await tracker.exchange('GET k', '_\r\n');
    await other.exchange('SET k 1', OK);
    await tracker.exchange('CLIENT CACHING YES', OK);
    await tracker.exchange('GET k', '$1\r\n1\r\n');
    await other.exchange('SET k 2', OK);
    await tracker.expect(invalidate('k'));
    await tracker.exchange('CLIENT CACHING YES', OK);
    await tracker.exchange('MULTI', OK);
    await tracker.exchange('GET k', '+QUEUED\r\n');
    await tracker.exchange('EXEC', '*1\r\n$1\r\n2\r\n');
    await other.exchange('SET k 3', OK);
    await tracker.expect(invalidate('k'));
    for (const between of ['PING', 'NOSUCH']) {
      await tracker.exchange('CLIENT CACHING YES', OK);
      await tracker.ask(between);
      await tracker.exchange('GET k', '$1\r\n3\r\n');
    }
    await other.exchange('SET k 3', OK);
    await tracker.quiet();

    await tracker.exchange('CLIENT TRACKING OFF', OK);
    await tracker.exchange('CLIENT TRACKING ON OPTOUT', OK);
    await tracker.exchange('CLIENT CACHING NO', OK);
    await tracker.exchange('GET k', '$1\r\n3\r\n');
    await other.exchange('SET k 4', OK);
    await tracker.exchange('GET k', '$1\r\n4\r\n');
    await other.exchange('SET k 5', OK);
    await tracker.expect(invalidate('k'));
  });
});

test('BCAST tells of all keys below the prefixes, once per event, sorted', async () => {
  await withNode({}, async (node) => {
    const [tracker, other] = await pair(node, 'BCAST PREFIX a PREFIX b');
    await other.exchange('MSET b2 1 a1 1 a0 2 zz 1', OK);
    await tracker.expect(invalidate('a0', 'a1'), invalidate('b2'));
    other.write(encode(['SET', 'a1', '1']) + encode(['SET', 'a2', '1']) + encode(['SET', 'a1', '2']));
    await other.expect(OK, OK, OK);
    await tracker.expect(invalidate('a1', 'a2'));
    await tracker.exchange('SET a1 7', OK, invalidate('a1'));
    await tracker.exchange('CLIENT TRACKING ON BCAST NOLOOP', OK);
    await tracker.exchange('SET a1 8', OK);
    await other.exchange('SET c 1', OK);
    await tracker.expect(invalidate('c'));
    assert.equal(node.inside.tracking.table.keys, 0);
    tracker.close();
    while (node.inside.tracking.prefixCount > 0) await other.exchange('SET a1 1', OK);
    await other.quiet();
  });
});

test('REDIRECT sends to another connection: as pushes, or to a RESP2 subscriber as messages', async () => {
  await withNode({}, async (node) => {
    const [reader, receiver, other] = [await node.connect(), await node.connect(), await node.connect()];
    const id = Number(await receiver.ask('CLIENT', 'ID'));
    await receiver.exchange(
      'SUBSCRIBE __redis__:invalidate',
      '*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n',
    );
    await reader.exchange(`CLIENT TRACKING ON REDIRECT ${id}`, OK);
    await reader.exchange('CLIENT GETREDIR', `:${id}\r\n`);
    const message = '*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n';
    await reader.exchange('GET k', '$-1\r\n');
    await other.exchange('SET k 1', OK);
    await receiver.expect(message, '*1\r\n$1\r\nk\r\n');
    await other.exchange('FLUSHALL', OK);
    await receiver.expect(message, '$-1\r\n');
    receiver.close();
    while (node.running.traffic().clients > 2) await other.exchange('PING', '+PONG\r\n');

    // Who is gone gets nothing; a RESP3 reader is told so.
    await resp3(reader);
    await reader.exchange('GET k', '_\r\n');
    await other.exchange('SET k 2', OK);
    await reader.expect(`>2\r\n$21\r\ntracking-redir-broken\r\n:${id}\r\n`);
    const info = (await reader.ask('CLIENT', 'TRACKINGINFO')) as { items: unknown[] };
    assert.match(JSON.stringify(info), /broken_redirect/);
  });
});

test('who is sent the invalidations of others hears of what it does itself after the reply, not inside of it', async () => {
  await withNode({}, async (node) => {
    const [reader, receiver] = [await node.connect(), await node.connect()];
    await resp3(receiver);
    const id = Number(await receiver.ask('CLIENT', 'ID'));
    await reader.exchange(`CLIENT TRACKING ON REDIRECT ${id}`, OK);
    await reader.exchange('MGET a b', '*2\r\n$-1\r\n$-1\r\n');
    const told = (key: string): string => `>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\n${key}\r\n`;
    await receiver.exchange('DEL a b', `:0\r\n`);
    await receiver.exchange('MSET a 1 b 2', OK);
    await receiver.expect(told('a'), told('b'));
  });
});

test('a RESP2 client without REDIRECT hears nothing', async () => {
  await withNode({}, async (node) => {
    const [client, other] = [await node.connect(), await node.connect()];
    await client.exchange('CLIENT TRACKING ON', OK);
    await client.exchange('GET k', '$-1\r\n');
    await other.exchange('SET k 1', OK);
    await client.exchange('SET k 2', OK);
    await client.quiet();
  });
});

/** Options that CLIENT TRACKING refuses, after which others were set. */
const refused: readonly [before: string, wanted: string, error: string][] = [
  ['', 'MAYBE', 'ERR syntax error'],
  ['', 'ON NOSUCH', 'ERR syntax error'],
  ['', 'ON REDIRECT', 'ERR syntax error'],
  ['', 'ON REDIRECT abc', 'ERR value is not an integer or out of range'],
  ['', 'ON REDIRECT 999', 'ERR The client ID you want redirect to does not exist'],
  ['', 'ON PREFIX a', 'ERR PREFIX option requires BCAST mode to be enabled'],
  ['', 'ON BCAST OPTIN', 'ERR OPTIN and OPTOUT are not compatible with BCAST'],
  ['', 'ON OPTIN OPTOUT', "ERR You can't specify both OPTIN mode and OPTOUT mode"],
  [
    'ON',
    'ON BCAST',
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
  ],
  [
    'ON OPTIN',
    'ON OPTOUT',
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
  ],
  [
    '',
    'ON BCAST PREFIX a PREFIX ab',
    "ERR Prefix 'a' overlaps with another provided prefix 'ab'. Prefixes for a single client must not overlap.",
  ],
  [
    'ON BCAST PREFIX a',
    'ON BCAST PREFIX ac',
    "ERR Prefix 'ac' overlaps with an existing prefix 'a'. Prefixes for a single client must not overlap.",
  ],
];

test('CLIENT TRACKING refuses what makes no sense', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    for (const [before, wanted, error] of refused) {
      await client.exchange('RESET', '+RESET\r\n');
      if (before !== '') await client.exchange(`CLIENT TRACKING ${before}`, OK);
      await client.exchange(`CLIENT TRACKING ${wanted}`, `-${error}\r\n`);
    }
    await client.exchange('RESET', '+RESET\r\n');
    await client.exchange(
      'CLIENT CACHING YES',
      '-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled\r\n',
    );
    await client.exchange('CLIENT TRACKING ON OPTIN', OK);
    await client.exchange(
      'CLIENT CACHING NO',
      '-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.\r\n',
    );
    await client.exchange('CLIENT CACHING YES', OK);
    await client.exchange(
      'CLIENT TRACKINGINFO',
      '*6\r\n$5\r\nflags\r\n*3\r\n$2\r\non\r\n$5\r\noptin\r\n$11\r\ncaching-yes\r\n$8\r\nredirect\r\n:0\r\n$8\r\nprefixes\r\n*0\r\n',
    );
  });
});

test('CLIENT CACHING holds for the read that follows, also if it is paused or tracking is asked for again', async () => {
  const clock = { now: 1000, wallMs: () => 1_800_000_000_000, monotonicMs: () => clock.now };
  await withNode({ clock }, async (node) => {
    const [tracker, other] = await pair(node, 'OPTIN');
    await tracker.exchange('CLIENT CACHING YES', OK);
    await tracker.exchange('CLIENT TRACKING ON OPTIN', OK);
    await tracker.exchange('GET k', '_\r\n');
    await other.exchange('SET k 1', OK);
    await tracker.expect(invalidate('k'));
    await tracker.exchange('CLIENT CACHING YES', OK);
    await other.exchange('CLIENT PAUSE 5000', OK);
    tracker.send('GET', 'k');
    await eventually(() => node.inside.pauses.waitingCount === 1, 'the read waits');
    clock.now += 5000;
    node.inside.cron.tick();
    await tracker.expect('$1\r\n1\r\n');
    await other.exchange('SET k 2', OK);
    await tracker.expect(invalidate('k'));
  });
});

test('prefixes are bounded, and what they take is accounted', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const track = async (...prefixes: readonly string[]): Promise<string> => {
      const options = prefixes.flatMap((prefix) => ['PREFIX', prefix]);
      return JSON.stringify(await client.ask('CLIENT', 'TRACKING', 'ON', 'BCAST', ...options));
    };
    const many = Array.from({ length: 4096 }, (_, i) => `${i}:`);
    const before = node.inside.limits.clientsBytes;
    assert.match(await track(...many, 'one more'), /A client can have at most 4096 prefixes/);
    assert.match(await track('x'.repeat(65_537)), /PREFIX is longer than 65536 bytes/);
    const long = Array.from({ length: 17 }, (_, i) => `${i}:${'x'.repeat(65_000)}`);
    assert.match(await track(...long), /together at most 1048576 bytes/);
    assert.equal(node.inside.limits.clientsBytes, before);
    assert.equal(await track(...long.slice(1)), '"OK"');
    assert.ok(node.inside.limits.clientsBytes > before + 1_000_000);
    await client.exchange('CLIENT TRACKING OFF', OK);
    assert.equal(node.inside.limits.clientsBytes, before);
    assert.equal(await track(...many), '"OK"');
    assert.equal(node.inside.tracking.prefixCount, many.length);
    assert.match(await track('one more'), /A client can have at most 4096 prefixes/);
    const others = await node.connect();
    await others.exchange('CLIENT TRACKING ON BCAST', OK);
    client.close();
    await eventually(() => node.inside.tracking.prefixCount === 1, 'they go with their client');
  });
});

test('a full table invalidates what was read longest ago, and no read is lost', async () => {
  await withNode({ trackingTableBytes: 2 ** 20 }, async (node) => {
    const [tracker, other] = await pair(node);
    const count = 5000;
    const name = (i: number): string => `${'x'.repeat(400)}-${i}`;
    const told = new Set<string>();
    for (let start = 0; start < count; start += 1000) {
      const requests = Array.from({ length: 1000 }, (_, i) => encode(['GET', name(start + i)]));
      tracker.write(requests.join(''));
      for (let i = 0; i < 1000; i++) assert.equal(await replyAfterPushes(tracker, told), null);
    }
    tracker.send('ECHO', 'end');
    assert.equal(await replyAfterPushes(tracker, told), 'end');
    const { table } = node.inside.tracking;
    assert.ok(table.usedBytes <= 2 ** 20 && told.size > 0, 'the table is full');
    assert.equal(table.keys + told.size, count, 'every key is in the table or was invalidated');
    assert.ok(!told.has(name(count - 1)) && told.has(name(0)), 'the oldest go first');
    assert.equal(node.inside.store.externalBytes, table.usedBytes, 'the table counts in the budget');
    await other.exchange(`SET ${name(count - 1)} 1`, OK);
    await tracker.expect(invalidate(name(count - 1)));
    tracker.close();
    while (node.running.traffic().clients > 1) await other.exchange('PING', '+PONG\r\n');
    assert.equal(table.keys, 0, 'nobody tracks: the table is empty');
    assert.equal(node.inside.store.externalBytes, 0);
  });
});

/** The next reply that is no push; the keys of pushes are noted. */
async function replyAfterPushes(client: TestClient, told: Set<string>): Promise<unknown> {
  for (;;) {
    const reply = await client.reply();
    const items = (reply as { items?: unknown[] } | null)?.items;
    if (items === undefined) return reply;
    for (const key of items[1] as string[]) told.add(key);
  }
}
