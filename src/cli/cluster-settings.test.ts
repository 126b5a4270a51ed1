import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolve } from '../node/index.js';
import { clusterOptions } from './cluster-settings.js';
import { type Flags, loadSettings, SettingsError } from './settings.js';
import type { Variables } from './variables.js';

const SECRET = '0123456789abcdef';

async function problemsOf(flags: Flags, variables: Variables = {}): Promise<string> {
  try {
    await loadSettings(flags, variables);
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems.join('\n');
  }
  return 'none';
}

async function optionsOf(flags: Flags) {
  return clusterOptions((await loadSettings(flags, {})).settings);
}

describe('the settings of a node of a cluster', () => {
  it('are none for a node alone, and what is said without effect is warned of', async () => {
    assert.equal(await optionsOf({}), undefined);
    const { settings, warnings } = await loadSettings({ zone: 'a' }, { NUTHATCH_CLUSTER_SECRET: SECRET });
    assert.equal(clusterOptions(settings), undefined);
    assert.deepEqual(warnings, [
      'NUTHATCH_CLUSTER_SECRET has no effect: a node of a cluster is started with --cluster or --join',
      '--zone a has no effect: a node of a cluster is started with --cluster or --join',
    ]);
  });

  it('are not said to have no effect when it is --join that is wrong', async () => {
    await assert.rejects(loadSettings({ join: 'a b', zone: 'a' }, {}), ({ message }: Error) => {
      assert.match(message, /"a b", which is no address of a node/);
      assert.doesNotMatch(message, /has no effect/);
      return true;
    });
  });

  it('come with cluster, join or voter, and the node takes them', async () => {
    const plain = { join: [], secret: '', zone: '', isWitness: false };
    assert.deepEqual(await optionsOf({ cluster: true }), plain);
    assert.deepEqual(await optionsOf({ voter: true }), { ...plain, isWitness: true });
    const join = '10.0.0.1:7000,b,[::1]:1@2';
    assert.deepEqual(await optionsOf({ join }), {
      ...plain,
      join: ['10.0.0.1:17000', 'b:16379', '[::1]:2'],
    });
    const all = await optionsOf({
      cluster: true,
      zone: 'rack-1',
      data: './d',
      'bus-port': '9',
      'announce-host': 'b',
      'cluster-secret': SECRET,
      'max-stale': 'always',
    });
    assert.deepEqual(all, {
      ...plain,
      secret: SECRET,
      zone: 'rack-1',
      dataFolder: './d',
      busPort: 9,
      announceHost: 'b',
    });
    for (const cluster of [all, await optionsOf({ join }), await optionsOf({ cluster: true })])
      assert.ok(resolve({ port: 7000, cluster }).cluster);
  });

  it('are checked together, each problem by the name it was given by', async () => {
    const flags = { cluster: true, host: '0.0.0.0', port: '60000', 'free-port': true, password: 'x' };
    const problems = await problemsOf(flags, { NUTHATCH_ZONE: 'two words' });
    assert.match(problems, /^NUTHATCH_ZONE="two words" is not a name/m);
    assert.match(problems, /^--port 60000 leaves no port 10000 above it.*--bus-port$/m);
    assert.match(problems, /^--host 0\.0\.0\.0 stands for all addresses.*--announce-host$/m);
    assert.match(problems, /^--host 0\.0\.0\.0 can be reached.*NUTHATCH_CLUSTER_SECRET/m);
    assert.match(problems, /^--free-port true and a cluster do not go together/m);
    assert.match(await problemsOf({ join: 'a,b c' }), /^--join "a,b c" names "b c", which is no address/);
    assert.match(await problemsOf({ cluster: true, port: '7', 'bus-port': '7' }), /^--bus-port 7 is also/);
    assert.match(await problemsOf({ cluster: true, 'announce-host': '::' }), /^--announce-host :: stands/);
  });

  it('never show the secret, which is long', async () => {
    const short = await problemsOf({ cluster: true, 'cluster-secret': 'hunter2' });
    assert.equal(
      short,
      '--cluster-secret has 7 characters: give a text of at least 16 characters, drawn at random (openssl rand -hex 32)',
    );
  });
});
