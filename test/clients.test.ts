/**
 * Real, unmodified clients at work: ioredis, node-redis with its client-side cache, and what a distribution installs
 * (redis-cli, redis-benchmark, Python's redis). They must notice nothing but the name in INFO.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { BasicClientSideCache, createClient } from 'redis';
import { python, pythonRedisMissing, runProgram } from './kit/run-program.js';
import { installed, startNuthatch, type TestServer } from './kit/servers.js';

const password = 'secret';
/** A client that loses its connection fails its test instead of trying for ever. */
const socket = { reconnectStrategy: false } as const;
let node: TestServer;

before(async () => {
  node = await startNuthatch(['--password', password]);
});

after(async () => {
  await node?.stop();
});

test('ioredis', async (t) => {
  const options = { port: node.port, password, db: 1, connectionName: 'worker', retryStrategy: () => null };
  const redis = new Redis(options);
  t.after(() => redis.disconnect());
  assert.equal(await redis.set('greeting', 'grüße', 'EX', 100), 'OK');
  assert.equal(await redis.get('greeting'), 'grüße');
  assert.equal(await redis.ttl('greeting'), 100);
  assert.equal(await redis.get('nothing'), null);
  const binary = Buffer.from([0, 255, 13, 10, 128]);
  await redis.set('binary', binary);
  assert.deepEqual(await redis.getBuffer('binary'), binary);
  assert.deepEqual(await redis.mget('greeting', 'nothing'), ['grüße', null]);
  assert.equal(await redis.client('GETNAME'), 'worker');

  const piped = await redis.pipeline().incr('n').incrby('n', 41).get('n').exec();
  assert.deepEqual(piped, [
    [null, 1],
    [null, 42],
    [null, '42'],
  ]);
  const committed = await redis.multi().set('a', '1').incr('a').exec();
  assert.deepEqual(
    committed?.map(([, value]) => value),
    ['OK', 2],
  );

  const found: string[] = [];
  for await (const keys of redis.scanStream({ match: 'g*', count: 2 })) found.push(...(keys as string[]));
  assert.deepEqual(found, ['greeting']);

  const subscriber = redis.duplicate();
  t.after(() => subscriber.disconnect());
  const message = new Promise((resolve) => subscriber.once('message', (...args: unknown[]) => resolve(args)));
  await subscriber.subscribe('news');
  assert.equal(await redis.publish('news', 'hello'), 1);
  assert.deepEqual(await message, ['news', 'hello']);
  await assert.rejects(redis.call('NOSUCH', 'x'), /unknown command 'NOSUCH'/);
  assert.match(await redis.info('server'), /nuthatch_version:/);
  await subscriber.quit();
  await redis.quit();
});

test('node-redis', async (t) => {
  const client = createClient({
    url: `redis://:${password}@127.0.0.1:${node.port}/2`,
    RESP: 3,
    name: 'web',
    socket,
  });
  client.on('error', () => {});
  t.after(() => client.destroy());
  await client.connect();
  assert.equal(await client.set('k', 'v', { expiration: { type: 'EX', value: 100 } }), 'OK');
  assert.equal(await client.get('k'), 'v');
  assert.equal(await client.ttl('k'), 100);
  assert.deepEqual(await client.mGet(['k', 'nothing']), ['v', null]);
  assert.deepEqual(await client.multi().incr('n').get('n').exec(), [1, '1']);
  await client.watch('k');
  await client.set('k', 'changed');
  await assert.rejects(client.multi().get('k').exec());
  assert.equal(await client.clientGetName(), 'web');
  const keys: string[] = [];
  for await (const batch of client.scanIterator({ MATCH: '*', COUNT: 1 })) keys.push(...batch);
  assert.deepEqual(keys.sort(), ['k', 'n']);

  const subscriber = client.duplicate();
  subscriber.on('error', () => {});
  t.after(() => subscriber.destroy());
  await subscriber.connect();
  let heard: (pair: string[]) => void = () => {};
  const message = new Promise<string[]>((resolve) => {
    heard = resolve;
  });
  await subscriber.pSubscribe('n*', (text, channel) => heard([channel, text]));
  await client.publish('news', 'hello');
  assert.deepEqual(await message, ['news', 'hello']);
});

test('the client-side cache of node-redis', async (t) => {
  const cache = new BasicClientSideCache({ maxEntries: 100 });
  const reader = createClient({
    url: `redis://:${password}@127.0.0.1:${node.port}`,
    RESP: 3,
    clientSideCache: cache,
    socket,
  });
  const writer = createClient({ url: `redis://:${password}@127.0.0.1:${node.port}`, RESP: 3, socket });
  for (const client of [reader, writer]) {
    client.on('error', () => {});
    t.after(() => client.destroy());
  }
  await Promise.all([reader.connect(), writer.connect()]);

  await writer.set('cached', '1');
  assert.equal(await reader.get('cached'), '1');
  assert.equal(await reader.get('cached'), '1');
  assert.equal(cache.stats().hitCount, 1);

  const invalidated = new Promise((resolve) => cache.on('invalidate', resolve));
  await writer.set('cached', '2');
  assert.equal(String(await invalidated), 'cached');
  assert.equal(await reader.get('cached'), '2');
  assert.equal(cache.stats().hitCount, 1);

  await reader.get('cached');
  const flushed = new Promise((resolve) => cache.on('invalidate', resolve));
  await writer.flushAll();
  await flushed;
  assert.equal(await reader.get('cached'), null);
});

const cli = {
  skip: installed('redis-cli') ? false : 'redis-cli is not installed: apt-get install redis-tools',
};

test('redis-cli', cli, async () => {
  const redisCli = (args: string[], input = '') =>
    runProgram('redis-cli', ['-p', String(node.port), '--no-auth-warning', '-a', password, ...args], input);
  assert.equal(await redisCli(['SET', 'k', 'v']), 'OK\n');
  assert.equal(await redisCli(['--no-raw', 'GET', 'k']), '"v"\n');
  assert.equal(await redisCli(['-3', '--no-raw', 'GET', 'nothing']), '(nil)\n');
  assert.equal(await redisCli(['-n', '3', 'DBSIZE']), '0\n');
  assert.equal(
    await redisCli(['--no-raw'], 'MULTI\nINCR n\nGET n\nEXEC\nNOSUCH\n'),
    [
      'OK\nQUEUED\nQUEUED\n1) (integer) 1\n2) "1"\n',
      "(error) ERR unknown command 'NOSUCH', with args beginning with: \n",
    ].join(''),
  );
  assert.match(await redisCli(['--no-raw'], 'HELP SET\n'), /summary:.* Sets a key/);
  assert.match(await redisCli(['INFO', 'server']), /redis_version:/);
  assert.match(await redisCli(['--bigkeys']), /Biggest string found/);
  assert.match(await redisCli(['--memkeys']), /string found/i);
  await statistics(['-p', String(node.port), '--no-auth-warning', '-a', password, '--stat', '-i', '0.01']);
  assert.match(await redisCli(['--scan', '--pattern', 'k*']), /^k\n$/);
  assert.match(
    await redisCli(['--pipe'], '*3\r\n$3\r\nSET\r\n$1\r\np\r\n$1\r\n1\r\n*2\r\n$4\r\nINCR\r\n$1\r\np\r\n'),
    /errors: 0, replies: 2/,
  );
  assert.match(await redisCli(['--latency', '-i', '0.05', '--raw']), /^\d+ \d+ [\d.]+ \d+/);
  assert.equal(await redisCli(['-x', 'SET', 'from-stdin'], 'line\n'), 'OK\n');
  assert.equal(await redisCli(['STRLEN', 'from-stdin']), '5\n');
});

/** `redis-cli --stat` goes on for ever: it is stopped when its first lines are there. */
async function statistics(args: string[]): Promise<void> {
  const child = spawn('redis-cli', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.split('\n').length > 3) break;
  }
  child.kill();
  assert.match(text, /keys +mem +clients[^\n]*\n\d+ /);
}

const benchmark = {
  skip: installed('redis-benchmark')
    ? false
    : 'redis-benchmark is not installed: apt-get install redis-tools',
};

test('redis-benchmark', benchmark, async () => {
  for (const extra of [[], ['-P', '16'], ['-3'], ['-r', '1000']]) {
    const args = [
      '-p',
      String(node.port),
      '-a',
      password,
      '-t',
      'set,get,incr,mset',
      '-n',
      '2000',
      '-c',
      '20',
      '--csv',
      ...extra,
    ];
    const output = await runProgram('redis-benchmark', args);
    const lines = output.split('\n').filter((line) => /^"(SET|GET|INCR|MSET \(10 keys\))","[1-9]/.test(line));
    assert.equal(lines.length, 4, output);
    assert.doesNotMatch(output, /error|warning: could not/i);
  }
});

/** The interpreter of the distribution, which alone sees the packages of the distribution. */
test('redis-py of the distribution', { skip: pythonRedisMissing }, async () => {
  const script = `
import redis, sys
r = redis.Redis(port=${node.port}, password='${password}', db=4, decode_responses=True, client_name='snake')
assert r.ping()
assert r.set('k', 'v', ex=100, nx=True) is True
assert r.set('k', 'w', nx=True) is None
assert r.get('k') == 'v' and r.ttl('k') == 100
assert r.incrbyfloat('f', 0.1) == 0.1
assert r.mget('k', 'none') == ['v', None]
with r.pipeline() as pipe:
    assert pipe.incr('n').get('n').execute() == [1, '1']
def bump(pipe):
    n = int(pipe.get('n')); pipe.multi(); pipe.set('n', n + 1)
assert r.transaction(bump, 'n') == [True]
assert sorted(r.scan_iter('*', count=1)) == ['f', 'k', 'n']
p = r.pubsub(); p.subscribe('c'); assert p.get_message(timeout=5)['type'] == 'subscribe'
r.publish('c', 'hello'); assert p.get_message(timeout=5)['data'] == 'hello'; p.close()
assert r.client_getname() == 'snake' and r.client_list()[0]['db'] == '4'
assert r.config_get('maxmemory-policy') == {'maxmemory-policy': 'allkeys-lru'}
assert r.info()['redis_mode'] == 'standalone' and r.info('keyspace')['db4']['keys'] == 3
assert r.object('encoding', 'n') == 'int' and r.memory_usage('k') > 0
assert r.command_getkeys('MSET', 'a', 1, 'b', 2) == ['a', 'b']
assert r.slowlog_len() >= 0 and r.time()[0] > 0 and r.dbsize() == 3
lock = r.lock('lock', timeout=5)
try:
    r.execute_command('NOSUCH'); sys.exit('no error')
except redis.ResponseError as error:
    assert 'unknown command' in str(error)
assert r.flushdb() and r.dbsize() == 0
print('done')
`;
  assert.equal(await runProgram(python, ['-c', script]), 'done\n');
});
