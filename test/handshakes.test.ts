/**
 * What clients send when they connect, replayed: the clients are newer than what a distribution installs, or in languages
 * this project does not run. Each list is one connection, sent in one write as the client does; each reply is what the
 * client's source needs, no more: a field it parses, an error it tolerates.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RawConnection } from './kit/connection.js';
import { type Expected, entries, expectReply, integer, items, text } from './kit/expect.js';
import { encodeRequest, type Reply } from './kit/frames.js';
import { startNuthatch, type TestServer } from './kit/servers.js';

const password = 'secret';
let node: TestServer;
let guarded: TestServer;

before(async () => {
  node = await startNuthatch();
  guarded = await startNuthatch(['--password', password]);
});

after(async () => {
  await node?.stop();
  await guarded?.stop();
});

type Exchange = readonly [request: string, reply: Expected];

const ok = '+OK\r\n';
const unknownMaintenance = "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.\r\n";

const hello =
  (proto: 2 | 3): Expected =>
  (reply) => {
    assert.equal(reply.type, proto === 3 ? '%' : '*');
    const fields = entries(reply);
    assert.equal(text(fields.get('server')), 'redis');
    const [major, minor] = text(fields.get('version')).split('.').map(Number);
    assert.ok(major > 7 || (major === 7 && minor >= 4), 'tracking of redis-py needs 7.4');
    assert.equal(integer(fields.get('proto'), 2, 3), proto);
    integer(fields.get('id'), 1, Number.MAX_SAFE_INTEGER);
    assert.equal(text(fields.get('mode')), 'standalone');
    assert.equal(text(fields.get('role')), 'master');
    assert.deepEqual(items(fields.get('modules') as Reply), []);
  };

const info =
  (...fields: string[]): Expected =>
  (reply) => {
    const lines = text(reply).split('\r\n');
    for (const field of fields)
      assert.ok(
        lines.some((line) => line.startsWith(`${field}:`)),
        `INFO has ${field}`,
      );
    assert.ok(!lines.includes('loading:1'));
  };

/** All 16384 slots, each range with a node array of 3 or 4 whose slots and port are integers. */
const slots: Expected = (reply) => {
  let next = 0;
  for (const range of items(reply)) {
    const [first, last, ...nodes] = items(range);
    assert.equal(integer(first, 0, 16383), next, 'no hole');
    next = integer(last, next, 16383) + 1;
    assert.ok(nodes.length >= 1);
    for (const described of nodes) {
      const [ip, port, id] = items(described);
      assert.match(text(ip), /^\d+\.\d+\.\d+\.\d+$/);
      assert.equal(integer(port, 1, 65535), node.port);
      assert.match(text(id), /^[0-9a-f]{40}$/);
    }
  }
  assert.equal(next, 16384);
};

const clusterNodes: Expected = (reply) => {
  const lines = text(reply).trimEnd().split('\n');
  for (const line of lines) {
    assert.match(
      line,
      /^[0-9a-f]{40} [\d.]*:\d+@\d+(,\S*)? \S+ (-|[0-9a-f]{40}) \d+ \d+ \d+ (dis)?connected( \S+)*$/,
    );
  }
  assert.equal(lines.filter((line) => line.includes('myself,master')).length, 1);
  assert.ok(lines.some((line) => line.endsWith(' 0-16383')));
};

const clusterInfo: Expected = (reply) => {
  assert.match(text(reply), /^cluster_state:ok\r\n/m);
  assert.match(text(reply), /^cluster_slots_assigned:16384\r\n/m);
};

const shards: Expected = (reply) => {
  const [shard] = items(reply).map(entries);
  assert.deepEqual(
    items(shard.get('slots') as Reply).map((slot) => integer(slot, 0, 16383)),
    [0, 16383],
  );
  const [described] = items(shard.get('nodes') as Reply).map(entries);
  for (const field of ['id', 'ip', 'endpoint', 'role', 'health']) text(described.get(field));
  assert.equal(integer(described.get('port'), 1, 65535), node.port);
  integer(described.get('replication-offset'), 0, Number.MAX_SAFE_INTEGER);
};

/** COMMAND: go-redis takes entries of 6, 7 or 10 elements, ours have 10. */
const commands: Expected = (reply) => {
  assert.ok(items(reply).length >= 90);
  for (const entry of items(reply)) {
    assert.equal(items(entry).length, 10);
    const [name, arity, flags, first, last, step] = items(entry);
    assert.match(text(name), /^(lease\.)?[a-z_]+$/);
    assert.notEqual(integer(arity, -10, 10), 0);
    items(flags);
    for (const position of [first, last, step]) integer(position, -10, 10);
  }
};

const commandDocs: Expected = (reply) => {
  const docs = entries(reply);
  assert.ok(docs.size >= 90);
  for (const [name, doc] of docs) {
    const fields = entries(doc);
    for (const field of ['summary', 'since', 'group']) assert.ok(text(fields.get(field)), `${name} ${field}`);
  }
  assert.ok(items(entries(docs.get('set') as Reply).get('arguments') as Reply).length >= 3);
};

const clients: Readonly<Record<string, readonly Exchange[]>> = {
  'ioredis 6': [
    ['HELLO 3', hello(3)],
    ['SELECT 2', ok],
    ['CLIENT SETNAME worker', ok],
    ['CLIENT SETINFO LIB-VER 6.0.0', ok],
    ['CLIENT SETINFO LIB-NAME ioredis', ok],
    ['INFO', info('redis_version', 'loading', 'role', 'master_repl_offset')],
  ],
  'ioredis 6, a replica and the topology': [
    ['READONLY', ok],
    ['CLUSTER SLOTS', slots],
    ['CLUSTER INFO', clusterInfo],
    ['QUIT', ok],
  ],
  'node-redis 6': [
    ['HELLO 3 SETNAME web', hello(3)],
    ['SELECT 0', ok],
    ['CLIENT SETINFO LIB-VER 6.3.1', ok],
    ['CLIENT SETINFO LIB-NAME node-redis', ok],
    ['CLIENT TRACKING ON', ok],
    ['CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type none', unknownMaintenance],
    ['READONLY', ok],
    ['CLUSTER SLOTS', slots],
  ],
  'redis-py 8': [
    ['HELLO 3', hello(3)],
    ['CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type internal-ip', unknownMaintenance],
    ['CLIENT SETNAME job', ok],
    ['CLIENT SETINFO LIB-NAME redis-py', ok],
    ['CLIENT SETINFO LIB-VER 8.0.0', ok],
    ['SELECT 1', ok],
    ['CLIENT TRACKING ON', ok],
    ['COMMAND', commands],
    ['COMMAND GETKEYS MSET a 1 b 2', '*2\r\n$1\r\na\r\n$1\r\nb\r\n'],
    ['CLUSTER SLOTS', slots],
  ],
  'go-redis 9': [
    ['HELLO 3', hello(3)],
    ['SELECT 1', ok],
    ['READONLY', ok],
    ['CLIENT SETNAME gopher', ok],
    ['CLIENT MAINT_NOTIFICATIONS ON', unknownMaintenance],
    ['CLIENT SETINFO LIB-NAME go-redis(,go1.24)', ok],
    ['CLIENT SETINFO LIB-VER 9.17.0', ok],
    ['COMMAND', commands],
    ['CLUSTER SLOTS', slots],
  ],
  Jedis: [
    ['HELLO 3', hello(3)],
    ['CLIENT SETNAME duke', ok],
    ['CLIENT SETINFO LIB-NAME jedis', ok],
    ['CLIENT SETINFO LIB-VER 7.0.0', ok],
    ['SELECT 1', ok],
    ['READONLY', ok],
    ['CLUSTER SLOTS', slots],
  ],
  'Jedis without HELLO': [
    ['CLIENT SETNAME duke', ok],
    ['CLIENT SETINFO LIB-NAME jedis', ok],
    ['SELECT 1', ok],
    ['PING', '+PONG\r\n'],
  ],
  'valkey-glide': [
    ['HELLO 3', hello(3)],
    ['SELECT 0', ok],
    ['CLIENT SETNAME glider', ok],
    ['CLIENT TRACKING ON BCAST', ok],
    ['INFO', info('redis_version', 'role', 'master_repl_offset')],
    ['CLIENT SETINFO LIB-NAME GlidePy', ok],
    ['CLIENT SETINFO LIB-VER 2.0.0', ok],
    ['PING', '+PONG\r\n'],
    ['READONLY', ok],
    ['CLUSTER SLOTS', slots],
  ],
  Lettuce: [
    ['HELLO 3', hello(3)],
    ['PING', '+PONG\r\n'],
    ['CLIENT SETINFO lib-name Lettuce', ok],
    ['CLIENT SETINFO lib-ver 6.8.0', ok],
    ['SELECT 1', ok],
    ['READONLY', ok],
    ['CLUSTER NODES', clusterNodes],
    ['INFO', info('redis_version', 'connected_clients', 'master_repl_offset')],
    ['COMMAND', commands],
  ],
  rueidis: [
    ['HELLO 3', hello(3)],
    ['CLIENT TRACKING ON OPTIN', ok],
    ['CLIENT SETINFO LIB-NAME rueidis', ok],
    ['CLIENT SETINFO LIB-VER 1.0.0', ok],
    ['SELECT 0', ok],
    ['READONLY', ok],
    ['CLUSTER SLOTS', slots],
    ['CLUSTER SHARDS', shards],
    ['CLIENT CACHING YES', ok],
    ['MULTI', ok],
    ['PTTL rueidis', '+QUEUED\r\n'],
    ['GET rueidis', '+QUEUED\r\n'],
    ['EXEC', '*2\r\n:-2\r\n_\r\n'],
  ],
  'redis-cli -3': [
    ['HELLO 3', hello(3)],
    ['COMMAND DOCS', commandDocs],
    ['INFO SERVER', (reply) => assert.match(text(reply), /^# Server\r\nredis_version:\d+\.\d+/)],
  ],
  'redis-cli': [
    ['SELECT 3', ok],
    ['COMMAND DOCS', commandDocs],
    ['CLUSTER NODES', clusterNodes],
  ],
  'redis-cli --stat, --bigkeys, --memkeys, --hotkeys': [
    ['INFO', info('used_memory', 'connected_clients', 'blocked_clients', 'total_commands_processed')],
    ['DBSIZE', ':0\r\n'],
    ['SCAN 0', '*2\r\n$1\r\n0\r\n*0\r\n'],
    ['TYPE rueidis', '+none\r\n'],
    ['STRLEN rueidis', ':0\r\n'],
    ['MEMORY USAGE rueidis', '$-1\r\n'],
  ],
  'redis-benchmark': [
    ['CONFIG GET save', '*2\r\n$4\r\nsave\r\n$0\r\n\r\n'],
    ['CONFIG GET appendonly', '*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n'],
    ['HELLO 3', hello(3)],
    ['CLUSTER NODES', clusterNodes],
    ['CLUSTER SLOTS', slots],
  ],
  memtier: [
    ['SELECT 0', ok],
    ['HELLO 2', hello(2)],
    ['CLUSTER SLOTS', slots],
  ],
};

for (const [client, exchanges] of Object.entries(clients)) {
  test(client, async () => {
    const connection = await RawConnection.open(node.port);
    connection.send(Buffer.concat(exchanges.map(([request]) => encodeRequest(request.split(' ')))));
    for (const [request, expected] of exchanges) expectReply(await connection.frame(), expected, request);
    connection.close();
  });
}

/** The first words of those that send a password. */
const logins: Readonly<Record<string, readonly Exchange[]>> = {
  'ioredis, redis-py, go-redis, Lettuce': [[`HELLO 3 AUTH default ${password}`, hello(3)]],
  'node-redis': [[`HELLO 3 AUTH default ${password} SETNAME web`, hello(3)]],
  'redis-cli, memtier': [
    [`AUTH ${password}`, ok],
    ['SELECT 1', ok],
  ],
  'Jedis with ACL': [
    [`AUTH default ${password}`, ok],
    ['CLIENT SETNAME duke', ok],
  ],
  'go-redis, falling back to RESP2': [
    ['HELLO 3', (reply) => assert.match(text(reply), /^NOAUTH /)],
    [`AUTH default ${password}`, ok],
    ['PING', '+PONG\r\n'],
  ],
  'with the wrong password': [
    ['HELLO 3 AUTH default wrong', '-WRONGPASS invalid username-password pair or user is disabled.\r\n'],
    ['PING', '-NOAUTH Authentication required.\r\n'],
  ],
};

for (const [client, exchanges] of Object.entries(logins)) {
  test(`login: ${client}`, async () => {
    const connection = await RawConnection.open(guarded.port);
    connection.send(Buffer.concat(exchanges.map(([request]) => encodeRequest(request.split(' ')))));
    for (const [request, expected] of exchanges) expectReply(await connection.frame(), expected, request);
    connection.close();
  });
}

test('rueidis learns of a change to what it read in its transaction', async () => {
  const [reader, writer] = [await RawConnection.open(node.port), await RawConnection.open(node.port)];
  await reader.call('HELLO', '3');
  reader.send(
    ['CLIENT TRACKING ON OPTIN', 'CLIENT CACHING YES', 'MULTI', 'PTTL cached', 'GET cached', 'EXEC']
      .map((line) => `${line}\r\n`)
      .join(''),
  );
  for (const expected of [ok, ok, ok, '+QUEUED\r\n', '+QUEUED\r\n', '*2\r\n:-2\r\n_\r\n']) {
    expectReply(await reader.frame(), expected, 'a cached read');
  }
  assert.equal(await writer.call('SET', 'cached', 'v'), 'OK');
  expectReply(await reader.frame(), '>2\r\n$10\r\ninvalidate\r\n*1\r\n$6\r\ncached\r\n', 'its invalidation');
  assert.equal(await writer.call('DEL', 'cached'), '1');
  reader.close();
  writer.close();
});
