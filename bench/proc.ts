/**
 * What Linux says about a process, from /proc.
 *
 * CPU time is the sum over the threads alive of `task/TID/schedstat` (nanoseconds, brought up to date at least every
 * scheduler tick); where the kernel does not keep it, utime + stime of `stat` in ticks of 10 ms.
 */
import { readdirSync, readFileSync } from 'node:fs';

const MS_PER_TICK = 10;

/** CPU time that the process has used so far, all its threads, in milliseconds. */
export function cpuMs(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readOrNothing(`/proc/${pid}/task/${thread}/schedstat`);
    if (text === undefined) return cpuMsFromTicks(pid);
    total += Number(text.slice(0, text.indexOf(' '))) / 1e6;
  }
  return total;
}

/** CPU time that one thread has used so far, in milliseconds; the main thread has the number of the process. */
export function threadCpuMs(pid: number, thread: number): number {
  const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1');
  return Number(text.slice(0, text.indexOf(' '))) / 1e6;
}

/** Resident memory in bytes: now, or the most there ever was. */
export function residentBytes(pid: number, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  const match = new RegExp(`^${which}:\\s+(\\d+) kB`, 'm').exec(text);
  if (match === null) throw new Error(`/proc/${pid}/status has no ${which}`);
  return Number(match[1]) * 1024;
}

function cpuMsFromTicks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in the second field may hold anything, so count the fields behind its parenthesis.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
