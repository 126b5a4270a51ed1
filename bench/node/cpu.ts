/**
 * Scenario `cpu`: what one operation costs the server, and how fast it answers.
 *
 *   for each value size:   start fresh processes, fill (the first fill, reported apart; three times, alternating),
 *                          3 s of unmeasured traffic
 *     for each pipeline and traffic:   one unmeasured turn each, then rounds of A B C, A B C, ...
 *
 * CPU per operation is the server's CPU time in the window divided by the operations answered in it: unlike
 * requests/s it hardly depends on what else the machine does, and it counts the kernel's work for the server too.
 * The turn order rotates from round to round, so that nobody always follows the same neighbour.
 */
import { type ClosedLoopResult, runClosedLoop } from '../load/closed-loop.js';
import type { Traffic } from '../load/requests.js';
import { ratioSpread, type Spread, spread } from '../statistics.js';
import { crossCheck, redisBenchmarkInstalled } from './cross-check.js';
import type { NodeBenchOptions } from './options.js';
import type { Progress } from './progress.js';
import { type Contender, type RunningServer, startServer } from './servers.js';

export interface CpuPoint {
  readonly traffic: Traffic | 'first fill';
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly servers: readonly CpuFigures[];
}

export interface CpuFigures {
  readonly server: string;
  readonly rounds: readonly ClosedLoopResult[];
  readonly cpuUsPerOperation: Spread;
  readonly perSecond: Spread;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  /** CPU per operation of this node divided by this server's, round by round; absent for this node itself. */
  readonly ourRatio?: Spread;
}

/** A point measured with redis-benchmark instead of our own generator. */
export interface CpuCheck {
  readonly traffic: 'get' | 'set';
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly servers: readonly Pick<CpuFigures, 'server' | 'cpuUsPerOperation' | 'ourRatio'>[];
}

export interface CpuResults {
  readonly points: readonly CpuPoint[];
  readonly checks: readonly CpuCheck[];
}

const MAX_MEMORY_BYTES = 4 * 1024 ** 3;
const FILL_ROUNDS = 3;
const FILL_PIPELINE = 16;
const HEADLINE_BYTES = 64;
const WARM_UP_MS = 400;
/** Of traffic to a fresh process, so that the order of the points does not matter. */
const SETTLING_MS = 3000;
/** The unmeasured turn: long enough for a just-in-time compiler to have seen the new traffic. */
const UNMEASURED_MS = 1000;

/** Larger values get fewer keys: 100 k of 64 B, 20 k of 16 KB (320 MB, past any CPU cache). */
function keysFor(valueBytes: number): number {
  return valueBytes > 4096 ? 20_000 : 100_000;
}

export async function runCpu(
  contenders: readonly Contender[],
  options: NodeBenchOptions,
  progress: Progress,
): Promise<CpuResults> {
  const points: CpuPoint[] = [];
  const checks: CpuCheck[] = [];
  for (const valueBytes of options.sizes) {
    const fills = contenders.map((): ClosedLoopResult[] => []);
    const fillRounds = options.quick ? 1 : FILL_ROUNDS;
    let servers: RunningServer[] = [];
    for (let round = 0; round < fillRounds; round++) {
      for (const server of servers) await server.stop();
      servers = await startAll(contenders, options);
      for (const [index, server] of servers.entries()) {
        fills[index]?.push(await fill(server, valueBytes, options));
      }
    }
    const filled = summarize('first fill', FILL_PIPELINE, valueBytes, contenders, fills);
    if (!options.quick) points.push(filled);
    progress.point(filled);
    for (const server of servers) {
      await runTurn(server, 'mix', FILL_PIPELINE, valueBytes, 0, SETTLING_MS, options);
    }
    for (const pipeline of options.pipelines) {
      for (const traffic of options.traffics) {
        const results = await runPoint(servers, traffic, pipeline, valueBytes, options, progress);
        const point = summarize(traffic, pipeline, valueBytes, contenders, results);
        points.push(point);
        progress.point(point);
        if (valueBytes !== HEADLINE_BYTES || traffic === 'mix' || options.quick || !redisBenchmarkInstalled)
          continue;
        const check = await crossCheck(servers, traffic, pipeline, valueBytes, keysFor(valueBytes), options);
        checks.push(check);
        progress.check(check);
      }
    }
    for (const server of servers) await server.stop();
  }
  return { points, checks };
}

async function startAll(
  contenders: readonly Contender[],
  options: NodeBenchOptions,
): Promise<RunningServer[]> {
  const servers: RunningServer[] = [];
  for (const contender of contenders) {
    servers.push(
      await startServer(contender, { core: options.serverCore, maxMemoryBytes: MAX_MEMORY_BYTES }),
    );
  }
  return servers;
}

function fill(
  server: RunningServer,
  valueBytes: number,
  options: NodeBenchOptions,
): Promise<ClosedLoopResult> {
  return runTurn(server, 'fill', FILL_PIPELINE, valueBytes, 0, 0, options);
}

async function runPoint(
  servers: readonly RunningServer[],
  traffic: Traffic,
  pipeline: number,
  valueBytes: number,
  options: NodeBenchOptions,
  progress: Progress,
): Promise<ClosedLoopResult[][]> {
  const usual = options.quick ? 3 : valueBytes === HEADLINE_BYTES ? 7 : 5;
  const rounds = options.rounds ?? usual;
  const measureMs = (options.seconds ?? (options.quick ? 1.5 : 2.5)) * 1000;
  const results = servers.map((): ClosedLoopResult[] => []);
  for (const server of servers)
    await runTurn(server, traffic, pipeline, valueBytes, 0, UNMEASURED_MS, options);
  for (let round = 1; round <= rounds; round++) {
    progress.note(`${traffic} pipeline ${pipeline} value ${valueBytes}: round ${round} of ${rounds}`);
    for (let turn = 0; turn < servers.length; turn++) {
      const index = (turn + round) % servers.length;
      const server = servers[index] as RunningServer;
      results[index]?.push(await runTurn(server, traffic, pipeline, valueBytes, round, measureMs, options));
    }
  }
  return results;
}

async function runTurn(
  server: RunningServer,
  traffic: Traffic | 'fill',
  pipeline: number,
  valueBytes: number,
  round: number,
  measureMs: number,
  options: NodeBenchOptions,
): Promise<ClosedLoopResult> {
  const result = await runClosedLoop(options.loadCore, {
    dialect: server.contender.dialect,
    port: server.port,
    serverPid: server.pid,
    connections: options.connections,
    pipeline,
    valueBytes,
    keys: keysFor(valueBytes),
    seed: 1000 + round,
    work:
      traffic === 'fill'
        ? { kind: 'fill', firstKey: 0, lifetimeS: 0 }
        : { kind: traffic, warmUpMs: WARM_UP_MS, measureMs },
  });
  const about = `${server.contender.name}, ${traffic}, pipeline ${pipeline}, ${valueBytes} bytes`;
  if (result.errors > 0)
    throw new Error(`${about}: ${result.errors} error replies, such as: ${result.firstError}`);
  if (result.misses > 0)
    throw new Error(`${about}: ${result.misses} GETs missed in a filled store: not valid`);
  return result;
}

function summarize(
  traffic: CpuPoint['traffic'],
  pipeline: number,
  valueBytes: number,
  contenders: readonly Contender[],
  results: readonly ClosedLoopResult[][],
): CpuPoint {
  const cpu = results.map((rounds) => rounds.map((round) => round.serverCpuUsPerOperation));
  const ourIndex = contenders.findIndex((contender) => contender.name === 'nuthatch');
  const ours = cpu[ourIndex];
  return {
    traffic,
    pipeline,
    valueBytes,
    servers: contenders.map((contender, index) => {
      const rounds = results[index] as ClosedLoopResult[];
      return {
        server: contender.name,
        rounds,
        cpuUsPerOperation: spread(cpu[index] as number[]),
        perSecond: spread(rounds.map((round) => round.perSecond)),
        p50Us: spread(rounds.map((round) => round.p50Us)),
        p99Us: spread(rounds.map((round) => round.p99Us)),
        ...(ours !== undefined && index !== ourIndex
          ? { ourRatio: ratioSpread(ours, cpu[index] as number[]) }
          : {}),
      };
    }),
  };
}
