/**
 * What a client of a cluster is answered, compared with two real redis-servers of a Redis Cluster: a primary and its replica. The node that
 * has the other half of the slots runs on neither side; each knows it from its files. Node ids and ports are the same on both sides, so replies are compared
 * as they are.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ReplyVerbatim } from '../../resp/index.js';
import type { TopologyNode } from '../../ring/index.js';
import { TestClient } from '../test-client.testkit.js';
import { clusterNode, twoShards, withMember } from './member.testkit.js';
import { nodeIdOf } from './topology-view.js';

const needed = {
  skip:
    spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0
      ? false
      : 'redis-server is not installed: apt-get install redis-server',
};
/** Nobody is taken for dead in a test. */
const NODE_TIMEOUT_MS = 3_600_000;
const PATIENCE_MS = 20_000;

let folder: string;
const servers: ChildProcess[] = [];
let nodes: [p: TopologyNode, q: TopologyNode, r: TopologyNode];

before(async () => {
  if (needed.skip) return;
  folder = mkdtempSync(join(tmpdir(), 'nuthatch-redis-cluster-'));
  nodes = [
    clusterNode('n-p', await freePort()),
    clusterNode('n-q', await freePort()),
    clusterNode('n-r', await freePort()),
  ];
  const [p, , r] = nodes;
  await Promise.all([start(p), start(r)]);
  // A replica that has nothing is not listed.
  const client = await TestClient.connect(p.port);
  await client.ask('SET', 'bar', '1');
  await until(
    async () => JSON.stringify(await client.ask('CLUSTER', 'SLOTS')).includes(`,${r.port},`),
    'the replica is listed',
  );
  await client.ask('FLUSHALL');
  client.close();
});

after(async () => {
  for (const server of servers) {
    const exit = once(server, 'exit');
    if (server.kill('SIGKILL')) await exit;
  }
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const onBoth = `
GET foo | SET foo 1 | MGET foo bar | MGET bar hello | MSET bar 1 hello 2 | DEL foo bar | EXISTS foo
SELECT 1 | SELECT 0 | SELECT 99 | SELECT x | CONFIG GET cluster-enabled
REPLICAOF NO ONE | SLAVEOF 127.0.0.1 1 | FAILOVER | FAILOVER ABORT
WATCH foo | WATCH bar hello | UNWATCH | SSUBSCRIBE foo | SSUBSCRIBE a b | SPUBLISH foo x
OBJECT ENCODING foo | MEMORY USAGE foo | READONLY | READWRITE | ASKING
GET foo | GET | LEASELESS foo | CLUSTER KEYSLOT foo | CLUSTER KEYSLOT a{bar}c
MULTI | GET foo | GET bar | EXEC
MULTI | GET foo | DISCARD
MULTI | NOSUCH foo | EXEC
MULTI | MGET foo bar | PING | EXEC
EXEC | DISCARD
`;
const onPrimary = `
SET bar 1 | GET bar | GETDEL bar | MSET {bar}1 1 {bar}2 2 | DBSIZE | KEYS {bar}1
SWAPDB 0 1 | MOVE bar 1 | MOVE foo 1 | COPY {bar}1 {bar}3 DB 1 | COPY {bar}1 {bar}3 DB 0 | COPY {bar}1 {bar}3 REPLACE
MULTI | SET bar 1 | SET hello 1 | EXEC
MULTI | SET bar 1 | GET bar | EXEC
WATCH bar | MULTI | GET bar | EXEC
FLUSHALL | DBSIZE
`;
const onReplica = `
GET bar | SET bar 1 | FLUSHALL | FLUSHDB | SWAPDB 0 1 | WAIT 1 1
MULTI | GET bar | EXEC
READONLY
GET bar | MGET bar {bar}1 | EXISTS bar | TTL bar | WATCH bar | UNWATCH
SET bar 1 | GETDEL bar | GETEX bar | DEL bar | GET foo | MGET bar hello
MULTI | GET bar | EXEC
MULTI | FLUSHALL | EXEC
MULTI | SET bar 1 | EXEC
READWRITE | GET bar
`;

for (const protocol of ['2', '3']) {
  test(`a primary answers as one of Redis Cluster (RESP${protocol})`, needed, () =>
    compare(nodes[0], protocol, `${onBoth}${onPrimary}`),
  );
  test(`a replica answers as one of Redis Cluster (RESP${protocol})`, needed, () =>
    compare(nodes[2], protocol, `${onBoth}${onReplica}`),
  );
  test(`CLUSTER answers as in Redis Cluster (RESP${protocol})`, needed, async () => {
    const p = nodeIdOf('n-p');
    const words = [
      'SLOTS',
      'SHARDS',
      'NODES',
      'MYID',
      `REPLICAS ${p}`,
      `REPLICAS ${nodeIdOf('n-q')}`,
      'REPLICAS x',
    ];
    await compare(nodes[0], protocol, words.map((word) => `CLUSTER ${word}`).join('\n'), withoutTimes);
    await compare(nodes[2], protocol, words.map((word) => `CLUSTER ${word}`).join('\n'), withoutTimes);
  });
}

async function compare(
  self: TopologyNode,
  protocol: string,
  script: string,
  shape: (reply: unknown) => unknown = (reply) => reply,
): Promise<void> {
  await withMember({ self, topology: twoShards({}, 1, nodes) }, async (node) => {
    const redis = await TestClient.connect(self.port);
    const ours = await node.connect();
    try {
      for (const client of [redis, ours]) await client.ask('HELLO', protocol);
      for (const line of script.split(/[\n|]/)) {
        const request = line.trim();
        if (request === '') continue;
        const [theirs, own] = await Promise.all(
          [redis, ours].map((client) => client.ask(...request.split(' '))),
        );
        assert.deepEqual(shape(own), shape(theirs), `${request} (RESP${protocol}, ${self.node})`);
      }
    } finally {
      redis.close();
    }
  });
}

/** Of lines about nodes, without the times of pings; of shards without what only the node itself knows, in one order. */
function withoutTimes(reply: unknown): unknown {
  if (reply instanceof ReplyVerbatim) return withoutPings(reply.body);
  if (typeof reply === 'string') return withoutPings(reply);
  if (!Array.isArray(reply)) return reply;
  if (reply.every((item) => typeof item === 'string')) return reply.map(withoutPings);
  const text = JSON.stringify(reply, (_, value) => (value instanceof Map ? [...value].flat() : value));
  return text
    .replace(/"replication-offset",\d+,"health","\w+"/g, '')
    .split('"slots"')
    .map((shard) => shard.replace(/\W*(items)?\W*$/, ''))
    .sort();
}

function withoutPings(text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => line.replace(/ \d+ \d+ (\d+) \w*connected/, ' $1'))
    .sort()
    .join('\n');
}

async function start(self: TopologyNode): Promise<void> {
  const config = `${self.node}.conf`;
  writeFileSync(join(folder, config), nodesConf(self));
  const flags = [
    '--cluster-enabled',
    'yes',
    '--cluster-config-file',
    config,
    '--cluster-node-timeout',
    String(NODE_TIMEOUT_MS),
  ];
  const kept = ['--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn('redis-server', ['--port', String(self.port), ...flags, ...kept], { stdio: 'ignore' });
  servers.push(server);
  await until(() => isReady(self), `${self.node} is ready`);
  assert.equal(server.exitCode, null);
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `within ${PATIENCE_MS} ms of the start of Redis Cluster ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** As Redis Cluster keeps it on its disk. */
function nodesConf(self: TopologyNode): string {
  const [p] = nodes;
  const line = (node: TopologyNode, flags: string, primary: string, epoch: number, slots: string): string =>
    `${nodeIdOf(node.node)} ${node.host}:${node.port}@${node.busPort} ${node === self ? 'myself,' : ''}${flags} ${primary} 0 0 ${epoch} connected${slots}\n`;
  return [
    line(nodes[0], 'master', '-', 1, ' 0-8191'),
    line(nodes[1], 'master', '-', 1, ' 8192-16383'),
    line(nodes[2], 'slave', nodeIdOf(p.node), 1, ''),
    'vars currentEpoch 1 lastVoteEpoch 0\n',
  ].join('');
}

async function isReady({ port }: TopologyNode): Promise<boolean> {
  const client = await TestClient.connect(port).catch(() => undefined);
  if (client === undefined) return false;
  const info = String(await client.ask('CLUSTER', 'INFO'));
  client.close();
  return info.startsWith('cluster_state:ok');
}

/** One whose bus port, 10,000 above, is free too; both below those that the system gives to connections. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 2_700);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (!isListening) return false;
  server.close();
  await once(server, 'close');
  return true;
}
