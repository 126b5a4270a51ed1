/**
 * Scenario `pauses`: how long a client waits while the store grows, expires and evicts, with 5 M entries in it.
 *
 *   spin (the machine's noise, nothing else on the core) -> for each contender:
 *     fill      4 M keys as fast as it takes them                     closed loop
 *     growing   half GET, half SET of new keys, until 5 M             open loop
 *     expiring  1 M more keys whose 12 s lifetimes end in this phase  open loop, GETs
 *     evicting  maxmemory set to what is used; SETs of new keys       open loop
 *
 * The open loop's rate is half of what the slowest contender takes without pipelining (measured first), the same for
 * all. Our server carries the event-loop probe (a timer each millisecond: its price is ours to pay), and the core is watched:
 * what the machine did to it is told apart from what the server did, also for the peers.
 */
import { AdminClient } from '../load/admin-client.js';
import { type ClosedLoopJob, runClosedLoop } from '../load/closed-loop.js';
import { type Absence, CoreWatch } from '../load/core-watch.js';
import { type OpenLoopResult, runOpenLoop } from '../load/open-loop.js';
import { runSpin, type SpinResult } from '../load/spin.js';
import { removeDirectory, temporaryDirectory } from '../processes.js';
import { type BlockFigures, judgeBlocks } from './blocks.js';
import type { NodeBenchOptions } from './options.js';
import { Probe } from './probe.js';
import type { Progress } from './progress.js';
import { type Contender, type RunningServer, startServer } from './servers.js';

export interface PauseFigures {
  readonly server: string;
  readonly phase: 'fill' | 'growing' | 'expiring' | 'evicting';
  /** What happened, in numbers: keys before and after, expired, evicted. */
  readonly keysBefore: number;
  readonly keysAfter: number;
  readonly expired: number;
  readonly evicted: number;
  readonly client?: OpenLoopResult;
  readonly loop?: BlockFigures;
  /** The longest absence of the core during the phase. */
  readonly coreAwayMs: number;
}

export interface PauseResults {
  readonly perSecond: number;
  readonly spins: readonly SpinResult[];
  readonly phases: readonly PauseFigures[];
}

const VALUE_BYTES = 64;
const MAX_MEMORY_BYTES = 6 * 1024 ** 3;
const SPIN_S = 20;
const SATURATION_MS = 3000;
const FILL_PIPELINE = 16;
const EXPIRING_LIFETIME_S = 12;
const EXPIRING_S = 25;
const EVICTING_S = 30;

export async function runPauses(
  all: readonly Contender[],
  options: NodeBenchOptions,
  progress: Progress,
): Promise<PauseResults> {
  const contenders = all.filter((contender) => contender.dialect === 'resp');
  const entries = options.entries ?? 5_000_000;
  const spins = [await runSpin(options.serverCore, SPIN_S)];
  progress.spin(spins[0] as SpinResult);
  const rates: number[] = [];
  for (const contender of contenders) rates.push(await saturation(contender, options));
  const perSecond = Math.floor(Math.min(...rates) / 2);
  progress.line(
    `no pipeline, most: ${rates.map(Math.round).join(', ')} requests/s; open loop: ${perSecond}/s`,
  );
  const phases: PauseFigures[] = [];
  const watch = new CoreWatch(options.serverCore);
  for (const contender of contenders) {
    const directory = temporaryDirectory();
    const probe = contender.ours ? new Probe(directory) : undefined;
    const server = await startServer(contender, {
      core: options.serverCore,
      maxMemoryBytes: MAX_MEMORY_BYTES,
      ...(probe === undefined ? {} : { nodeArguments: probe.nodeArguments, environment: probe.environment }),
    });
    const run = new PausesOfOne(server, probe, watch, options, perSecond, entries);
    for await (const figures of run.phases()) {
      phases.push(figures);
      progress.pauses(figures);
    }
    await server.stop();
    removeDirectory(directory);
  }
  await watch.stop();
  spins.push(await runSpin(options.serverCore, SPIN_S));
  progress.spin(spins[1] as SpinResult);
  return { perSecond, spins, phases };
}

async function saturation(contender: Contender, options: NodeBenchOptions): Promise<number> {
  const server = await startServer(contender, { core: options.serverCore, maxMemoryBytes: MAX_MEMORY_BYTES });
  await runClosedLoop(options.loadCore, closedLoopJob(server, options, 1, 100_000, 0));
  const result = await runClosedLoop(options.loadCore, {
    ...closedLoopJob(server, options, 1, 100_000, 0),
    work: { kind: 'mix', warmUpMs: 1000, measureMs: SATURATION_MS },
  });
  await server.stop();
  return result.perSecond;
}

function closedLoopJob(
  server: RunningServer,
  options: NodeBenchOptions,
  pipeline: number,
  keys: number,
  firstKey: number,
  lifetimeS = 0,
): ClosedLoopJob {
  return {
    dialect: 'resp',
    port: server.port,
    serverPid: server.pid,
    connections: options.connections,
    pipeline,
    valueBytes: VALUE_BYTES,
    keys,
    seed: 1,
    work: { kind: 'fill', firstKey, lifetimeS },
  };
}

/** The phases of one contender, one after the other on the same process. */
class PausesOfOne {
  readonly #server: RunningServer;
  readonly #probe: Probe | undefined;
  readonly #watch: CoreWatch;
  readonly #options: NodeBenchOptions;
  readonly #perSecond: number;
  readonly #entries: number;

  constructor(
    server: RunningServer,
    probe: Probe | undefined,
    watch: CoreWatch,
    options: NodeBenchOptions,
    perSecond: number,
    entries: number,
  ) {
    this.#server = server;
    this.#probe = probe;
    this.#watch = watch;
    this.#options = options;
    this.#perSecond = perSecond;
    this.#entries = entries;
  }

  async *phases(): AsyncGenerator<PauseFigures> {
    const admin = await AdminClient.connect(this.#server.port);
    const filled = Math.floor(this.#entries * 0.8);
    yield await this.#phase('fill', admin, () => this.#fill(FILL_PIPELINE, filled, 0));
    const growSeconds = (this.#entries - filled) / (this.#perSecond / 2);
    yield await this.#phase('growing', admin, () => this.#openLoop(growSeconds, 0.5, filled, filled));
    // Key numbers far above those of the other phases.
    const mortal = 100_000_000;
    await this.#fill(FILL_PIPELINE, Math.floor(this.#entries / 5), mortal, EXPIRING_LIFETIME_S);
    yield await this.#phase('expiring', admin, () => this.#openLoop(EXPIRING_S, 0, 0, filled));
    const used = (await admin.info()).get('used_memory') ?? '0';
    await admin.call('CONFIG', 'SET', 'maxmemory', used);
    yield await this.#phase('evicting', admin, () => this.#openLoop(EVICTING_S, 1, 2 * mortal, filled));
    admin.close();
  }

  async #phase(
    phase: PauseFigures['phase'],
    admin: AdminClient,
    work: () => Promise<OpenLoopResult | undefined>,
  ): Promise<PauseFigures> {
    await this.#probe?.report(this.#server.pid);
    await this.#watch.report();
    const before = await counts(admin);
    const client = await work();
    const report = await this.#probe?.report(this.#server.pid);
    const absences = await this.#watch.report();
    const after = await counts(admin);
    if (client !== undefined && client.errors > 0) {
      throw new Error(
        `${this.#server.contender.name}, ${phase}: ${client.errors} errors: ${client.firstError}`,
      );
    }
    return {
      server: this.#server.contender.name,
      phase,
      keysBefore: before.keys,
      keysAfter: after.keys,
      expired: after.expired - before.expired,
      evicted: after.evicted - before.evicted,
      ...(client === undefined ? {} : { client }),
      ...(report === undefined ? {} : { loop: judgeBlocks(report, absences) }),
      coreAwayMs: longestMs(absences),
    };
  }

  async #fill(pipeline: number, keys: number, firstKey: number, lifetimeS = 0): Promise<undefined> {
    const job = closedLoopJob(this.#server, this.#options, pipeline, keys, firstKey, lifetimeS);
    const result = await runClosedLoop(this.#options.loadCore, job);
    if (result.errors > 0) throw new Error(`${this.#server.contender.name}: ${result.firstError}`);
    return undefined;
  }

  #openLoop(
    seconds: number,
    setShare: number,
    firstNewKey: number,
    readKeys: number,
  ): Promise<OpenLoopResult> {
    return runOpenLoop(this.#options.loadCore, {
      port: this.#server.port,
      connections: this.#options.connections,
      perSecond: this.#perSecond,
      seconds,
      valueBytes: VALUE_BYTES,
      firstNewKey,
      setShare,
      readKeys,
      seed: 7,
    });
  }
}

function longestMs(absences: readonly Absence[]): number {
  return absences.reduce((longest, absence) => Math.max(longest, absence.toMs - absence.fromMs), 0);
}

async function counts(admin: AdminClient): Promise<{ keys: number; expired: number; evicted: number }> {
  const info = await admin.info();
  return {
    keys: await admin.integer('DBSIZE'),
    expired: Number(info.get('expired_keys')),
    evicted: Number(info.get('evicted_keys')),
  };
}
