/**
 * `npm run sim -- --seeds 2000`: see arguments.ts, which is its --help. Exits with 1 at a violation, with 2 if it does not understand
 * what it was asked.
 */
import { describeFault, describeSettings, type Outcome, type RunOptions, type ShrunkRun } from '#layers/sim';
import { help, readArguments, type SimArguments } from './arguments.js';
import { runSeeds, type SeedsOptions } from './seeds.js';
import { describeTally, type Tally } from './tally.js';
import { mutantsFoundBy, worldNamed } from './worlds.js';

/** Violations that are listed. */
const SHOWN_VIOLATIONS = 10;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

try {
  const read = readArguments(process.argv.slice(2));
  if (read === 'help') process.stdout.write(help);
  else if (read.seed !== undefined) process.exitCode = runOne(read, read.seed);
  else if (read.isMutantTable) process.exitCode = await runMutants(read);
  else process.exitCode = await runMany(read);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\nnpm run sim -- --help lists what can be given\n`);
  process.exitCode = 2;
}

/** Hundreds of thousands of lines go fast only if they go together. */
function printLines(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}

function optionsOf(args: SimArguments, seed: number): RunOptions {
  return {
    seed,
    lengthMs: args.seconds * 1000,
    mutants: new Set(args.mutants),
    nodes: args.nodes,
    without: args.without,
    chosen: args.faults === undefined ? undefined : new Set(args.faults),
    isStrict: true,
  };
}

function runOne(args: SimArguments, seed: number): number {
  const world = worldNamed(args.world);
  const trace: string[] = [];
  const outcome = world.run({
    ...optionsOf(args, seed),
    trace: args.isTraced ? (line) => trace.push(line) : undefined,
  });
  printLines(trace);
  printLines(describeOutcome(outcome));
  if (outcome.violation === undefined) {
    print('passed');
    return 0;
  }
  if (outcome.violation.stack !== undefined) print(outcome.violation.stack);
  if (args.isShrunk) printLines(describeShrunk(args, world.shrink(optionsOf(args, seed))));
  print(`FAILED: ${outcome.violation.checker}: ${outcome.violation.words}`);
  return 1;
}

async function runMany(args: SimArguments): Promise<number> {
  const world = worldNamed(args.world);
  const to = args.from + args.seeds;
  const without = args.mutants.length > 0 ? ` without ${args.mutants.join(', ')}` : '';
  print(`${world.name}${without}: seeds ${args.from} to ${to - 1}, ${args.seconds} simulated seconds each`);
  const startMs = performance.now();
  const tally = await runSeeds({ from: args.from, to }, seedsOptions(args, false), args.processes, print);
  printLines(describeTally(tally, world.marks));
  print(`in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  if (tally.violated === 0) {
    print('passed: no violation');
    return 0;
  }
  printLines(describeViolations(tally));
  const [first] = tally.violations;
  if (args.isShrunk && first.checker !== 'same-trace') {
    print(`looking for a smaller form of seed ${first.seed}`);
    printLines(describeShrunk(args, world.shrink(optionsOf(args, first.seed))));
  }
  print(`FAILED: ${tally.violated} violations`);
  return 1;
}

async function runMutants(args: SimArguments): Promise<number> {
  const world = worldNamed(args.world);
  let missed = 0;
  const row = (mutant: string, seed: number | string, found: string): void =>
    print(`| \`${mutant}\` | ${world.mutantRules[mutant] ?? ''} | ${seed} | ${found} |`);
  print('| mutant | the rule that is left out | seed | found out by |\n|---|---|---:|---|');
  for (const mutant of mutantsFoundBy(world)) {
    const options = { ...seedsOptions(args, true), mutants: [mutant] };
    const tally = await runSeeds(
      { from: args.from, to: args.from + args.seeds },
      options,
      args.processes,
      print,
    );
    const [first] = tally.violations;
    if (first === undefined) missed++;
    const found = first === undefined ? 'nobody' : `${first.checker}: ${first.words}`;
    row(mutant, first?.seed ?? '', found);
  }
  for (const [mutant, where] of Object.entries(world.mutantsElsewhere)) row(mutant, '', where);
  print(missed === 0 ? 'passed: each was found out' : `FAILED: ${missed} were not found out`);
  return missed === 0 ? 0 : 1;
}

function seedsOptions(args: SimArguments, endsWithViolation: boolean): SeedsOptions {
  const { world, seconds, mutants, without, nodes, isTwice } = args;
  return { world, lengthMs: seconds * 1000, mutants, without, nodes, isTwice, endsWithViolation };
}

function describeOutcome({ seed, settings, simulatedMs, events, marks, faults }: Outcome): string[] {
  const names = (host: number): string =>
    host < settings.nodes ? `n${host + 1}` : `c${host - settings.nodes + 1}`;
  const cast = { nodes: settings.nodes, hosts: settings.nodes + settings.clients, nameOf: names };
  return [
    `seed ${seed}: ${(simulatedMs / 1000).toFixed(3)} s, ${events.toLocaleString('en')} events`,
    ...describeSettings(settings),
    ...faults.map(
      (fault) => `  fault ${fault.id} at ${Math.round(fault.atMs)} ms: ${describeFault(fault, cast)}`,
    ),
    `marks ${[...marks].map(([name, count]) => `${name} ${count}`).join(', ') || 'none'}`,
  ];
}

function describeViolations({ violations, violated }: Tally): string[] {
  const shown = violations.slice(0, SHOWN_VIOLATIONS);
  const lines = shown.map(
    ({ seed, checker, words, atMs }) => `  seed ${seed} at ${atMs} ms, ${checker}: ${words}`,
  );
  return violated > shown.length ? [...lines, `  and ${violated - shown.length} more`] : lines;
}

function describeShrunk(args: SimArguments, { options, outcome, runs }: ShrunkRun): string[] {
  const words = [`--world ${args.world} --seed ${options.seed} --seconds ${options.lengthMs / 1000}`];
  if (options.nodes !== undefined) words.push(`--nodes ${options.nodes}`);
  for (const mutant of args.mutants) words.push(`--mutant ${mutant}`);
  for (const kind of args.without) words.push(`--without ${kind}`);
  if (options.chosen !== undefined) words.push(`--faults ${[...options.chosen].join(',') || 'none'}`);
  return [
    `the smallest that fails alike, of ${runs} tried: ${outcome.settings.nodes} nodes, ${outcome.faults.length} faults, ` +
      `${((outcome.violation?.atMs ?? 0) / 1000).toFixed(3)} s`,
    `  npm run sim -- ${words.join(' ')} --trace`,
  ];
}
