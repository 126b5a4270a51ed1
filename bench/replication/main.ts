/**
 * `npm run bench -- replication`: what a replica costs its primary.
 *
 *   per pipeline, round 1: lone node, primary   round 2: lone node, primary   ...     never two under load at once
 *
 * Nothing is pinned to a core: a primary works on two threads, and its replica beside it. A full sync comes last: full-sync.ts.
 */
import { fileURLToPath } from 'node:url';
import { AdminClient } from '../load/admin-client.js';
import { type ClosedLoopJob, runClosedLoop } from '../load/closed-loop.js';
import { cpuMs, threadCpuMs } from '../proc.js';
import { freePort, sleep, spawnPinned, stopChild } from '../processes.js';
import { ratioSpread, type Spread, spread } from '../statistics.js';
import { runFullSync } from './full-sync.js';
import type { ReplicationBenchOptions } from './options.js';

export { help, parseOptions } from './options.js';

const KEYS = 100_000;
const CONNECTIONS = 50;
const WARM_UP_MS = 400;
/** Of a turn that is not counted: code is compiled in it. */
const UNMEASURED_MS = 6000;
const START_DEADLINE_MS = 30_000;

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

interface Server {
  readonly name: string;
  readonly port: number;
  /** Of the process that takes the writes. */
  readonly pid: number;
}

interface Turn {
  readonly cpuUs: number;
  readonly mainShare: number;
  readonly perSecond: number;
}

export async function run(options: ReplicationBenchOptions): Promise<number> {
  const [lonePort, clusterPort] = [await freePort(), await freePort()];
  const children = [
    spawnPinned(
      undefined,
      process.execPath,
      [program, 'start', '--port', `${lonePort}`, '--max-memory', '1gb', '--log-level', 'warn'],
      { stdio: 'ignore' },
    ),
    spawnPinned(
      undefined,
      process.execPath,
      [
        ...[program, 'up', '--shards', '1', '--replicas', '1'],
        ...['--port', `${clusterPort}`, '--free-ports', '--max-memory', '1gb'],
      ],
      { stdio: 'ignore' },
    ),
  ];
  try {
    const servers = [
      await untilReady('lone', lonePort, () => true),
      await untilReady(
        'primary',
        clusterPort,
        (info) => info.get('role') === 'master' && /state=online/.test(info.get('slave0') ?? ''),
      ),
    ] as const;
    for (const pipeline of options.pipelines) report(pipeline, await measure(servers, pipeline, options));
  } finally {
    for (const child of children) await stopChild(child);
  }
  if (options.fullSyncMib > 0) console.log(await runFullSync(program, options.fullSyncMib));
  return 0;
}

/** Waits until the node answers as it should. */
async function untilReady(
  name: string,
  port: number,
  isReady: (info: ReadonlyMap<string, string>) => boolean,
): Promise<Server> {
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  for (;;) {
    const client = await AdminClient.connect(port).catch(() => undefined);
    const info = await client?.info().catch(() => undefined);
    client?.close();
    if (info !== undefined && isReady(info)) return { name, port, pid: Number(info.get('process_id')) };
    if (performance.now() > deadlineMs)
      throw new Error(`the ${name} node is not ready in ${START_DEADLINE_MS} ms`);
    await sleep(100);
  }
}

/** The turns of each server, in rounds. */
async function measure(
  servers: readonly Server[],
  pipeline: number,
  { rounds, seconds, valueBytes }: ReplicationBenchOptions,
): Promise<Turn[][]> {
  const turns: Turn[][] = servers.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, server] of servers.entries()) {
      const measureMs = round === 0 ? UNMEASURED_MS : seconds * 1000;
      const turn = await runTurn(server, pipeline, valueBytes, measureMs, round);
      if (round > 0) turns[i]?.push(turn);
    }
  }
  return turns;
}

async function runTurn(
  { port, pid }: Server,
  pipeline: number,
  valueBytes: number,
  measureMs: number,
  seed: number,
): Promise<Turn> {
  const job: ClosedLoopJob = {
    dialect: 'resp',
    port,
    serverPid: pid,
    connections: CONNECTIONS,
    pipeline,
    valueBytes,
    keys: KEYS,
    seed,
    work: { kind: 'set', warmUpMs: WARM_UP_MS, measureMs },
  };
  const before = { all: cpuMs(pid), main: threadCpuMs(pid, pid) };
  const result = await runClosedLoop(1, job);
  if (result.errors > 0) throw new Error(`${result.errors} errors, the first: ${result.firstError}`);
  const mainShare = (threadCpuMs(pid, pid) - before.main) / (cpuMs(pid) - before.all);
  return { cpuUs: result.serverCpuUsPerOperation, mainShare, perSecond: result.perSecond };
}

function report(pipeline: number, [lone = [], primary = []]: readonly Turn[][]): void {
  const cpu = (turns: readonly Turn[]): number[] => turns.map(({ cpuUs }) => cpuUs);
  const main = (turns: readonly Turn[]): number[] => turns.map(({ cpuUs, mainShare }) => cpuUs * mainShare);
  console.log(
    [
      `SET, pipeline ${pipeline}:`,
      `lone ${us(spread(cpu(lone)))}, primary ${us(spread(cpu(primary)))}: ${times(ratioSpread(cpu(primary), cpu(lone)))};`,
      `main thread alone ${us(spread(main(lone)))}, ${us(spread(main(primary)))}: ${times(ratioSpread(main(primary), main(lone)))};`,
      `${thousands(lone)} and ${thousands(primary)} k/s`,
    ].join(' '),
  );
}

function us({ median }: Spread): string {
  return `${median.toFixed(2)} us`;
}

function times({ min, median, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}-${max.toFixed(2)})`;
}

function thousands(turns: readonly Turn[]): string {
  return (spread(turns.map(({ perSecond }) => perSecond)).median / 1000).toFixed(0);
}
