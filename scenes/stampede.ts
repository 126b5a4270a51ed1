/** Scene `stampede`: a key that many callers want at once is in no cache, and its query takes long. */
import { errorsOf, type Facts, pause, type Scene, seconds } from './scene.js';
import type { Stage } from './stage.js';

const PROCESSES = 8;
const CALLERS = 200;
const QUERY_MS = 300;
const KEYS = 3;
const PAUSE_MS = 1_000;

export const stampede: Scene = {
  title: 'A cold key and a crowd',
  story: `${PROCESSES} processes with ${CALLERS} callers each ask for the same key at once. It is in no
cache, and the query takes ${QUERY_MS} ms. This happens with ${KEYS} keys, one after the other.`,
  stage: {
    processes: PROCESSES,
    database: { queryMs: QUERY_MS, connections: Number.POSITIVE_INFINITY },
    reader: { lifetimeMs: 60_000, isNear: true, maxLoads: 100 },
  },
  play,
};

async function play(stage: Stage): Promise<Facts> {
  const { database } = stage;
  const total = { answers: 0, errors: 0, slowestMs: 0 };
  for (let number = 1; number <= KEYS; number++) {
    const before = database.queries;
    stage.note(`key ${number}: ${PROCESSES * CALLERS} callers ask`);
    const outcome = await stage.tellAll({ kind: 'burst', key: `product:${number}`, callers: CALLERS });
    total.answers += outcome.answers;
    total.errors += errorsOf(outcome);
    total.slowestMs = Math.max(total.slowestMs, outcome.slowestMs);
    stage.note(`all answered after ${seconds(outcome.slowestMs)}; queries: ${database.queries - before}`);
    await pause(PAUSE_MS);
  }
  return {
    'keys that were cold': KEYS,
    'database queries': database.queries,
    'at once, at most': database.mostAtOnce,
    answers: total.answers,
    errors: total.errors,
    'slowest answer, ms': total.slowestMs,
  };
}
