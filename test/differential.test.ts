/**
 * The same commands to this node and to a real redis-server, replies compared byte by byte, in RESP2 and RESP3:
 * hand-written scenarios (`differential/scripts/*.txt`), random ones from a seed, and a wrong number of arguments for every
 * command of the table. Where replies cannot be the same twice a named rule compares them (`differential/compare.ts`); where
 * ours is meant to differ it is listed with its reason (`differential/exceptions.ts`). What is newer than that redis-server
 * has golden replies (`differential/golden/*.txt`).
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { arityScenario } from './differential/arity.js';
import { exceptions } from './differential/exceptions.js';
import { playGolden } from './differential/golden.js';
import { randomScenarios } from './differential/random.js';
import { type Mismatch, playScenario } from './differential/runner.js';
import { parseScript, type Scenario } from './differential/script.js';
import {
  commandDifferences,
  infoDifferences,
  infoSections,
  requiredInfoFields,
} from './differential/shapes.js';
import { installed, startNuthatch, startRedis, type TestServer } from './kit/servers.js';

const seed = Number(process.env['NUTHATCH_TEST_SEED'] ?? 20);
const leastCommands = 2_000;
const mostExceptions = 20;

const needed = {
  skip: installed('redis-server') ? false : 'redis-server is not installed: apt-get install redis-server',
};

let redis: TestServer;
let node: TestServer;
let commands = 0;
const used = new Set<string>();

before(async () => {
  node = await startNuthatch();
  if (!needed.skip) redis = (await startRedis()) as TestServer;
});

after(async () => {
  await redis?.stop();
  await node?.stop();
});

for (const scenario of scenariosIn('scripts')) {
  for (const protocol of scenario.protocols) {
    test(`${scenario.title} (RESP${protocol})`, needed, () => compareScenario(scenario, protocol));
  }
}

for (const protocol of [2, 3] as const) {
  test(`random commands from seed ${seed} (RESP${protocol})`, needed, async () => {
    for (const scenario of randomScenarios(seed)) await compareScenario(scenario, protocol);
  });
}

test('a wrong number of arguments, for every command', needed, async () => {
  const scenario = await arityScenario(redis, node);
  for (const protocol of [2, 3] as const) await compareScenario(scenario, protocol);
});

test('COMMAND says the same facts about each command', needed, async () => {
  assert.deepEqual(await commandDifferences(redis, node), []);
});

test('INFO has the fields that are read, each with a value of the right kind', async () => {
  const ours = await infoSections(node, 'everything');
  for (const [section, fields] of Object.entries(requiredInfoFields)) {
    for (const field of fields.split(' ')) {
      assert.ok(ours.get(section)?.get(field), `INFO lacks ${field} under # ${section}`);
    }
  }
  if (needed.skip) return;
  const theirs = await infoSections(redis, 'everything');
  assert.deepEqual(infoDifferences(theirs, ours), []);
  for (const section of theirs.keys()) {
    if (!ours.has(section)) continue;
    const [one, other] = [await infoSections(redis, section), await infoSections(node, section)];
    assert.deepEqual([...other.keys()], [...one.keys()], `INFO ${section}`);
  }
});

for (const scenario of scenariosIn('golden')) {
  for (const protocol of scenario.protocols) {
    test(`${scenario.title} (RESP${protocol})`, async () => {
      const outcome = await playGolden(scenario, protocol, node);
      assert.deepEqual(outcome.mismatches, []);
    });
  }
}

test('the comparison is large enough, and its exceptions are few and needed', needed, () => {
  assert.ok(commands >= 2 * leastCommands, `${commands} commands were compared in both protocols together`);
  assert.ok(
    exceptions.length <= mostExceptions,
    `${exceptions.length} exceptions; at most ${mostExceptions} are allowed`,
  );
  const unused = exceptions.filter((exception) => !used.has(exception.what));
  assert.deepEqual(
    unused.map((exception) => exception.what),
    [],
    'exceptions which no command needs any more',
  );
});

async function compareScenario(scenario: Scenario, protocol: 2 | 3): Promise<void> {
  const outcome = await playScenario(scenario, protocol, redis, node);
  commands += outcome.commands;
  const unexpected = outcome.mismatches.filter((mismatch) => !isException(mismatch));
  const shown = unexpected.slice(0, 20).map((mismatch) => mismatch.text);
  assert.equal(
    unexpected.length,
    0,
    `${unexpected.length} replies differ from redis-server's:\n  ${shown.join('\n  ')}`,
  );
  assert.equal(node.ended, undefined, `the node ended: ${node.output}`);
}

function isException(mismatch: Mismatch): boolean {
  const [redisText, nodeText] = [mismatch.redis, mismatch.node].map((frames) =>
    Buffer.concat(frames).toString('latin1'),
  );
  const found = exceptions.find((exception) =>
    exception.matches(mismatch.args.join(' ').toUpperCase(), redisText, nodeText),
  );
  if (found) used.add(found.what);
  return found !== undefined;
}

function scenariosIn(folderName: string): Scenario[] {
  const folder = new URL(`../../test/differential/${folderName}/`, import.meta.url);
  return readdirSync(folder)
    .sort()
    .flatMap((file) => parseScript(readFileSync(new URL(file, folder), 'utf8'), file));
}
