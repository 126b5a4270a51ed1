import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/index.js';
import { firstTopology, isRefusal, topologyDefaults } from '../../ring/index.js';
import { eventually, ManualTime } from '../connection/fake-server.testkit.js';
import type { ReadsFrom } from '../core/index.js';
import { type ClientError, ReplyFailure } from '../errors.js';
import { jsonSerializer } from '../serializer.js';
import { ClusterEngine } from './cluster-engine.js';
import { type Answer, plainReading, type ReadMode } from './engine.js';
import { notingHost } from './engine-host.testkit.js';
import { array, FakeCluster, type FakeNode, withPrimary } from './fake-cluster.testkit.js';

const HIT = array('hit', '"v"', 1_000, 0);
const hitAfter = (staleMs: number): string => array('hit', '"v"', 1_000, 0, staleMs);
const DOWN = '-CLUSTERDOWN Hash slot not served\r\n';
const KEY = 'k';

interface Stage {
  readonly engine: ClusterEngine;
  readonly cluster: FakeCluster;
  /** The primary, and a replica. */
  readonly p: FakeNode;
  readonly r: FakeNode;
  readonly time: ManualTime;
  readonly told: string[];
  readonly sinceMs: number[];
  read(mode?: ReadMode): Promise<Answer>;
  /** Lets time pass, a little in each turn of the loop, until it is so. */
  passes(until: () => boolean, what: string): Promise<void>;
}

/** A client of a cluster of one shard: a primary and a replica, both of which answer that there is nothing. */
async function withCluster(
  body: (stage: Stage) => Promise<void>,
  { reads = 'primary', tracks = false }: { reads?: ReadsFrom; tracks?: boolean } = {},
): Promise<void> {
  const cluster = await FakeCluster.start(2);
  const time = new ManualTime();
  const told: string[] = [];
  const sinceMs: number[] = [];
  cluster.agree(cluster.first());
  const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks };
  const seeds = cluster.nodes.map(({ port }) => ({ port, time, random: new Random(1) }));
  const engine = new ClusterEngine(
    { ...options, seeds, reads, time, random: new Random(1) },
    notingHost(told, sinceMs),
  );
  const passes: Stage['passes'] = (until, what) =>
    eventually(() => {
      if (until()) return true;
      time.advance(1);
      return until();
    }, what);
  try {
    let isReady = false;
    const ready = engine.ready().then(() => {
      isReady = true;
    });
    await passes(() => isReady, 'the engine is ready');
    await ready;
    const read = (mode: ReadMode = 'lease'): Promise<Answer> => engine.read(KEY, mode, 200, plainReading);
    const [p, r] = cluster.nodes;
    await body({ engine, cluster, p, r, time, told, sinceMs, read, passes });
  } finally {
    engine.close();
    await cluster.stop();
  }
}

interface Outcome<T> {
  readonly value?: T;
  readonly error?: ClientError;
}

/** What becomes of it while no time passes. */
function outcome<T>(promise: Promise<T>): Promise<Outcome<T>> {
  return promise.then(
    (value) => ({ value }),
    (error: ClientError) => ({ error }),
  );
}

/** What becomes of it while time passes. */
async function lateOutcome<T>({ passes }: Stage, promise: Promise<T>): Promise<Outcome<T>> {
  let settled: Outcome<T> | undefined;
  void outcome(promise).then((end) => {
    settled = end;
  });
  await passes(() => settled !== undefined, 'a call is settled');
  return settled!;
}

test('a primary that does not answer costs half of the deadline: then the replica is asked', async () => {
  await withCluster(async (stage) => {
    const { p, r, time, read, engine } = stage;
    p.answer = () => undefined;
    r.answer = () => hitAfter(7);
    const startMs = time.now();
    const { value } = await lateOutcome(stage, read());
    assert.equal(value?.value, 'v');
    assert.equal(value.staleMs, 7);
    assert.ok(time.now() - startMs < 200, 'within the deadline');
    assert.deepEqual([p.asked.length, r.asked.length], [1, 1]);
    const { unleasedHits, largestStaleMs } = engine.cluster.stats()!;
    assert.deepEqual({ unleasedHits, largestStaleMs }, { unleasedHits: 1, largestStaleMs: 7 });
  });
});

test('when no primary answers, who misses is told to load and not to store', async () => {
  await withCluster(async (stage) => {
    const { p, r, read } = stage;
    p.answer = () => DOWN;
    r.answer = () => array('miss', 3);
    assert.equal((await outcome(read())).value?.status, 'load');
    r.answer = () => array('stale', '"v"', 40, 0, 0, 3);
    const { value } = await outcome(read());
    assert.deepEqual([value?.status, value?.value, value?.ms, value?.token], ['refresh', 'v', 40, undefined]);
    // Who only looks is told what there is.
    assert.equal((await outcome(read('look'))).value?.status, 'stale');
    r.answer = () => DOWN;
    assert.equal(((await outcome(read())).error as ReplyFailure).replyCode, 'CLUSTERDOWN');
    const asked = r.asked.length;
    // A lease is granted by nobody else.
    assert.ok((await outcome(read('early'))).error);
    assert.equal(r.asked.length, asked);
  });
});

test('a node that sends elsewhere is followed at once, and asked for the topology', async () => {
  await withCluster(async (stage) => {
    const { cluster, p, r, read, engine } = stage;
    const next = withPrimary(cluster.first(), 1);
    p.answer = () => `-MOVED 1 127.0.0.1:${r.port}\r\n`;
    r.answer = () => HIT;
    p.topology = next;
    const { topologyReads } = p;
    assert.equal((await outcome(read())).value?.value, 'v');
    await stage.passes(() => engine.cluster.stats()?.version === 2, 'the topology is learnt');
    assert.ok(p.topologyReads > topologyReads);
    assert.equal((await outcome(read())).value?.value, 'v');
    assert.equal(p.asked.length, 1, 'it is asked no more');
    assert.equal(engine.cluster.stats()?.redirections, 1);
    assert.equal(engine.cluster.placeOf(KEY)?.primary, `127.0.0.1:${r.port}`);
    // One that lags is not believed.
    r.topology = cluster.first();
    await stage.passes(() => r.topologyReads > 1, 'it was asked');
    assert.equal(engine.cluster.stats()?.version, 2);
  });
});

test('two nodes that send to each other are left', async () => {
  await withCluster(async (stage) => {
    const { p, r, read } = stage;
    p.answer = () => `-MOVED 1 127.0.0.1:${r.port}\r\n`;
    r.answer = () => `-MOVED 1 127.0.0.1:${p.port}\r\n`;
    assert.equal(((await outcome(read())).error as ReplyFailure).replyCode, 'MOVED');
    assert.ok(p.asked.length + r.asked.length <= 6);
    const { error } = await outcome(stage.engine.remove(KEY, 1_000));
    assert.equal((error as ReplyFailure).replyCode, 'MOVED');
  });
});

test('what was surely not done is tried again while there is time; what may have been is not', async () => {
  await withCluster(async (stage) => {
    const { engine, p } = stage;
    let refusals = 3;
    p.answer = () => (refusals-- > 0 ? DOWN : ':1\r\n');
    assert.equal((await lateOutcome(stage, engine.remove(KEY, 1_000))).value, true);
    assert.equal(p.asked.length, 4);
    p.answer = () => DOWN;
    const late = await lateOutcome(stage, engine.remove(KEY, 100));
    assert.ok(late.error instanceof ReplyFailure && late.error.retryable);
    p.asked.length = 0;
    p.answer = () => '-UNCERTAIN it may or may not last\r\n';
    const { error } = await outcome(engine.remove(KEY, 1_000));
    assert.ok(error instanceof ReplyFailure && error.mayHaveRun);
    assert.equal(p.asked.length, 1);
  });
});

test('any copy: who misses at a replica has the lease of the primary', async () => {
  await withCluster(
    async ({ p, r, read }) => {
      p.answer = () => array('load', 'token', 5_000);
      r.answer = () => array('miss', 0);
      for (let i = 0; i < 40; i++) {
        const { status, token } = await read();
        assert.deepEqual([status, token], ['load', 'token']);
      }
      assert.equal(p.asked.length, 40);
      const begun = r.asked.length;
      assert.ok(begun > 10 && begun < 30, `${begun} of 40 reads began at the replica`);
    },
    { reads: 'any' },
  );
});

test('a failover: what is near of both nodes goes, all who wait are woken, and the heir is asked', async () => {
  await withCluster(
    async (stage) => {
      const { cluster, p, r, told, sinceMs, read, engine } = stage;
      p.answer = () => HIT;
      r.answer = () => HIT;
      assert.equal((await outcome(read())).value?.node, engine.nodeOf(KEY));
      await stage.passes(() => sinceMs.length > 1, 'the primary is sound');
      told.length = 0;
      await p.stop();
      cluster.agree(withPrimary(cluster.first(), 1));
      await stage.passes(() => engine.cluster.stats()?.version === 2, 'the topology is learnt');
      const heir = engine.nodeOf(KEY);
      assert.ok(told.includes(`unsound ${1 - heir}`) && told.includes(`unsound ${heir}`), told.join());
      assert.ok(told.includes('reachable 0') && told.includes('unreachable 0'), told.join());
      const { value } = await outcome(read());
      assert.deepEqual([value?.node, value?.staleMs], [heir, undefined]);
      assert.deepEqual(engine.cluster.stats()?.away, [`127.0.0.1:${p.port}`]);
    },
    { tracks: true },
  );
});

test('a node that does not know what else has changed is not sound', async () => {
  await withCluster(
    async (stage) => {
      const { p, told, sinceMs } = stage;
      await stage.passes(() => sinceMs.length > 2, 'it is sound');
      assert.deepEqual(
        told.filter((each) => each.startsWith('unsound')),
        [],
      );
      p.pushes = null;
      await stage.passes(() => told.includes('unsound 0') || told.includes('unsound 1'), 'it says so');
      const heard = sinceMs.length;
      p.pushes = 0;
      await stage.passes(() => sinceMs.length > heard, 'it is sound again');
    },
    { tracks: true },
  );
});

test('the nearest copy is asked, by how long it takes to answer', async () => {
  await withCluster(
    async (stage) => {
      const { p, r, read } = stage;
      p.answer = () => HIT;
      r.answer = () => hitAfter(0);
      assert.equal((await outcome(read())).value?.staleMs, undefined, 'they are equally near');
      p.holdsPings = true;
      let value: Answer | undefined;
      for (let round = 0; round < 50 && value?.staleMs === undefined; round++) {
        await stage.passes(() => p.heldPings > 0, 'the primary is measured');
        // Meanwhile the replica answers, in most of these rounds.
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
        stage.time.advance(400);
        p.answerPings();
        value = await read();
      }
      assert.equal(value?.staleMs, 0, 'the replica is nearer');
    },
    { reads: 'nearest' },
  );
});

test('a cluster that was begun anew at the same addresses is followed when nobody tells of the former', async () => {
  await withCluster(async (stage) => {
    const { cluster, engine } = stage;
    cluster.agree({ ...cluster.first('other'), version: 5 });
    await stage.passes(() => engine.cluster.stats()?.clusterId === 'other', 'it is followed');
    assert.equal(engine.cluster.stats()?.version, 5);
  });
});

test('before a node has told of the cluster calls are rejected, and ready waits', async () => {
  const cluster = await FakeCluster.start(1);
  const time = new ManualTime();
  const told: string[] = [];
  const [{ port }] = cluster.nodes;
  const options = { serializer: jsonSerializer, leaseMs: 5_000, tracks: false, reads: 'primary' as const };
  const random = new Random(1);
  const engine = new ClusterEngine(
    { ...options, seeds: [{ port, time, random }], time, random },
    notingHost(told),
  );
  try {
    let problem: ClientError | undefined;
    engine.ready().catch((error: ClientError) => {
      problem = error;
    });
    await eventually(() => {
      if (problem === undefined) time.advance(10);
      return problem !== undefined;
    }, 'it is not ready');
    assert.match(problem!.message, /nuthatch cluster init/);
    // The first calls of a process wait for so long.
    time.advance(200);
    await assert.rejects(engine.remove(KEY, 100), /is not known.*nuthatch cluster init/);
    assert.equal(told.filter((each) => each === 'unreachable 0').length, 1, 'it is told once');
    cluster.agree(cluster.first());
    await eventually(() => {
      if (engine.cluster.stats() === undefined) time.advance(10);
      return engine.cluster.stats() !== undefined;
    }, 'it is known');
  } finally {
    engine.close();
    await cluster.stop();
  }
});

test('a node that has learnt of a newer topology says so, and it is read at once, and once', async () => {
  await withCluster(async ({ engine, cluster, p, r, time, passes }) => {
    assert.equal(engine.cluster.stats()?.version, 1);
    const reads = () => p.topologyReads + r.topologyReads;
    const before = reads();
    const startMs = time.now();
    cluster.agree({ ...cluster.first(), version: 2 });
    for (const node of [p, r]) node.pushTopology();
    await passes(() => engine.cluster.stats()?.version === 2, 'it is followed');
    assert.ok(time.now() - startMs < 500, 'sooner than by asking from time to time');
    assert.equal(reads(), before + 1);
  });
});

test('while a shard has no primary, clear is done at the others and rejected, whatever they answer', async () => {
  await withCluster(async (stage) => {
    const { cluster, engine, passes, p } = stage;
    const { nodes, version } = cluster.first();
    const plan = { clusterId: 'fake', nodes, shards: 2, replicasPerShard: 0, ...topologyDefaults };
    const both = firstTopology(plan);
    assert.ok(!isRefusal(both));
    const [first, second] = both.shards;
    const shards = [first, { ...second, primary: undefined }];
    cluster.agree({ ...both, version: version + 1, shards });
    await passes(() => engine.cluster.stats()?.shards === 2, 'the engine has learnt of two shards');
    p.answer = () => '-ERR not now\r\n';
    const { error } = await lateOutcome(stage, engine.clear('a:', 200));
    assert.equal(error?.code, 'REPLY', 'what the first of them has answered was waited for');
    assert.ok(p.asked.length > 0);
  });
});
