/**
 * The nodes of `nuthatch up`, and their life: each is started, started again when it dies, and ended with all others.
 *
 *   start ──> runs ──dies──> waits (restart-policy.ts) ──> runs ...
 *   stop ──> SIGTERM to all ──> ended ──or not in GRACE_MS──> SIGKILL
 *   kill ──> SIGKILL to all
 */
import { Random } from '../../base/index.js';
import { LogFile } from './log-file.js';
import { shownLogLine } from './log-line.js';
import { type NodeEnd, NodeProcess } from './node-process.js';
import { RestartPolicy } from './restart-policy.js';

/** A node drains for 5 s by default; it has that, and time to hand over. */
const GRACE_MS = 8000;
/** Of what a node complained last, for who asks why it ended. */
const MAX_COMPLAINTS = 20;

export interface NodePlan {
  /** As people call it: "node 3 (6381)". */
  readonly name: string;
  /** Those of `nuthatch`. */
  readonly args: readonly string[];
  /** Where its log goes; undefined: nowhere. */
  readonly logFolder: string | undefined;
}

export interface SupervisorOptions {
  readonly program: string;
  readonly variables: NodeJS.ProcessEnv;
  /** A line for people. */
  readonly tell: (line: string) => void;
}

interface Kept {
  readonly plan: NodePlan;
  readonly log: LogFile | undefined;
  readonly policy: RestartPolicy;
  process: NodeProcess | undefined;
  timer: NodeJS.Timeout | undefined;
  complaints: string[];
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #nodes: readonly Kept[];
  #isStopping = false;
  /** False until all run for the first time: who ends before that is not started again. */
  #isSettled = false;
  #onEnded: () => void = () => {};
  /** Told of a node that ended before all ran, with why. */
  onFailedStart: (name: string, end: NodeEnd, complaints: readonly string[]) => void = () => {};

  constructor(plans: readonly NodePlan[], options: SupervisorOptions) {
    this.#options = options;
    this.#nodes = plans.map((plan) => ({
      plan,
      log: plan.logFolder === undefined ? undefined : new LogFile(plan.logFolder),
      policy: new RestartPolicy(new Random(Math.floor(Math.random() * 2 ** 32))),
      process: undefined,
      timer: undefined,
      complaints: [],
    }));
  }

  start(): void {
    for (const node of this.#nodes) this.#start(node);
  }

  /** All run: from now on who ends is started again. */
  settled(): void {
    this.#isSettled = true;
  }

  /** The process of each node, in the order of the plans; undefined while it does not run. */
  get pids(): readonly (number | undefined)[] {
    return this.#nodes.map((node) => node.process?.pid);
  }

  /** Resolves when all have ended, at the latest after GRACE_MS. May be called again. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const node of this.#nodes) {
      clearTimeout(node.timer);
      node.process?.kill('SIGTERM');
    }
    const timer = setTimeout(() => this.kill(), GRACE_MS);
    while (this.#nodes.some(({ process }) => process !== undefined))
      await new Promise<void>((resolve) => {
        this.#onEnded = resolve;
      });
    clearTimeout(timer);
    for (const { log } of this.#nodes) log?.close();
  }

  kill(): void {
    this.#isStopping = true;
    for (const node of this.#nodes) {
      clearTimeout(node.timer);
      node.process?.kill('SIGKILL');
    }
  }

  #start(node: Kept): void {
    const { plan, log, policy } = node;
    const { program, variables, tell } = this.#options;
    node.complaints = [];
    policy.started(performance.now());
    node.process = new NodeProcess(program, plan.args, variables, {
      logged: (line) => {
        log?.write(line);
        const shown = this.#isStopping ? undefined : shownLogLine(plan.name, line);
        if (shown !== undefined) tell(shown);
      },
      complained: (line) => {
        log?.write(line);
        node.complaints = [...node.complaints, line].slice(-MAX_COMPLAINTS);
        if (this.#isSettled && !this.#isStopping) tell(`${plan.name}  ${line}`);
      },
      ended: (end) => this.#ended(node, end),
    });
  }

  #ended(node: Kept, end: NodeEnd): void {
    node.process = undefined;
    this.#onEnded();
    if (this.#isStopping) return;
    if (!this.#isSettled) {
      this.onFailedStart(node.plan.name, end, node.complaints);
      return;
    }
    const waitMs = node.policy.ended(performance.now());
    const how = end.signal ?? `code ${end.code}`;
    this.#options.tell(
      `${node.plan.name}  has ended (${how}), is started again in ${(waitMs / 1000).toFixed(1)} s`,
    );
    node.timer = setTimeout(() => this.#start(node), waitMs);
  }
}
