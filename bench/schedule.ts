/** What the scheduler says about this process's main thread, read through one open file. */
import { openSync, readSync } from 'node:fs';

export interface Schedule {
  /** How long the main thread has run so far. */
  readonly ranMs: number;
  /** How long it has waited for a core so far, while something else had it: its run delay. */
  readonly waitedMs: number;
}

/**
 * A reader of the main thread's schedule, from /proc/self/schedstat. A read takes some microseconds. Always 0 where the
 * kernel does not say.
 */
export function scheduleReader(): () => Schedule {
  const buffer = Buffer.alloc(128);
  let descriptor: number;
  try {
    descriptor = openSync('/proc/self/schedstat', 'r');
  } catch {
    return () => ({ ranMs: 0, waitedMs: 0 });
  }
  return () => {
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    const [ranNs, waitedNs] = buffer.toString('latin1', 0, length).split(' ').map(Number);
    return { ranMs: (ranNs ?? 0) / 1e6, waitedMs: (waitedNs ?? 0) / 1e6 };
  };
}
