/** `npm run chaos -- --faults kill,cut --rounds 20 --seed 1`: see run.ts. Exits with 1 when a promise was broken, with 2 where it cannot run. */
import { parseArgs } from 'node:util';
import { numberOf, optionsOf } from '../kit/command-line.js';
import { installed } from '../kit/servers.js';
import { type FaultName, faultNames, faultWords } from './faults.js';
import { networkProblem } from './network.js';
import { runChaos } from './run.js';
import type { ChaosVerdict } from './verdict.js';

// Processes and namespaces are ended when this process exits, which a signal alone does not count as.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

const help = `npm run chaos -- [options]

Six real nodes, three shards with a replica each, in network namespaces of this machine, with clients that write, delete and read. One fault
after the other; then it is checked that two nodes never took writes at once, and what became of all that was acknowledged.
Needs root and iproute2. The exit code is 1 if a promise was broken.

  --faults NAMES        in this order, again and again (kill,bounce,stop,cut,mute,deaf,term,full-disk):
${faultNames.map((name) => `                          ${name.padEnd(12)}${faultWords[name]}`).join('\n')}
  --rounds N            how many faults (24)
  --kills N             the same as --faults kill --rounds N
  --cut-seconds N       how long a cut lasts (20)
  --ack-writes WHO      primary or replica: who must have a plain write before it is answered (primary)
  --without-lease-check nodes write without asking whether they may: must find violations
  --against redis       the same on Redis Cluster at its defaults afterwards; needs redis-server and redis-cli
  --keep-logs           the logs of the nodes stay, in a folder that is told
  --seed N              of the faults and of what is written

  npm run chaos -- --kills 100
  npm run chaos -- --faults cut --rounds 30 --ack-writes replica
  npm run chaos -- --kills 5 --against redis
`;

const DEFAULT_FAULTS = 'kill,bounce,stop,cut,mute,deaf,term,full-disk';

const options = optionsOf(help, () => {
  const { values } = parseArgs({
    options: {
      faults: { type: 'string' },
      rounds: { type: 'string' },
      kills: { type: 'string' },
      'cut-seconds': { type: 'string', default: '20' },
      'ack-writes': { type: 'string', default: 'primary' },
      'without-lease-check': { type: 'boolean', default: false },
      against: { type: 'string', default: 'nuthatch' },
      'keep-logs': { type: 'boolean', default: false },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { kills } = values;
  return {
    against: oneOf('against', values.against, ['nuthatch', 'redis']),
    faults: faultsOf(kills === undefined ? (values.faults ?? DEFAULT_FAULTS) : 'kill'),
    rounds: numberOf('rounds', kills ?? values.rounds ?? '24', 1),
    cutMs: 1000 * numberOf('cut-seconds', values['cut-seconds'], 1),
    ackWrites: oneOf('ack-writes', values['ack-writes'], ['primary', 'replica']),
    checksLease: !values['without-lease-check'],
    keepsLogs: values['keep-logs'],
    seed: numberOf('seed', values.seed, 0),
  };
});

function oneOf<const T extends string>(name: string, text: string, choices: readonly T[]): T {
  const chosen = choices.find((one) => one === text);
  if (chosen === undefined) throw new Error(`--${name} is ${text}: give one of ${choices.join(', ')}`);
  return chosen;
}

function faultsOf(text: string): FaultName[] {
  return text.split(',').map((name) => oneOf('faults', name, faultNames));
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const missing = networkProblem() ?? missingPrograms();
if (missing !== undefined) {
  print(missing);
  process.exit(2);
}
print(`seed ${options.seed}`);
const ours = await run('nuthatch');
const theirs = options.against === 'redis' ? await run('redis') : undefined;
const gaps = [ours, theirs].map((verdict) => verdict?.killGapMs);
if (gaps[0] !== undefined && gaps[1] !== undefined)
  print(
    `after a kill, writes of Redis Cluster stand still ${(gaps[1] / gaps[0]).toFixed(1)} times as long (p50)`,
  );
// What others do not promise is no failure of ours.
process.exitCode = isGood(ours) ? 0 : 1;

async function run(product: 'nuthatch' | 'redis'): Promise<ChaosVerdict> {
  const verdict = await runChaos({
    ...options,
    against: product,
    endsWithViolation: !options.checksLease,
    print,
  });
  for (const line of verdict.lines) print(line);
  for (const problem of verdict.problems) print(`FAILED: ${problem}`);
  if (isGood(verdict)) print('passed');
  return verdict;
}

function isGood({ problems, violations }: ChaosVerdict): boolean {
  return problems.length === 0 && violations === 0;
}

function missingPrograms(): string | undefined {
  if (options.against === 'nuthatch' || (installed('redis-server') && installed('redis-cli')))
    return undefined;
  return 'redis-server is missing: apt-get install redis-server';
}
