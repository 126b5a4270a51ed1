import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode, eventually, resp3, type TestClient } from '../test-client.testkit.js';
import { type MemberNode, type p, r, twoShards, withMember } from './member.testkit.js';

const OK = '+OK\r\n';
const UNCERTAIN =
  '-UNCERTAIN the write was done here, but this node lost its lease before its replicas confirmed it: it may or may not last\r\n';

/** Nothing is confirmed unless the test says so. */
function withReplica(body: (node: MemberNode) => Promise<void>): Promise<void> {
  return withMember({}, async (node) => {
    node.member.confirmedUpTo = 0;
    await body(node);
  });
}

/** Sends requests in one go, and waits until they are executed. */
async function pipeline(node: MemberNode, client: TestClient, ...requests: readonly string[]): Promise<void> {
  const before = node.inside.commandCount;
  client.write(requests.map((line) => encode(line.split(' '))).join(''));
  await eventually(() => node.inside.commandCount >= before + requests.length, 'all are executed');
}

describe('replies to what takes something away', () => {
  test('come when all have it, and everything later on that connection behind them', async () => {
    await withReplica(async (node) => {
      const one = await node.connect();
      const other = await node.connect();
      await pipeline(node, one, 'SET bar 1', 'GET bar', 'DEL bar', 'GET bar', 'PING');
      await one.expect(OK, '$1\r\n1\r\n');
      // Others go on, also with the same key.
      await other.exchange('GET bar', '$-1\r\n');
      assert.equal(node.inside.gate?.held.sessionCount, 1);
      node.member.confirm();
      await one.expect(':1\r\n', '$-1\r\n', '+PONG\r\n');
      assert.equal(node.inside.gate?.held.sessionCount, 0);
    });
  });

  test('come also to a client that says no more, which is closed then', async () => {
    await withReplica(async (node) => {
      const client = await node.connect();
      await pipeline(node, client, 'DEL bar', 'PING');
      client.socket.end();
      const { sessions } = node.inside;
      await eventually(() => [...sessions.all()].some((one) => one.closeAfterReply), 'its end was heard');
      node.member.confirm();
      assert.equal(await client.closed(), ':0\r\n+PONG\r\n');
    });
  });

  test('each goes when its own offset is confirmed', async () => {
    await withReplica(async (node) => {
      const client = await node.connect();
      await pipeline(node, client, 'DEL bar', 'PING', 'SET bar 1', 'DEL bar', 'PING', 'DEL bar');
      node.member.confirm(1);
      await client.expect(':0\r\n', '+PONG\r\n', OK);
      node.member.confirm(3);
      await client.expect(':1\r\n', '+PONG\r\n');
      node.member.confirm(4);
      await client.expect(':0\r\n');
    });
  });

  const takers = [
    'DEL bar',
    'UNLINK bar',
    'GETDEL bar',
    'DELIFEQ bar 1',
    'RENAME bar {bar}2',
    'RENAMENX bar {bar}2',
    'EXPIRE bar 100',
    'PEXPIRE bar 100000',
    'EXPIREAT bar 33333333333',
    'PEXPIREAT bar 33333333333333',
    'GETEX bar EX 100',
    'BITOP AND bar {bar}nothing',
    'FLUSHALL',
    'FLUSHDB',
    'LEASE.EXPIRE bar',
    'LEASE.FILL bar * v',
    'LEASE.VOID b',
    'LEASE.GET bar WRITE',
    'DEL {bar}nothing',
    'GETDEL {bar}nothing',
  ] as const;
  for (const taker of takers) {
    test(`${taker} waits`, async () => {
      await withReplica(async (node) => {
        const client = await node.connect();
        await client.exchange('SET bar 1', OK);
        await pipeline(node, client, taker);
        assert.equal(node.inside.gate?.held.sessionCount, 1);
        node.member.confirm(node.member.offset - 1);
        assert.equal(node.inside.gate?.held.sessionCount, 1);
        node.member.confirm();
        assert.equal(node.inside.gate?.held.sessionCount, 0);
        assert.notEqual(await client.reply(), undefined);
      });
    });
  }

  test('what replaces or adds does not wait, nor what is refused', async () => {
    await withReplica(async (node) => {
      const client = await node.connect();
      await client.exchange('SET bar 1', OK);
      await client.exchange('INCR bar', ':2\r\n');
      await client.exchange('PERSIST bar', ':0\r\n');
      await client.exchange('GETEX bar', '$1\r\n2\r\n');
      const [status] = (await client.ask('LEASE.GET', '{bar}1')) as string[];
      assert.equal(status, 'load');
      await client.exchange('RENAME {bar}none {bar}2', '-ERR no such key\r\n');
      await client.exchange('EXPIRE bar x', '-ERR value is not an integer or out of range\r\n');
    });
  });

  test('ack-writes replica: all wait but who fills what it loads', async () => {
    await withReplica(async (node) => {
      const client = await node.connect();
      await client.exchange('CONFIG SET ack-writes replica', OK);
      await client.exchange('CONFIG GET ack-writes', '*2\r\n$10\r\nack-writes\r\n$7\r\nreplica\r\n');
      const [, token] = (await client.ask('LEASE.GET', 'bar')) as string[];
      await client.exchange(`LEASE.FILL bar ${token} v`, ':1\r\n');
      await pipeline(node, client, 'SET bar 1');
      assert.equal(node.inside.gate?.held.sessionCount, 1);
      node.member.confirm();
      await client.expect(OK);
    });
  });

  test('whoever waits for more than is confirmed is not looked at', async () => {
    await withReplica(async (node) => {
      const [one, other] = [await node.connect(), await node.connect()];
      await pipeline(node, one, 'DEL bar');
      const { offset } = node.member;
      await pipeline(node, other, 'DEL bar');
      const before = node.member.leaseQuestions;
      node.member.confirm(offset);
      assert.equal(node.member.leaseQuestions, before + 1);
      await one.expect(':0\r\n');
      node.member.confirm();
      await other.expect(':0\r\n');
    });
  });

  test('a transaction that takes something away waits as a whole', async () => {
    await withReplica(async (node) => {
      const client = await node.connect();
      await pipeline(node, client, 'MULTI', 'SET bar 1', 'DEL bar', 'EXEC', 'PING');
      await client.expect(OK, '+QUEUED\r\n'.repeat(2));
      assert.equal(node.inside.gate?.held.sessionCount, 1);
      node.member.confirm();
      await client.expect('*2\r\n', OK, ':1\r\n', '+PONG\r\n');
      await client.exchange('MULTI', OK);
      await client.exchange('SET bar 1', '+QUEUED\r\n');
      await client.exchange('EXEC', '*1\r\n', OK);
    });
  });

  test('muted replies hold nothing up', async () => {
    await withReplica(async (node) => {
      const client = await node.connect();
      client.send('CLIENT', 'REPLY', 'SKIP');
      client.send('DEL', 'bar');
      await client.exchange('PING', '+PONG\r\n');
      client.send('CLIENT', 'REPLY', 'OFF');
      client.send('DEL', 'bar');
      client.send('DEL', 'bar');
      await client.exchange('CLIENT REPLY ON', OK);
    });
  });

  test('whoever was sent all that waited together with a push goes on', async () => {
    await withMember({ outputPauseBytes: 1_000 }, async (node) => {
      node.member.confirmedUpTo = 0;
      const client = await node.connect();
      await resp3(client);
      await client.exchange('SUBSCRIBE news', '>3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n');
      const text = 'x'.repeat(600);
      await client.exchange(`SET bar ${text}`, OK);
      await pipeline(node, client, 'DEL {bar}1', 'GET bar', 'GET bar');
      client.write(encode(['GET', 'bar']));
      const other = await node.connect();
      // It is confirmed, and before anybody is told of that something else happens.
      node.member.confirmedUpTo = node.member.offset;
      await other.exchange('PUBLISH news hello', ':1\r\n');
      node.member.confirm();
      const value = `$600\r\n${text}\r\n`;
      await client.expect(':0\r\n', value, value);
      await client.expect('>3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n', value);
    });
  });

  test('whoever goes on in another epoch is granted its leases', async () => {
    await withMember({ outputPauseBytes: 1_000 }, async (node) => {
      node.member.confirmedUpTo = 0;
      const client = await node.connect();
      const text = 'x'.repeat(600);
      await client.exchange(`SET bar ${text}`, OK);
      await pipeline(node, client, 'DEL {bar}1', 'GET bar', 'GET bar');
      client.send('LEASE.GET', '{bar}2');
      // It waits in the output's turn.
      const other = await node.connect();
      await other.exchange('PING', '+PONG\r\n');
      node.member.become('primary', 2);
      const value = `$600\r\n${text}\r\n`;
      await client.expect(UNCERTAIN, value, value);
      const [status, token] = (await client.reply()) as string[];
      assert.equal(status, 'load');
      await client.exchange(`LEASE.FILL {bar}2 ${token} v`, ':1\r\n');
    });
  });

  test('pushes take their place behind what is held', async () => {
    await withReplica(async (node) => {
      const one = await node.connect();
      await resp3(one);
      await one.exchange('CLIENT TRACKING ON', OK);
      await one.exchange('SUBSCRIBE news', '>3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n');
      const other = await node.connect();
      await pipeline(node, one, 'DEL {bar}gone', 'GET bar');
      await other.exchange('SET bar 2', OK);
      await other.exchange('PUBLISH news hello', ':1\r\n');
      node.member.confirm();
      await one.expect(
        ':0\r\n',
        '_\r\n',
        '>2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nbar\r\n',
        '>3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n',
      );
    });
  });

  test('a client with too much of it executes nothing more until it may go', async () => {
    await withMember({ outputPauseBytes: 1_000 }, async (node) => {
      node.member.confirmedUpTo = 0;
      const client = await node.connect();
      const text = 'x'.repeat(400);
      await client.exchange(`SET bar ${text}`, OK);
      await pipeline(node, client, 'DEL {bar}1', 'GET bar', 'GET bar', 'GET bar');
      client.write(encode(['SET', 'bar', 'later']) + encode(['GET', 'bar']));
      const other = await node.connect();
      await other.exchange('PING', '+PONG\r\n');
      await other.exchange('STRLEN bar', ':400\r\n');
      node.member.confirm();
      await client.expect(':0\r\n', `$400\r\n${text}\r\n`.repeat(3), OK, '$5\r\nlater\r\n');
    });
  });

  test('a client that leaves, or says QUIT, is no burden', async () => {
    await withReplica(async (node) => {
      const gone = await node.connect();
      await pipeline(node, gone, 'DEL bar');
      gone.socket.resetAndDestroy();
      await eventually(() => node.inside.gate?.held.sessionCount === 0, 'nothing of it is held');
      const quitting = await node.connect();
      await pipeline(node, quitting, 'DEL bar', 'QUIT');
      node.member.confirm();
      assert.equal(await quitting.closed(), `:0\r\n${OK}`);
    });
  });
});

describe('when the lease is lost', () => {
  test('what is held becomes UNCERTAIN in its place', async () => {
    await withReplica(async (node) => {
      const client = await node.connect();
      await client.exchange('SET bar 1', OK);
      await pipeline(
        node,
        client,
        'DEL bar',
        'GET bar',
        'SET bar 2',
        'GET bar',
        'MULTI',
        'GET bar',
        'DEL bar',
        'EXEC',
        'PING',
      );
      node.member.loseLease();
      await client.expect(
        UNCERTAIN,
        '$-1\r\n',
        UNCERTAIN,
        '$1\r\n2\r\n',
        OK,
        '+QUEUED\r\n+QUEUED\r\n',
        UNCERTAIN,
        '+PONG\r\n',
      );
    });
  });

  test('a new epoch does not confirm what an older one wrote', async () => {
    await withReplica(async (node) => {
      const client = await node.connect();
      await pipeline(node, client, 'DEL bar');
      node.member.confirmedUpTo = undefined;
      node.member.become('primary', 2, twoShards({ epoch: 2 }, 2));
      await client.expect(UNCERTAIN);
      await client.exchange('DEL bar', ':0\r\n');
    });
  });

  test('nobody need tell: the node looks from time to time', async () => {
    await withReplica(async (node) => {
      const client = await node.connect();
      await pipeline(node, client, 'DEL bar');
      node.member.hasLease = false;
      node.inside.cron.tick();
      await client.expect(UNCERTAIN);
    });
  });

  test('a write whose lease ends before its reply leaves is uncertain too', async () => {
    await withMember({}, async (node) => {
      const client = await node.connect();
      const { member } = node;
      // The lease is there when the write begins, and not any more when its reply is to leave.
      const held = member.holdsLease.bind(member);
      let questions = 0;
      member.holdsLease = () => held() && questions++ === 0;
      client.write(encode(['SET', 'bar', '1']) + encode(['GET', 'bar']) + encode(['INCR', 'bar']));
      await client.expect(UNCERTAIN, '$1\r\n1\r\n', UNCERTAIN);
      member.holdsLease = held;
      await client.exchange('GET bar', '$1\r\n2\r\n');
      const errors = String(await client.ask('INFO', 'errorstats'));
      assert.match(errors, /errorstat_UNCERTAIN:count=2/);
    });
  });

  test('a waiter that is woken by its own write is woken all the same', async () => {
    await withReplica(async (node) => {
      const holder = await node.connect();
      await holder.ask('LEASE.GET', 'bar');
      const client = await node.connect();
      await resp3(client);
      await client.ask('LEASE.GET', 'bar');
      await pipeline(node, client, 'DEL bar');
      node.member.become('replica', 2, twoShards({ epoch: 2, primary: lifeOf(r), replicas: [] }, 2));
      await client.expect(UNCERTAIN, '>3\r\n$5\r\nlease\r\n$3\r\nbar\r\n$5\r\nfreed\r\n');
    });
  });
});

const lifeOf = ({ node, incarnation }: typeof p) => ({ node, incarnation });
