/** TLS from outside: certificates as docs/tls.md makes them, files and flags, our client, redis-cli, SIGHUP, a cluster. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { Connection, createCache, utf8Text } from '#layers/client';
import { Command, nuthatch, withNode } from './cli/commands.js';
import { freePort, installed } from './kit/servers.js';

const folder = mkdtempSync(join(tmpdir(), 'nuthatch-tls-'));
const path = (name: string) => join(folder, name);
after(() => rmSync(folder, { recursive: true }));

const skip = hasOpenssl() ? false : 'openssl is not installed: apt-get install openssl';
const skipCli = installed('redis-cli') ? skip : 'redis-cli is not installed: apt-get install redis-tools';

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function openssl(words: string): void {
  execFileSync('openssl', words.split(' '), { cwd: folder, stdio: 'ignore' });
}

const newKey = 'req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';

/** NAME.crt and NAME.key, for this machine. */
function makeCertificate(name: string): void {
  openssl(`${newKey} -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`);
  openssl(
    `x509 -req -in ${name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out ${name}.crt`,
  );
}

before(() => {
  if (skip !== false) return;
  openssl(`${newKey} -x509 -days 2 -keyout ca.key -out ca.crt -subj /CN=authority`);
  writeFileSync(path('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  for (const name of ['node', 'other', 'client']) makeCertificate(name);
});

const files = () => ['--tls-cert', path('node.crt'), '--tls-key', path('node.key')];
const call = async (port: number, ...args: string[]) => await nuthatch(['call', '-p', String(port), ...args]);

describe('a node with a certificate', { skip }, () => {
  it('serves our client over rediss://', async () => {
    await withNode([...files(), '--password', 'x'], async (_node, port) => {
      const tls = { ca: readFileSync(path('ca.crt')) };
      const cache = createCache({ url: `rediss://:x@127.0.0.1:${port}`, connection: { tls } });
      assert.equal(await cache.getOrLoad('k', async () => 'loaded'), 'loaded');
      await cache.close();
      const connection = new Connection({ port, tls, password: 'x', connectDeadlineMs: 10_000 });
      await connection.ready();
      const calls = Array.from({ length: 1_000 }, (_, i) =>
        connection.call(['ECHO', String(i)], { decode: utf8Text, deadlineMs: 10_000 }),
      );
      assert.deepEqual(
        await Promise.all(calls),
        Array.from({ length: 1_000 }, (_, i) => String(i)),
      );
      const value = 'v'.repeat(5_000_000);
      await connection.call(['SET', 'k', value], { deadlineMs: 10_000 });
      assert.ok((await connection.call(['GET', 'k'], { decode: utf8Text, deadlineMs: 10_000 })) === value);
      connection.close();
      const stranger = new Connection({ port, tls: true, password: 'x' });
      await assert.rejects(stranger.ready(), /the certificate of .* is not accepted/);
      stranger.close();
    });
  });

  it('serves `nuthatch call`, which says what is missing', async () => {
    await withNode(files(), async (node, port) => {
      assert.equal((await call(port, '--tls-ca', path('ca.crt'), 'PING')).stdout, 'PONG\n');
      const plain = await call(port, 'PING');
      assert.equal(plain.code, 69);
      assert.match(plain.stderr, /If it speaks TLS give --tls, or --tls-ca/);
      assert.match((await call(port, '--tls', 'PING')).stderr, /certificate of .* is not accepted/);
      await node.printed(/it does not speak TLS, and this port does/);
    });
    await withNode([], async (_node, port) => {
      assert.match((await call(port, '--tls', 'PING')).stderr, /does not speak TLS\. Leave --tls out/);
    });
  });

  it('serves redis-cli', { skip: skipCli }, async () => {
    await withNode(files(), async (_node, port) => {
      const args = ['-p', String(port), '--tls', '--cacert', path('ca.crt')];
      const run = promisify(execFile);
      assert.equal((await run('redis-cli', [...args, 'SET', 'k', 'v'])).stdout, 'OK\n');
      assert.equal((await run('redis-cli', [...args, 'GET', 'k'])).stdout, 'v\n');
    });
  });

  it('wants certificates of clients, if told so', async () => {
    const wanted = [...files(), '--tls-ca', path('ca.crt'), '--tls-clients', 'required'];
    await withNode(wanted, async (_node, port) => {
      const ca = ['--tls-ca', path('ca.crt')];
      const { code, stderr } = await call(port, ...ca, 'PING');
      assert.equal(code, 69);
      assert.match(
        stderr,
        /^\S+ does not accept the certificate of this client, or its lack \(.*--tls-cert.*\.\n$/,
      );
      const own = ['--tls-cert', path('client.crt'), '--tls-key', path('client.key')];
      assert.equal((await call(port, ...ca, ...own, 'PING')).stdout, 'PONG\n');
    });
  });

  it('reads its files anew on SIGHUP, and keeps what it has if they are wrong', async () => {
    for (const end of ['crt', 'key']) copyFileSync(path(`node.${end}`), path(`used.${end}`));
    const used = ['--tls-cert', path('used.crt'), '--tls-key', path('used.key')];
    await withNode(used, async (node, port) => {
      assert.equal(await nameAt(port), 'node');
      copyFileSync(path('other.crt'), path('used.crt'));
      node.signal('SIGHUP');
      await node.printed(/the certificate stays as it is: --tls-key \S+ does not belong to the certificate/);
      assert.equal(await nameAt(port), 'node');
      copyFileSync(path('other.key'), path('used.key'));
      node.signal('SIGHUP');
      await node.printed(/the certificate was read anew/);
      assert.equal(await nameAt(port), 'other');
    });
  });

  it('does not start with files that cannot be used', async () => {
    for (const [args, problem] of [
      [['--tls-cert', path('node.crt')], /--tls-cert \S+ needs the key/],
      [['--tls-key', path('node.key')], /--tls-key \S+ needs the certificate/],
      [
        ['--tls-cert', path('none.crt'), '--tls-key', path('node.key')],
        /--tls-cert \S+none\.crt cannot be read \(there is no such file\)/,
      ],
      [['--tls-cert', path('node.crt'), '--tls-key', path('other.key')], /--tls-key \S+ does not belong/],
      [
        [...files(), '--tls-clients', 'required'],
        /--tls-clients required is required, and there is no authority/,
      ],
      [[...files(), '--host', '0.0.0.0'], /set a password/],
    ] as const) {
      const { code, stderr } = await nuthatch(['start', '--port', '0', ...args]);
      assert.equal(code, 64, stderr);
      assert.match(stderr, problem);
    }
  });
});

/** The name in the certificate that is shown. */
async function nameAt(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', ca: readFileSync(path('ca.crt')) });
  try {
    return await new Promise((resolve, reject) => {
      socket.once('secureConnect', () => resolve(String(socket.getPeerCertificate().subject.CN)));
      socket.once('error', reject);
    });
  } finally {
    socket.destroy();
  }
}

describe('a cluster on this machine with a certificate', { skip }, () => {
  it('is begun, looked at and handed over over TLS', async () => {
    const port = String(await freePort());
    const args = ['--shards', '1', '--replicas', '1', '--port', port, '--free-ports', '--max-memory', '16mb'];
    const up = new Command(['up', ...args, ...files()], { variables: { TMPDIR: folder } });
    try {
      const [, first] = await up.printed(/is a cluster of .* on ports (\d+) to \d+\n/);
      await up.printed(/redis-cli -c --tls -p/);
      const access = ['-p', first, '--tls-ca', path('ca.crt')];
      const status = await nuthatch(['cluster', 'status', ...access]);
      assert.match(status.stdout, /^ok /);
      const done = await nuthatch(['cluster', 'failover', '1', ...access]);
      assert.match(done.stdout, /^shard 1: .* -> .* in \d+ ms/);
      assert.match((await nuthatch(['call', ...access, 'CLUSTER', 'SLOTS'])).stdout, /127\.0\.0\.1/);
    } finally {
      up.signal('SIGTERM');
      await up.ended;
    }
  });
});
