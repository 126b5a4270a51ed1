/**
 * Real servers for tests of what runs on them: redis-server and valkey-server, each if it is installed. They keep nothing on disk,
 * listen on a port that was free a moment ago, and end with the test process at the latest.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe } from 'node:test';
import { Connection, type ConnectionOptions } from '../index.js';

/** For calls that must not fail because the machine is busy. */
export const PATIENCE_MS = 10_000;

interface ServerProgram {
  readonly name: string;
  /** Why tests on it are skipped; false: it is installed. */
  readonly skip: string | false;
}

const serverPrograms: readonly ServerProgram[] = ['redis-server', 'valkey-server']
  .map((name) => ({ name, isInstalled: spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0 }))
  // The one that most have is asked for; the other is used where it is.
  .filter(({ name, isInstalled }) => isInstalled || name === 'redis-server')
  .map(({ name, isInstalled }) => ({
    name,
    skip: isInstalled ? false : `${name} is missing: apt-get install ${name}`,
  }));

class RedisProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #connections: Connection[] = [];

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  static async start(program: string, args: readonly string[] = []): Promise<RedisProcess> {
    const port = await freePort();
    const all = ['--port', String(port), '--save', '', '--appendonly', 'no', ...args];
    const child = spawn(program, all, { stdio: 'ignore' });
    process.once('exit', () => child.kill('SIGKILL'));
    const server = new RedisProcess(port, child);
    await server.connect();
    return server;
  }

  /** A connection that is ready, and closed when the server stops. */
  async connect(options: ConnectionOptions = {}): Promise<Connection> {
    const connection = new Connection({
      port: this.port,
      deadlineMs: PATIENCE_MS,
      connectDeadlineMs: PATIENCE_MS,
      ...options,
    });
    this.#connections.push(connection);
    await connection.ready();
    return connection;
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

/** Describes tests once for each kind of server, on a process of its own, to which `connect` gives connections. */
export function onEachServer(title: string, body: (connect: () => Promise<Connection>) => void): void {
  for (const { name, skip } of serverPrograms) {
    describe(`${title} on ${name}`, { skip }, () => {
      let server: RedisProcess;
      before(async () => {
        server = await RedisProcess.start(name);
      });
      after(() => server?.stop());
      body(() => server.connect());
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
