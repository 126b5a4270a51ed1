/**
 * Bad input with golden replies: broken frames, other protocols, commands at the wrong moment, numbers at their limits, odd
 * keys and patterns, and clients without the password. The replies were recorded from redis-server 7.0.15; when one is
 * installed they are checked against it again, so the files cannot drift. After each scenario the next client is unharmed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { playGolden } from './differential/golden.js';
import { parseScript, type Scenario } from './differential/script.js';
import { RawConnection } from './kit/connection.js';
import { installed, startNuthatch, startRedis, type TestServer } from './kit/servers.js';

const needed = {
  skip: installed('redis-server') ? false : 'redis-server is not installed: apt-get install redis-server',
};

/** A small heap: what grows without a bound dies here. */
const smallHeap = ['--max-old-space-size=256'];
const password = 'secret';

interface Group {
  readonly folder: string;
  readonly password: string;
  node?: TestServer;
  redis?: TestServer | undefined;
}

const groups: Group[] = [
  { folder: 'open', password: '' },
  { folder: 'with-password', password },
];

before(async () => {
  for (const group of groups) {
    group.node = await startNuthatch(group.password ? ['--password', group.password] : [], smallHeap);
    group.redis = await startRedis(group.password ? ['--requirepass', group.password] : []);
  }
});

after(async () => {
  for (const { node, redis } of groups) {
    await node?.stop();
    await redis?.stop();
  }
});

for (const group of groups) {
  for (const scenario of scenariosIn(group.folder)) {
    test(scenario.title, () => play(scenario, group.node as TestServer, group.password));
    if (scenario.ours) continue;
    test(`${scenario.title}, as redis-server says it`, needed, () =>
      play(scenario, group.redis as TestServer, group.password),
    );
  }
}

async function play(scenario: Scenario, server: TestServer, pass: string): Promise<void> {
  const { mismatches } = await playGolden(scenario, 2, server);
  assert.deepEqual(mismatches, []);
  assert.equal(server.ended, undefined, `the server ended: ${server.output}`);
  const next = await RawConnection.open(server.port);
  if (pass) assert.equal(await next.call('AUTH', pass), 'OK');
  assert.equal(await next.call('SET', 'next client', 'unharmed'), 'OK');
  assert.equal(await next.call('GET', 'next client'), 'unharmed');
  assert.equal(await next.call('FLUSHALL'), 'OK');
  next.close();
}

function scenariosIn(name: string): Scenario[] {
  const folder = new URL(`../../test/bad-input/${name}/`, import.meta.url);
  return readdirSync(folder)
    .sort()
    .flatMap((file) => parseScript(readFileSync(new URL(file, folder), 'utf8'), file));
}
