/**
 * Watches one core while something else is measured on it: when was the core itself away?
 *
 *   due        |      |      |      |                |
 *   woken      |      |      |       ...............  |...|
 *                                    the core is away   another thread runs first (run delay): not counted
 *
 * A process pinned to the core wakes every 3 ms and looks at the clock. When it comes late, and did not wait for
 * another thread meanwhile, then nobody ran: the hypervisor had given the core to another guest. No server is to
 * blame for such a moment, and none can tell it from its own work, since a virtual CPU that is stopped sees nothing
 * but the clock jump. It costs two or three per cent of the core, the same for everybody.
 */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { spawnPinned, stopChild } from '../processes.js';
import { scheduleReader } from '../schedule.js';

/** A time in which the core was away, in ms since the epoch. */
export interface Absence {
  readonly fromMs: number;
  readonly toMs: number;
}

const TICK_MS = 3;
/** Lateness below this is the timer's own. */
const LEAST_LATE_MS = 1;
const MOST_ABSENCES = 10_000;

export class CoreWatch {
  readonly #child: ChildProcess;

  constructor(core: number) {
    this.#child = spawnPinned(core, process.execPath, [fileURLToPath(import.meta.url)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  /** The absences since the last report, the longest first. */
  report(): Promise<Absence[]> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the watch of the core has ended'));
      this.#child.once('exit', ended);
      this.#child.once('message', (absences) => {
        this.#child.off('exit', ended);
        resolve(absences as Absence[]);
      });
      this.#child.send('report');
    });
  }

  stop(): Promise<void> {
    return stopChild(this.#child);
  }
}

function watch(): void {
  const schedule = scheduleReader();
  let absences: Absence[] = [];
  let lastMs = performance.now();
  let lastWaitedMs = schedule().waitedMs;
  setInterval(() => {
    const nowMs = performance.now();
    const waitedMs = schedule().waitedMs;
    const fromMs = lastMs + TICK_MS;
    const toMs = nowMs - (waitedMs - lastWaitedMs);
    if (toMs - fromMs > LEAST_LATE_MS && absences.length < MOST_ABSENCES) {
      absences.push({ fromMs: performance.timeOrigin + fromMs, toMs: performance.timeOrigin + toMs });
    }
    lastMs = nowMs;
    lastWaitedMs = waitedMs;
  }, TICK_MS);
  process.on('message', () => {
    process.send?.(absences.sort((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs)));
    absences = [];
  });
  process.on('disconnect', () => process.exit());
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) watch();
