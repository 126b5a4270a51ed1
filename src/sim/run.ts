/**
 * One run of an experiment from one seed: a phase with faults, then one in which all heals, then the last look.
 *
 *   0 ──────────── faults ──────────── heal ── liveness bounds of the checkers ── end
 *
 * The same seed and options give the same outcome. Everything that throws ends the run and is told in its outcome, as a violation
 * of the checker that threw, or of the program.
 */
import { Aim, ScriptedAim } from './aim.js';
import { Violation } from './checker.js';
import { stream } from './draws.js';
import { type Cast, drawPlan, type Fault } from './faults.js';
import { Nemesis } from './nemesis.js';
import { Observers } from './observers.js';
import type { Experiment } from './program.js';
import { drawSettings, type Overrides, type Settings } from './settings.js';
import type { TraceSink } from './trace.js';
import { World } from './world.js';

/** At the end of a run so long is without faults, if the run is three times as long. */
const HEALED_MS = 15_000;

export interface RunOptions extends Overrides {
  readonly seed: number;
  /** Simulated, in all. */
  readonly lengthMs: number;
  /** The ids of the faults that may happen; undefined: all that the seed draws. */
  readonly chosen?: ReadonlySet<string> | undefined;
  readonly mutants?: ReadonlySet<string> | undefined;
  readonly trace?: TraceSink | undefined;
  /** What is sent and kept is frozen, so that a host that changes it is found out. */
  readonly isStrict?: boolean | undefined;
}

/** A run whose world is not left to the seed: for scenarios. */
export interface ScriptedRun extends RunOptions {
  readonly settings: Settings;
  readonly faults: readonly Fault[];
  /** Their ids are the marks they wait for: 'won@3'. */
  readonly faultsAtMarks: readonly Fault[];
  readonly healAtMs: number;
}

export interface RunViolation {
  /** 'program' if it threw by itself. */
  readonly checker: string;
  readonly words: string;
  readonly atMs: number;
  /** Where it was thrown, if it was no checker's violation. */
  readonly stack?: string;
}

export interface Outcome {
  readonly seed: number;
  readonly settings: Settings;
  readonly simulatedMs: number;
  readonly events: number;
  readonly fingerprint: number;
  readonly marks: ReadonlyMap<string, number>;
  readonly faults: readonly Fault[];
  readonly violation?: RunViolation;
}

/** Where faults end in a run of that length. */
export function healAtMs(lengthMs: number): number {
  return lengthMs - Math.min(HEALED_MS, Math.floor(lengthMs / 3));
}

export function runSeed<M, D, F>(experiment: Experiment<M, D, F>, options: RunOptions): Outcome {
  const settings = drawSettings(options.seed, experiment, options);
  return run(experiment, options, settings, healAtMs(options.lengthMs), undefined);
}

export function runScript<M, D, F>(experiment: Experiment<M, D, F>, script: ScriptedRun): Outcome {
  return run(experiment, script, script.settings, script.healAtMs, script);
}

/** n1, n2 ... */
export function namesOf(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
}

function run<M, D, F>(
  experiment: Experiment<M, D, F>,
  options: RunOptions,
  settings: Settings,
  healMs: number,
  script: ScriptedRun | undefined,
): Outcome {
  const { seed, lengthMs, chosen } = options;
  const nodes = namesOf('n', settings.nodes);
  const clients = namesOf('c', settings.clients);
  const names = [...nodes, ...clients];
  const mutants = options.mutants ?? new Set<string>();
  const random = stream(seed, 'experiment');
  const { program, checkers, maxLostDisks } = experiment.begin({ nodes, clients, random, mutants });
  const observers = new Observers(checkers, options.trace);
  const cast: Cast = { nodes: nodes.length, hosts: names.length, nameOf: (host) => names[host] };
  const aim = script === undefined ? new Aim(seed, settings) : new ScriptedAim(script.faultsAtMarks);
  const limits = {
    maxActive: script === undefined ? settings.maxActive : Number.POSITIVE_INFINITY,
    maxLostDisks,
    chosen,
  };
  const nemesis = new Nemesis<M, D, F>(cast, aim, limits, observers, stream(seed, 'nemesis'));
  const world = new World(program, { nodes, clients }, observers, nemesis, {
    seed,
    settings,
    tickMs: experiment.tickMs,
    isStrict: options.isStrict ?? false,
  });
  nemesis.begin(world, script?.faults ?? drawPlan(stream(seed, 'plan'), settings, cast, healMs));
  let violation: RunViolation | undefined;
  try {
    const starts = stream(seed, 'starts');
    for (const host of world.hosts) world.startAt(host, starts.below(experiment.tickMs * 1000));
    world.runUntil(healMs * 1000);
    nemesis.heal();
    observers.healed(healMs);
    world.runUntil(lengthMs * 1000);
    observers.ended(lengthMs);
    observers.trace(world.nowUs, '-', 'end');
  } catch (error) {
    violation = violationOf(error, observers.asked, world.nowUs / 1000);
    observers.trace(world.nowUs, '-', 'VIOLATED', `${violation.checker}: ${violation.words}`);
  }
  return {
    seed,
    settings,
    simulatedMs: world.nowUs / 1000,
    events: world.events,
    fingerprint: world.fingerprint,
    marks: observers.marks,
    faults: nemesis.begun,
    ...(violation === undefined ? {} : { violation }),
  };
}

function violationOf(error: unknown, asked: string, atMs: number): RunViolation {
  if (error instanceof Violation) return { checker: asked, words: error.message, atMs };
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  return { checker: 'program', words, atMs, ...(stack === undefined ? {} : { stack }) };
}
