/** Options of `npm run bench -- node`, their help, and what they resolve to. */
import { parseArgs } from 'node:util';
import type { Traffic } from '../load/requests.js';
import { list, type OptionChecks, type Parsed, resolved } from '../options.js';
import { type ContenderName, contenderNames } from './servers.js';

export const scenarioNames = ['cpu', 'memory', 'pauses', 'limit', 'expiry', 'start'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface NodeBenchOptions {
  readonly quick: boolean;
  readonly only: readonly ScenarioName[];
  readonly servers: readonly ContenderName[];
  /** Other builds of this node, as paths of their main.js. */
  readonly also: readonly string[];
  readonly nodeArguments: readonly string[];
  /** undefined: as many as the scenario wants. */
  readonly rounds: number | undefined;
  readonly traffics: readonly Traffic[];
  readonly pipelines: readonly number[];
  readonly sizes: readonly number[];
  readonly connections: number;
  readonly seconds: number | undefined;
  readonly minutes: number;
  readonly entries: number | undefined;
  readonly serverCore: number;
  readonly loadCore: number;
  /** Name of the results file; undefined: none is written. */
  readonly save: string | undefined;
}

export const help = `npm run bench -- node: this node beside the caches installed on this machine

  npm run bench -- node --quick           64-byte GET and SET beside redis, about 1.5 minutes
  npm run bench -- node                   everything, about 75 minutes
  npm run bench -- node --only memory     one scenario

What runs
  Servers are pinned to one core, the load to another. In every round each server has its turn (A B C, A B C, ...);
  a ratio is taken within a round, and the median of the rounds is reported with the smallest and the largest.
  So noise that lasts longer than a round (another guest on the machine, a slower clock) falls out of the ratio.
  Every store is filled before GETs are timed, and a GET that misses makes the point invalid.

Scenarios (--only NAME, may be given several times or as a,b)
  cpu      requests/s, p50, p99 and server CPU per operation: GET, SET, 90/10 Zipf mix; pipeline 1, 16, 64;
           values 16 B, 64 B, 1 KB, 16 KB. The first fill of a fresh process is reported apart.
  memory   resident bytes per key above the empty process, at 1 M and 10 M keys, without and with a lifetime
  pauses   5 M entries, an open-loop client at half of saturation, while growing, expiring, evicting
  limit    10 minutes of log-uniform sizes 1 B..1 MB at the memory limit: resident memory, live share
  expiry   a stream of keys of 1 s..60 s lifetime: dead share of the resident, price in CPU
  start    start of the process to its first reply

Options
  --quick              cpu only, 64 B, GET and SET, nuthatch and redis, 3 rounds of 1.5 s
  --only NAME          scenarios to run
  --servers A,B        contenders: ${contenderNames.join(', ')} (default: all that are installed)
  --also MAIN.JS       another build of this node as one more contender, to compare two builds
  --node-args "ARGS"   arguments for the node binary of our servers, such as "--max-semi-space-size=16"
  --rounds N           rounds of a point (default 5; 7 for 64 bytes; 3 with --quick)
  --ops A,B            get, set, mix                          --pipelines 1,16,64
  --sizes 16,64,...    value sizes in bytes                   --connections N (default 50)
  --seconds S          length of one timed window (default 2.5; 1.5 with --quick)
  --minutes M          length of the limit scenario (default 10)
  --entries N          entries of the memory and pauses scenarios (default 10 M and 5 M)
  --server-core N      core of the servers (default 0)        --load-core N (default 1)
  --save NAME          write bench/results/<date>-NAME.json and the tables of docs/performance.md; the standard run
                       does so by itself, a narrowed one (--quick, --rounds, --sizes ...) only with this`;

/** Parses the arguments; gives all problems together, or 'help'. */
export function parseOptions(given: string[]): Parsed<NodeBenchOptions> {
  return resolved(() => parse(given), resolve);
}

function resolve(values: ReturnType<typeof parse>, checks: OptionChecks): NodeBenchOptions {
  const quick = values.quick ?? false;
  const numberIfGiven = (name: string, text: string | undefined, least: number): number | undefined =>
    text === undefined ? undefined : checks.number(name, text, least);
  const only = checks.some(
    'only',
    (values.only ?? [quick ? 'cpu' : scenarioNames.join(',')]).flatMap(list),
    scenarioNames,
  );
  return {
    quick,
    only,
    servers: checks.some(
      'servers',
      list(values.servers ?? (quick ? 'nuthatch,redis' : contenderNames.join(','))),
      contenderNames,
    ),
    also: values.also ?? [],
    nodeArguments: (values['node-args'] ?? '').split(' ').filter((text) => text !== ''),
    rounds: numberIfGiven('rounds', values.rounds, 1),
    traffics: checks.some('ops', list(values.ops ?? (quick ? 'get,set' : 'get,set,mix')), [
      'get',
      'set',
      'mix',
    ]),
    pipelines: checks.numbers('pipelines', list(values.pipelines ?? '1,16,64'), 1),
    sizes: checks.numbers('sizes', list(values.sizes ?? (quick ? '64' : '16,64,1024,16384')), 1),
    connections: checks.number('connections', values.connections ?? '50', 1),
    seconds: numberIfGiven('seconds', values.seconds, 0.1),
    minutes: checks.number('minutes', values.minutes ?? '10', 0.1),
    entries: numberIfGiven('entries', values.entries, 1000),
    serverCore: checks.number('server-core', values['server-core'] ?? '0', 0),
    loadCore: checks.number('load-core', values['load-core'] ?? '1', 0),
    save:
      values.save ?? (narrowing.some((name) => values[name] !== undefined) ? undefined : standardName(only)),
  };
}

/** Options that make the figures others than the standard ones: such a run is saved only when it is given a name. */
const narrowing = [
  'quick',
  'servers',
  'also',
  'node-args',
  'rounds',
  'ops',
  'pipelines',
  'sizes',
  'connections',
  'seconds',
  'minutes',
  'entries',
] as const;

function standardName(only: readonly ScenarioName[]): string {
  return only.length === scenarioNames.length ? 'node' : `node-${only.join('-')}`;
}

function parse(given: string[]) {
  const text = { type: 'string' } as const;
  const texts = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean' } as const;
  return parseArgs({
    args: given,
    options: {
      help: { ...flag, short: 'h' },
      quick: flag,
      only: texts,
      servers: text,
      also: texts,
      'node-args': text,
      rounds: text,
      ops: text,
      pipelines: text,
      sizes: text,
      connections: text,
      seconds: text,
      minutes: text,
      entries: text,
      'server-core': text,
      'load-core': text,
      save: text,
    },
  }).values;
}
