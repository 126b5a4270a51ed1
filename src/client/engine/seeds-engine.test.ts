import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/index.js';
import type { Cache } from '../cache.js';
import { eventually, ManualTime } from '../connection/fake-server.testkit.js';
import { createCache } from '../create-cache.js';
import { ClientError } from '../errors.js';
import { jsonSerializer } from '../serializer.js';
import { ClusterEngine } from './cluster-engine.js';
import { DetectEngine } from './detect-engine.js';
import { plainReading } from './engine.js';
import { notingHost } from './engine-host.testkit.js';
import { array, FakeCluster, type FakeNode } from './fake-cluster.testkit.js';
import { SeedsEngine } from './seeds-engine.js';

/** However busy the machine is. */
const PATIENT = { deadline: '10s', invalidationDeadline: '60s' } as const;
const HIT = array('hit', '"v"', 1_000, 0);
const urlOf = ({ port }: FakeNode): string => `redis://127.0.0.1:${port}`;

/** A cache over these servers, of which `lone` is in no cluster. */
async function withCache(
  lone: readonly number[],
  open: (nodes: readonly FakeNode[]) => Cache,
  body: (cache: Cache, nodes: readonly FakeNode[], cluster: FakeCluster) => Promise<void>,
): Promise<void> {
  const cluster = await FakeCluster.start(2);
  const { nodes } = cluster;
  cluster.agree(cluster.first());
  for (const place of lone) {
    nodes[place].mode = 'standalone';
    nodes[place].topology = undefined;
  }
  for (const node of nodes) node.answer = () => HIT;
  const cache = open(nodes);
  try {
    await body(cache, nodes, cluster);
  } finally {
    cache.close();
    await cluster.stop();
  }
}

/** What the cache says when it is asked for a key. */
async function problemOf(cache: Cache): Promise<ClientError | undefined> {
  try {
    await cache.peek('k');
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ClientError);
    return error;
  }
}

test('a node of a cluster stands for all of it, and so does a list of its nodes, a dead one among them', async () => {
  const dead = 'redis://127.0.0.1:1';
  for (const open of [
    ([, r]: readonly FakeNode[]) => createCache({ url: urlOf(r), ...PATIENT }),
    (nodes: readonly FakeNode[]) => createCache({ nodes: nodes.map(urlOf), ...PATIENT }),
    ([, r]: readonly FakeNode[]) => createCache({ nodes: [urlOf(r), dead], ...PATIENT }),
  ]) {
    await withCache([], open, async (cache, [p, r]) => {
      await cache.ready();
      assert.equal(await cache.get('k'), 'v');
      assert.deepEqual([p.asked, r.asked], [['LEASE.GET k NOLEASE'], []]);
      assert.equal(cache.stats().cluster?.clusterId, 'fake');
      assert.equal((await cache.explain('k')).place?.primary, `127.0.0.1:${p.port}`);
    });
  }
});

test('the first reads of a process wait until it is known what the servers are', async () => {
  const cluster = await FakeCluster.start(2);
  cluster.agree(cluster.first());
  for (const node of cluster.nodes) node.answer = () => HIT;
  const time = new ManualTime();
  const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks: false };
  const random = new Random(1);
  const server = { port: cluster.nodes[0].port, time, random };
  const redis = (): never => assert.fail('it is no Redis');
  const engine = new SeedsEngine(
    {
      servers: ['a server'],
      time,
      tracks: false,
      makeLone: (host, found) => new DetectEngine(server, options, host, { redis, found }),
      makeCluster: (host) =>
        new ClusterEngine({ ...options, seeds: [server], reads: 'primary', time, random }, host),
    },
    notingHost([]),
  );
  try {
    let value: unknown;
    const read = engine.read('k', 'lease', 200, plainReading).then((answer) => {
      value = answer.value;
    });
    // Only a moment passes.
    time.advance(1);
    await eventually(() => {
      time.advance(0);
      return value !== undefined;
    }, 'the read is answered');
    await read;
    assert.equal(value, 'v');
  } finally {
    engine.close();
    await cluster.stop();
  }
});

test('lone nodes are a ring, of which no topology is told', async () => {
  await withCache(
    [0, 1],
    (nodes) => createCache({ nodes: nodes.map(urlOf), ...PATIENT }),
    async (cache, [p, r]) => {
      let reached = 0;
      cache.on('reachable', () => reached++);
      await eventually(() => reached === 2, 'both are reached');
      for (let i = 0; i < 20; i++) assert.equal(await cache.get(`k:${i}`), 'v');
      assert.ok(p.asked.length > 0 && r.asked.length > 0);
      assert.equal(cache.stats().cluster, undefined);
      assert.equal((await cache.explain('k')).place, undefined);
    },
  );
});

test('lone nodes and nodes of a cluster in one list are refused, whoever answers first', async () => {
  for (const lone of [0, 1]) {
    await withCache(
      [lone],
      (nodes) => createCache({ nodes: nodes.map(urlOf), ...PATIENT }),
      async (cache, nodes) => {
        let problem: ClientError | undefined;
        cache.on('reachable', (event) => {
          if (event.problem !== undefined) problem = event.problem as ClientError;
        });
        await eventually(() => problem?.code === 'UNSUPPORTED_SERVER', 'it is told');
        const of = `127.0.0.1:${nodes[1 - lone].port} is of a Nuthatch cluster, and 127.0.0.1:${nodes[lone].port} is not`;
        assert.ok(problem?.message.includes(of), problem?.message);
        assert.equal((await problemOf(cache))?.code, 'UNSUPPORTED_SERVER');
        await assert.rejects(cache.ready(), /name nodes of one cluster only/);
        // Reads load.
        assert.equal(await cache.getOrLoad('k', () => 'loaded'), 'loaded');
      },
    );
  }
});

test('nodes of two clusters in one list are refused, also when one of them is begun later', async () => {
  for (const isLate of [false, true]) {
    await withCache(
      [],
      (nodes) => {
        nodes[1].topology = undefined;
        return createCache({ nodes: nodes.map(urlOf), ...PATIENT });
      },
      async (cache, nodes, cluster) => {
        const problems: ClientError[] = [];
        cache.on('reachable', (event) => {
          if (event.problem !== undefined) problems.push(event.problem as ClientError);
        });
        if (isLate) assert.equal(await cache.get('k'), 'v');
        nodes[1].topology = cluster.first('other');
        await eventually(() => problems.some(({ message }) => /several/.test(message)), 'it is told');
        const problem = await problemOf(cache);
        assert.equal(problem?.code, 'UNSUPPORTED_SERVER');
        for (const part of [`127.0.0.1:${nodes[0].port} of fake`, `127.0.0.1:${nodes[1].port} of other`])
          assert.ok(problem.message.includes(part), problem.message);
        const deleted = assert.rejects(cache.delete('k'), { code: 'CLOSED' });
        await eventually(() => cache.stats().pendingInvalidations === 1, 'nobody is asked to delete');
        await assert.rejects(cache.ready(), /name nodes of one cluster only/);
        assert.equal(await cache.getOrLoad('k', () => 'loaded'), 'loaded');
        cache.close();
        await deleted;
      },
    );
  }
});

test('a delete that nobody could be asked for is pending whatever the servers turn out to be', async () => {
  await withCache(
    [],
    (nodes) => {
      for (const node of nodes) node.topology = undefined;
      return createCache({ nodes: nodes.map(urlOf), ...PATIENT });
    },
    async (cache, nodes, cluster) => {
      const deleted = cache.delete('k');
      await eventually(() => cache.stats().pendingInvalidations === 1, 'it is pending');
      nodes[0].answer = (words) => (words[0] === 'UNLINK' ? ':1\r\n' : HIT);
      cluster.agree(cluster.first());
      await deleted;
      assert.ok(nodes[0].asked.includes('UNLINK k'));
      assert.equal(cache.stats().pendingInvalidations, 0);
    },
  );
});
