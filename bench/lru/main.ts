/**
 * `npm run bench -- lru`: the in-process cache nuthatch/lru beside lru-cache.
 *
 *   round 1: ours, theirs   round 2: ours, theirs   ...      each a fresh process, never two at once
 *
 * Nothing is pinned to a core: the collector of V8 works on several threads, and a contender that keeps its values on
 * the heap needs them more.
 */
import { fileURLToPath } from 'node:url';
import { runSpin } from '../load/spin.js';
import { spawnPinned } from '../processes.js';
import { describeMachine, origin, watchSteal, writeResults, writeTable } from '../results.js';
import { RIVALS_REMEDY, rivalVersion } from '../rival-packages.js';
import { type Answer, type ContenderName, contenderNames, type Question } from './contenders.js';
import type { LruBenchOptions, ValueKind } from './options.js';
import { figureLine, resultsTable } from './tables.js';
import { worstTracedMs } from './trace-gc.js';

export { help, parseOptions } from './options.js';

export interface Round extends Answer {
  /** The longest pause by --trace-gc, beside `gcWorstMs` by perf_hooks. */
  readonly gcTracedWorstMs: number;
}

export interface Figures {
  readonly entries: number;
  readonly values: ValueKind;
  readonly contender: ContenderName;
  readonly rounds: Round[];
}

/** Room for the values of 5 million entries on the heap, the same for both. */
const NODE_ARGUMENTS = ['--max-old-space-size=12000', '--trace-gc'];

export async function run(options: LruBenchOptions): Promise<number> {
  const rival = rivalVersion('lru-cache');
  if (rival === undefined) {
    console.error(`lru-cache is not installed for the bench. Install it with: ${RIVALS_REMEDY}`);
    return 2;
  }
  const machine = describeMachine();
  console.log(`nuthatch/lru of this build, lru-cache ${rival}, Node ${machine.node}`);
  const stolenShare = watchSteal();
  const all: Figures[] = [];
  let noiseMs = 0;
  for (const entries of options.entries) {
    for (const values of options.values) {
      noiseMs = Math.max(noiseMs, (await runSpin(0, options.seconds)).worstGapMs);
      all.push(...(await runSize(entries, values, options)));
    }
  }
  const table = resultsTable(all, noiseMs);
  console.log(`\n${table}`);
  if (options.save !== undefined) {
    const measured = { ...machine, stolen: stolenShare() };
    const file = writeResults(options.save, { machine: measured, rival, options, noiseMs, figures: all });
    writeTable(
      'lru',
      'nuthatch/lru beside lru-cache',
      origin('rounds in turn, medians', file, measured),
      table,
    );
    console.log(`Written: ${file} and docs/performance.md`);
  }
  return 0;
}

async function runSize(entries: number, values: ValueKind, options: LruBenchOptions): Promise<Figures[]> {
  const figures: Figures[] = contenderNames.map((contender) => ({ entries, values, contender, rounds: [] }));
  for (let round = 1; round <= options.rounds; round++) {
    for (const one of figures) {
      const question: Question = {
        contender: one.contender,
        values,
        entries,
        seconds: options.seconds,
        seed: round,
      };
      const result = await measure(question);
      one.rounds.push(result);
      console.log(figureLine(one, result));
    }
  }
  return figures;
}

/** One round of one contender in a process of its own. */
function measure(question: Question): Promise<Round> {
  const script = fileURLToPath(new URL('./contender-process.js', import.meta.url));
  const child = spawnPinned(undefined, process.execPath, [...NODE_ARGUMENTS, script], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let traced = '';
  child.stdout?.setEncoding('latin1').on('data', (text: string) => {
    traced += text;
  });
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    child.once('message', (message) => {
      answer = message as Answer;
    });
    child.once('error', reject);
    // `close` comes when the output has been read to its end.
    child.once('close', (code, signal) => {
      if (answer !== undefined)
        resolve({ ...answer, gcTracedWorstMs: worstTracedMs(traced, answer.measuredMs) });
      else
        reject(new Error(`${question.contender} ended without a result (${signal ?? `exit code ${code}`})`));
    });
    child.send(question);
  });
}
