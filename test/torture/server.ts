/** What is tortured: a server in a process of its own, or a cluster, whose nodes are killed. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startNuthatch, startRedis, type TestServer } from '../kit/servers.js';
import type { ClusterHostReport } from './cluster-host.js';

export type EngineName = 'nuthatch' | 'cluster' | 'redis' | 'memory';

export interface TorturedServer {
  readonly urls: readonly string[];
  /** Why it ended by itself; undefined while it runs. */
  readonly ended: string | undefined;
  /** How many of its nodes were killed. */
  readonly kills: number;
  stop(): Promise<void>;
}

/** Undefined: memory needs none. */
export async function startServer(engine: EngineName, seed: number): Promise<TorturedServer | undefined> {
  if (engine === 'memory') return undefined;
  if (engine === 'cluster') return ClusterHost.start(seed);
  const server = engine === 'redis' ? await startRedis() : await startNuthatch();
  if (server === undefined) throw new Error('redis-server is missing: apt-get install redis-server');
  return new OneServer(server);
}

class OneServer implements TorturedServer {
  readonly urls: readonly string[];
  readonly kills = 0;
  readonly #server: TestServer;

  constructor(server: TestServer) {
    this.#server = server;
    this.urls = [`redis://127.0.0.1:${server.port}`];
  }

  get ended(): string | undefined {
    return this.#server.ended;
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

class ClusterHost implements TorturedServer {
  urls: readonly string[] = [];
  kills = 0;
  ended: string | undefined;
  readonly #process: ChildProcess;
  #isEnding = false;

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.on('message', ({ urls, kills }: ClusterHostReport) => {
      this.urls = urls ?? this.urls;
      this.kills = kills;
    });
    child.on('exit', (code, signal) => {
      if (!this.#isEnding) this.ended = String(signal ?? code);
    });
  }

  static async start(seed: number): Promise<ClusterHost> {
    const child = fork(fileURLToPath(new URL('./cluster-host.js', import.meta.url)), [], { execArgv: [] });
    const host = new ClusterHost(child);
    child.send(seed);
    await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (host.ended !== undefined) throw new Error(`the cluster ended: ${host.ended}`);
    return host;
  }

  async stop(): Promise<void> {
    this.#isEnding = true;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }
}
