/** `npm run torture -- --engine nuthatch --interleavings 1000000 --seed 1`: see run.ts. Exits with 1 when the run failed. */
import { parseArgs } from 'node:util';
import { type EngineName, runTorture } from './run.js';

// The server and the workers are ended when this process exits, which a signal alone does not count as.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'nuthatch' },
    interleavings: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    near: { type: 'boolean', default: false },
    'without-fence': { type: 'boolean', default: false },
  },
});

const engines: readonly string[] = ['nuthatch', 'redis', 'memory'];
if (!engines.includes(values.engine)) {
  throw new Error(`--engine is ${values.engine}: give one of ${engines.join(', ')}`);
}
const number = (name: 'interleavings' | 'seconds' | 'seed'): number => {
  const value = Number(values[name]);
  if (!(value >= 0)) throw new Error(`--${name} is ${values[name]}: give a number from 0 on`);
  return value;
};

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const hasFence = !values['without-fence'];
const verdict = await runTorture({
  engine: values.engine as EngineName,
  interleavings: number('interleavings'),
  seconds: number('seconds'),
  seed: number('seed'),
  near: values.near,
  hasFence,
  endsWithViolation: false,
  print,
});
for (const line of verdict.lines) print(line);
for (const problem of verdict.problems) print(`FAILED: ${problem}`);
const passed = verdict.problems.length === 0 && verdict.violations === 0;
if (passed) print('passed');
process.exitCode = passed ? 0 : 1;
