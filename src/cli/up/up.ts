/**
 * `nuthatch up`: a whole cluster on this machine, from its ports to its end.
 *
 *   ports free? ─> a process for each node ─> all answer ─> CLUSTER INIT, unless they are of one ─> all slots served ─> banner, screen
 *                                                                                                              │
 *      k, SIGUSR2: a primary is killed (kills.ts)                                                              │
 *      SIGINT, SIGTERM, SIGHUP (its terminal was closed): all are told to end ─ again: all are killed <────────┘
 */
import diagnostics from 'node:diagnostics_channel';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../base/index.js';
import { optionRanges } from '../../node/index.js';
import { isRefusal } from '../../ring/index.js';
import { commandName } from '../banner.js';
import { ConnectionError } from '../call-connection.js';
import { isExpected, statusOf } from '../cluster/cluster-view.js';
import { init, waitUntilServed } from '../cluster/init.js';
import { painter } from '../cluster/paint.js';
import { ExitCode } from '../exit-codes.js';
import { reasonOf } from '../file-problem.js';
import type { Access } from '../flag-reader.js';
import { memoryBudget } from '../memory-budget.js';
import { BUS_PORT_OFFSET, type NodeAddress } from '../node-address.js';
import { readableBytes } from '../quantities.js';
import { Screen, wantsColor } from '../screen.js';
import { listenToKeys } from './keys.js';
import { Kills } from './kills.js';
import { freeRow, takenPort } from './ports.js';
import { Supervisor } from './supervisor.js';
import { UpDisplay } from './up-display.js';
import {
  holdingCount,
  nodeCount,
  nodePlans,
  shapeOf,
  sizeText,
  UP_HOST,
  type UpOptions,
} from './up-options.js';
import { readShape, type UpShape, writeShape } from './up-shape.js';
import { upBanner } from './up-text.js';

/** A node takes a second or two to start; many on few cores take longer. */
const START_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;
/** Half of the memory is for all nodes together. */
const SHARE_PERCENT = 50;

/** Kills a primary, to see what happens. */
const KILL_KEY = 'k';
/** The same where there is no terminal. Windows has no such signal. */
const KILL_SIGNAL = 'SIGUSR2';

/** SIGHUP: its terminal was closed. */
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Told where the cluster can be reached, once it serves: for `npm start` of the repository. */
const listening = diagnostics.channel('nuthatch:listening');

/** What people must be told, and the exit code. */
class UpError extends Error {
  readonly code: ExitCode;

  constructor(message: string, code: ExitCode) {
    super(message);
    this.code = code;
  }
}

export async function up(options: UpOptions, version: string): Promise<ExitCode> {
  let temporary: string | undefined;
  let supervisor: Supervisor | undefined;
  let isEnding = false;
  let tellEnd: (code: ExitCode) => void = () => {};
  const ended = new Promise<ExitCode>((resolve) => {
    tellEnd = resolve;
  });
  const screen = new Screen(process.stdout);
  const onSignal = (signal: (typeof END_SIGNALS)[number]) => {
    if (isEnding) {
      supervisor?.kill();
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
      process.exit(128 + constants.signals[signal]);
    }
    isEnding = true;
    tellEnd(ExitCode.OK);
  };
  for (const signal of END_SIGNALS) process.on(signal, onSignal);
  // A defect ends this process; the nodes would see that too, and drain. This is quicker.
  process.on('exit', () => supervisor?.kill());
  let endShow: () => void = () => {};
  try {
    const plan = await planned(options);
    const folder = options.data ?? (temporary = mkdtempSync(join(tmpdir(), 'nuthatch-up-')));
    const budget = memoryOf(options, holdingCount(plan));
    const folderOf = (number: number) => join(folder, `node${number}`);
    const plans = nodePlans(
      plan,
      [...options.tlsArgs, ...options.rest],
      budget.text,
      folderOf,
      options.data !== undefined,
    );
    for (let i = 1; i <= plans.length; i++) mkdirSync(folderOf(i), { recursive: true });
    // The file of the password was read.
    const variables = { ...process.env, NUTHATCH_PASSWORD: options.password, NUTHATCH_PASSWORD_FILE: '' };
    const tell = (line: string) => screen.print(`${line}\n`);
    const nodes = new Supervisor(plans, { program: process.argv[1] ?? '', variables, tell });
    supervisor = nodes;
    const failed = new Promise<never>((_, reject) => {
      nodes.onFailedStart = (name, { code, signal }, complaints) =>
        reject(
          new UpError(
            [
              `${name} has ended before the cluster was begun (${signal ?? `code ${code}`}).`,
              ...complaints,
            ].join('\n'),
            ExitCode.UNAVAILABLE,
          ),
        );
    });
    nodes.start();
    const ports = plans.map((_, i) => plan.port + i);
    const begun = await Promise.race([begin(plan, options, ports), failed, ended]);
    if (begun === undefined) {
      nodes.settled();
      if (options.data !== undefined) writeShape(folder, plan);
      endShow = show(plan, options, { version, memory: budget.words, ports, nodes, screen });
    }
    return await ended;
  } catch (error) {
    if (!(error instanceof UpError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.code;
  } finally {
    isEnding = true;
    endShow();
    if (supervisor !== undefined) screen.print('stopping the nodes; Ctrl-C again kills them\n');
    await supervisor?.stop();
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    for (const signal of END_SIGNALS) process.off(signal, onSignal);
  }
}

interface Shown {
  readonly version: string;
  /** In words. */
  readonly memory: string;
  readonly ports: readonly number[];
  readonly nodes: Supervisor;
  readonly screen: Screen;
}

/** The cluster serves: says how to connect, and shows how it is until what is returned is called. */
function show(shape: UpShape, options: UpOptions, shown: Shown): () => void {
  const { password, tls, data } = options;
  const { version, memory, ports, nodes, screen } = shown;
  const paint = painter(wantsColor(process.stdout, process.env));
  const pids = () => nodes.pids;
  const kills = new Kills({
    random: new Random(Math.floor(Math.random() * 2 ** 32)),
    pids,
    kill: (pid) => process.kill(pid, 'SIGKILL'),
    tell: (line) => screen.print(`${line}\n`),
    nowMs: () => Date.now(),
  });
  const killPrimary = () => kills.killPrimary();
  const endKeys = screen.isTerminal
    ? listenToKeys(process.stdin, (key) => key === KILL_KEY && killPrimary())
    : undefined;
  const ways = endKeys === undefined ? [] : [`press ${KILL_KEY}`];
  if (process.platform !== 'win32') {
    process.on(KILL_SIGNAL, killPrimary);
    ways.push(`kill -USR2 ${process.pid}`);
  }
  screen.print(
    upBanner(
      {
        version,
        size: sizeText(shape),
        ports,
        hasPassword: password !== '',
        speaksTls: tls !== undefined,
        memory,
        data,
        command: commandName(process.argv[1] ?? '', process.cwd()),
        killing: `${ways.join(', or ')}: a primary dies, and its replica takes over`,
      },
      paint,
    ),
  );
  listening.publish({ host: UP_HOST, port: shape.port, ports, password });
  const display = new UpDisplay({
    ports,
    access: options,
    screen,
    paint,
    pids,
    hint: endKeys === undefined ? '' : `${KILL_KEY} kills a primary, Ctrl-C ends`,
    looked: (facts) => kills.looked(facts),
  });
  display.start();
  return () => {
    display.end();
    endKeys?.();
    process.off(KILL_SIGNAL, killPrimary);
  };
}

/** What is to be, on ports that are free. */
async function planned(options: UpOptions): Promise<UpShape> {
  const { data, takesFreePorts } = options;
  const shape = shapeOf(options, data === undefined ? undefined : shapeIn(data));
  if (isRefusal(shape)) throw new UpError(`Cannot start: ${shape.refused}.`, ExitCode.USAGE);
  const count = nodeCount(shape);
  if (takesFreePorts) {
    const port = await freeRow(UP_HOST, shape.port, count);
    if (port !== undefined) return { ...shape, port };
    throw new UpError(
      `There are no ${count} free ports in a row from ${shape.port} on.`,
      ExitCode.UNAVAILABLE,
    );
  }
  const found = await takenPort(UP_HOST, shape.port, count);
  if (found === undefined) return shape;
  const bus = found.taken === found.port ? '' : `, the bus of the node on ${found.port},`;
  throw new UpError(
    `Port ${found.taken}${bus} is taken by another program; needed are ${shape.port} to ${shape.port + count - 1}, and those 10000 above. ` +
      `\`ss -ltnp 'sport = :${found.taken}'\` says by which.\nGive other ones with --port, or let free ones be found with --free-ports.`,
    ExitCode.UNAVAILABLE,
  );
}

function shapeIn(folder: string): UpShape | undefined {
  try {
    return readShape(folder);
  } catch (error) {
    throw new UpError(`--data ${folder} cannot be used: ${reasonOf(error)}.`, ExitCode.USAGE);
  }
}

/** What each node gets, as `--max-memory` takes it, and in words. */
function memoryOf(
  { maxMemory }: UpOptions,
  count: number,
): { readonly text: string; readonly words: string } {
  const { min, max } = optionRanges.maxMemoryBytes;
  if (maxMemory !== undefined) {
    const { bytes } = memoryBudget(maxMemory, optionRanges.maxMemoryBytes);
    return { text: String(bytes), words: `${readableBytes(bytes)} a node, as --max-memory says` };
  }
  const all = memoryBudget({ percent: SHARE_PERCENT }, optionRanges.maxMemoryBytes);
  const bytes = Math.min(max, Math.max(min, Math.floor(all.bytes / count)));
  return {
    text: String(bytes),
    words: `${readableBytes(bytes)} a node: ${all.reason}, divided by ${count} (--max-memory)`,
  };
}

/** Waits for the nodes, and begins the cluster unless they have one. */
async function begin(
  { shards, replicas }: UpShape,
  { password, tls }: Access,
  ports: readonly number[],
): Promise<undefined> {
  const nodes: NodeAddress[] = ports.map((port) => ({
    host: UP_HOST,
    port,
    busPort: port + BUS_PORT_OFFSET,
  }));
  const access = { password, tls };
  const isBegun = (await Promise.all(nodes.map(({ port }) => answers(port, access)))).some((one) => one);
  if (isBegun) {
    const late = await waitUntilServed(nodes, access);
    if (late === undefined) return undefined;
    throw new UpError(`The cluster does not serve all slots: ${late}.`, ExitCode.ERROR_REPLY);
  }
  try {
    const done = await init({ nodes, shards, replicas, access });
    if (isRefusal(done))
      throw new UpError(`The cluster was not begun: ${done.refused}`, ExitCode.ERROR_REPLY);
  } catch (error) {
    if (!isExpected(error)) throw error;
    throw new UpError((error as Error).message, ExitCode.ERROR_REPLY);
  }
  return undefined;
}

/** Resolves when the node answers, with whether it is of a cluster already. */
async function answers(port: number, access: Access): Promise<boolean> {
  const endMs = performance.now() + START_WITHIN_MS;
  for (;;) {
    try {
      return (await statusOf({ host: UP_HOST, port, ...access })).clusterId !== undefined;
    } catch (error) {
      if (!isExpected(error)) throw error;
      // Who answers, and refuses, does so again.
      if (performance.now() > endMs || !(error instanceof ConnectionError))
        throw new UpError((error as Error).message, ExitCode.UNAVAILABLE);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}
