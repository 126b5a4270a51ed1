/**
 * The contenders: how each server is found, started as a cache on one core, and ended.
 *
 * All run as a cache is run: bounded memory, least recently used out first, no disk, loopback. memcached gets one
 * worker thread, since it has one core; its four default threads would only contend.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Dialect } from '../load/reply-scanner.js';
import { freePort, removeDirectory, spawnPinned, stopChild, temporaryDirectory } from '../processes.js';

export interface Contender {
  readonly name: string;
  readonly dialect: Dialect;
  readonly version: string;
  /** Whether this is the server that the others are peers of. */
  readonly ours: boolean;
  readonly command: string;
  readonly arguments: (port: number, maxMemoryBytes: number, directory: string) => string[];
}

export interface StartOptions {
  /** Undefined: any. */
  readonly core: number | undefined;
  /** Default: one that is free. */
  readonly port?: number;
  readonly maxMemoryBytes: number;
  /** Arguments for `node` itself, before the program; only our own server takes them. */
  readonly nodeArguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunningServer {
  readonly contender: Contender;
  readonly pid: number;
  readonly port: number;
  /** From the start of the process to its first reply. */
  readonly startMs: number;
  stop(): Promise<void>;
}

const MB = 1024 * 1024;
const START_DEADLINE_MS = 10_000;

const builtProgram = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export const contenderNames = ['nuthatch', 'redis', 'valkey', 'memcached'] as const;
export type ContenderName = (typeof contenderNames)[number];

/** Finds a contender on this machine, or says how to get it. */
export function findContender(
  name: ContenderName,
  nodeArguments: readonly string[] = [],
): Contender | string {
  switch (name) {
    case 'nuthatch':
      return findNuthatch('nuthatch', builtProgram, nodeArguments);
    case 'redis':
      return findRedis('redis', 'redis-server', 'apt-get install redis-server');
    case 'valkey':
      return findRedis('valkey', 'valkey-server', 'apt-get install valkey-server (Debian 13, Ubuntu 24.04)');
    case 'memcached':
      return findMemcached();
  }
}

/** Another build of this node, to compare two builds with each other. */
export function findNuthatch(
  name: string,
  program: string,
  nodeArguments: readonly string[] = [],
): Contender | string {
  if (!existsSync(program)) return `${name}: ${program} is missing; build it with: npm run build`;
  return {
    name,
    dialect: 'resp',
    version: firstVersion(process.execPath, [program, '--version']),
    ours: true,
    command: process.execPath,
    arguments: (port, maxMemoryBytes) => [
      ...nodeArguments,
      program,
      'start',
      '--port',
      String(port),
      '--max-memory',
      `${Math.floor(maxMemoryBytes / MB)}mb`,
      '--log-level',
      'warn',
    ],
  };
}

function findRedis(name: string, command: string, remedy: string): Contender | string {
  if (!isInstalled(command)) return `${command} is not installed, so it is left out. To have it: ${remedy}`;
  return {
    name,
    dialect: 'resp',
    version: firstVersion(command, ['--version']),
    ours: false,
    command,
    arguments: (port, maxMemoryBytes, directory) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
      ...['--save', '', '--appendonly', 'no', '--loglevel', 'warning'],
      ...['--maxmemory', String(maxMemoryBytes), '--maxmemory-policy', 'allkeys-lru'],
    ],
  };
}

function findMemcached(): Contender | string {
  if (!isInstalled('memcached')) {
    return 'memcached is not installed, so it is left out. To have it: apt-get install memcached';
  }
  const asRoot = process.getuid?.() === 0;
  return {
    name: 'memcached',
    dialect: 'memcached',
    version: firstVersion('memcached', ['--version']),
    ours: false,
    command: 'memcached',
    arguments: (port, maxMemoryBytes) => [
      ...['-p', String(port), '-U', '0', '-l', '127.0.0.1', '-c', '1024', '-t', '1', '-I', '2m'],
      ...['-m', String(Math.floor(maxMemoryBytes / MB))],
      ...(asRoot ? ['-u', 'root'] : []),
    ],
  };
}

/** Starts a contender on a free port and waits for its first reply. */
export async function startServer(contender: Contender, options: StartOptions): Promise<RunningServer> {
  const port = options.port ?? (await freePort());
  const directory = temporaryDirectory();
  const given = contender.arguments(port, options.maxMemoryBytes, directory);
  const before = contender.ours ? (options.nodeArguments ?? []) : [];
  const startedAt = performance.now();
  const child = spawnPinned(options.core, contender.command, [...before, ...given], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...options.environment },
    cwd: directory,
  });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000);
  });
  await firstReply(child, port, contender).catch((error: Error) => {
    child.kill('SIGKILL');
    throw new Error(`${contender.name} did not start: ${error.message}\n${complaint}`);
  });
  return {
    contender,
    pid: child.pid as number,
    port,
    startMs: performance.now() - startedAt,
    stop: async () => {
      await stopChild(child);
      removeDirectory(directory);
    },
  };
}

async function firstReply(child: ChildProcess, port: number, contender: Contender): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  const question = contender.dialect === 'resp' ? 'PING\r\n' : 'version\r\n';
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
    if (performance.now() > deadline) throw new Error(`no reply on port ${port} in ${START_DEADLINE_MS} ms`);
    if (await answers(port, question)) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function answers(port: number, question: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => socket.write(question));
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version']).error === undefined;
}

function firstVersion(command: string, commandArguments: string[]): string {
  const { stdout } = spawnSync(command, commandArguments, { encoding: 'utf8' });
  return /\d+\.\d+(\.\d+)?[\w.-]*/.exec(stdout ?? '')?.[0] ?? 'unknown';
}
