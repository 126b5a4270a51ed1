/**
 * One node as a process of its own: how it is started, what it says, and its end.
 *
 * It never outlives us: the channel to it ends when we do, in whatever way, and it then stops (see `stopWithParent`). It has a process
 * group of its own, so that Ctrl-C on the terminal reaches us alone, and we end all nodes in our way.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { STOP_WITH_ME } from '../signals.js';

/** A line of a log that is longer is cut. */
const MAX_LINE = 16 * 1024;

export interface NodeEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeProcessEvents {
  /** A line of its log, one JSON object. */
  logged(line: string): void;
  /** A line that is none of the log: what it could not start for, or a crash of Node.js. */
  complained(line: string): void;
  ended(end: NodeEnd): void;
}

export class NodeProcess {
  readonly #child: ChildProcess;
  #hasEnded = false;

  /** `args`: those of `nuthatch`. */
  constructor(
    program: string,
    args: readonly string[],
    variables: NodeJS.ProcessEnv,
    events: NodeProcessEvents,
  ) {
    const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
      env: variables,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: process.platform !== 'win32',
    });
    this.#child = child;
    // A channel that is closed already: it has ended, which is told.
    child.send(STOP_WITH_ME, () => {});
    lines(child.stdout, (line) => events.logged(line));
    lines(child.stderr, (line) => events.complained(line));
    const ended = (end: NodeEnd) => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      events.ended(end);
    };
    child.on('error', (error) => {
      events.complained(error.message);
      if (child.pid === undefined) ended({ code: 1, signal: null });
    });
    // With the last of its output.
    child.on('close', (code, signal) => ended({ code, signal }));
  }

  get pid(): number | undefined {
    return this.#hasEnded ? undefined : this.#child.pid;
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.#hasEnded) this.#child.kill(signal);
  }
}

function lines(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = (parts.pop() ?? '').slice(0, MAX_LINE);
    for (const line of parts) if (line !== '') take(line.slice(0, MAX_LINE));
  });
  stream?.on('end', () => {
    if (rest !== '') take(rest);
  });
}
