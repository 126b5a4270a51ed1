/** `npm run fuzz -- --minutes 10 --bad 200 --seed 1 --rate 200`: see run.ts. Exits with 1 when the run failed. */
import { parseArgs } from 'node:util';
import { runFuzz } from './run.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    bad: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '200' },
  },
});

const number = (name: keyof typeof values): number => {
  const value = Number(values[name]);
  if (!(value > 0)) throw new Error(`--${name} is ${values[name]}: it must be a number above 0`);
  return value;
};
const [minutes, badClients, seed, actsPerSecond] = [
  number('minutes'),
  number('bad'),
  number('seed'),
  number('rate'),
];

const print = (line: string) => process.stdout.write(`${line}\n`);
print(
  `fuzzing for ${minutes} minutes with ${badClients} bad clients, seed ${seed}, ${actsPerSecond} acts a second`,
);
const verdict = await runFuzz({ minutes, badClients, seed, actsPerSecond, print });
for (const line of verdict.lines) print(line);
for (const problem of verdict.problems) print(`FAILED: ${problem}`);
if (verdict.problems.length === 0) print('passed');
process.exitCode = verdict.problems.length === 0 ? 0 : 1;
