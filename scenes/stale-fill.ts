/**
 * Scene `stale-fill`: a slow load races an update with delete.
 *
 *   process A   asks, misses, its query reads the old row ............................ ends, is stored
 *   process B            writes the row, deletes the key, is acknowledged
 *   B and C                                                  read every 50 ms ------------------------------>
 */
import type { Application, Outcome } from './application.js';
import { errorsOf, type Facts, pause, type Scene, seconds } from './scene.js';
import type { Stage } from './stage.js';

const QUERY_MS = 50;
const SLOW_QUERY_MS = 1_000;
const UPDATE_AFTER_MS = 300;
const READ_EVERY_MS = 50;
const LIFETIME_MS = 10_000;
/** Longer than whatever is stored lives. */
const WATCH_MS = 12_500;
const KEY = 'price:1';

export const staleFill: Scene = {
  title: 'A slow load and an update',
  story: `Process A loads a price; its query takes ${SLOW_QUERY_MS} ms. Meanwhile process B writes a new
price and deletes the key. Then A's query ends, with the old price. Processes B
and C read on: which price do they get? (Lifetime: ${LIFETIME_MS / 1000} s.)`,
  stage: {
    processes: 3,
    database: { queryMs: QUERY_MS, connections: Number.POSITIVE_INFINITY },
    reader: { lifetimeMs: LIFETIME_MS, isNear: true, maxLoads: 100 },
  },
  play,
};

async function play(stage: Stage): Promise<Facts> {
  const { database, applications } = stage;
  const [a, b, c] = applications as [Application, Application, Application];
  stage.note(`A asks; its query takes ${SLOW_QUERY_MS} ms`);
  const slow = a.tell({ kind: 'read', key: KEY, queryMs: SLOW_QUERY_MS });
  await pause(UPDATE_AFTER_MS);
  const newest = database.update(KEY);
  await b.tell({ kind: 'invalidate', key: KEY });
  const deletedMs = performance.now();
  stage.note(`B has written version ${newest} and deleted the key`);
  void slow.then(({ value }) => stage.note(`A's query has ended, with version ${value}`));
  const seen = new Seen(stage, newest, deletedMs);
  while (performance.now() - deletedMs < WATCH_MS) {
    const outcomes = await Promise.all([b, c].map((reader) => reader.tell({ kind: 'read', key: KEY })));
    for (const outcome of outcomes) seen.add(outcome);
    await pause(READ_EVERY_MS);
  }
  await slow;
  return {
    'reads after the delete': seen.reads,
    'of these the old value': seen.old,
    'old value served for, ms': seen.oldForMs,
    'database queries': database.queries,
    errors: seen.errors,
    'slowest answer, ms': seen.slowestMs,
  };
}

class Seen {
  reads = 0;
  old = 0;
  oldForMs = 0;
  errors = 0;
  slowestMs = 0;
  readonly #stage: Stage;
  readonly #newest: number;
  readonly #deletedMs: number;
  #last: number | undefined;

  constructor(stage: Stage, newest: number, deletedMs: number) {
    this.#stage = stage;
    this.#newest = newest;
    this.#deletedMs = deletedMs;
  }

  add(outcome: Outcome): void {
    const { value, slowestMs } = outcome;
    this.reads++;
    this.errors += errorsOf(outcome);
    this.slowestMs = Math.max(this.slowestMs, slowestMs);
    if (value === undefined) return;
    const isOld = value < this.#newest;
    if (isOld) {
      this.old++;
      this.oldForMs = performance.now() - this.#deletedMs;
    }
    if (value !== this.#last)
      this.#stage.note(`B and C read version ${value}${isOld ? ', the old one' : ''}`);
    this.#last = value;
    this.#stage.figure('old value', `${this.old} of ${this.reads} reads, for ${seconds(this.oldForMs)}`);
  }
}
