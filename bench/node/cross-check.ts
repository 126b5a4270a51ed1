/**
 * The headline points again with redis-benchmark as the load, when it is installed: a second opinion on our own
 * generator. Same servers, same keys (its `-r` draws from the ones we filled), CPU per operation from /proc.
 */
import { spawnSync } from 'node:child_process';
import { cpuMs } from '../proc.js';
import { spawnPinned } from '../processes.js';
import { ratioSpread, spread } from '../statistics.js';
import type { CpuCheck } from './cpu.js';
import type { NodeBenchOptions } from './options.js';
import type { RunningServer } from './servers.js';

const ROUNDS = 5;
/** Requests of one run: some two seconds each. */
const REQUESTS: Readonly<Record<number, number>> = { 1: 200_000, 16: 1_000_000, 64: 1_500_000 };

export const redisBenchmarkInstalled = spawnSync('redis-benchmark', ['--version']).status === 0;

export async function crossCheck(
  all: readonly RunningServer[],
  traffic: 'get' | 'set',
  pipeline: number,
  valueBytes: number,
  keys: number,
  options: NodeBenchOptions,
): Promise<CpuCheck> {
  const servers = all.filter((server) => server.contender.dialect === 'resp');
  const requests = REQUESTS[pipeline] ?? 1_000_000;
  const cpu = servers.map((): number[] => []);
  for (let round = 0; round < (options.rounds ?? ROUNDS); round++) {
    for (let turn = 0; turn < servers.length; turn++) {
      const index = (turn + round) % servers.length;
      const server = servers[index] as RunningServer;
      const before = cpuMs(server.pid);
      await runRedisBenchmark(options.loadCore, [
        ...['-p', String(server.port), '-t', traffic, '-n', String(requests), '-r', String(keys)],
        ...['-d', String(valueBytes), '-c', String(options.connections), '-P', String(pipeline), '-q'],
      ]);
      cpu[index]?.push(((cpuMs(server.pid) - before) * 1000) / requests);
    }
  }
  const ours = cpu[servers.findIndex((server) => server.contender.name === 'nuthatch')];
  return {
    traffic,
    pipeline,
    valueBytes,
    servers: servers.map((server, index) => ({
      server: server.contender.name,
      cpuUsPerOperation: spread(cpu[index] as number[]),
      ...(ours !== undefined && ours !== cpu[index]
        ? { ourRatio: ratioSpread(ours, cpu[index] as number[]) }
        : {}),
    })),
  };
}

function runRedisBenchmark(core: number, given: string[]): Promise<void> {
  const child = spawnPinned(core, 'redis-benchmark', given, { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`redis-benchmark ${given.join(' ')} ended with exit code ${code}`));
    });
  });
}
