/** The client processes, each in its namespace, and what they told of last. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load } from './callers.js';
import type { ClientOrder, ClientReport } from './client.js';
import type { Place } from './network.js';

const program = fileURLToPath(new URL('./client.js', import.meta.url));

export class Client {
  readonly place: Place;
  readonly number: number;
  /** It has told of everything that ended before. */
  toldNs = 0;
  readonly errors = new Set<string>();
  /** Why it ended by itself. */
  ended: string | undefined;
  readonly #child: ChildProcess;
  #audited: ((done: boolean) => void) | undefined;
  #isEnding = false;

  constructor(place: Place, number: number, told: (client: Client, report: ClientReport) => void) {
    this.place = place;
    this.number = number;
    const [command, ...args] = [...place.prefix, process.execPath, program];
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    child.on('message', (report: ClientReport) => {
      this.toldNs = report.untilNs;
      for (const error of report.errors) this.errors.add(error);
      told(this, report);
      if (report.audited !== undefined) this.#audited?.(report.audited);
      if (report.isLast) child.disconnect();
    });
    child.once('exit', (code, signal) => {
      if (!this.#isEnding) this.ended = `client ${place.name} ended by itself: ${signal ?? code}`;
      this.#audited?.(false);
    });
  }

  begin(load: Load, seed: number): void {
    this.#order({ kind: 'begin', load, seed });
  }

  /** Resolves with whether all of them could be read. */
  audit(keys: readonly number[]): Promise<boolean> {
    if (this.ended !== undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#audited = resolve;
      this.#order({ kind: 'audit', keys });
    });
  }

  /** Resolves when it has told of everything. */
  async stop(): Promise<void> {
    if (this.ended !== undefined) return;
    this.#isEnding = true;
    const exit = once(this.#child, 'exit');
    this.#order({ kind: 'stop' });
    await exit;
  }

  kill(): void {
    this.#isEnding = true;
    this.#child.kill('SIGKILL');
  }

  #order(order: ClientOrder): void {
    this.#child.send(order);
  }
}
