/** Options of `npm run bench -- lru`, their help, and what they resolve to. */
import { parseArgs } from 'node:util';
import { list, type OptionChecks, type Parsed, resolved } from '../options.js';

export const valueKinds = ['string', 'bytes'] as const;
export type ValueKind = (typeof valueKinds)[number];

export interface LruBenchOptions {
  /** Sizes of the cache, as the number of mean-sized entries that its budget would hold as bare payload. */
  readonly entries: readonly number[];
  readonly values: readonly ValueKind[];
  readonly rounds: number;
  /** Length of the get phase. */
  readonly seconds: number;
  /** Name of the results file; undefined: none is written. */
  readonly save: string | undefined;
}

export const help = `npm run bench -- lru: nuthatch/lru beside the npm package lru-cache, both bounded in bytes

  npm ci --prefix bench/rivals                   installs lru-cache, once
  npm run bench -- lru --quick            100,000 entries, 3 rounds, about 3 minutes
  npm run bench -- lru --save lru         everything, about an hour; needs 10 GB of free memory

What runs
  The same trace for both: keys by Zipf (exponent 0.9) out of twice as many as fit, values of 64 B to 4 KB (log-uniform),
  made afresh for each miss. Every contender of every round is a fresh process, and they alternate. Three phases:
    fill    every key is set once, from the rarest to the most frequent
    trace   get, and on a miss set, as an application does: operations/s and hit ratio of as many
            operations as entries fit (at least a million), after as many to warm up
    get     the most frequent tenth of the keys, by fresh key strings: get/s
  Both have the same budget in bytes. lru-cache counts what its sizeCalculation says (key.length + value.length), which
  is what its users count; nuthatch/lru counts all that it takes. Resident memory tells what both really take.

  Pauses of the garbage collector are those that perf_hooks reports, and again those of --trace-gc.
  A stall is the longest time that 32 operations took, whatever the reason; an empty spin beside it shows the noise.

Options
  --quick              100,000 entries, 3 rounds of 2 s
  --entries A,B        sizes (default 100000,5000000)         --values string,bytes
  --rounds N           rounds (default 5)                     --seconds S   of the get phase (default 5)
  --save NAME          write bench/results/<date>-NAME.json and the table of docs/performance.md`;

/** Parses the arguments; gives all problems together, or 'help'. */
export function parseOptions(given: string[]): Parsed<LruBenchOptions> {
  return resolved(() => parse(given), resolve);
}

function resolve(values: ReturnType<typeof parse>, checks: OptionChecks): LruBenchOptions {
  return {
    entries: checks.numbers(
      'entries',
      list(values.entries ?? (values.quick ? '100000' : '100000,5000000')),
      1000,
    ),
    values: checks.some('values', list(values.values ?? valueKinds.join(',')), valueKinds),
    rounds: checks.number('rounds', values.rounds ?? (values.quick ? '3' : '5'), 1),
    seconds: checks.number('seconds', values.seconds ?? (values.quick ? '2' : '5'), 0.1),
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
      entries: text,
      values: text,
      rounds: text,
      seconds: text,
      save: text,
    },
  }).values;
}
