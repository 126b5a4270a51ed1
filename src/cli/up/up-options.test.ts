import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { isOfCluster } from '../cluster-settings.js';
import { type Flags, loadSettings } from '../settings.js';
import { nodeCount, nodePlans, shapeOf, type UpOptions, upOptions } from './up-options.js';

const options = (flags = {}, variables = {}) => upOptions(flags, variables, []) as UpOptions;

/** As commander would read them. */
function flagsOf(args: readonly string[]): Flags {
  const flags: Record<string, string | boolean> = {};
  for (let i = 1; i < args.length; i++) {
    const name = args[i].replace(/^--/, '');
    const value = args[i + 1];
    if (name.startsWith('no-')) flags[name.slice(3)] = false;
    else if (value === undefined || value.startsWith('--')) flags[name] = true;
    else {
      flags[name] = value;
      i++;
    }
  }
  return flags;
}

describe('the options of up', () => {
  it('are a shard for each core with a replica each, from port 6379 on', () => {
    const { data, password } = options();
    assert.deepEqual([data, password], [undefined, '']);
    assert.deepEqual(shapeOf(options(), undefined, 4), { shards: 4, replicas: 1, port: 6379 });
    const variables = { NUTHATCH_PORT: '7000', NUTHATCH_DATA: './d', NUTHATCH_PASSWORD: 'p' };
    const told = options({ shards: '3', replicas: '2', maxMemory: '64mb', freePorts: true }, variables);
    assert.deepEqual(
      [told.shards, told.replicas, told.port, told.data, told.password, told.takesFreePorts],
      [3, 2, 7000, './d', 'p', true],
    );
    assert.deepEqual(told.maxMemory, { bytes: 64 * 1024 * 1024 });
  });

  it('take the password also from a file', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'nuthatch-')), 'password');
    writeFileSync(path, 'pass word\n');
    assert.equal(options({ passwordFile: path }).password, 'pass word');
    assert.equal(options({}, { NUTHATCH_PASSWORD_FILE: path }).password, 'pass word');
    assert.equal(options({ password: 'x', passwordFile: path }).password, 'x');
    rmSync(dirname(path), { recursive: true });
    const gone = upOptions({ passwordFile: path }, {}, []);
    assert.match(String('problems' in gone && gone.problems), /cannot be read \(there is no such file\)/);
  });

  it('are checked together', () => {
    const wrong = upOptions({ shards: '0', replicas: 'x', port: '0', maxMemory: '1' }, {}, []);
    assert.ok('problems' in wrong);
    assert.deepEqual(
      wrong.problems.map((line) => line.replace(/[:,].*/, '')),
      [
        '--shards 0 is too small',
        '--replicas x is not a whole number',
        '--max-memory 1 is too small',
        '--port 0 says no port',
      ],
    );
  });

  it('take nothing for the nodes that up gives them itself', () => {
    const rest = ['--host', '0.0.0.0', '--port=3', '--max-stale', '5s', '--no-voter'];
    assert.deepEqual(upOptions({}, {}, rest), {
      problems: ['--host', '--port', '--no-voter'].map(
        (flag) => `${flag} stands behind --, and nuthatch up gives each node its own: leave it out there`,
      ),
    });
  });

  it('go on with what the folder holds, and nothing else', () => {
    const before = { shards: 3, replicas: 2, port: 7000 };
    assert.deepEqual(shapeOf(options({ data: './d' }), before, 4), before);
    assert.deepEqual(shapeOf(options({ data: './d', shards: '3', port: '8000' }), before, 4), {
      ...before,
      port: 8000,
    });
    assert.deepEqual(shapeOf(options({ data: './d', shards: '1' }), before, 4), {
      refused:
        './d holds a cluster of 3 shards with 2 replicas each, not of 1 shard with 2 replicas each: give --shards 3 --replicas 2, or another --data',
    });
    assert.deepEqual(shapeOf(options({ shards: '17' }), undefined, 2), {
      refused:
        '17 shards with 1 replica each need 34 nodes, and 2 cores bear 32: give fewer --shards or --replicas; what is gained by many is one shard for each core',
    });
    const far = shapeOf(options({ port: '55530' }), undefined, 4);
    assert.match((far as { refused: string }).refused, /ports up to 55537, beyond 55535/);
  });

  it('add a witness where two nodes alone could not fail over', () => {
    assert.equal(nodeCount({ shards: 1, replicas: 1 }), 3);
    assert.equal(nodeCount({ shards: 2, replicas: 0 }), 2);
    assert.equal(nodeCount({ shards: 3, replicas: 1 }), 6);
  });

  it('make of each node one of the cluster, whatever variables say', async () => {
    const variables = {
      NUTHATCH_PORT: '1',
      NUTHATCH_BUS_PORT: '2',
      NUTHATCH_HOST: '0.0.0.0',
      NUTHATCH_VOTER: 'true',
      NUTHATCH_FREE_PORT: 'true',
      NUTHATCH_DATA: './mine',
      NUTHATCH_JOIN: 'other',
    };
    const shape = { shards: 1, replicas: 1, port: 7000 };
    const plans = nodePlans(shape, ['--max-stale', '5s'], '64mb', (i) => `d/${i}`, true);
    assert.deepEqual(
      plans.map(({ name, logFolder }) => `${name} ${logFolder}`),
      ['node 1 (7000) d/1', 'node 2 (7001) d/2', 'node 3 (7002) d/3'],
    );
    for (const [i, { args }] of plans.entries()) {
      const { settings } = await loadSettings(flagsOf(args), variables);
      assert.ok(isOfCluster(settings));
      assert.deepEqual(
        [
          settings.port,
          settings['bus-port'],
          settings.host,
          settings.voter,
          settings.data,
          settings['max-stale'],
        ],
        [7000 + i, 17_000 + i, '127.0.0.1', i === 2, `d/${i + 1}`, 5000],
      );
      assert.deepEqual(
        settings.join.map(({ port }) => port),
        [7000, 7001, 7002].filter((port) => port !== 7000 + i),
      );
    }
  });
});
