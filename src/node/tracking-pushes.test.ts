/** LEASE.PUSHES: how many invalidations a connection was sent, counted where the answer stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReplyError, ReplyPush } from '../resp/index.js';
import { encode, resp3, type TestClient, type TestNode, withNode } from './test-client.testkit.js';

const OK = '+OK\r\n';

async function tracker(node: TestNode, options = ''): Promise<TestClient> {
  const client = await node.connect();
  await resp3(client);
  await client.exchange(`CLIENT TRACKING ON${options}`, OK);
  return client;
}

/** What the node says it has sent; all of it is read. */
async function sent(client: TestClient): Promise<unknown> {
  client.send('LEASE.PUSHES');
  for (;;) {
    const reply = await client.reply();
    if (!(reply instanceof ReplyPush)) return reply;
  }
}

test('each message counts once, whatever it names', async () => {
  await withNode({}, async (node) => {
    const [reads, hears, other] = [await tracker(node), await tracker(node, ' BCAST'), await node.connect()];
    assert.equal(await sent(reads), 0);
    await reads.exchange('MGET a b', '*2\r\n_\r\n_\r\n');
    await other.exchange('MSET a 1 b 2', OK);
    assert.equal(await sent(reads), 2, 'a message per key that was read');
    assert.equal(await sent(hears), 1, 'one message with both keys');
    await other.exchange('FLUSHALL', OK);
    assert.equal(await sent(reads), 3, 'everything is one message');
    assert.equal(await sent(hears), 2);
    await other.exchange('SET a 2', OK);
    assert.equal(await sent(reads), 3, 'it was told of that key, and has not read it since');
    assert.equal(await sent(other), 0, 'a connection that is told nothing');
  });
});

test('its own changes count if it is told of them', async () => {
  await withNode({}, async (node) => {
    const [loud, quiet] = [await tracker(node), await tracker(node, ' NOLOOP')];
    for (const [client, told] of [
      [loud, 1],
      [quiet, 0],
    ] as const) {
      await client.ask('GET', 'k');
      await client.ask('SET', 'k', '1');
      assert.equal(await sent(client), told);
    }
  });
});

test('what is redirected counts for the connection that it goes to', async () => {
  await withNode({}, async (node) => {
    const [target, reader, other] = [await node.connect(), await node.connect(), await node.connect()];
    await resp3(target);
    const id = String(await target.ask('CLIENT', 'ID'));
    await reader.exchange(`CLIENT TRACKING ON REDIRECT ${id}`, OK);
    await reader.exchange('GET k', '$-1\r\n');
    await other.exchange('SET k 1', OK);
    assert.equal(await sent(target), 1);
    assert.equal(await sent(reader), 0);
  });
});

test('what could not be written counts, so that it is missed; and the count lasts as long as the connection', async () => {
  await withNode({}, async (node) => {
    const [client, other] = [await tracker(node), await node.connect()];
    await client.ask('HELLO', '2');
    await client.exchange('GET k', '$-1\r\n');
    await other.exchange('SET k 1', OK);
    await resp3(client);
    await client.exchange('LEASE.PUSHES', ':1\r\n');
    await client.exchange('CLIENT TRACKING OFF', OK);
    await client.exchange('RESET', '+RESET\r\n');
    await client.exchange('LEASE.PUSHES', ':1\r\n');
    const next = await tracker(node);
    await next.exchange('LEASE.PUSHES', ':0\r\n');
  });
});

test('within a transaction it is refused: pushes wait for the end of EXEC', async () => {
  await withNode({}, async (node) => {
    const client = await tracker(node);
    await client.exchange('MULTI', OK);
    assert.ok((await client.ask('LEASE.PUSHES')) instanceof ReplyError);
    assert.ok((await client.ask('EXEC')) instanceof ReplyError);
  });
});

const ASKS = 'ECHO count|LEASE.PUSHES';
const commands = fc.constantFrom(
  ASKS,
  ASKS,
  'GET a',
  'MGET a b c',
  'SET a 1',
  'MSET a 1 b 2 c 3',
  'DEL b',
  'FLUSHALL',
  'LEASE.GET c',
  'MULTI|GET a|SET a 1|DEL c|EXEC',
  'CLIENT REPLY SKIP|SET a 2',
);
const mode = fc.constantFrom('', ' NOLOOP', ' OPTOUT', ' BCAST', ' BCAST PREFIX a PREFIX b');

/** A connection that compares each count it is told with what it has read before it. */
class Counting {
  readonly #client: TestClient;
  #read = 0;

  constructor(client: TestClient) {
    this.#client = client;
  }

  async run(lines: readonly string[]): Promise<void> {
    const words = [...lines, ASKS, 'ECHO end'].flatMap((line) => line.split('|'));
    // One write is one event of the node.
    this.#client.write(words.map((line) => encode(line.split(' '))).join(''));
    for (let reply = await this.#next(); reply !== 'end'; reply = await this.#next()) {
      if (reply === 'count') assert.equal(await this.#next(), this.#read);
    }
  }

  async #next(): Promise<unknown> {
    for (;;) {
      const reply = await this.#client.reply();
      if (!(reply instanceof ReplyPush)) return reply;
      if (reply.items[0] === 'invalidate') this.#read++;
    }
  }

  close(): void {
    this.#client.close();
  }
}

test('at any place in the stream the answer is how many stand before it', async () => {
  const steps = fc.array(fc.tuple(fc.nat(2), fc.array(commands, { maxLength: 6 })), { maxLength: 12 });
  await withNode({}, async (node) => {
    const property = fc.asyncProperty(fc.tuple(mode, mode, mode), steps, async (modes, script) => {
      const trackers = await Promise.all(
        modes.map(async (options) => new Counting(await tracker(node, options))),
      );
      for (const [who, lines] of script) await trackers[who].run(lines);
      for (const each of trackers) await each.run([]);
      for (const each of trackers) each.close();
    });
    await fc.assert(property, { numRuns: 60 });
  });
});
