/** Options of `npm run bench -- client`, their help, and what they resolve to. */
import { parseArgs } from 'node:util';
import { list, type OptionChecks, type Parsed, resolved } from '../options.js';
import { type ContenderName, contenderNames, type ScenarioName, scenarioNames } from './scenarios.js';

export interface ClientBenchOptions {
  readonly only: readonly ScenarioName[];
  readonly contenders: readonly ContenderName[];
  readonly entries: number;
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  /** Cores of the servers and of the client. */
  readonly serverCore: number;
  readonly clientCore: number;
  /** Arguments for `node` itself in every client process. */
  readonly nodeArguments: readonly string[];
  /** Name of the results file; undefined: none is written. */
  readonly save: string | undefined;
}

export const help = `npm run bench -- client: the client library beside others: near hits, remote gets, getOrLoad

  npm ci --prefix bench/rivals                 installs bentocache and cacheable, once; without them they are left out
  npm run bench -- client --quick        3 rounds of 1 s, about 3 minutes
  npm run bench -- client --save client  everything, about 8 minutes

What runs
  near   a hit in this process, one caller, one core: getOrLoad beside await Promise.resolve(map.get(key)), node-redis with
         client-side cache, bentocache and cacheable with their memory layers; keys in sequence, and skewed by Zipf
  get    get of 64 bytes from the server, 100 callers, with deadlines of 200 ms
  load   getOrLoad of 1 KB of JSON that the server has, 100 callers, with lease, lifetimes and fence, beside ioredis get
  Ours talks to a node of this build; the others to redis-server if it is installed, else to the same node. The servers are
  pinned to one core, the client to the other. Every contender of every round is a fresh process, and they take turns.

Options
  --quick               3 rounds of 1 s
  --only near,get,load  scenarios                        --contenders A,B   ${contenderNames.join(', ')}
  --entries N           keys, all of them stored (default 10000)
  --rounds N            rounds (default 5)               --seconds S        of each measurement (default 2)
  --cores SERVER,CLIENT (default 0,1)
  --node ARGUMENT       for node itself in every client process, such as --node=--cpu-prof
  --save NAME           write bench/results/<date>-NAME.json and the tables of docs/performance.md`;

/** Parses the arguments; gives all problems together, or 'help'. */
export function parseOptions(given: string[]): Parsed<ClientBenchOptions> {
  return resolved(() => parse(given), resolve);
}

function resolve(values: ReturnType<typeof parse>, checks: OptionChecks): ClientBenchOptions {
  const cores = checks.numbers('cores', list(values.cores ?? '0,1'), 0);
  if (cores.length !== 2) checks.problems.push(`--cores ${values.cores}: give two, such as 0,1`);
  return {
    only: checks.some('only', list(values.only ?? scenarioNames.join(',')), scenarioNames),
    contenders: checks.some(
      'contenders',
      list(values.contenders ?? contenderNames.join(',')),
      contenderNames,
    ),
    entries: checks.number('entries', values.entries ?? '10000', 100),
    rounds: checks.number('rounds', values.rounds ?? (values.quick ? '3' : '5'), 1),
    seconds: checks.number('seconds', values.seconds ?? (values.quick ? '1' : '2'), 0.1),
    serverCore: cores[0] ?? 0,
    clientCore: cores[1] ?? 1,
    nodeArguments: values.node ?? [],
    save: values.save,
  };
}

function parse(given: string[]) {
  const text = { type: 'string' } as const;
  return parseArgs({
    args: given,
    options: {
      help: { type: 'boolean', short: 'h' },
      quick: { type: 'boolean' },
      only: text,
      contenders: text,
      entries: text,
      rounds: text,
      seconds: text,
      cores: text,
      node: { type: 'string', multiple: true },
      save: text,
    },
  }).values;
}
