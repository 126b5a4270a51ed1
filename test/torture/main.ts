/** `npm run torture -- --engine nuthatch --interleavings 1000000 --seed 1`: see run.ts. Exits with 1 when the run failed. */
import { parseArgs } from 'node:util';
import { numberOf, optionsOf } from '../kit/command-line.js';
import { runTorture } from './run.js';
import type { EngineName } from './server.js';

// The server and the workers are ended when this process exits, which a signal alone does not count as.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

const engines: readonly string[] = ['nuthatch', 'cluster', 'redis', 'memory'];

const help = `npm run torture -- [options]

Processes load, delete, set, expire and write through a few keys in every order that chance brings, over one cache, while some are killed and
stopped. A read that begins after an acknowledged invalidation and sees an older version is a violation. The exit code is 1 if there is one.

  --engine NAME         ${engines.join(', ')} (nuthatch); redis needs a redis-server; of a cluster a node is killed, stopped or cut off
                        every 5 s, and what is read without the lease of a primary is judged by its own bound; cuts need root and iproute2
  --interleavings N     ends after so many (1000000), or
  --seconds N           after so many seconds (600)
  --seed N              of what the processes do; what the network and the system do is not repeated
  --near                with near caches, whose reads are judged by their own bound
  --without-fence       fills are accepted whatever was invalidated: must find violations

  npm run torture -- --engine redis --interleavings 100000 --seed 1
`;

const options = optionsOf(help, () => {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'nuthatch' },
      interleavings: { type: 'string', default: '1000000' },
      seconds: { type: 'string', default: '600' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      near: { type: 'boolean', default: false },
      'without-fence': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (!engines.includes(values.engine)) {
    throw new Error(`--engine is ${values.engine}: give one of ${engines.join(', ')}`);
  }
  return {
    engine: values.engine as EngineName,
    interleavings: numberOf('interleavings', values.interleavings, 1),
    seconds: numberOf('seconds', values.seconds, 1),
    seed: numberOf('seed', values.seed, 0),
    near: values.near,
    hasFence: !values['without-fence'],
  };
});

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const verdict = await runTorture({ ...options, endsWithViolation: false, print });
for (const line of verdict.lines) print(line);
for (const problem of verdict.problems) print(`FAILED: ${problem}`);
const passed = verdict.problems.length === 0 && verdict.violations === 0;
if (passed) print('passed');
process.exitCode = passed ? 0 : 1;
