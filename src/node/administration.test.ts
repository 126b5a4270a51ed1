import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyMap } from '../resp/index.js';
import { parseMemory } from './config-parameter.js';
import { parameters } from './config-table.js';
import { resp3, type TestClient, withNode } from './test-client.testkit.js';

const OK = '+OK\r\n';

async function parameter(client: TestClient, name: string): Promise<unknown> {
  const [, value] = (await client.ask('CONFIG', 'GET', name)) as string[];
  return value;
}

test('CONFIG GET answers what tools ask for', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const expected = {
      save: '',
      appendonly: 'no',
      'maxmemory-policy': 'allkeys-lru',
      databases: '16',
      port: String(node.running.port),
      bind: '127.0.0.1',
      'cluster-enabled': 'no',
      maxmemory: String(node.inside.store.maxBytes),
      timeout: '0',
      'client-output-buffer-limit': 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
    };
    for (const [name, value] of Object.entries(expected))
      assert.equal(await parameter(client, name), value, name);
    const all = (await client.ask('CONFIG', 'GET', '*')) as string[];
    assert.equal(all.length, 2 * parameters.length);
    const several = (await client.ask('CONFIG', 'GET', 'max*', 'maxmemory', 'PORT')) as string[];
    assert.ok(several.includes('maxclients') && several.includes('PORT'));
    assert.equal(several.filter((name) => name === 'maxmemory').length, 1);
    await client.exchange('CONFIG GET __proto__', '*0\r\n');
    await resp3(client);
    await client.exchange('CONFIG GET databases', '%1\r\n$9\r\ndatabases\r\n$2\r\n16\r\n');
  });
});

test('CONFIG SET changes what can change, all or nothing', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const { inside } = node;
    const set = async (...words: readonly string[]): Promise<void> => {
      client.send('CONFIG', 'SET', ...words);
      await client.expect(OK);
    };
    await set('maxmemory', '32mb');
    client.send('CONFIG', 'SET', 'maxmemory', '32gb');
    await client.expect(
      "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - this node was started small and grows to " +
        `${inside.store.mostBytes} bytes; restart it with a larger max-memory\r\n`,
    );
    await set('tracking-table-max-bytes', '32gb');
    assert.equal(inside.tracking.table.maxBytes, 16 * 2 ** 20, 'never more than half of the memory');
    assert.equal(inside.store.maxBytes, 32 * 2 ** 20);
    await set('maxclients', '7', 'timeout', '30', 'tcp-keepalive', '60', 'maxmemory-clients', '8mb');
    const { config } = inside;
    assert.deepEqual([config.maxClients, config.idleTimeoutMs, config.tcpKeepAliveMs], [7, 30_000, 60_000]);
    assert.equal(config.maxClientsBytes, 8 * 2 ** 20);
    await set('client-output-buffer-limit', 'normal 1mb 2mb 3 slave 4 5 6');
    assert.deepEqual(config.outputLimits.normal, { hardBytes: 2 ** 20, softBytes: 2 ** 21, softSeconds: 3 });
    assert.equal(
      await parameter(client, 'client-output-buffer-limit'),
      'normal 1048576 2097152 3 slave 4 5 6 pubsub 33554432 8388608 60',
    );
    await set('tracking-table-max-bytes', '2mb');
    assert.equal(inside.tracking.table.maxBytes, 2 ** 21);
    await set('proto-max-bulk-len', '1mb');
    client.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${2 ** 20 + 1}\r\n`);
    assert.equal(await client.closed(), '-ERR Protocol error: invalid bulk length\r\n');
    const other = await node.connect();
    other.send('CONFIG', 'SET', 'maxclients', '9', 'maxmemory', 'much');
    await other.expect(
      "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value\r\n",
    );
    assert.equal(config.maxClients, 7);
  });
});

test('CONFIG SET accepts what only tunes Redis, and CONFIG GET tells it', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const values = {
      appendfsync: 'always',
      hz: '20',
      'maxmemory-samples': '10',
      'lfu-decay-time': '0',
      activedefrag: 'no',
      rdbcompression: 'yes',
    };
    for (const [name, value] of Object.entries(values)) {
      await client.exchange(`CONFIG SET ${name} ${value}`, OK);
      assert.equal(await parameter(client, name), value, name);
    }
    assert.ok(String(await parameter(client, 'dir')).startsWith('/') || process.platform === 'win32');
    const { config } = node.inside;
    await client.exchange('CONFIG SET maxmemory 32mb maxmemory-clients 50%', OK);
    assert.equal(config.maxClientsBytes, 16 * 2 ** 20);
    await client.exchange('CONFIG SET maxmemory 64mb', OK);
    assert.equal(config.maxClientsBytes, 32 * 2 ** 20, 'it follows the budget');
    assert.equal(await parameter(client, 'maxmemory-clients'), '50%');
    await client.exchange('CONFIG SET maxmemory-clients 0', OK);
    assert.equal(await parameter(client, 'maxmemory-clients'), '0');
  });
});

/** What CONFIG SET says of values it does not take. */
const refusals: readonly [words: string, error: string][] = [
  ['a b c', 'ERR syntax error'],
  ['nosuch 1', "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"],
  [
    'databases 5',
    "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config",
  ],
  [
    'maxclients 0',
    "ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument must be between 1 and 4294967295 inclusive",
  ],
  [
    'maxclients x',
    "ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be parsed into an integer",
  ],
  [
    'maxmemory 1mb maxmemory 2mb',
    "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - duplicate parameter",
  ],
  [
    'loglevel loud',
    "ERR CONFIG SET failed (possibly related to argument 'loglevel') - argument(s) must be one of the following: debug, verbose, notice, warning",
  ],
  [
    'maxmemory 0',
    "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - 0 (no limit) is refused: a node always has a budget; give its size",
  ],
  [
    'appendonly yes',
    "ERR CONFIG SET failed (possibly related to argument 'appendonly') - a cache keeps nothing on disk",
  ],
  [
    'client-output-buffer-limit normal',
    "ERR CONFIG SET failed (possibly related to argument 'client-output-buffer-limit') - Wrong number of arguments in buffer limit configuration.",
  ],
];

test('CONFIG SET refuses with the words of Redis', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    for (const [words, error] of refusals) await client.exchange(`CONFIG SET ${words}`, `-${error}\r\n`);
    for (const words of ['appendonly no', 'maxmemory-policy allkeys-lru', 'activedefrag yes']) {
      await client.exchange(`CONFIG SET ${words}`, OK);
    }
    await client.exchange('CONFIG REWRITE', '-ERR The server is running without a config file\r\n');
  });
});

test('memory values have the units of Redis', () => {
  const values = [
    '5',
    '5b',
    '5k',
    '5kb',
    '5M',
    '5MB',
    '5g',
    '5Gb',
    '0',
    '',
    'x',
    '5tb',
    '-1',
    '1.5mb',
    '99999999gb',
  ];
  assert.deepEqual(values.map(parseMemory), [
    5,
    5,
    5000,
    5120,
    5_000_000,
    5 * 2 ** 20,
    5_000_000_000,
    5 * 2 ** 30,
    0,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('INFO has every field that clients and tools read', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await client.exchange('SET k v EX 100', OK);
    await client.exchange('GET k', '$1\r\nv\r\n');
    await client.exchange('GET none', '$-1\r\n');
    await client.exchange('INCR k', '-ERR value is not an integer or out of range\r\n');
    const text = String(await client.ask('INFO', 'everything'));
    const names =
      'redis_version nuthatch_version redis_mode process_id run_id tcp_port uptime_in_seconds connected_clients blocked_clients maxclients used_memory used_memory_rss used_memory_human used_memory_peak maxmemory maxmemory_policy mem_fragmentation_ratio loading total_connections_received total_commands_processed instantaneous_ops_per_sec keyspace_hits keyspace_misses expired_keys evicted_keys role connected_slaves master_replid master_repl_offset cluster_enabled used_cpu_sys used_cpu_user rdb_bgsave_in_progress aof_enabled total_net_input_bytes total_net_output_bytes';
    for (const name of names.split(' ')) assert.match(text, new RegExp(`^${name}:.+\r$`, 'm'), name);
    assert.match(text, /^# Server\r\nredis_version:7\.4\.0\r\n/);
    assert.match(text, /\r\n\r\n# Clients\r\n/);
    assert.match(text, /keyspace_hits:1\r\nkeyspace_misses:1\r\n/);
    assert.match(text, /db0:keys=1,expires=1,avg_ttl=(99|100)\d\d\d\r\n/);
    assert.match(text, /cmdstat_get:calls=2,.*rejected_calls=0,failed_calls=0\r\n/);
    assert.match(text, /cmdstat_incr:calls=1,.*failed_calls=1\r\n/);
    assert.match(text, /errorstat_ERR:count=1\r\n/);
    assert.match(text, new RegExp(`process_id:${process.pid}\r\n`));
    const server = String(await client.ask('INFO', 'SERVER'));
    assert.ok(server.startsWith('# Server\r\n') && !server.includes('# Clients'));
    assert.equal(await client.ask('INFO', 'nosuch'), '');
    await client.exchange('CONFIG RESETSTAT', OK);
    assert.match(String(await client.ask('INFO', 'stats')), /keyspace_hits:0\r\n/);
  });
});

test('COMMAND tells the table', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const all = (await client.ask('COMMAND')) as unknown[][];
    assert.equal(all.length, await client.ask('COMMAND', 'COUNT'));
    assert.ok(all.every((entry) => entry.length === 10));
    const [get, none] = (await client.ask('COMMAND', 'INFO', 'GET', 'nosuch')) as unknown[];
    assert.deepEqual((get as unknown[]).slice(0, 6), ['get', 2, ['readonly', 'fast'], 1, 1, 1]);
    assert.equal(none, null);
    const [sub] = (await client.ask('COMMAND', 'INFO', 'client|kill')) as unknown[][];
    assert.equal(sub[0], 'client|kill');
    const names = (await client.ask('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'CONFIG|*')) as string[];
    assert.ok(names.includes('config|get') && names.every((name) => name.startsWith('config|')));
    await client.exchange('COMMAND GETKEYS MSET a 1 b 2', '*2\r\n$1\r\na\r\n$1\r\nb\r\n');
    await client.exchange('COMMAND GETKEYS PING x', '-ERR The command has no key arguments\r\n');
    await client.exchange('COMMAND GETKEYS NOSUCH x', '-ERR Invalid command specified\r\n');
    await client.exchange(
      'COMMAND GETKEYS SET k',
      '-ERR Invalid number of arguments specified for command\r\n',
    );
    await client.exchange('COMMAND GETKEYSANDFLAGS GET a', '*1\r\n*2\r\n$1\r\na\r\n*2\r\n+RO\r\n+access\r\n');
    await resp3(client);
    const docs = (await client.ask('COMMAND', 'DOCS', 'get')) as ReplyMap<string>;
    assert.ok(docs instanceof ReplyMap);
    assert.equal(docs.items[0], 'get');
  });
});

test('a lone node answers CLUSTER: it owns every slot', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    const id = String(await client.ask('CLUSTER', 'MYID'));
    assert.match(id, /^[0-9a-f]{40}$/);
    assert.deepEqual(await client.ask('CLUSTER', 'SLOTS'), [
      [0, 16_383, ['127.0.0.1', node.running.port, id, []]],
    ]);
    assert.match(
      String(await client.ask('CLUSTER', 'NODES')),
      new RegExp(
        `^${id} 127\\.0\\.0\\.1:${node.running.port}@\\d+ myself,master - 0 0 1 connected 0-16383\n$`,
      ),
    );
    assert.match(
      String(await client.ask('CLUSTER', 'INFO')),
      /cluster_state:ok\r\ncluster_slots_assigned:16384\r\n/,
    );
    await client.exchange('CLUSTER KEYSLOT {user}.a', ':5474\r\n');
    await client.exchange('MSET {user}.a 1 {user}.b 2 other 3', OK);
    await client.exchange('CLUSTER COUNTKEYSINSLOT 5474', ':2\r\n');
    assert.equal(((await client.ask('CLUSTER', 'GETKEYSINSLOT', '5474', '10')) as string[]).length, 2);
    assert.equal(((await client.ask('CLUSTER', 'GETKEYSINSLOT', '5474', '1')) as string[]).length, 1);
    await client.exchange('CLUSTER COUNTKEYSINSLOT 16384', '-ERR Invalid slot\r\n');
    await client.exchange(`CLUSTER REPLICAS ${id}`, '*0\r\n');
    await client.exchange('CLUSTER REPLICAS abc', '-ERR Unknown node abc\r\n');
    for (const request of ['READONLY', 'READWRITE', 'ASKING']) await client.exchange(request, OK);
    assert.equal(((await client.ask('CLUSTER', 'SHARDS')) as unknown[]).length, 1);
  });
});

test('SLOWLOG keeps what took longest, shortened, and no secrets', async () => {
  await withNode({ slowlogThresholdUs: 0, slowlogMaxEntries: 3 }, async (node) => {
    const client = await node.connect();
    await client.exchange('CLIENT SETNAME me', OK);
    client.send('AUTH', 'default', 'secret');
    await client.expect(OK);
    await client.ask('MGET', ...Array.from({ length: 40 }, (_, i) => `${i}`));
    await client.ask('SET', 'k', 'v'.repeat(200));
    const entries = (await client.ask('SLOWLOG', 'GET', '-1')) as unknown[][];
    const [set, mget] = entries.map((entry) => entry[3] as string[]);
    assert.deepEqual(set, ['SET', 'k', `${'v'.repeat(128)}... (72 more bytes)`]);
    assert.equal(mget.length, 32);
    assert.equal(mget[31], '... (10 more arguments)');
    assert.equal(entries[0][5], 'me');
    assert.ok(!JSON.stringify(entries).includes('secret'));
    assert.equal(await client.ask('SLOWLOG', 'LEN'), 3);
    await client.exchange('SLOWLOG GET -2', '-ERR count should be greater than or equal to -1\r\n');
    await client.exchange('CONFIG SET slowlog-log-slower-than -1', OK);
    await client.exchange('SLOWLOG RESET', OK);
    await client.exchange('SLOWLOG LEN', ':0\r\n');
  });
});

test('SLOWLOG redacts user names and passwords', async () => {
  await withNode({ slowlogThresholdUs: 0 }, async (node) => {
    const client = await node.connect();
    await client.exchange('CONFIG SET requirepass topsecret hz 10', OK);
    await client.exchange(
      'CONFIG SET nosuch 1 RequirePass topsecret',
      "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n",
    );
    await client.exchange('AUTH topsecret', OK);
    await client.exchange('AUTH default topsecret', OK);
    client.send('HELLO', '2', 'AUTH', 'default', 'topsecret', 'SETNAME', 'me');
    await client.reply();
    const entries = (await client.ask('SLOWLOG', 'GET', '-1')) as unknown[][];
    assert.deepEqual(
      entries.map((entry) => (entry[3] as string[]).join(' ')),
      [
        'HELLO 2 AUTH (redacted) (redacted) SETNAME me',
        'AUTH (redacted) (redacted)',
        'AUTH (redacted)',
        'CONFIG SET nosuch 1 RequirePass (redacted)',
        'CONFIG SET requirepass (redacted) hz 10',
      ],
    );
  });
});

test('LATENCY keeps the worst moments, when asked to', async () => {
  const clock = { now: 1000, wallMs: () => 1_800_000_000_000, monotonicMs: () => clock.now };
  await withNode({ clock, latencyThresholdMs: 10 }, async (node) => {
    const client = await node.connect();
    node.inside.cron.tick();
    clock.now += 400;
    node.inside.cron.tick();
    await client.exchange(
      'LATENCY LATEST',
      '*1\r\n*4\r\n$10\r\nevent-loop\r\n:1800000000\r\n:300\r\n:300\r\n',
    );
    await client.exchange('LATENCY HISTORY event-loop', '*1\r\n*2\r\n:1800000000\r\n:300\r\n');
    await client.exchange('LATENCY HISTORY nosuch', '*0\r\n');
    await client.exchange('LATENCY RESET', ':1\r\n');
    await client.exchange('LATENCY GRAPH command', "-ERR No samples available for event 'command'\r\n");
    const histogram = (await client.ask('LATENCY', 'HISTOGRAM', 'nosuch')) as unknown[];
    assert.deepEqual(histogram, []);
  });
});

test('what exists only in name', async () => {
  await withNode({}, async (node) => {
    const client = await node.connect();
    await client.exchange('FUNCTION FLUSH', OK);
    await client.exchange('FUNCTION FLUSH ASYNC', OK);
    await client.exchange('FUNCTION FLUSH x', '-ERR FUNCTION FLUSH only supports SYNC|ASYNC option\r\n');
    await client.exchange('FUNCTION LIST', '*0\r\n');
    await client.exchange('ACL WHOAMI', '$7\r\ndefault\r\n');
    await client.exchange('ACL CAT nosuch', "-ERR Unknown category 'nosuch'\r\n");
    assert.ok(((await client.ask('ACL', 'CAT', 'pubsub')) as string[]).includes('publish'));
    await client.exchange('MEMORY PURGE', OK);
    await client.exchange('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n');
    await client.exchange('SHUTDOWN x', '-ERR syntax error\r\n');
    await client.exchange('SHUTDOWN ABORT', '-ERR No shutdown in progress.\r\n');
    for (const parent of [
      'ACL',
      'CLIENT',
      'CLUSTER',
      'COMMAND',
      'CONFIG',
      'FUNCTION',
      'LATENCY',
      'MEMORY',
      'PUBSUB',
      'SLOWLOG',
    ]) {
      const lines = (await client.ask(parent, 'HELP')) as string[];
      assert.equal(lines[0], `${parent} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
      assert.equal(lines.at(-1), '    Prints this help.');
    }
    const [seconds, micros] = (await client.ask('TIME')) as string[];
    assert.ok(Math.abs(Number(seconds) * 1000 + Number(micros) / 1000 - Date.now()) < 60_000);
  });
});
