/**
 * Servers as processes of their own: this node, and a real redis-server to compare with. Each takes a port that was
 * free a moment ago, writes nothing to disk and is stopped by its process id, also when the test run dies.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface TestServer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Why the process ended by itself; undefined while it runs. */
  readonly ended: string | undefined;
  /** What the process printed so far. */
  readonly output: string;
  /** Resident memory in bytes (Linux; elsewhere 0, and the tests that need it skip). */
  residentBytes(): number;
  /** CPU time of the process so far, in ms (Linux; elsewhere 0). */
  cpuMs(): number;
  signal(name: NodeJS.Signals): void;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
}

const startDeadlineMs = 20_000;

/** True when the program answers `--version`. */
export function installed(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Starts a redis-server, or a valkey-server, which keeps nothing; undefined when none is installed. */
export async function startRedis(
  args: readonly string[] = [],
  program = 'redis-server',
): Promise<TestServer | undefined> {
  if (!installed(program)) return undefined;
  const always = [
    '--save',
    '',
    '--appendonly',
    'no',
    '--maxmemory',
    '256mb',
    '--maxmemory-policy',
    'allkeys-lru',
  ];
  return start(program, (port) => [program, '--port', String(port), ...always, ...args]);
}

/** Starts this node with the flags of `nuthatch start`. `nodeArgs` go to Node.js itself. Without a port it takes a free one. */
export async function startNuthatch(
  flags: readonly string[] = [],
  nodeArgs: readonly string[] = [],
  port?: number,
): Promise<TestServer> {
  const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  const always = ['--max-memory', '256mb', '--log-format', 'json', '--log-level', 'warn'];
  return start(
    'nuthatch',
    (port) => [process.execPath, ...nodeArgs, program, 'start', '--port', String(port), ...always, ...flags],
    undefined,
    port,
  );
}

/** A port which nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
  return address.port;
}

/** Starts a program that listens on the port it is given, or on a free one; as `uid`, if one is given. */
export async function start(
  name: string,
  command: (port: number) => string[],
  uid?: number,
  given?: number,
): Promise<TestServer> {
  const port = given ?? (await freePort());
  const [program, ...args] = command(port);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid }),
  });
  const server = new ServerProcess(name, port, child);
  const until = performance.now() + startDeadlineMs;
  while (!(await answers(port))) {
    if (server.ended !== undefined)
      throw new Error(`${name} did not start (${server.ended}): ${server.output}`);
    if (performance.now() > until) {
      await server.stop();
      throw new Error(
        `${name} did not answer on port ${port} within ${startDeadlineMs} ms: ${server.output}`,
      );
    }
  }
  return server;
}

/** True when a connection to the port is accepted; takes a moment when it is not. */
async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const accepted = await new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true));
    socket.on('error', () => setTimeout(resolve, 20, false));
  });
  socket.destroy();
  return accepted;
}

class ServerProcess implements TestServer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  ended: string | undefined;
  output = '';
  readonly #child: ChildProcess;

  constructor(name: string, port: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.pid = child.pid ?? 0;
    this.#child = child;
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('error', (error) => {
      this.ended ??= error.message;
    });
    child.once('exit', (code, signal) => {
      this.ended ??= signal ? `signal ${signal}` : `exit code ${code}`;
      process.removeListener('exit', killWithUs);
    });
    const take = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString()).slice(-20_000);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
  }

  residentBytes(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(this.#proc('status'))?.[1] ?? 0) * 1024;
  }

  cpuMs(): number {
    // Fields 14 and 15 after the program's name, which stands in parentheses; in ticks of 10 ms.
    const fields = this.#proc('stat').split(') ')[1]?.split(' ') ?? [];
    return fields.length > 12 ? (Number(fields[11]) + Number(fields[12])) * 10 : 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await exit;
    clearTimeout(timer);
  }

  #proc(file: string): string {
    try {
      return readFileSync(`/proc/${this.pid}/${file}`, 'utf8');
    } catch {
      return '';
    }
  }
}
