/**
 * Makes a failing run small, so that its trace can be read: fewer nodes, less time, and only the faults that it needs. A smaller
 * run counts if the same checker fails in it.
 *
 * Faults are left out by kind, then by halves, quarters and so on down to single ones. What a fault does depends on the seed
 * and its id alone, so that those that stay are the same.
 *
 * Source: A. Zeller and R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002).
 */
import { assert } from '../base/index.js';
import type { Experiment } from './program.js';
import { type Outcome, type RunOptions, runSeed } from './run.js';

/** More are not worth the wait. */
const MAX_RUNS = 400;
/** Parts of the length that are tried. */
const SHORTER = [0.25, 0.5, 0.75];

export interface ShrunkRun {
  readonly options: RunOptions;
  readonly outcome: Outcome;
  readonly runs: number;
}

/** `options` is of a run that failed. */
export function shrink<M, D, F>(experiment: Experiment<M, D, F>, options: RunOptions): ShrunkRun {
  const shrinker = new Shrinker(experiment, options);
  shrinker.nodes();
  shrinker.length();
  shrinker.faults();
  // With fewer faults it may fail sooner.
  shrinker.length();
  return shrinker.result();
}

class Shrinker<M, D, F> {
  readonly #experiment: Experiment<M, D, F>;
  readonly #checker: string;
  #options: RunOptions;
  #outcome: Outcome;
  #runs = 1;

  constructor(experiment: Experiment<M, D, F>, options: RunOptions) {
    this.#experiment = experiment;
    this.#options = { ...options, trace: undefined };
    this.#outcome = runSeed(experiment, this.#options);
    const { violation } = this.#outcome;
    assert(violation !== undefined, `seed ${options.seed} does not fail, so there is nothing to shrink`);
    this.#checker = violation.checker;
  }

  nodes(): void {
    for (let nodes = this.#experiment.nodes.least; nodes < this.#outcome.settings.nodes; nodes++) {
      if (this.#try({ nodes })) return;
    }
  }

  /** In whole seconds, as the command line takes them. */
  length(): void {
    const { lengthMs } = this.#options;
    for (const part of SHORTER) {
      const seconds = Math.ceil((lengthMs * part) / 1000);
      if (seconds * 1000 < lengthMs && this.#try({ lengthMs: seconds * 1000 })) return;
    }
  }

  faults(): void {
    let kept = this.#outcome.faults.map(({ id }) => id);
    if (!this.#try({ chosen: new Set(kept) })) return;
    for (const kind of new Set(this.#outcome.faults.map((fault) => fault.kind))) {
      const others = this.#outcome.faults.filter((fault) => fault.kind !== kind).map(({ id }) => id);
      if (this.#try({ chosen: new Set(others) })) kept = others;
    }
    for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < kept.length; ) {
        const others = kept.toSpliced(at, size);
        if (this.#try({ chosen: new Set(others) })) kept = others;
        else at += size;
      }
    }
  }

  result(): ShrunkRun {
    return { options: this.#options, outcome: this.#outcome, runs: this.#runs };
  }

  #try(change: Partial<RunOptions>): boolean {
    if (this.#runs >= MAX_RUNS) return false;
    this.#runs++;
    const options = { ...this.#options, ...change };
    const outcome = runSeed(this.#experiment, options);
    if (outcome.violation?.checker !== this.#checker) return false;
    this.#options = options;
    this.#outcome = outcome;
    return true;
  }
}
