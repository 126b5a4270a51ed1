import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolve } from '../options.js';

describe('the options of a node of a cluster', () => {
  it('are filled in from its host and port', () => {
    const { cluster } = resolve({ port: 7000, cluster: {} });
    assert.deepEqual(cluster, {
      join: [],
      busPort: 17_000,
      announceHost: '127.0.0.1',
      secret: '',
      dataFolder: './nuthatch-data/7000',
      zone: '',
      isWitness: false,
    });
    assert.equal(resolve({}).cluster, undefined);
    assert.equal(resolve({ port: 0, cluster: {} }).cluster?.busPort, 0);
  });

  it('are all checked', () => {
    const wrong = {
      join: ['a', '[a]:1', 'a:0'],
      busPort: 65_536,
      announceHost: '0.0.0.0',
      secret: 'short',
      dataFolder: '',
      zone: 'a b',
      isWitness: 1 as unknown as boolean,
      more: 1,
    };
    assert.throws(
      () => resolve({ host: '10.0.0.1', password: 'x', cluster: wrong }),
      (error: { problems: readonly string[] }) => {
        const named = error.problems.map((line) => /cluster\.(\w+)/.exec(line)?.[1]);
        assert.deepEqual(named, [
          'more',
          'busPort',
          'announceHost',
          'join',
          'join',
          'join',
          'secret',
          'dataFolder',
          'zone',
          'isWitness',
        ]);
        return true;
      },
    );
    assert.throws(() => resolve({ host: '10.0.0.1', password: 'x', cluster: {} }), /cluster\.secret/);
    assert.throws(() => resolve({ port: 60_000, cluster: {} }), /name one with cluster\.busPort/);
    assert.throws(() => resolve({ port: 7, cluster: { busPort: 7 } }), /as port is/);
    assert.throws(
      () => resolve({ host: '::', password: 'x', cluster: { secret: 'x'.repeat(16) } }),
      /announceHost/,
    );
  });
});
