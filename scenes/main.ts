/**
 * `npm run show -- NAME`: scenes that show what the client does, beside the usual ways, on this machine.
 *
 *   servers, processes and databases start -> the scene plays for all ways at once -> a table of facts
 */
import { parseArgs } from 'node:util';
import { stopEverything } from '../bench/processes.js';
import { RIVALS_REMEDY } from '../bench/rival-packages.js';
import { cacheDown } from './cache-down.js';
import { factsTable } from './facts-table.js';
import type { Facts, Scene } from './scene.js';
import { Screen } from './screen.js';
import { Stage, serverFor } from './stage.js';
import { staleFill } from './stale-fill.js';
import { stampede } from './stampede.js';
import { summaries, type WayName, wayNames, waysHere } from './ways.js';

const scenes: Readonly<Record<string, Scene>> = {
  stampede,
  'stale-fill': staleFill,
  'cache-down': cacheDown,
};

const usage = `Usage: npm run show -- SCENE [--ways A,B] [--json]

${Object.entries(scenes)
  .map(([name, { title }]) => `  ${name.padEnd(11)} ${title}`)
  .join('\n')}

Each takes less than a minute. Ways, all at the same time: ${wayNames.join(', ')}. bentocache is left out unless
installed, by: ${RIVALS_REMEDY}. With --json the last line is the facts as JSON.`;

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
  const scene = scenes[name];
  const ways = (values.ways?.split(',') as WayName[] | undefined) ?? waysHere();
  const unknown = ways.find((way) => !wayNames.includes(way));
  if (scene === undefined || unknown !== undefined) {
    console.error(`There is no ${scene === undefined ? `scene '${name}'` : `way '${unknown}'`}.\n\n${usage}`);
    return 2;
  }
  console.log(`${scene.title}\n\n${scene.story}\n`);
  console.log('The cache servers and the processes are real; the database counts, and lets time pass.\n');
  for (const way of ways) {
    const { name: server, version } = serverFor(way);
    console.log(`${way.padEnd(12)}  ${summaries[way]}; ${server} ${version}`);
  }
  if (!ways.includes('bentocache')) console.log(`bentocache is not shown; to have it: ${RIVALS_REMEDY}`);
  console.log('');
  const facts = await play(scene, ways);
  console.log(`\n${factsTable(ways, facts)}`);
  if (values.json)
    console.log(JSON.stringify(Object.fromEntries(ways.map((way, index) => [way, facts[index]]))));
  return 0;
}

async function play(scene: Scene, ways: readonly WayName[]): Promise<Facts[]> {
  const screen = new Screen(ways);
  const stages = await Promise.all(ways.map((way, column) => Stage.set(way, scene.stage, screen, column)));
  try {
    for (const stage of stages) await scene.prepare?.(stage);
    screen.begin();
    return await Promise.all(stages.map((stage) => scene.play(stage)));
  } finally {
    screen.close();
    await Promise.all(stages.map((stage) => stage.clear()));
  }
}

try {
  process.exitCode = await run();
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exitCode = 1;
} finally {
  await stopEverything();
}
