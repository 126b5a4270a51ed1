/** What a cache makes of a primary that is cut off: it grants leases, says that it is cut off, and stores nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../base/index.js';
import { Cache } from './cache.js';
import { type CacheBehavior, resolveBehavior, throwProblems } from './cache-options.js';
import { eventually, ManualTime } from './connection/fake-server.testkit.js';
import { KEPT_MS } from './core/index.js';
import { ClusterEngine } from './engine/cluster-engine.js';
import { array, FakeCluster, type FakeNode } from './engine/fake-cluster.testkit.js';

const CUT_OFF = '-CUTOFF this node may not write at present\r\n';
const DOWN = '-CLUSTERDOWN this node has lost its write lease\r\n';
/** A stale value that may be served is older than that. */
const STALE_MS = 60_000;

interface Stage {
  readonly cache: Cache;
  readonly node: FakeNode;
  readonly time: ManualTime;
  /** What the database has, and how often it was asked. */
  readonly row: { value: unknown; asked: number };
  isCutOff: boolean;
  /** Since when the node is without what others acknowledge. */
  cutOffMs: number;
  /** What stands at the node, stale. */
  stale: string | undefined;
  read(): Promise<unknown>;
}

async function withCutOff(
  body: (stage: Stage) => Promise<void>,
  behavior: CacheBehavior = {},
): Promise<void> {
  const cluster = await FakeCluster.start(1);
  cluster.agree(cluster.first());
  const [node] = cluster.nodes;
  const time = new ManualTime();
  const problems: string[] = [];
  const resolved = resolveBehavior({ deadline: '10s', ...behavior }, problems);
  throwProblems(problems);
  const seeds = [{ port: node.port, time, random: new Random(1) }];
  const ofCluster = { seeds, reads: 'primary' as const, time, random: new Random(1) };
  const cache = new Cache(
    resolved,
    (host, options) => new ClusterEngine({ ...options, ...ofCluster }, host),
    time,
    1,
  );
  const row = { value: { at: 1 } as unknown, asked: 0 };
  const load = (): unknown => {
    row.asked++;
    return row.value;
  };
  const stage: Stage = {
    cache,
    node,
    time,
    row,
    isCutOff: true,
    cutOffMs: time.now() - 250,
    stale: undefined,
    read: () => cache.getOrLoad('k', load),
  };
  let tokens = 0;
  node.answer = ([command]) => {
    const more = stage.isCutOff ? [time.now() - stage.cutOffMs] : [];
    if (command === 'LEASE.GET') {
      const token = `token-${++tokens}`;
      return stage.stale === undefined
        ? array('load', token, 5_000, ...more)
        : array('refresh', stage.stale, STALE_MS, 0, token, ...more);
    }
    if (command === 'LEASE.FILL') return stage.isCutOff ? CUT_OFF : ':1\r\n';
    return stage.isCutOff && command !== 'LEASE.FAIL' ? DOWN : ':1\r\n';
  };
  try {
    let isReady = false;
    cache.ready().then(() => {
      isReady = true;
    });
    await eventually(() => {
      if (!isReady) time.advance(1);
      return isReady;
    }, 'the cache is ready');
    await body(stage);
  } finally {
    cache.close();
    await cluster.stop();
  }
}

const asked = ({ node }: Stage, command: string): number =>
  node.asked.filter((words) => words.startsWith(`${command} `)).length;

test('the database is asked for a key once a second, whatever the number of reads', async () => {
  await withCutOff(
    async (stage) => {
      const { cache, row, time, read } = stage;
      for (let i = 0; i < 10; i++) assert.deepEqual(await read(), { at: 1 });
      assert.equal(row.asked, 1);
      assert.equal(cache.stats().keptHits, 9);
      assert.equal(asked(stage, 'LEASE.GET'), 10, 'the node is asked each time');
      assert.equal(cache.stats().near?.entries, 0, 'nothing of it is near');
      row.value = { at: 2 };
      time.advance(KEPT_MS - 1);
      assert.deepEqual(await read(), { at: 1 });
      time.advance(1);
      assert.deepEqual(await read(), { at: 2 });
      assert.equal(row.asked, 2);
      await eventually(() => asked(stage, 'LEASE.FAIL') >= 10, 'leases that are not used are given back');
    },
    { near: { maxBytes: '1mb' } },
  );
});

test('each reader has a value of its own', async () => {
  await withCutOff(async ({ read, row }) => {
    await read();
    const value = (await read()) as { at: number };
    value.at = 7;
    assert.deepEqual(await read(), { at: 1 });
    assert.equal(row.asked, 1);
  });
});

test('who may store again is believed, and what is kept is of no use', async () => {
  await withCutOff(async (stage) => {
    const { cache, row, read } = stage;
    await read();
    stage.isCutOff = false;
    row.value = { at: 2 };
    assert.deepEqual(await read(), { at: 2 });
    assert.equal(cache.stats().keptHits, 0);
    await eventually(() => cache.stats().fills === 1, 'it is stored');
  });
});

test('what was loaded before the node that answers was cut off is loaded anew', async () => {
  await withCutOff(async (stage) => {
    const { time, row, read } = stage;
    await read();
    row.value = { at: 2 };
    time.advance(100);
    assert.deepEqual(await read(), { at: 1 });
    stage.cutOffMs = time.now() - 99;
    assert.deepEqual(await read(), { at: 2 });
  });
});

test('what this process changes or invalidates is not kept', async () => {
  const changes: readonly ((cache: Cache) => Promise<unknown>)[] = [
    (cache) => cache.delete('k'),
    (cache) => cache.expire('k'),
    (cache) => cache.clear(),
    (cache) => cache.set('k', 0),
    (cache) => cache.writeThrough('k', () => 0),
  ];
  for (const change of changes) {
    await withCutOff(
      async ({ cache, row, time, read }) => {
        await read();
        assert.deepEqual(await read(), { at: 1 });
        row.value = { at: 2 };
        let isOver = false;
        const ended = change(cache).then(
          () => assert.fail('it cannot be acknowledged'),
          () => {
            isOver = true;
          },
        );
        assert.deepEqual(await read(), { at: 2 }, 'at once');
        row.value = { at: 3 };
        await eventually(() => {
          if (!isOver) time.advance(1);
          return isOver;
        }, 'nobody acknowledges it');
        await ended;
        assert.deepEqual(await read(), { at: 3 }, 'and afterwards');
      },
      { invalidationDeadline: '100ms' },
    );
  }
});

test('a stale value that may be served is refreshed once a second, and then the new one is served', async () => {
  await withCutOff(
    async (stage) => {
      const { row, read } = stage;
      stage.stale = '{"at":0}';
      assert.deepEqual(await read(), { at: 0 });
      await eventually(() => asked(stage, 'LEASE.FILL') === 1, 'it is refreshed behind it');
      for (let i = 0; i < 5; i++) assert.deepEqual(await read(), { at: 1 });
      assert.equal(row.asked, 1);
    },
    { staleWhileRevalidate: '5m' },
  );
});

test('that there is nothing is kept too', async () => {
  await withCutOff(async ({ cache }) => {
    let loads = 0;
    const read = (): Promise<unknown> =>
      cache.getOrLoad('none', (context) => {
        loads++;
        return context.notFound();
      });
    assert.equal(await read(), undefined);
    assert.equal(await read(), undefined);
    assert.equal(loads, 1);
  });
});
