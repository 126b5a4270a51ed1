/** The worlds that `npm run sim` can run, by name; the first is the default. */
import {
  clusterExperiment,
  type Experiment,
  leaseToy,
  type Outcome,
  type RunOptions,
  runSeed,
  type ShrunkRun,
  shrink,
} from '#layers/sim';

/** An experiment without the types of its messages, which nobody here looks at. */
export interface SimWorld {
  readonly name: string;
  readonly description: string;
  readonly mutants: readonly string[];
  readonly mutantRules: Readonly<Record<string, string>>;
  readonly mutantsElsewhere: Readonly<Record<string, string>>;
  readonly marks: readonly string[];
  run(options: RunOptions): Outcome;
  shrink(options: RunOptions): ShrunkRun;
}

function world<M, D, F>(experiment: Experiment<M, D, F>): SimWorld {
  const { name, description, mutants, mutantRules = {}, mutantsElsewhere = {}, marks } = experiment;
  return {
    name,
    description,
    mutants,
    mutantRules,
    mutantsElsewhere,
    marks,
    run: (options) => runSeed(experiment, options),
    shrink: (options) => shrink(experiment, options),
  };
}

const worlds: readonly SimWorld[] = [world(clusterExperiment), world(leaseToy)];

export const worldNames: readonly string[] = worlds.map(({ name }) => name);

export function worldNamed(name: string): SimWorld {
  const found = worlds.find((one) => one.name === name);
  if (found === undefined)
    throw new Error(`there is no world '${name}': give one of ${worldNames.join(', ')}`);
  return found;
}

/** The mutants that a world is to find out. */
export function mutantsFoundBy({ mutants, mutantsElsewhere }: SimWorld): readonly string[] {
  return mutants.filter((name) => !Object.hasOwn(mutantsElsewhere, name));
}
