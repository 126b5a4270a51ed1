/**
 * How long a full sync blocks the event loops of both its ends: a primary that holds so much, a replica that comes back empty, a witness.
 *
 *   begin the cluster ── SIGKILL the replica ── fill the primary ── start the replica again ─── until it is online
 *                                                                    └─ both loops are probed ──────────┘
 *
 * What a new process does in its first moments, load and compile its code, is not counted as the replica's.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { AdminClient } from '../load/admin-client.js';
import { runClosedLoop } from '../load/closed-loop.js';
import { judgeBlocks } from '../node/blocks.js';
import { Probe } from '../node/probe.js';
import {
  freePort,
  removeDirectory,
  sleep,
  spawnPinned,
  stopChild,
  temporaryDirectory,
} from '../processes.js';

const VALUE_BYTES = 1024;
const MIB = 2 ** 20;
const START_DEADLINE_MS = 30_000;
const SYNC_DEADLINE_MS = 600_000;
const FIRST_MOMENTS_MS = 1_000;
const CONNECTIONS = 50;
const PIPELINE = 16;

interface Member {
  readonly port: number;
  readonly address: string;
  readonly probe: Probe;
  readonly arguments: string[];
}

/** One line of figures. */
export async function runFullSync(program: string, mib: number): Promise<string> {
  const directory = temporaryDirectory();
  const members = await newMembers(directory, program);
  const [primary, replica, witness] = members;
  const children = new Map(members.map((member) => [member, start(member)]));
  try {
    for (const { port } of members) await until(START_DEADLINE_MS, port, () => true);
    const init = [program, 'cluster', 'init', ...members.map(({ address }) => address)];
    const { status, stderr } = spawnSync(process.execPath, init, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the cluster did not begin: ${stderr}`);
    await until(START_DEADLINE_MS, primary.port, isOnline);
    children.get(replica)?.kill('SIGKILL');
    await until(START_DEADLINE_MS, primary.port, (info) => !isOnline(info));
    await fill(primary.port, mib);
    const pid = Number((await infoOf(primary.port)).get('process_id'));
    await primary.probe.report(pid);
    const startedMs = Date.now();
    children.set(replica, start(replica));
    await until(SYNC_DEADLINE_MS, primary.port, isOnline);
    const seconds = (Date.now() - startedMs) / 1000;
    const replicaPid = Number((await infoOf(replica.port)).get('process_id'));
    const reports = [await primary.probe.report(pid), await replica.probe.report(replicaPid)] as const;
    const [atPrimary, atReplica] = reports.map(({ blocks, ...report }, i) =>
      judgeBlocks(
        {
          ...report,
          blocks: blocks.filter(({ fromMs }) => i === 0 || fromMs > startedMs + FIRST_MOMENTS_MS),
        },
        [],
      ),
    );
    const worst = (figures: typeof atPrimary): string =>
      `${figures?.longest[0]?.ownMs.toFixed(1) ?? 'less than 2'} ms`;
    return `full sync of ${mib} MiB in ${seconds.toFixed(1)} s: the longest block of the primary's loop ${worst(atPrimary)}, of the replica's ${worst(atReplica)}`;
  } finally {
    for (const member of [primary, replica, witness]) {
      const child = children.get(member);
      if (child !== undefined) await stopChild(child);
    }
    removeDirectory(directory);
  }
}

async function newMembers(directory: string, program: string): Promise<readonly [Member, Member, Member]> {
  const ports = await Promise.all(Array.from({ length: 6 }, freePort));
  const addressOf = (i: number): string => `127.0.0.1:${ports[i]}@${ports[i + 3]}`;
  const member = (i: number): Member => {
    const folder = join(directory, `${i}`);
    const others = [0, 1, 2].filter((other) => other !== i).map(addressOf);
    return {
      port: ports[i] as number,
      address: addressOf(i),
      probe: new Probe(folder),
      arguments: [
        ...[program, 'start', '--port', `${ports[i]}`, '--bus-port', `${ports[i + 3]}`],
        ...['--join', others.join(','), '--data', folder, '--max-memory', '4gb', '--log-level', 'warn'],
        ...(i === 2 ? ['--voter'] : ['--cluster']),
      ],
    };
  };
  return [member(0), member(1), member(2)];
}

function start({ probe, arguments: args }: Member) {
  const env = { ...process.env, ...probe.environment };
  return spawnPinned(undefined, process.execPath, [...probe.nodeArguments, ...args], {
    stdio: 'ignore',
    env,
  });
}

async function fill(port: number, mib: number): Promise<void> {
  const keys = Math.ceil((mib * MIB) / VALUE_BYTES);
  const pid = Number((await infoOf(port)).get('process_id'));
  const result = await runClosedLoop(1, {
    ...{ dialect: 'resp', port, serverPid: pid, connections: CONNECTIONS, pipeline: PIPELINE },
    ...{ valueBytes: VALUE_BYTES, keys, seed: 1, work: { kind: 'fill', firstKey: 0, lifetimeS: 0 } },
  });
  if (result.errors > 0) throw new Error(`${result.errors} errors, the first: ${result.firstError}`);
}

function isOnline(info: ReadonlyMap<string, string>): boolean {
  return info.get('role') === 'master' && /state=online/.test(info.get('slave0') ?? '');
}

async function infoOf(port: number): Promise<Map<string, string>> {
  const client = await AdminClient.connect(port);
  try {
    return await client.info();
  } finally {
    client.close();
  }
}

async function until(
  deadlineMs: number,
  port: number,
  isSo: (info: ReadonlyMap<string, string>) => boolean,
): Promise<void> {
  for (const endMs = performance.now() + deadlineMs; performance.now() < endMs; await sleep(50)) {
    const info = await infoOf(port).catch(() => undefined);
    if (info !== undefined && isSo(info)) return;
  }
  throw new Error(`the node at port ${port} was not as it should be within ${deadlineMs} ms`);
}
