/** Scene `cache-down`: the cache hangs, dies and comes back, while twice as many callers come as the database bears. */

import type { Outcome } from './application.js';
import { errorsOf, type Facts, pause, type Scene, seconds } from './scene.js';
import type { Stage } from './stage.js';

const PROCESSES = 4;
const CONNECTIONS = 20;
const QUERY_MS = 20;
/** What the database bears, twice. */
const CALLERS_PER_SECOND = (2 * 1000 * CONNECTIONS) / QUERY_MS;
const KEYS = 500;
const REPORT_EVERY_MS = 250;

/** What happens to the cache, and for how long the scene then watches. */
const acts: readonly { readonly says: string; readonly ms: number; act(stage: Stage): unknown }[] = [
  { says: 'the cache works', ms: 3_000, act: () => {} },
  { says: 'the cache hangs (SIGSTOP)', ms: 5_000, act: (stage) => stage.freezeServer() },
  { says: 'the cache is killed', ms: 4_000, act: (stage) => stage.killServer() },
  { says: 'the cache is back, empty', ms: 8_000, act: (stage) => stage.restartServer() },
];

export const cacheDown: Scene = {
  title: 'The cache goes down',
  story: `The database has ${CONNECTIONS} connections and a query takes ${QUERY_MS} ms, so it bears ${CALLERS_PER_SECOND / 2} a
second. ${PROCESSES} processes serve ${CALLERS_PER_SECOND} callers a second over ${KEYS} keys from the cache. Then the
cache hangs, is killed, and comes back empty. No way keeps values in memory
here: that would only hide the outage for as long as they live.`,
  stage: {
    processes: PROCESSES,
    database: { queryMs: QUERY_MS, connections: CONNECTIONS },
    reader: { lifetimeMs: 60_000, isNear: false, maxLoads: CONNECTIONS },
  },
  prepare,
  play,
};

async function prepare(stage: Stage): Promise<void> {
  await stage.applications[0]?.tell({ kind: 'warm', keys: KEYS });
  stage.database.reset();
}

async function play(stage: Stage): Promise<Facts> {
  const { database } = stage;
  const ms = acts.reduce((sum, act) => sum + act.ms, 0);
  const perSecond = CALLERS_PER_SECOND / PROCESSES;
  const traffic = stage.tellAll({ kind: 'traffic', perSecond, keys: KEYS, ms });
  const tally = new Tally();
  for (const { says, ms: actMs, act } of acts) {
    await act(stage);
    stage.note(says);
    await watch(stage, actMs, tally);
  }
  await traffic;
  tally.add(await stage.tellAll({ kind: 'report' }));
  return {
    callers: tally.answers + tally.errors + tally.waiting,
    answers: tally.answers,
    errors: tally.errors,
    'waiting at the end': tally.waiting,
    'slowest answer, ms': tally.slowestMs,
    'queries at once, at most': database.mostAtOnce,
    'database queries': database.queries,
  };
}

/** What comes of the callers in so many ms. */
async function watch(stage: Stage, ms: number, tally: Tally): Promise<void> {
  const endMs = performance.now() + ms;
  const act = new Tally();
  while (performance.now() < endMs) {
    await pause(Math.min(REPORT_EVERY_MS, endMs - performance.now()));
    const report = await stage.tellAll({ kind: 'report' });
    tally.add(report);
    act.add(report);
    stage.figure('slowest answer', seconds(report.slowestMs));
    stage.figure('errors', String(tally.errors));
  }
  const { mostAtOnce } = stage.database;
  stage.note(`${act.answers} answers, ${act.errors} errors${act.kinds}, ${mostAtOnce} queries at once`);
}

/** What has come of the callers so far. */
class Tally {
  answers = 0;
  errors = 0;
  waiting = 0;
  slowestMs = 0;
  readonly #kinds = new Set<string>();

  add(report: Outcome): void {
    this.answers += report.answers;
    this.errors += errorsOf(report);
    this.waiting = report.waiting;
    this.slowestMs = Math.max(this.slowestMs, report.slowestMs);
    for (const kind of Object.keys(report.errors)) this.#kinds.add(kind);
  }

  get kinds(): string {
    return this.#kinds.size === 0 ? '' : ` (${[...this.#kinds].join(', ')})`;
  }
}
