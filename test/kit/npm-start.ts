/** `npm start` of this checkout, as a person runs it: npm, its shell, the command, and what that starts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));
const endDeadlineMs = 20_000;

export class NpmStart {
  /** What all of them printed so far. */
  output = '';
  readonly #npm: ChildProcess;
  #hasEnded = false;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#npm = spawn('npm', ['start', '--', ...args], {
      cwd: checkout,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#npm.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.#npm.once('close', () => {
      this.#hasEnded = true;
    });
  }

  /** Waits until it has printed that. */
  async printed(text: string): Promise<void> {
    const closed = once(this.#npm, 'close');
    while (!this.output.includes(text)) {
      if (this.#hasEnded) throw new Error(`npm start ended before it said "${text}": ${this.output}`);
      await Promise.race([once(this.#npm.stdout as NodeJS.EventEmitter, 'data'), closed]);
    }
  }

  /** Tells npm to end, and waits for all of them: the output is closed when the last process that has it ends. */
  async end(): Promise<void> {
    this.#npm.kill('SIGTERM');
    await once(this.#npm, 'close', { signal: AbortSignal.timeout(endDeadlineMs) });
  }

  /** Of the command, which it prints: a node in its log, a cluster in what it says of killing. */
  get pid(): number {
    return Number(/(?:"pid":|kill -USR2 )(\d+)/.exec(this.output)?.[1]);
  }

  /** Ends what is left of them. */
  kill(): void {
    if (this.#hasEnded) return;
    if (this.pid > 0) process.kill(this.pid, 'SIGKILL');
    this.#npm.kill('SIGKILL');
  }
}
