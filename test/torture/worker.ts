/**
 * One process of the torture: caches, and callers that never rest until they are told to stop. It is killed and stopped at
 * any moment by its parent, to whom it tells what it did.
 */
import { type Cache, CacheMemory, createCache } from '#layers/client';
import { nowNs } from '../kit/rows.js';
import { Seeded } from '../kit/seeded.js';
import { Answers } from './answers.js';
import { Operations } from './operations.js';
import { Recorder } from './records.js';
import { RowClient } from './rows.js';
import { removeFence } from './without-fence.js';

export interface WorkerOrder {
  /** Of the server, or of nodes of a cluster; none: memory. */
  readonly urls: readonly string[];
  readonly rowsPath: string;
  readonly seed: number;
  readonly firstKey: number;
  readonly keys: number;
  readonly callers: number;
  /** Callers that only read: they go on while invalidations wait for who can acknowledge them. */
  readonly readers: number;
  /** Of reads and fills. */
  readonly deadlineMs: number;
  readonly nearTtlMs: number;
  readonly hasFence: boolean;
}

export interface WorkerReport {
  readonly rows: Float64Array;
  readonly untilNs: number;
  readonly failures: number;
  readonly cacheErrors: number;
  /** What they said, each once. */
  readonly errors: readonly string[];
  readonly refusedFills: number;
  readonly around: number;
  /** Operations that have not ended, if they should have. */
  readonly underWay: readonly string[];
  readonly isLast: boolean;
}

const REPORT_MS = 100;
/** Errors that are told, each once. */
const MAX_ERRORS = 5;
/** Caches over one memory, each like a process of its own. */
const MEMORY_CACHES = 4;
/** Short, so that what a process held is taken over while it hangs. */
const LEASE_MS = 400;
/** Far above what a busy machine and a change of the primary need: what is not acknowledged says nothing. */
const INVALIDATION_DEADLINE = '20s';

async function run(order: WorkerOrder): Promise<void> {
  let isStopping = false;
  process.on('message', () => {
    isStopping = true;
  });
  const rows = await RowClient.open(order.rowsPath);
  const answers = new Answers();
  answers.listen();
  const caches = openCaches(order);
  await Promise.all(caches.map((cache) => cache.ready()));
  if (!order.hasFence && order.urls.length > 0) await caches[0].set('fence', 1);
  const errors = new Set<string>();
  for (const cache of caches) {
    cache.on('cacheError', ({ operation, error }) => {
      if (errors.size < MAX_ERRORS) errors.add(`${operation}: ${withoutNumbers(error.message)}`);
    });
  }
  const recorder = new Recorder();
  const operations = new Operations(
    caches,
    rows,
    recorder,
    answers,
    new Seeded(order.seed),
    order.firstKey,
    order.keys,
  );
  const report = (isLast: boolean): void => {
    const untilNs = nowNs();
    const sum = (name: 'cacheErrors' | 'refusedFills' | 'around'): number =>
      caches.reduce((total, cache) => total + cache.stats()[name], 0);
    const told: WorkerReport = {
      rows: recorder.take(),
      untilNs,
      failures: operations.failures,
      cacheErrors: sum('cacheErrors'),
      errors: [...errors],
      refusedFills: sum('refusedFills'),
      around: sum('around'),
      underWay: isStopping && !isLast ? operations.underWay : [],
      isLast,
    };
    process.send?.(told);
  };
  const timer = setInterval(report, REPORT_MS, false);
  const caller = async (one: () => Promise<void>): Promise<void> => {
    while (!isStopping) await one();
  };
  await Promise.all([
    ...Array.from({ length: order.callers }, () => caller(() => operations.one())),
    ...Array.from({ length: order.readers }, () => caller(() => operations.read())),
  ]);
  clearInterval(timer);
  for (const cache of caches) cache.close();
  report(true);
}

/** Of what happens again and again with other rows, nodes and times, one text is enough. */
function withoutNumbers(text: string): string {
  return text
    .replaceAll(/row:\d+/g, 'row')
    .replaceAll(/[\d.]+:\d+/g, 'HOST:PORT')
    .replaceAll(/\d+ ms/g, '... ms');
}

function openCaches(order: WorkerOrder): Cache[] {
  const near = order.nearTtlMs > 0 ? { maxBytes: '4mb' as const, ttl: order.nearTtlMs } : false;
  const behavior = {
    near,
    deadline: order.deadlineMs,
    invalidationDeadline: INVALIDATION_DEADLINE,
    lease: LEASE_MS,
  } as const;
  if (order.urls.length > 0) {
    if (!order.hasFence) removeFence();
    return [
      createCache({ nodes: order.urls, ...behavior, connection: { maxSilenceMs: 2 * order.deadlineMs } }),
    ];
  }
  const memory = new CacheMemory({ maxBytes: 16 * 2 ** 20 });
  if (!order.hasFence) removeFence(memory);
  return Array.from({ length: MEMORY_CACHES }, () => createCache({ memory, ...behavior }));
}

// Its last report is read, or its parent is gone.
process.once('disconnect', () => process.exit(0));
process.once('message', (order: WorkerOrder) => {
  run(order).catch((error: unknown) => {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  });
});
