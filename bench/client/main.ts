/**
 * `npm run bench -- client`: the client library beside others.
 *
 *   servers start -> scenario by scenario: round 1: each contender   round 2: each contender ... -> results, tables
 *
 * The order of the contenders rotates from round to round, so that nobody always follows the same neighbour.
 */
import { AdminClient } from '../load/admin-client.js';
import { findContender, type RunningServer, startServer } from '../node/servers.js';
import { pinning, preferChildren } from '../processes.js';
import { describeMachine, origin, watchSteal, writeResults, writeTable } from '../results.js';
import { RIVALS_REMEDY, rivalVersion } from '../rival-packages.js';
import type { ClientBenchOptions } from './options.js';
import {
  type Answer,
  type ContenderName,
  measure,
  type Order,
  type ScenarioName,
  scenarios,
} from './scenarios.js';
import { type Figures, figureLine, scenarioTable } from './tables.js';

const MAX_MEMORY_BYTES = 1024 ** 3;
/** Contenders that have to be installed for the benches. */
const apart: readonly ContenderName[] = ['bentocache', 'cacheable'];

export { help, parseOptions } from './options.js';

interface Ports {
  readonly ours: number;
  readonly theirs: number;
}

export async function run(options: ClientBenchOptions): Promise<number> {
  if (!pinning) console.log('taskset is missing: nothing is pinned to a core, so the figures are noisier.');
  const machine = describeMachine();
  const missing = apart.filter((name) => rivalVersion(name) === undefined);
  if (missing.length > 0) console.log(`${missing.join(' and ')} left out: install by ${RIVALS_REMEDY}`);
  const contenders = options.contenders.filter((name) => !missing.includes(name));
  preferChildren(true);
  const stolenShare = watchSteal();
  const { servers, ports } = await startServers(options);
  console.log(servers.map(({ contender }) => `${contender.name} ${contender.version}`).join(', '));
  const figures: Figures[] = [];
  for (const scenario of options.only) {
    for (const order of scenarios[scenario].orders) {
      figures.push(...(await runScenario(scenario, order, contenders, ports, options)));
    }
  }
  for (const server of servers) await server.stop();
  save(figures, servers, { ...machine, stolen: stolenShare() }, options);
  return 0;
}

async function startServers(
  options: ClientBenchOptions,
): Promise<{ servers: RunningServer[]; ports: Ports }> {
  const start = { core: options.serverCore, maxMemoryBytes: MAX_MEMORY_BYTES };
  const nuthatch = findContender('nuthatch');
  if (typeof nuthatch === 'string') throw new Error(nuthatch);
  const ours = await startServer(nuthatch, start);
  const redis = findContender('redis');
  if (typeof redis === 'string') {
    console.log(`${redis}; the others run over our node.`);
    return { servers: [ours], ports: { ours: ours.port, theirs: ours.port } };
  }
  const theirs = await startServer(redis, start);
  return { servers: [ours, theirs], ports: { ours: ours.port, theirs: theirs.port } };
}

async function runScenario(
  scenario: ScenarioName,
  order: Order,
  chosen: readonly ContenderName[],
  ports: Ports,
  options: ClientBenchOptions,
): Promise<Figures[]> {
  const { callers, valueBytes, contenders } = scenarios[scenario];
  const { entries, seconds, rounds, clientCore, nodeArguments } = options;
  const takingPart = contenders.filter((name) => chosen.includes(name));
  const answers = takingPart.map((): Answer[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < takingPart.length; turn++) {
      const index = (turn + round) % takingPart.length;
      const contender = takingPart[index] as ContenderName;
      const port = contender === 'nuthatch' ? ports.ours : ports.theirs;
      const question = {
        scenario,
        contender,
        order,
        port,
        entries,
        callers,
        valueBytes,
        seconds,
        seed: round,
      };
      await flush(port);
      answers[index]?.push(await measure(clientCore, question, [...nodeArguments]));
    }
  }
  const ours = answers[takingPart.indexOf('nuthatch')] ?? [];
  return takingPart.map((contender, index) => {
    const figures = { scenario, order, contender, rounds: answers[index] as Answer[] };
    console.log(figureLine(figures, ours));
    return figures;
  });
}

/** Each round fills an empty server. */
async function flush(port: number): Promise<void> {
  const client = await AdminClient.connect(port);
  await client.call('FLUSHALL');
  client.close();
}

function save(
  figures: readonly Figures[],
  servers: readonly RunningServer[],
  machine: Parameters<typeof origin>[2],
  options: ClientBenchOptions,
): void {
  if (options.save === undefined) return;
  const versions = {
    servers: servers.map(({ contender: { name, version } }) => ({ name, version })),
    packages: Object.fromEntries(apart.map((name) => [name, rivalVersion(name)])),
  };
  const file = writeResults(options.save, { machine, ...versions, options, figures });
  for (const scenario of options.only) {
    const table = scenarioTable(figures.filter((one) => one.scenario === scenario));
    const from = origin('rounds in turn, medians', file, machine);
    writeTable(`client:${scenario}`, scenarios[scenario].title, from, table);
  }
  console.log(`Written: ${file} and docs/performance.md`);
}
