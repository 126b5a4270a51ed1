/** `npm run fuzz -- --minutes 10 --bad 200 --seed 1 --rate 200`: see run.ts. Exits with 1 when the run failed. */
import { parseArgs } from 'node:util';
import { numberOf, optionsOf } from '../kit/command-line.js';
import { runFuzz } from './run.js';

const help = `npm run fuzz -- [options]

A node is fed garbage, half commands, floods and broken connections by bad clients, while good ones check their answers, and its memory and
delays are watched. The exit code is 1 if it dies, lies, grows or keeps good clients waiting.

  --minutes N           (10)
  --bad N               bad clients (200)
  --rate N              what they do a second, in all (200)
  --seed N              of what they do

  npm run fuzz -- --minutes 1 --seed 1
`;

const options = optionsOf(help, () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      bad: { type: 'string', default: '200' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rate: { type: 'string', default: '200' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    minutes: numberOf('minutes', values.minutes, 0.01),
    badClients: numberOf('bad', values.bad, 1),
    seed: numberOf('seed', values.seed, 0),
    actsPerSecond: numberOf('rate', values.rate, 1),
  };
});

const print = (line: string) => process.stdout.write(`${line}\n`);
const { minutes, badClients, seed, actsPerSecond } = options;
print(
  `fuzzing for ${minutes} minutes with ${badClients} bad clients, seed ${seed}, ${actsPerSecond} acts a second`,
);
const verdict = await runFuzz({ ...options, print });
for (const line of verdict.lines) print(line);
for (const problem of verdict.problems) print(`FAILED: ${problem}`);
if (verdict.problems.length === 0) print('passed');
process.exitCode = verdict.problems.length === 0 ? 0 : 1;
