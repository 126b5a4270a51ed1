/**
 * Child processes of a bench: pinned to a core, and gone when the bench is gone.
 *
 *   core 0: the servers, one busy at a time        core 1: the load generator (and this, idle while it measures)
 *
 * Every child is remembered here by its id and ended by its id, also after an exception, Ctrl-C or SIGTERM.
 * Where `taskset` is missing the children run unpinned; `pinning` says so and the results carry it.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Whether children can be pinned to cores on this machine. */
export const pinning: boolean = spawnSync('taskset', ['--version']).status === 0;

/**
 * Where the scheduler groups processes by session, a niceness counts only within its session, so every child gets a
 * session of its own and the session the niceness. Only root may do so; elsewhere all stays as it is.
 */
const PRIORITY = '-15';
let prefers = false;

/** Whether children started from now on go before what else runs on the machine. All contenders and the load alike. */
export function preferChildren(preferred: boolean): void {
  prefers = preferred;
}

const children = new Set<ChildProcess>();
const directories = new Set<string>();

/**
 * Starts a command on one core, or on any with `undefined`. The process id is the command's own: taskset replaces itself
 * by it.
 */
export function spawnPinned(
  core: number | undefined,
  command: string,
  args: string[],
  options: SpawnOptions,
): ChildProcess {
  const detached = { ...options, detached: true };
  const child =
    pinning && core !== undefined
      ? spawn('taskset', ['-c', String(core), command, ...args], detached)
      : spawn(command, args, detached);
  if (prefers && child.pid !== undefined) prefer(child.pid);
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.once('error', () => children.delete(child));
  return child;
}

function prefer(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, PRIORITY);
  } catch {
    // Not root, or a kernel without session groups: the run is only noisier.
  }
}

/** Ends a child: SIGTERM, and SIGKILL when it has not gone after `graceMs`. */
export async function stopChild(child: ChildProcess, graceMs = 5000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Runs a compiled script of this bench as a child on `core`, hands it one message, and gives its one answer. */
export function askChild<Question extends object, Answer>(
  core: number,
  script: URL,
  question: Question,
  nodeArguments: string[] = [],
): Promise<Answer> {
  const child = spawnPinned(core, process.execPath, [...nodeArguments, script.pathname], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise<Answer>((resolve, reject) => {
    let answer: { value: Answer } | undefined;
    child.once('message', (message) => {
      answer = { value: message as Answer };
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (answer !== undefined) resolve(answer.value);
      else reject(new Error(`${script.pathname} ended without a result (${signal ?? `exit code ${code}`})`));
    });
    child.send(question);
  });
}

/**
 * The other end of `askChild`: when the script at `scriptUrl` is the program, it answers the one question it is sent.
 * Imported by another program, this does nothing, so that a script can export the function that asks it.
 */
export function answerAsChild<Question, Answer extends object>(
  scriptUrl: string,
  answer: (question: Question) => Answer | Promise<Answer>,
): void {
  if (scriptUrl !== pathToFileURL(process.argv[1] ?? '').href) return;
  process.once('message', async (question) => {
    const answered = await answer(question as Question);
    process.send?.(answered, () => process.disconnect());
  });
}

/** A temporary directory that goes with the bench. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'nuthatch-bench-'));
  directories.add(directory);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
}

/** A TCP port of the loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port was given'));
      });
    });
  });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Ends all children and removes all temporary directories. */
export async function stopEverything(): Promise<void> {
  await Promise.all([...children].map((child) => stopChild(child)));
  for (const directory of directories) removeDirectory(directory);
}

function killEverything(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const directory of directories) removeDirectory(directory);
}

process.on('exit', killEverything);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killEverything();
    process.exit(130);
  });
}
