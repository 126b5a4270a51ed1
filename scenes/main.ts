/**
 * `npm run show -- NAME`: scenes that show what this cache does, beside the usual ways, on this machine.
 *
 *   servers, processes and databases start -> the scene plays for all ways at once -> a table of facts
 */
import { parseArgs } from 'node:util';
import { stopEverything } from '../bench/processes.js';
import { RIVALS_REMEDY } from '../bench/rival-packages.js';
import { cacheDown } from './cache-down.js';
import { clusterShow } from './cluster-show.js';
import { factsTable } from './facts-table.js';
import { failover } from './failover.js';
import { libraryShow } from './library-show.js';
import { partition } from './partition.js';
import { Screen } from './screen.js';
import type { Show } from './show.js';
import { staleFill } from './stale-fill.js';
import { stampede } from './stampede.js';

const shows: Readonly<Record<string, Show>> = {
  stampede: libraryShow(stampede),
  'stale-fill': libraryShow(staleFill),
  'cache-down': libraryShow(cacheDown),
  failover: clusterShow(failover),
  partition: clusterShow(partition),
};

const usage = `Usage: npm run show -- SCENE [--ways A,B] [--json]

${Object.entries(shows)
  .map(([name, { title, ways }]) => `  ${name.padEnd(11)} ${title.padEnd(27)} ${ways.join(', ')}`)
  .join('\n')}

Each takes about a minute. All ways play at the same time, and those that are not installed are left out; bentocache is, by:
${RIVALS_REMEDY}. With --json the last line is the facts as JSON.`;

function parse() {
  return parseArgs({
    options: { ways: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  });
}

async function run(): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const { values, positionals } = parsed;
  const [name] = positionals;
  if (name === undefined || values.help) {
    console.log(usage);
    return name === undefined && !values.help ? 2 : 0;
  }
  const show = shows[name];
  if (show === undefined) return misused(`There is no scene '${name}'.`);
  const problem = show.problem();
  if (problem !== undefined) {
    console.error(`The scene ${name} cannot be played: ${problem}.`);
    return 2;
  }
  const here = show.here();
  const ways = values.ways?.split(',') ?? here.ways;
  const unknown = ways.find((way) => !show.ways.includes(way));
  if (unknown !== undefined) return misused(`There is no way '${unknown}'.`);
  console.log(`${show.title}\n\n${show.story}\n\n${show.reality}\n`);
  for (const way of ways) console.log(`${way.padEnd(13)}  ${show.summaryOf(way)}`);
  for (const line of values.ways === undefined ? here.missing : []) console.log(line);
  console.log('');
  const facts = await show.play(ways, new Screen(ways));
  console.log(`\n${factsTable(ways, facts)}`);
  if (values.json)
    console.log(JSON.stringify(Object.fromEntries(ways.map((way, index) => [way, facts[index]]))));
  return 0;
}

function misused(problem: string): number {
  console.error(`${problem}\n\n${usage}`);
  return 2;
}

try {
  process.exitCode = await run();
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exitCode = 1;
} finally {
  await stopEverything();
}
