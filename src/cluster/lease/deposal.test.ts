import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValue } from './cas-register.testkit.js';
import { epochOf, namesPrimary } from './deposal.js';

test('a shard is found among others by its id, whatever gaps the ids have', () => {
  const life = { node: 'p', incarnation: '1' };
  const { topology } = firstValue({ leaseMs: 1, driftPermille: 0, slackMs: 0 }, ['a'], life);
  for (let count = 0; count < 9; count++) {
    const ids = Array.from({ length: count }, (_, index) => 2 * index + 1);
    const shards = ids.map(
      (id) => ({ ...topology.shards[0], id, epoch: id + 10 }) as (typeof topology.shards)[0],
    );
    for (let id = 0; id < 20; id++) {
      const epoch = ids.includes(id) ? id + 10 : 0;
      assert.equal(epochOf({ ...topology, shards }, id), epoch);
      assert.equal(
        namesPrimary({ ...topology, shards }, { shard: id, epoch: id + 10, life }),
        ids.includes(id),
      );
      assert.equal(namesPrimary({ ...topology, shards }, { shard: id, epoch: id + 9, life }), false);
    }
  }
});
