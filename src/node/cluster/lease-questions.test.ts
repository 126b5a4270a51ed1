/** How often the lease is asked for: never for many writes at once that may take longer than it has of slack. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../test-client.testkit.js';
import { withMember } from './member.testkit.js';
import { ShardStore } from './shard-store.js';

const OK = '+OK\r\n';

test('again within a long pipeline', async () => {
  await withMember({}, async (node) => {
    const client = await node.connect();
    const writes = 1_000;
    const before = node.member.leaseQuestions;
    client.write(encode(['SET', 'bar', '1']).repeat(writes));
    await client.expect(OK.repeat(writes));
    const questions = node.member.leaseQuestions - before;
    assert.ok(questions >= writes / 64 && questions < writes / 2, `${questions} questions`);
  });
});

test('again behind whatever may have taken long', async () => {
  await withMember({}, async (node) => {
    const client = await node.connect();
    const inOneGo = async (lines: readonly string[], replies: readonly string[]): Promise<void> => {
      client.write(lines.map((line) => encode(line.split(' '))).join(''));
      await client.expect(...replies);
    };
    const { member } = node;
    let before = member.leaseQuestions;
    await inOneGo(['SET bar 1', 'KEYS nothing', 'SET bar 2'], [OK, '*0\r\n', OK]);
    assert.ok(member.leaseQuestions - before >= 3, 'by each write, and before the replies leave');
    before = member.staleQuestions;
    await inOneGo(['GET bar', 'KEYS nothing', 'GET bar'], ['$1\r\n2\r\n', '*0\r\n', '$1\r\n2\r\n']);
    assert.ok(member.staleQuestions - before >= 2, 'by each read');
  });
});

test('again behind a large request, wherever it is large', async () => {
  await withMember({}, async (node) => {
    const client = await node.connect();
    const { member } = node;
    const large = encode(['SET', 'bar', 'x'.repeat(300_000), 'EX', '9']);
    const before = member.leaseQuestions;
    client.write(large + encode(['SET', 'bar', '1']).repeat(2));
    await client.expect(OK, OK, OK);
    assert.ok(member.leaseQuestions - before >= 3, 'by it, behind it, and before the replies leave');
  });
});

test('again behind each change of a large value, which may be copied whole for the replicas', async () => {
  await withMember({}, async (node) => {
    new ShardStore(node.inside, 2 ** 20).lead(() => {});
    const client = await node.connect();
    const { member } = node;
    const questionsOf = async (length: number, ...change: string[]): Promise<number> => {
      await client.ask('SET', 'bar', 'x'.repeat(length));
      const before = member.leaseQuestions;
      client.write(encode(change).repeat(10));
      await client.expect(`:${length}\r\n`.repeat(10));
      return member.leaseQuestions - before;
    };
    assert.equal(await questionsOf(100, 'APPEND', 'bar', ''), 2, 'once, and before the replies leave');
    assert.equal(await questionsOf(100_000, 'APPEND', 'bar', ''), 11);
  });
});

test('a transaction is done whole: it is asked for before the first command and before the reply leaves', async () => {
  await withMember({}, async (node) => {
    const client = await node.connect();
    const { member } = node;
    await client.exchange('MULTI', OK);
    for (let i = 0; i < 100; i++) await client.exchange(`SET bar ${i}`, '+QUEUED\r\n');
    const before = member.leaseQuestions;
    await client.exchange('EXEC', `*100\r\n${OK.repeat(100)}`);
    assert.equal(member.leaseQuestions - before, 2);
  });
});
