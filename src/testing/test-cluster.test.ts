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
