/** A cluster of nodes that were started by hand, on three addresses as if on three machines: two that hold data, and a witness. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Command, nuthatch } from './cli/commands.js';
import { freePort } from './kit/servers.js';

const SECRET = 'a secret that only these nodes know';
/** Of clients and of other nodes, on each of the addresses. */
const PORT = await freePort();
const BUS_PORT = await freePort();
const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const addresses = hosts.map((host) => `${host}:${PORT}@${BUS_PORT}`);
const folder = mkdtempSync(join(tmpdir(), 'nuthatch-init-'));
const nodes: Command[] = [];
after(async () => {
  for (const node of nodes) node.signal('SIGKILL');
  await Promise.all(nodes.map((node) => node.ended));
  rmSync(folder, { recursive: true });
});

async function start(host: string, more: readonly string[] = []): Promise<void> {
  const others = addresses.filter((address) => !address.startsWith(`${host}:`)).join(',');
  const ports = ['--port', String(PORT), '--bus-port', String(BUS_PORT)];
  const place = ['--host', host, ...ports, '--join', others, '--data', join(folder, host)];
  const variables = { NUTHATCH_CLUSTER_SECRET: SECRET };
  const node = new Command(['start', ...place, '--max-memory', '16mb', ...more], { variables });
  nodes.push(node);
  await node.printed(/ready on /);
}

const cluster = (...args: readonly string[]) => nuthatch(['cluster', ...args]);

describe('nuthatch cluster init', { skip: process.platform !== 'linux', timeout: 60_000 }, () => {
  it('begins a cluster once, of the nodes that it is told, and the doctor finds it well', async () => {
    await Promise.all([start('127.0.0.1'), start('127.0.0.2'), start('127.0.0.3', ['--voter'])]);
    const waiting = await cluster('status', '--host', '127.0.0.2', '--port', String(PORT));
    assert.match(waiting.stdout, /^No cluster was begun\./);
    const tooMany = await cluster('init', '--shards', '2', ...addresses);
    assert.equal(tooMany.code, 1);
    assert.match(
      tooMany.stderr,
      /^2 shards with 1 replica each need 4 nodes that hold data, and 2 were named/,
    );

    const begun = await cluster('init', ...addresses);
    assert.equal(begun.code, 0, begun.stderr);
    assert.match(begun.stdout, /^The cluster is begun\.\n\nok {2}1 shard with 1 replica each on 3 nodes\n/);
    const doctor = await cluster('doctor', '--host', '127.0.0.3', '--port', String(PORT));
    assert.deepEqual(
      [doctor.stdout, doctor.code],
      ['well   3 nodes asked, nothing wrong or risky found.\n', 0],
    );
    const again = await cluster('init', ...addresses);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^127\.0\.0\.1:\d+@\d+ belongs to a cluster already/);
  });
});
