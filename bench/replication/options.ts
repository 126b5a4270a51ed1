/** Options of `npm run bench -- replication`, their help, and what they resolve to. */
import { parseArgs } from 'node:util';
import { list, type OptionChecks, type Parsed, resolved } from '../options.js';

export interface ReplicationBenchOptions {
  readonly pipelines: readonly number[];
  readonly valueBytes: number;
  readonly rounds: number;
  readonly seconds: number;
  /** 0: no full sync. */
  readonly fullSyncMib: number;
}

export const help = `npm run bench -- replication: what a replica costs its primary

What runs
  \`nuthatch start\`, and \`nuthatch up --shards 1 --replicas 1\`, both as processes of their own, each filled with 100,000
  keys. SET over them by 50 connections, in turn to the lone node and to the primary; the CPU time of that process, all
  its threads, per write, and how much of it is the main thread's. The ratio is taken within a round.
  Then a replica of another cluster comes back empty: how long its full sync blocks the event loops of both ends.

Options
  --pipelines A,B      requests in one write of a connection (default 1,16,64)
  --value N            bytes of a value (default 64)
  --rounds N           (default 5)                 --seconds S   of a turn (default 2)
  --full-sync MIB      how much the full sync is of (default 1024); 0: none`;

/** Parses the arguments; gives all problems together, or 'help'. */
export function parseOptions(given: string[]): Parsed<ReplicationBenchOptions> {
  return resolved(() => parse(given), resolve);
}

function resolve(values: ReturnType<typeof parse>, checks: OptionChecks): ReplicationBenchOptions {
  return {
    pipelines: checks.numbers('pipelines', list(values.pipelines ?? '1,16,64'), 1),
    valueBytes: checks.number('value', values.value ?? '64', 1),
    rounds: checks.number('rounds', values.rounds ?? '5', 1),
    seconds: checks.number('seconds', values.seconds ?? '2', 0.1),
    fullSyncMib: checks.number('full-sync', values['full-sync'] ?? '1024', 0),
  };
}

function parse(given: string[]) {
  const text = { type: 'string' } as const;
  return parseArgs({
    args: given,
    options: {
      help: { type: 'boolean', short: 'h' },
      pipelines: text,
      value: text,
      rounds: text,
      seconds: text,
      'full-sync': text,
    },
  }).values;
}
