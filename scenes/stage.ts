/**
 * Where a scene is played: for each way its server, its database and the processes of its application, all of them
 * real, all ways at the same time.
 *
 *   nuthatch       a node of this build
 *   the others     redis-server if it is installed; else a node of this build, and the scene says so
 */
import { type Contender, findContender, type RunningServer, startServer } from '../bench/node/servers.js';
import { Application, type Order, type Outcome } from './application.js';
import { Database, type DatabaseOptions } from './database.js';
import type { Screen } from './screen.js';
import type { WayName, WayOptions } from './ways.js';

const MAX_MEMORY_BYTES = 128 * 1024 ** 2;

export interface StageOptions {
  readonly processes: number;
  readonly database: DatabaseOptions;
  readonly reader: Omit<WayOptions, 'port'>;
}

/** The server that a way is shown over. */
export function serverFor(way: WayName): Contender {
  const wanted = findContender(way === 'nuthatch' ? 'nuthatch' : 'redis');
  if (typeof wanted !== 'string') return wanted;
  const ours = findContender('nuthatch');
  if (typeof ours === 'string') throw new Error(ours);
  return ours;
}

/** One way on the stage. */
export class Stage {
  readonly way: WayName;
  readonly database: Database;
  readonly applications: readonly Application[];
  readonly #contender: Contender;
  readonly #screen: Screen;
  readonly #column: number;
  #server: RunningServer;

  private constructor(
    way: WayName,
    server: RunningServer,
    options: StageOptions,
    screen: Screen,
    column: number,
  ) {
    this.way = way;
    this.#server = server;
    this.#contender = server.contender;
    this.#screen = screen;
    this.#column = column;
    this.database = new Database({
      ...options.database,
      onChange: (database) => {
        this.figure('queries', String(database.queries));
        this.figure('at once', `${database.atOnce}, at most ${database.mostAtOnce}`);
      },
    });
    this.applications = Array.from({ length: options.processes }, () => new Application(this.database));
  }

  /** Starts the server and the application, and waits until they are connected. */
  static async set(way: WayName, options: StageOptions, screen: Screen, column: number): Promise<Stage> {
    const server = await startServer(serverFor(way), { core: undefined, maxMemoryBytes: MAX_MEMORY_BYTES });
    const stage = new Stage(way, server, options, screen, column);
    await stage.tellAll({ kind: 'open', way, options: { ...options.reader, port: server.port } });
    return stage;
  }

  note(text: string): void {
    this.#screen.note(this.#column, text);
  }

  figure(name: string, value: string): void {
    this.#screen.figure(this.#column, name, value);
  }

  /** Tells all processes the same; their outcomes as one. */
  async tellAll(order: Order): Promise<Outcome> {
    return joined(await Promise.all(this.applications.map((application) => application.tell(order))));
  }

  /** The process of the cache stands still, and its sockets stay open. */
  freezeServer(): void {
    process.kill(this.#server.pid, 'SIGSTOP');
  }

  killServer(): void {
    process.kill(this.#server.pid, 'SIGKILL');
  }

  /** A new process of the cache, empty, at the same address. */
  async restartServer(): Promise<void> {
    const { port } = this.#server;
    await this.#server.stop();
    const options = { core: undefined, port, maxMemoryBytes: MAX_MEMORY_BYTES };
    this.#server = await startServer(this.#contender, options);
  }

  async clear(): Promise<void> {
    await Promise.all(this.applications.map((application) => application.stop()));
    await this.#server.stop();
  }
}

/** What came of several at the same time. */
export function joined(outcomes: readonly Outcome[]): Outcome {
  const all: Outcome = { answers: 0, errors: {}, waiting: 0, slowestMs: 0, value: undefined };
  for (const { answers, errors, waiting, slowestMs } of outcomes) {
    all.answers += answers;
    all.waiting += waiting;
    all.slowestMs = Math.max(all.slowestMs, slowestMs);
    for (const [name, count] of Object.entries(errors)) all.errors[name] = (all.errors[name] ?? 0) + count;
  }
  return all;
}
