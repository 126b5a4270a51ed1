/** The command line from outside: exit codes, outputs, signals, and a whole life of a node. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Command, nuthatch, withNode } from './cli/commands.js';
import { NpmStart } from './kit/npm-start.js';
import { freePort } from './kit/servers.js';

const folder = mkdtempSync(join(tmpdir(), 'nuthatch-cli-'));
after(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('nuthatch', () => {
  it('prints help and version, and refuses what it does not know', async () => {
    const help = await nuthatch([]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /Usage: nuthatch/);
    assert.equal((await nuthatch(['--help'])).stdout, help.stdout);
    assert.match((await nuthatch(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
    const command = await nuthatch(['strat']);
    assert.equal(command.code, 64);
    assert.match(command.stderr, /unknown command 'strat'\n\(Did you mean start\?\)/);
    const flag = await nuthatch(['start', '--max-memry', '1gb']);
    assert.equal(flag.code, 64);
    assert.match(flag.stderr, /--max-memry is not an option; did you mean --max-memory\?/);
  });
});

describe('nuthatch start', () => {
  it('refuses wrong settings, all at once, without showing secrets', async () => {
    const config = fileWith('wrong.toml', 'port = 70000\nmax-memry = 1\n');
    const variables = { NUTHATCH_IDLE_TIMEOUT: '5', NUTHATCH_PASSWORD: 'hunter2' };
    const args = ['start', '--bogus', '--max-memory', 'lots', '--config', config];
    const { code, stdout, stderr } = await nuthatch(args, { variables });
    assert.equal(code, 64);
    assert.equal(stdout, '');
    assert.match(stderr, /^Cannot start, 5 settings are wrong:\n/);
    for (const problem of [
      '--bogus is not an option',
      '--max-memory lots is',
      'NUTHATCH_IDLE_TIMEOUT=5 is',
      'wrong.toml:1: port',
      'wrong.toml:2: max-memry',
    ]) {
      assert.ok(stderr.includes(problem), problem);
    }
    assert.ok(!stderr.includes('hunter2'));
  });

  it('does not listen for others without a password', async () => {
    const { code, stderr } = await nuthatch(['start', '--host', '0.0.0.0', '--port', '0']);
    assert.equal(code, 64);
    assert.match(stderr, /--host 0\.0\.0\.0 can be reached from other machines.*NUTHATCH_PASSWORD/);
  });

  it('says who has the port, and moves on if told so', async () => {
    await withNode([], async (_node, port) => {
      const refused = await nuthatch(['start', '--port', String(port)]);
      assert.equal(refused.code, 69);
      assert.match(
        refused.stderr,
        new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is taken.*ss -ltnp.*\n.*--port.*--free-port`),
      );
      await withNode(
        ['--port', String(port), '--free-port', '--log-format', 'human'],
        async (other, otherPort) => {
          assert.notEqual(otherPort, port);
          assert.ok(other.stdout.includes(`(port ${port} is taken)`));
        },
      );
    });
  });

  it('refuses an address that is not of this machine', async () => {
    // TEST-NET-1, which no machine has.
    const { code, stderr } = await nuthatch([
      'start',
      '--host',
      '192.0.2.1',
      '--port',
      '0',
      '--password',
      'x',
    ]);
    assert.equal(code, 69);
    assert.match(stderr, /192\.0\.2\.1 is no address of this machine/);
  });

  it('tells people how to connect, and programs in JSON', async () => {
    await withNode(['--log-format', 'human'], async (node, port) => {
      await node.printed(/stop {8}Ctrl-C/);
      assert.ok(node.stdout.includes(`redis-cli -p ${port}\n`));
      assert.ok(node.stdout.includes(`redis://127.0.0.1:${port}`));
      assert.match(node.stdout, /memory {6}16\.0 MB, as max-memory says/);
      // No terminal: no colors.
      assert.ok(!node.stdout.includes('\u001b'));
    });
    await withNode([], async (node, port) => {
      const ready = JSON.parse(node.stdout.split('\n')[0]) as Record<string, unknown>;
      assert.equal(ready['level'], 'info');
      assert.equal(ready['port'], port);
      assert.equal(ready['maxMemoryBytes'], 16 * 1024 * 1024);
      assert.equal(ready['pid'], node.child.pid);
      assert.match(String(ready['time']), /^\d{4}-\d\d-\d\dT/);
    });
  });

  it('takes settings from a file and a password from another', async () => {
    const password = fileWith('password', 'pässword\n');
    const config = fileWith('node.toml', `password-file = ${JSON.stringify(password)}\nmax-clients = 7\n`);
    await withNode(['--config', config], async (_node, port) => {
      const refused = await nuthatch(['call', '-p', String(port), 'GET', 'a']);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /^NOAUTH Authentication required\.\n.*--password.*NUTHATCH_PASSWORD/);
      const variables = { NUTHATCH_PASSWORD: 'pässword', NUTHATCH_PORT: String(port) };
      const config = await nuthatch(['call', 'CONFIG', 'GET', 'maxclients'], { variables });
      assert.equal(config.stdout, 'maxclients\n7\n');
      const wrong = await nuthatch(['call', '-p', String(port), '--password', 'x', 'PING']);
      assert.equal(wrong.code, 1);
      assert.match(wrong.stderr, /^AUTH was refused: WRONGPASS/);
    });
    await withNode([], async (_node, port) => {
      const variables = { NUTHATCH_PASSWORD: 'x', NUTHATCH_PORT: String(port) };
      const ping = await nuthatch(['call', '--json', 'PING'], { variables });
      assert.deepEqual([ping.code, ping.stdout], [0, '"PONG"\n']);
      assert.equal(ping.stderr, 'The node has no password: the one that was given is not used.\n');
    });
  });

  it('drains on SIGTERM: what was sent is answered, and the code is 0', async () => {
    await withNode([], async (node, port) => {
      const requests = 2000;
      const socket = connect(port, '127.0.0.1');
      let received = '';
      socket.setEncoding('latin1').on('data', (text: string) => (received += text));
      socket.write('SET k v\r\n');
      while (!received.startsWith('+OK\r\n')) await once(socket, 'data');
      received = '';
      const closed = once(socket, 'close');
      socket.write('GET k\r\n'.repeat(requests));
      // The first reply shows that the requests have arrived.
      await once(socket, 'data');
      node.signal('SIGTERM');
      await closed;
      assert.equal(received, '$1\r\nv\r\n'.repeat(requests));
      const { code, stdout } = await node.ended;
      assert.equal(code, 0);
      assert.match(stdout, /"message":"stopping: SIGTERM"/);
    });
  });

  it('does not wait for clients that never read, and ends at once on a second signal', async () => {
    for (const [timeout, signals, expected] of [
      ['100ms', 1, 0],
      ['1h', 2, 143],
    ] as const) {
      await withNode(['--drain-timeout', timeout], async (node, port) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        const value = 'x'.repeat(4_000_000);
        socket.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n${value}\r\n`);
        await once(socket, 'data');
        socket.pause();
        socket.write('GET k\r\n'.repeat(20));
        // Another client is answered after the first has filled its output.
        await nuthatch(['call', '-p', String(port), 'PING']);
        for (let i = 0; i < signals; i++) {
          node.signal('SIGTERM');
          await node.printed(/"stopping: SIGTERM"/);
        }
        assert.equal((await node.ended).code, expected, timeout);
        socket.destroy();
      });
    }
  });

  it('stops when a client says so', async () => {
    await withNode([], async (node, port) => {
      const shutdown = await nuthatch(['call', '-p', String(port), 'SHUTDOWN', 'NOSAVE']);
      assert.deepEqual([shutdown.code, shutdown.stderr], [0, '']);
      const { code, stdout } = await node.ended;
      assert.equal(code, 0);
      assert.match(stdout, /SHUTDOWN/);
    });
  });

  it('logs a defect and ends with a code of its own', async () => {
    const trap = "data:text/javascript,process.on('SIGUSR2',()=>{throw new Error('boom')})";
    const options = { nodeArgs: ['--import', trap] };
    for (const format of ['json', 'human']) {
      await withNode(
        ['--log-format', format],
        async (node) => {
          node.signal('SIGUSR2');
          const { code, stdout } = await node.ended;
          assert.equal(code, 70, format);
          assert.match(stdout, /a defect: please report it/);
          assert.match(stdout, /boom/);
        },
        options,
      );
    }
  });

  it('lives on when nobody reads its output any more', async () => {
    // At this level each bad client is a line that meets the broken pipe.
    await withNode(['--log-level', 'debug'], async (node, port) => {
      node.child.stdout?.destroy();
      for (let i = 0; i < 3; i++) {
        const wrong = connect(port, '127.0.0.1');
        wrong.on('error', () => {});
        wrong.end('*1\r\nx\r\n');
        await once(wrong.resume(), 'close');
      }
      assert.equal((await nuthatch(['call', '-p', String(port), 'PING'])).stdout, 'PONG\n');
      node.signal('SIGTERM');
      assert.equal((await node.ended).code, 0);
    });
  });
});

describe('npm start', () => {
  it('ends the node when npm is told to end', async () => {
    const npm = new NpmStart([
      '--lone',
      '--no-shop',
      '--port',
      '0',
      '--log-format',
      'json',
      '--max-memory',
      '16mb',
    ]);
    try {
      await npm.printed('"message":"ready on');
      await npm.end();
    } finally {
      npm.kill();
    }
    assert.match(npm.output, /"message":"stopping: SIGTERM"/);
  });
});

describe('nuthatch call', () => {
  it('says how to start a node when there is none', async () => {
    const port = await freePort();
    const { code, stderr } = await nuthatch(['call', '-p', String(port), 'PING']);
    assert.equal(code, 69);
    assert.equal(
      stderr,
      `Nothing listens on 127.0.0.1:${port}. Start a node with \`nuthatch start --port ${port}\`, or say where one is: --host, --port.\n`,
    );
  });

  it('prints replies raw, shown, or as JSON', async () => {
    await withNode([], async (_node, port) => {
      const call = (...args: string[]) => nuthatch(['call', '-p', String(port), ...args]);
      assert.equal((await call('SET', 'k', 'two words \u00e9')).stdout, 'OK\n');
      assert.equal((await call('GET', 'k')).stdout, 'two words \u00e9\n');
      assert.equal((await call('--no-raw', 'GET', 'k')).stdout, '"two words \\xc3\\xa9"\n');
      assert.equal(
        (await call('--no-raw', 'MGET', 'k', 'none')).stdout,
        '1) "two words \\xc3\\xa9"\n2) (nil)\n',
      );
      assert.equal((await call('--json', 'MGET', 'k', 'none')).stdout, '["two words \u00e9",null]\n');
      assert.equal((await call('--json', 'CONFIG', 'GET', 'maxmemory')).stdout, '{"maxmemory":"16777216"}\n');
      assert.equal(
        (await call('--no-raw', '--resp', '3', 'CONFIG', 'GET', 'maxmemory')).stdout,
        '1# "maxmemory" => "16777216"\n',
      );
      assert.equal((await call('-n', '3', 'DBSIZE')).stdout, '0\n');
      assert.equal((await call('INCRBY', 'n', '-5')).stdout, '-5\n');
      assert.match((await call('--no-raw', 'INFO', 'server')).stdout, /^# Server\r\n/);
      const error = await call('INCR', 'k');
      assert.deepEqual(error, {
        code: 1,
        signal: undefined,
        stdout: '',
        stderr: 'ERR value is not an integer or out of range\n',
      });
    });
  });

  it('reads commands from standard input', async () => {
    await withNode([], async (_node, port) => {
      const input = Buffer.from(
        'SET a "x\\x00y"\n\nGET a\nGET "open\nMULTI\r\nINCR n\nINCR a\nEXEC\nCLIENT REPLY SKIP\nPING\nSET \xff 1\nSTRLEN \xff\n',
        'latin1',
      );
      const { code, stdout, stderr } = await nuthatch(['call', '-p', String(port), '--no-raw', '-'], {
        input,
      });
      assert.equal(
        stdout,
        'OK\n"x\\x00y"\nOK\nQUEUED\nQUEUED\n1) (integer) 1\n2) (error) ERR value is not an integer or out of range\nOK\n(integer) 1\n',
      );
      assert.equal(stderr, 'Line 4: a quote is not closed, or something follows it without a blank.\n');
      assert.equal(code, 64);
      const keys = await nuthatch(['call', '-p', String(port), '--no-raw'], { input: 'EXISTS n\n' });
      assert.deepEqual([keys.code, keys.stdout], [0, '(integer) 1\n']);
    });
  });

  it('prints what is published until it is stopped', async () => {
    await withNode([], async (_node, port) => {
      const subscriber = new Command(['call', '-p', String(port), '--json', 'SUBSCRIBE', 'news']);
      await subscriber.printed(/\["subscribe","news",1\]\n/);
      assert.equal((await nuthatch(['call', '-p', String(port), 'PUBLISH', 'news', 'hello'])).stdout, '1\n');
      await subscriber.printed(/\["message","news","hello"\]\n/);
      subscriber.signal('SIGINT');
      assert.equal((await subscriber.ended).signal, 'SIGINT');
    });
  });

  it('says that the other end is no node', async () => {
    const port = await freePort();
    const script = `require('net').createServer(s=>s.end('HTTP/1.1 400 Bad Request\\r\\n\\r\\n')).listen(${port},'127.0.0.1',()=>console.log('up'))`;
    const web = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(web.stdout, 'data');
      const { code, stderr } = await nuthatch(['call', '-p', String(port), 'PING']);
      assert.equal(code, 69);
      assert.match(
        stderr,
        /does not speak the Redis protocol: Protocol error: not a reply: "HTTP\/1\.1 400 Bad Request/,
      );
    } finally {
      web.kill();
      await once(web, 'close');
    }
  });
});
