/** The bench's end of the probe that sits in our server: how to load it, and how to read it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../processes.js';
import type { ProbeReport } from './event-loop-probe.js';

const REPORT_DEADLINE_MS = 10_000;

export class Probe {
  readonly #file: string;
  readonly nodeArguments = ['--import', new URL('./event-loop-probe.js', import.meta.url).href];
  readonly environment: Readonly<Record<string, string>>;

  constructor(directory: string) {
    this.#file = join(directory, 'probe.json');
    this.environment = { NUTHATCH_BENCH_PROBE: this.#file };
  }

  /** What happened since the last report; the next begins now. */
  async report(pid: number): Promise<ProbeReport> {
    rmSync(this.#file, { force: true });
    process.kill(pid, 'SIGUSR2');
    const deadline = performance.now() + REPORT_DEADLINE_MS;
    while (!existsSync(this.#file)) {
      if (performance.now() > deadline)
        throw new Error(`process ${pid} wrote no report in ${REPORT_DEADLINE_MS} ms`);
      await sleep(5);
    }
    return JSON.parse(readFileSync(this.#file, 'utf8')) as ProbeReport;
  }
}
