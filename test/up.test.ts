/** A cluster on this machine from outside: begun, looked at, its primary killed, handed over, ended; and nothing of it is left. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Command, nuthatch } from './cli/commands.js';

/** With the buses 10,000 above it below the ports that the system gives out, and no other test's. */
const FIRST_PORT = 22_300;
const commands: Command[] = [];
/** For what is temporary: a command that is killed leaves it behind. */
const folder = mkdtempSync(join(tmpdir(), 'nuthatch-up-'));
after(async () => {
  for (const command of commands) command.signal('SIGKILL');
  await Promise.all(commands.map((command) => command.ended));
  rmSync(folder, { recursive: true });
});

interface Status {
  readonly state: string;
  readonly reasons: readonly string[];
  readonly shards: readonly {
    readonly epoch: number;
    readonly primary?: { readonly address: string };
    readonly replicas: readonly { readonly address: string; readonly isInSync: boolean }[];
  }[];
}

async function started(args: readonly string[]): Promise<{ readonly up: Command; readonly ports: number[] }> {
  const small = ['--port', String(FIRST_PORT), '--free-ports', '--max-memory', '16mb'];
  const up = new Command(['up', ...small, ...args], { variables: { TMPDIR: folder } });
  commands.push(up);
  const [, first, last = first] = await up.printed(/is a cluster of .* on ports? (\d+)(?: to (\d+))?\n/);
  await up.printed(/stop +Ctrl-C\n/);
  const count = Number(last) - Number(first) + 1;
  return { up, ports: Array.from({ length: count }, (_, i) => Number(first) + i) };
}

async function ask(port: number, ...words: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await nuthatch(['call', '-p', String(port), ...words]);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function statusOf(port: number): Promise<Status> {
  const { stdout, stderr } = await nuthatch(['cluster', 'status', '--json', '-p', String(port)]);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Status;
}

/** The deadline is the test's. */
async function until(port: number, isSo: (status: Status) => boolean): Promise<Status> {
  for (;;) {
    const status = await statusOf(port);
    if (isSo(status)) return status;
  }
}

const portOf = (address: string | undefined) => Number(address?.split(':').at(-1));
const pidOf = async (port: number) => Number(/process_id:(\d+)/.exec(await ask(port, 'INFO', 'server'))?.[1]);

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('nuthatch up', { timeout: 120_000 }, () => {
  it('is a cluster that heals, tells why, hands over, and leaves nothing behind', async () => {
    const { up, ports } = await started(['--shards', '1']);
    assert.equal(ports.length, 3, 'two nodes and a witness');
    const witness = ports[2];
    const before = await statusOf(witness);
    assert.deepEqual([before.state, before.reasons], ['ok', []]);
    const primary = portOf(before.shards[0].primary?.address);
    assert.equal(await ask(primary, 'SET', 'k', 'v'), 'OK\n');

    const killed = await pidOf(primary);
    // As the key k does on a terminal.
    up.signal('SIGUSR2');
    const healed = await until(
      witness,
      ({ state, shards }) => state === 'ok' && shards[0].epoch > before.shards[0].epoch,
    );
    const heir = portOf(healed.shards[0].primary?.address);
    assert.notEqual(heir, primary);
    assert.equal(await ask(heir, 'GET', 'k'), 'v\n');
    await up.printed(/node \d \(\d+\) {2}has ended \(SIGKILL\), is started again/);
    await up.printed(new RegExp(`killed ${primary} \\(pid ${killed}\\), the primary of shard 1\n`));
    await up.printed(new RegExp(`shard 1: ${heir} took over [\\d,]+ ms after ${primary} was killed\n`));
    const ring = await nuthatch(['cluster', 'ring', '-p', String(witness)]);
    assert.match(
      ring.stdout,
      new RegExp(`shard 1: primary 127\\.0\\.0\\.1:${primary} -> 127\\.0\\.0\\.1:${heir} \\(epoch`),
    );
    assert.match(ring.stdout, /wants promote: shard 1/);

    const handed = await nuthatch(['cluster', 'failover', '1', '--json', '-p', String(witness)]);
    assert.equal(handed.code, 0, handed.stderr);
    assert.equal((JSON.parse(handed.stdout) as { to: string }).to, `127.0.0.1:${primary}`);
    assert.equal(await ask(primary, 'GET', 'k'), 'v\n');
    const doctor = await nuthatch(['cluster', 'doctor', '-p', String(witness)]);
    assert.match(doctor.stdout, /^risky {2}All nodes are on one host/);
    assert.equal(doctor.code, 0);

    const pids = await Promise.all(ports.map(pidOf));
    assert.ok(!pids.includes(killed));
    up.signal('SIGTERM');
    const { code, stderr } = await up.ended;
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(pids.filter(runs), []);
  });

  it('does not outlive its command, however that ends', async () => {
    const { up, ports } = await started(['--shards', '1', '--replicas', '0']);
    const [pid] = await Promise.all(ports.map(pidOf));
    const client = connect(ports[0], '127.0.0.1');
    await once(client, 'connect');
    up.signal('SIGKILL');
    await up.ended;
    // It drains, and closes its clients at its end.
    client.resume();
    await once(client, 'close');
    while (runs(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('ends its nodes and its folder when its terminal is closed', async () => {
    const { up, ports } = await started(['--shards', '1', '--replicas', '0']);
    const [pid] = await Promise.all(ports.map(pidOf));
    up.signal('SIGHUP');
    assert.equal((await up.ended).code, 0);
    assert.equal(runs(pid), false);
  });

  it('says what hinders it', async () => {
    const { up, ports } = await started(['--shards', '1', '--replicas', '0']);
    const taken = await nuthatch(['up', '--shards', '1', '--port', String(ports[0])]);
    assert.equal(taken.code, 69);
    assert.match(taken.stderr, /^Port \d+ is taken by another program.*ss -ltnp.*--port.*--free-ports/s);
    const wrong = await nuthatch(['up', '--free-ports', '--shards', '1', '--', '--bogus']);
    assert.equal(wrong.code, 69);
    assert.match(
      wrong.stderr,
      /has ended before the cluster was begun \(code 64\)\.\n.*\n +--bogus is not an option/,
    );
    up.signal('SIGINT');
    assert.equal((await up.ended).code, 0);
  });
});
