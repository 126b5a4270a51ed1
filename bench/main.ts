/**
 * `npm run bench -- NAME [options]`: every benchmark of the project, by name.
 *
 * A bench is a folder with a `main.ts` that exports what `Bench` says. What the benches share (options, processes and cores,
 * /proc, statistics, results) lies beside this file. The load generators are in `load/`.
 */
import type { Parsed } from './options.js';
import { stopEverything } from './processes.js';

const benches: Record<string, string> = {
  node: 'this node beside redis-server, valkey-server and memcached: speed, memory, pauses, limits',
  lru: 'the in-process cache nuthatch/lru beside lru-cache',
  replication: 'what a replica costs its primary',
  client: 'the client library beside ioredis, node-redis, bentocache and cacheable',
};

interface Bench {
  readonly help: string;
  parseOptions(given: string[]): Parsed<object>;
  /** Gives the exit code. */
  run(options: object): Promise<number>;
}

const usage = `Usage: npm run bench -- NAME [options]

${Object.entries(benches)
  .map(([name, summary]) => `  ${name.padEnd(11)} ${summary}`)
  .join('\n')}

Each has its own help: npm run bench -- node --help`;

const [name = '', ...rest] = process.argv.slice(2);
if (name === '' || name === '--help' || name === '-h') {
  console.log(usage);
} else if (!(name in benches)) {
  console.error(`There is no bench named "${name}".\n\n${usage}`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await start((await import(`./${name}/main.js`)) as Bench);
  } catch (error) {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exitCode = 1;
  } finally {
    await stopEverything();
  }
}

async function start({ help, parseOptions, run }: Bench): Promise<number> {
  const options = parseOptions(rest);
  if (options === 'help') {
    console.log(help);
    return 0;
  }
  if ('problems' in options) {
    for (const problem of options.problems) console.error(problem);
    console.error(`See: npm run bench -- ${name} --help`);
    return 2;
  }
  return run(options);
}
