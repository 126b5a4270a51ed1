/** What is tortured: a server in a process of its own, or a cluster, whose nodes are tortured too. */
import { Seeded } from '../kit/seeded.js';
import { startNuthatch, startRedis, type TestServer } from '../kit/servers.js';
import { TorturedCluster } from './tortured-cluster.js';

export type EngineName = 'nuthatch' | 'cluster' | 'redis' | 'memory';

export interface TorturedServer {
  readonly urls: readonly string[];
  /** How old at most what is read from a node without its lease may be. */
  readonly maxStaleMs: number;
  /** Why it ended by itself; undefined while it runs. */
  readonly ended: string | undefined;
  /** What was done to its nodes, for people; '': nothing. */
  readonly story: string;
  /** What to put before the command of a worker, to run it at its place. */
  prefixOf(worker: number): readonly string[];
  /** Nothing more is done to it; resolves when what is under way is undone. */
  rest(): Promise<void>;
  stop(): Promise<void>;
}

/** Undefined: memory needs none. */
export async function startServer(
  engine: EngineName,
  seed: number,
  workers: number,
  print: (line: string) => void,
): Promise<TorturedServer | undefined> {
  if (engine === 'memory') return undefined;
  if (engine === 'cluster') return TorturedCluster.start(new Seeded(seed), workers, print);
  const server = engine === 'redis' ? await startRedis() : await startNuthatch();
  if (server === undefined) throw new Error('redis-server is missing: apt-get install redis-server');
  return new OneServer(server);
}

class OneServer implements TorturedServer {
  readonly urls: readonly string[];
  readonly maxStaleMs = 0;
  readonly story = '';
  readonly #server: TestServer;

  constructor(server: TestServer) {
    this.#server = server;
    this.urls = [`redis://127.0.0.1:${server.port}`];
  }

  get ended(): string | undefined {
    return this.#server.ended;
  }

  prefixOf(): readonly string[] {
    return [];
  }

  async rest(): Promise<void> {}

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
