import { CoarseClock } from '../base/index.js';
import { runLater } from './run-later.js';

const clock = new CoarseClock(() => performance.now(), runLater);

/** Milliseconds since some fixed instant in the past: the clock of all caches that are given no other. */
export function coarseNow(): number {
  return clock.now();
}
