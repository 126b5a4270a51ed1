/** What the scheduler says about this process's main thread, read through one open file. */
import { openSync, readSync } from 'node:fs';

/**
 * A reader of how long the main thread has waited for a core so far, while something else had it: its run delay, from
 * /proc/self/schedstat, in ms. A read takes some microseconds. Always 0 where the kernel does not say.
 */
export function runDelayReader(): () => number {
  const buffer = Buffer.alloc(128);
  let descriptor: number;
  try {
    descriptor = openSync('/proc/self/schedstat', 'r');
  } catch {
    return () => 0;
  }
  return () => {
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    return Number(buffer.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  };
}
