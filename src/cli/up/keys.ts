/**
 * Keys pressed on the terminal, one by one, without Enter.
 *
 * The terminal is in raw mode then, so what it does of itself on Ctrl-C and Ctrl-Z is done here: a signal to this process, and a stop of
 * its whole group until the shell lets it go on. A process in the background must not touch the terminal, or it would be stopped.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const CTRL_C = '\u0003';
const CTRL_Z = '\u001a';

/** Of standard input, what this uses. */
export type KeyInput = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
};

/** Whose terminal it is, and how signals are sent. */
export interface KeyHost {
  readonly isOurs: () => boolean;
  /** To this process, or to its group. */
  readonly signal: (to: 'process' | 'group', name: NodeJS.Signals) => void;
}

const thisHost: KeyHost = {
  isOurs: isInForeground,
  signal: (to, name) => process.kill(to === 'group' ? 0 : process.pid, name),
};

/** Tells each key. Returns what gives the terminal back; undefined if there is none that listens to us. */
export function listenToKeys(
  input: KeyInput,
  pressed: (key: string) => void,
  { isOurs, signal }: KeyHost = thisHost,
): (() => void) | undefined {
  if (input.isTTY !== true || !isOurs()) return undefined;
  const take = () => {
    if (!isOurs()) return;
    input.setRawMode?.(true);
    input.resume();
  };
  const release = () => {
    input.setRawMode?.(false);
    input.pause();
  };
  const typed = (bytes: Buffer) => {
    for (const key of bytes.toString()) {
      if (key === CTRL_C) signal('process', 'SIGINT');
      else if (key === CTRL_Z) suspend();
      else pressed(key);
    }
  };
  const suspend = () => {
    release();
    process.once('SIGCONT', take);
    signal('group', 'SIGTSTP');
  };
  input.on('data', typed);
  take();
  return () => {
    process.off('SIGCONT', take);
    input.off('data', typed);
    release();
  };
}

/** Whether the terminal's keys go to our group of processes. */
function isInForeground(): boolean {
  const { pid, platform } = process;
  if (platform === 'win32') return true;
  if (platform === 'linux') {
    // pid (name) state parent group session terminal foreground-group ...
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[2] === fields[5];
  }
  const { stdout } = spawnSync('ps', ['-o', 'pgid=,tpgid=', '-p', String(pid)], { encoding: 'utf8' });
  const [group, foreground] = stdout.trim().split(/\s+/);
  return group === foreground;
}
