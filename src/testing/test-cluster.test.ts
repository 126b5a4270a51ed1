import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCache } from '../client/index.js';
import { startTestCluster } from './index.js';

test('a primary is killed, a replica takes over with what was written, and the killed one comes back as a replica', async () => {
  const cluster = await startTestCluster({ shards: 1, replicas: 1 });
  try {
    assert.equal(cluster.nodes.length, 3, 'two that hold data, and a witness');
    const first = cluster.primaryOf('k');
    const before = createCache(`redis://${first.address}`);
    await before.set('k', 1);
    // Confirmed by the replica, as every delete is, and so is what came before it.
    await before.delete('other');
    await before.close();

    await first.kill();
    assert.throws(() => first.control, /does not run/);
    await cluster.writable('k');
    const second = cluster.primaryOf('k');
    assert.notEqual(second, first);
    const after = createCache(`redis://${second.address}`);
    assert.equal(await after.get('k'), 1);

    await first.start();
    await cluster.ready();
    assert.equal(cluster.primaryOf('k'), second);
    // Handed over, at the end of the second, to the first, which was filled anew.
    await after.close();
    await second.end();
    await cluster.writable('k');
    assert.equal(cluster.primaryOf('k'), first);
    const last = createCache(`redis://${first.address}`);
    assert.equal(await last.get('k'), 1);
    await last.close();
  } finally {
    await cluster.stop();
  }
});

test('what cannot be a cluster is refused before a node is started', async () => {
  const wrong = { shards: 0, replicas: -1, witnesses: 1.5 };
  await assert.rejects(startTestCluster(wrong), ({ problems }: { problems: string[] }) => {
    assert.deepEqual(problems, [
      'shards is 0; give a whole number from 1 to 64.',
      'replicas is -1; give a whole number from 0 to 64.',
      'witnesses is 1.5; give a whole number from 0 to 64.',
    ]);
    return true;
  });
  await assert.rejects(startTestCluster({ shards: 33 }), /66 nodes are needed.* at most 64/);
});
