/**
 * The cache hangs, then is gone, then is back, while 8 processes call at twice the rate that their database bears. The
 * database has 50 connections; the cap of the loader group keeps to them, since each process knows how many there are.
 *
 *   0 s     4 s        8 s         12 s          14 s        17 s
 *   | warm  | hangs    | refuses   | is back ... | normal    |
 *
 * A call waits at most the deadline of the cache, its time in the queue, and the load; beyond that only for processes that
 * were not at work, which they tell. That is true of calls for values that were there, as nearly all are in a warm cache.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CacheFleet } from '../client/cache-fleet.js';
import type { Bucket } from '../client/cache-process.js';
import { freePort, startNuthatch } from '../kit/servers.js';

const PROCESSES = 8;
const CONNECTIONS = 50;
const LOAD_MS = 100;
const DEADLINE_MS = 200;
const QUEUED_MS = 300;
/** Twice what the connections bear. */
const PER_SECOND = 2 * CONNECTIONS * (1_000 / LOAD_MS);
const KEYS = 500;
const BUCKET_MS = 100;
const PHASE_MS = 4_000;
const RETURN_MS = 2_000;
const NORMAL_MS = 3_000;
/** Steps of deadlines and timers: each may be late by as much. */
const STEPS_MS = 60;

const passes = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The longest time for which this process was not at work on its events. */
class PauseMeter {
  longestMs = 0;
  #lastMs = performance.now();
  readonly #timer = setInterval(() => {
    const nowMs = performance.now();
    this.longestMs = Math.max(this.longestMs, nowMs - this.#lastMs - 5);
    this.#lastMs = nowMs;
  }, 5);

  stop(): void {
    clearInterval(this.#timer);
  }
}

function sumOf(processes: readonly (readonly Bucket[])[], fromMs: number, toMs: number): Bucket {
  const sum: Bucket = { ok: 0, shed: 0, failed: 0, longestMs: 0 };
  for (const buckets of processes) {
    for (const bucket of buckets.slice(Math.ceil(fromMs / BUCKET_MS), Math.floor(toMs / BUCKET_MS))) {
      sum.ok += bucket.ok;
      sum.shed += bucket.shed;
      sum.failed += bucket.failed;
      sum.longestMs = Math.max(sum.longestMs, bucket.longestMs);
    }
  }
  return sum;
}

test('a database of 50 connections survives a cache that hangs, goes and comes back', async (t) => {
  const port = await freePort();
  let server = await startNuthatch([], [], port);
  const fleet = await CacheFleet.start(PROCESSES, {
    url: `redis://127.0.0.1:${port}`,
    ttl: '1h',
    deadline: DEADLINE_MS,
    group: 'db',
    groups: { db: { cap: CONNECTIONS, maxQueued: 200, maxQueuedMs: QUEUED_MS } },
  });
  const pauses = new PauseMeter();
  try {
    const { database } = fleet;
    const places = Array.from({ length: PROCESSES }, (_, place) => place);
    const share = Math.floor(CONNECTIONS / PROCESSES);
    const shares = async (): Promise<number[]> =>
      (await fleet.stats(places)).map(({ groups }) => groups.db.share);
    while ((await shares()).some((each) => each !== share));
    database.answer('row', LOAD_MS);
    await fleet.begin({ perSecond: PER_SECOND, keys: KEYS, bucketMs: BUCKET_MS });
    const beganMs = performance.now();
    const now = (): number => performance.now() - beganMs;
    await passes(PHASE_MS);
    const hungMs = now();
    server.signal('SIGSTOP');
    await passes(PHASE_MS);
    const goneMs = now();
    server.signal('SIGKILL');
    await passes(PHASE_MS);
    assert.deepEqual(
      await shares(),
      places.map(() => share),
      'each keeps its share',
    );
    server = await startNuthatch([], [], port);
    const backMs = now();
    await passes(RETURN_MS);
    const normalMs = now();
    const queriesBefore = database.queries;
    await passes(NORMAL_MS);
    const endMs = now();
    const queries = database.queries - queriesBefore;
    const ends = await fleet.end();
    const buckets = ends.map((end) => end.buckets);
    const phases = {
      hung: sumOf(buckets, hungMs, goneMs),
      gone: sumOf(buckets, goneMs, backMs),
      returning: sumOf(buckets, backMs, normalMs),
      normal: sumOf(buckets, normalMs, endMs),
    };
    for (const [phase, { ok, shed, failed, longestMs }] of Object.entries(phases)) {
      const all = ok + shed + failed;
      t.diagnostic(
        `${phase}: ${all} calls, ${((100 * shed) / all).toFixed(1)} % shed, ${failed} failed, longest ${longestMs.toFixed(0)} ms`,
      );
    }
    const pauseMs = pauses.longestMs + Math.max(...ends.map((end) => end.longestPauseMs));
    t.diagnostic(
      `most queries at once ${database.mostRunning}, ${queries} queries when normal, longest pause ${pauseMs.toFixed(0)} ms`,
    );
    assert.ok(database.mostRunning <= CONNECTIONS, `${database.mostRunning} queries at once`);
    for (const phase of [phases.hung, phases.gone]) {
      assert.ok(phase.ok > 0 && phase.shed > 0, 'some were loaded, and some had to be turned away');
      assert.equal(phase.failed, 0);
      const boundMs = DEADLINE_MS + QUEUED_MS + LOAD_MS + STEPS_MS + pauseMs;
      assert.ok(phase.longestMs <= boundMs, `a call took ${phase.longestMs} ms, more than ${boundMs}`);
    }
    assert.deepEqual([phases.normal.shed, phases.normal.failed], [0, 0], 'it is as it was');
  } finally {
    pauses.stop();
    await fleet.stop();
    await server.stop();
  }
});
