/**
 * What tells a process from another that has the same id later: when it started. Of a process that is gone there is none.
 *
 *   Linux    boot id and start time in ticks since that boot, from /proc          'd0c1f2a9e377-81230412'
 *   others   the start time that `ps` tells, to the second                        'fri-nov-25-10-31-07-2026'
 *
 * Cost: two small reads of /proc, or one run of `ps`. Only at a start.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** `ps` answers at once; who waits longer has another trouble. */
const PS_TIMEOUT_MS = 5_000;

/** Undefined: no such process. '': there is one, and nothing tells when it started. */
export function processMark(pid: number): string | undefined {
  if (!exists(pid)) return undefined;
  return process.platform === 'linux' ? linuxMark(pid) : psMark(pid);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function linuxMark(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').replaceAll(/[^0-9a-f]/g, '');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold blanks and parentheses; fields are counted behind it.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie keeps its id, but no file.
    if (state === 'Z' || state === 'X') return undefined;
    return `${boot.slice(0, 12)}-${fields[18]}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? undefined : '';
  }
}

function psMark(pid: number): string {
  try {
    const told = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: PS_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    });
    return told
      .trim()
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-');
  } catch {
    return '';
  }
}
