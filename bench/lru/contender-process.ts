/**
 * The process of one contender: fills its cache, runs the trace, reads, and reports what it took.
 *
 * Work goes in groups of 32 operations, and the event loop turns every few milliseconds, so that reports
 * of the garbage collector come in.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { createLru } from 'nuthatch/lru';
import { residentBytes } from '../proc.js';
import { importRival } from '../rival-packages.js';
import type { Answer, ContenderName, Question } from './contenders.js';
import { MEAN_VALUE_BYTES, Trace } from './trace.js';

interface Cache<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): unknown;
  readonly size: number;
  entries(): Iterable<[string, V]>;
}

const GROUP = 32;
const GROUPS_PER_TURN = 64;
/** Operations of each half of the trace, at least: the first half warms up. */
const LEAST_OPERATIONS = 1_000_000;
/** Fresh key strings made, untimed, before each timed run of gets. */
const KEYS_AT_ONCE = 16_384;

const { LRUCache } = await importRival<{ LRUCache: new (options: object) => Cache<{ length: number }> }>(
  'lru-cache',
);

process.once('message', async (question: Question) => {
  const trace = new Trace(question.entries * 2, question.seed);
  const budget = question.entries * (MEAN_VALUE_BYTES + trace.key(1).length);
  const answer =
    question.values === 'string'
      ? await measure<string>(question, trace, stringCache(question.contender, budget), (rank) =>
          trace.text(rank),
        )
      : await measure<Uint8Array>(question, trace, bytesCache(question.contender, budget), (rank) =>
          trace.bytes(rank),
        );
  process.send?.(answer, () => process.exit());
});

function stringCache(contender: ContenderName, maxBytes: number): () => Cache<string> {
  return () => (contender === 'lru-cache' ? lruCache(maxBytes) : createLru({ maxBytes, values: 'string' }));
}

function bytesCache(contender: ContenderName, maxBytes: number): () => Cache<Uint8Array> {
  return () => (contender === 'lru-cache' ? lruCache(maxBytes) : createLru({ maxBytes, values: 'bytes' }));
}

function lruCache<V extends { length: number }>(maxBytes: number): Cache<V> {
  return new LRUCache({
    maxSize: Math.floor(maxBytes),
    sizeCalculation: (value: V, key: string) => key.length + value.length,
  }) as Cache<V>;
}

async function measure<V extends { length: number }>(
  question: Question,
  trace: Trace,
  make: () => Cache<V>,
  value: (rank: number) => V,
): Promise<Answer> {
  const collections = watchCollections();
  const before = residentBytes(process.pid);
  const cache = make();
  const stalls = { worstMs: 0 };

  let rank = trace.keys;
  const fill = await timed(stalls, () => {
    for (let i = 0; i < GROUP && rank > 0; i++, rank--) cache.set(trace.key(rank), value(rank));
    return rank > 0;
  });

  let hits = 0;
  let left = 0;
  const step = () => {
    for (let i = 0; i < GROUP; i++) {
      const at = trace.nextRank();
      const key = trace.key(at);
      if (cache.get(key) === undefined) cache.set(key, value(at));
      else hits++;
    }
    left -= GROUP;
    return left > 0;
  };
  // A fixed number of operations, so that all contenders see the same keys.
  const half = Math.max(LEAST_OPERATIONS, question.entries);
  left = half;
  await timed(stalls, step);
  hits = 0;
  left = half;
  const traced = await timed(stalls, step);

  const gets = await timeGets(cache, trace, question.seconds, stalls);
  await turn();
  const resident = residentBytes(process.pid);
  const most = residentBytes(process.pid, 'VmHWM');
  const worstStallMs = stalls.worstMs;
  const { worstMs, totalMs, count } = collections();
  const measuredMs = performance.now();
  let payloadBytes = 0;
  for (const [key, one] of cache.entries()) payloadBytes += key.length + one.length;
  return {
    fillPerSecond: trace.keys / fill.seconds,
    tracePerSecond: traced.operations / traced.seconds,
    hitRatio: hits / traced.operations,
    ...gets,
    entries: cache.size,
    payloadBytes,
    residentBytes: resident - before,
    mostResidentBytes: most - before,
    gcWorstMs: worstMs,
    gcTotalMs: totalMs,
    gcCount: count,
    worstStallMs,
    measuredMs,
  };
}

/** Runs groups of operations until one says that it was the last. */
async function timed(
  stalls: { worstMs: number },
  group: () => boolean,
): Promise<{ operations: number; seconds: number }> {
  const start = performance.now();
  let last = start;
  for (let groups = 1; ; groups++) {
    const goesOn = group();
    const now = performance.now();
    if (now - last > stalls.worstMs) stalls.worstMs = now - last;
    last = now;
    if (!goesOn) return { operations: groups * GROUP, seconds: (now - start) / 1000 };
    if (groups % GROUPS_PER_TURN === 0) {
      await turn();
      last = performance.now();
    }
  }
}

async function timeGets<V>(
  cache: Cache<V>,
  trace: Trace,
  seconds: number,
  stalls: { worstMs: number },
): Promise<{ getPerSecond: number; getHits: number }> {
  const keys: string[] = [];
  let found = 0;
  let spent = 0;
  let operations = 0;
  while (spent < seconds) {
    for (let i = 0; i < KEYS_AT_ONCE; i++) keys[i] = trace.key(trace.nextFrequentRank());
    await turn();
    let at = 0;
    const run = await timed(stalls, () => {
      for (let i = 0; i < GROUP; i++) if (cache.get(keys[at++] as string) !== undefined) found++;
      return at < KEYS_AT_ONCE;
    });
    spent += run.seconds;
    operations += run.operations;
  }
  return { getPerSecond: operations / spent, getHits: found / operations };
}

function watchCollections(): () => { worstMs: number; totalMs: number; count: number } {
  const seen = { worstMs: 0, totalMs: 0, count: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      seen.worstMs = Math.max(seen.worstMs, duration);
      seen.totalMs += duration;
      seen.count++;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => {
    observer.disconnect();
    return seen;
  };
}
