/** The command line of `npm run sim`, and what it says of itself. */
import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from '#layers/sim';
import { worldNamed, worldNames } from './worlds.js';

export interface SimArguments {
  readonly world: string;
  readonly from: number;
  readonly seeds: number;
  readonly seconds: number;
  readonly processes: number;
  readonly mutants: readonly string[];
  readonly nodes: number | undefined;
  readonly without: readonly FaultKind[];
  /** The one seed to look at. */
  readonly seed: number | undefined;
  readonly faults: readonly string[] | undefined;
  readonly isTraced: boolean;
  readonly isShrunk: boolean;
  readonly isTwice: boolean;
  readonly isMutantTable: boolean;
}

export const help = `npm run sim -- [options]

Runs whole clusters in a simulated world: virtual time, networks that lose and cut, disks that fail, hosts that crash, stop and
suspend, clocks that drift and jump. All comes from a seed: the same seed gives the same run. Checkers look at all that happens.
The exit code is 1 if one of them objects. See docs/simulation.md.

Many seeds
  --seeds N         how many (200)
  --from N          the first one (1)
  --seconds N       simulated, of each; the last third, 15 s at most, is without faults (60)
  --processes N     (2)
  --world NAME      what runs: ${worldNames.join(', ')} (${worldNames[0]})
  --mutant NAME     leaves a rule out, which must be found out; may be repeated
  --mutants         each mutant of the world in turn, until it is found out: a table in Markdown
  --twice           runs each seed twice and compares the traces
  --no-shrink       does not look for a smaller form of the first violation

One seed
  --seed N          runs it and tells its settings, faults and marks
  --trace           with every event, in columns: time in s, node, what, details
  --shrink          if it fails: looks for a smaller form
  --nodes N         instead of as many as the seed draws
  --faults A,B      only these faults, by their ids: '12' of the plan, 'won@3' aimed at a mark; 'none'
  --without KIND    leaves a kind of fault out; may be repeated: ${FAULT_KINDS.slice(0, 8).join(', ')},
                    ${FAULT_KINDS.slice(8).join(', ')}

Examples
  npm run sim -- --seeds 2000
  npm run sim -- --world toy --seeds 2000 --mutant no-promise
  npm run sim -- --seed 17 --trace | grep -v -e ' tick' | less
`;

/** 'help' if that was asked for. Throws with words for the user. */
export function readArguments(words: readonly string[]): SimArguments | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      world: { type: 'string', default: worldNames[0] },
      from: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '60' },
      processes: { type: 'string', default: '2' },
      mutant: { type: 'string', multiple: true, default: [] },
      mutants: { type: 'boolean', default: false },
      nodes: { type: 'string' },
      without: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      faults: { type: 'string' },
      trace: { type: 'boolean', default: false },
      shrink: { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
      twice: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const world = worldNamed(values.world);
  for (const name of values.mutant) {
    if (!world.mutants.includes(name)) {
      throw new Error(`the world ${world.name} has no mutant '${name}': it has ${world.mutants.join(', ')}`);
    }
  }
  for (const kind of values.without) {
    if (!(FAULT_KINDS as readonly string[]).includes(kind)) {
      throw new Error(`there is no fault '${kind}': give one of ${FAULT_KINDS.join(', ')}`);
    }
  }
  const isOne = values.seed !== undefined;
  for (const name of ['trace', 'shrink', 'faults'] as const) {
    if (!isOne && values[name]) throw new Error(`--${name} is for one seed: add --seed N`);
  }
  return {
    world: world.name,
    from: count('from', values.from, 0),
    seeds: count('seeds', values.seeds, 1),
    seconds: count('seconds', values.seconds, 1),
    processes: count('processes', values.processes, 1),
    mutants: values.mutant,
    nodes: values.nodes === undefined ? undefined : count('nodes', values.nodes, 1),
    without: values.without as FaultKind[],
    seed: values.seed === undefined ? undefined : count('seed', values.seed, 0),
    faults: values.faults?.split(',').filter((id) => id !== 'none'),
    isTraced: values.trace,
    isShrunk: isOne ? values.shrink : !values['no-shrink'],
    isTwice: values.twice,
    isMutantTable: values.mutants,
  };
}

function count(name: string, word: string, least: number): number {
  const value = Number(word);
  if (!Number.isInteger(value) || value < least) {
    throw new Error(`--${name} is ${word}: give an integer from ${least} on`);
  }
  return value;
}
