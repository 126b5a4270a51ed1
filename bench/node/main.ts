/**
 * `npm run bench -- node`: this node beside redis-server, valkey-server and memcached.
 *
 *   options -> contenders found -> scenario by scenario: figures printed -> results (JSON) and tables (docs)
 *
 * A run with the standard options saves its results and its tables; one that was narrowed (other sizes, fewer rounds ...)
 * prints only, unless it is given a name by --save.
 */
import { pinning, preferChildren } from '../processes.js';
import { describeMachine, origin, watchSteal, writeResults, writeTable } from '../results.js';
import { runCpu } from './cpu.js';
import { runExpiry } from './expiry.js';
import { runLimit } from './limit.js';
import { runMemory } from './memory.js';
import { type NodeBenchOptions, type ScenarioName, scenarioNames } from './options.js';
import { runPauses } from './pauses.js';
import { Progress } from './progress.js';
import { type Contender, findContender, findNuthatch } from './servers.js';
import { runStart } from './start.js';
import { cpuTable, expiryTable, limitTable, memoryTable, pausesTable, startTable } from './tables.js';

export { help, parseOptions } from './options.js';

export async function run(options: NodeBenchOptions): Promise<number> {
  const contenders = chooseContenders(options);
  if (contenders.length === 0) {
    console.error('No server to measure.');
    return 1;
  }
  if (!pinning) console.log('taskset is missing: nothing is pinned to a core, so the figures are noisier.');
  const machine = describeMachine();
  const stolenShare = watchSteal();
  const scenarios: Partial<Record<ScenarioName, unknown>> = {};
  const tables: { name: ScenarioName; text: string }[] = [];
  for (const name of scenarioNames.filter((one) => options.only.includes(one))) {
    const { results, table } = await runScenario(name, contenders, options);
    scenarios[name] = results;
    tables.push({ name, text: table });
  }
  const stolen = stolenShare();
  console.log(`Of the machine's time ${(stolen * 100).toFixed(1)} % went to other guests during the run.`);
  if (options.save !== undefined) {
    const servers = contenders.map(({ name, version }) => ({ name, version }));
    const file = writeResults(options.save, { machine: { ...machine, stolen }, servers, options, scenarios });
    for (const { name, text } of tables) {
      writeTable(`node:${name}`, titles[name], origin(howOften[name], file, { ...machine, stolen }), text);
    }
    console.log(`Written: ${file} and docs/performance.md`);
  }
  return 0;
}

const titles: Record<ScenarioName, string> = {
  cpu: 'Speed of a node',
  memory: 'Memory per key',
  pauses: 'Pauses',
  limit: 'The memory limit',
  expiry: 'Expiry',
  start: 'Start',
};

/** How often each is measured, as the tables say it. */
const howOften: Record<ScenarioName, string> = {
  cpu: 'rounds in turn, medians',
  memory: 'one process each',
  pauses: 'one run each',
  limit: 'one run each',
  expiry: 'one run each',
  start: 'starts in turn, medians',
};

/** Scenarios that time something; the others would only keep other work off the machine for many minutes. */
const preferred: readonly ScenarioName[] = ['cpu', 'pauses', 'start'];

async function runScenario(
  name: ScenarioName,
  contenders: readonly Contender[],
  options: NodeBenchOptions,
): Promise<{ results: unknown; table: string }> {
  const progress = new Progress();
  preferChildren(preferred.includes(name));
  switch (name) {
    case 'cpu': {
      const results = await runCpu(contenders, options, progress);
      return { results, table: cpuTable(results) };
    }
    case 'memory': {
      const results = await runMemory(contenders, options, progress);
      return { results, table: memoryTable(results) };
    }
    case 'pauses': {
      const results = await runPauses(contenders, options, progress);
      return { results, table: pausesTable(results) };
    }
    case 'limit': {
      const results = await runLimit(contenders, options, progress);
      return { results, table: limitTable(results) };
    }
    case 'expiry': {
      const results = await runExpiry(contenders, options, progress);
      return { results, table: expiryTable(results) };
    }
    case 'start': {
      const results = await runStart(contenders, options, progress);
      return { results, table: startTable(results) };
    }
  }
}

function chooseContenders(options: NodeBenchOptions): Contender[] {
  const found = [
    ...options.servers.map((name) => findContender(name, options.nodeArguments)),
    ...options.also.map((path, index) => findNuthatch(`also-${index + 1}`, path, options.nodeArguments)),
  ];
  return found.filter((contender): contender is Contender => {
    console.log(typeof contender === 'string' ? contender : `${contender.name} ${contender.version}`);
    return typeof contender !== 'string';
  });
}
