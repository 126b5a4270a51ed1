/**
 * `npm run bench -- NAME [options]`: every benchmark of the project, by name.
 *
 * A bench is a folder with a `main.ts` that exports `run(args)`, which gives the exit code. What the benches share
 * (processes and cores, /proc, statistics, results) lies beside this file. The load generators are in `load/`.
 */
import { stopEverything } from './processes.js';

const benches: Record<string, string> = {
  node: 'this node beside redis-server, valkey-server and memcached: speed, memory, pauses, limits',
  lru: 'the in-process cache nuthatch/lru beside lru-cache',
  client: 'the client library beside ioredis, node-redis, bentocache and cacheable',
};

interface Bench {
  run(args: string[]): Promise<number>;
}

const usage = `Usage: npm run bench -- NAME [options]

${Object.entries(benches)
  .map(([name, summary]) => `  ${name.padEnd(6)} ${summary}`)
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
    const bench = (await import(`./${name}/main.js`)) as Bench;
    process.exitCode = await bench.run(rest);
  } catch (error) {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exitCode = 1;
  } finally {
    await stopEverything();
  }
}
