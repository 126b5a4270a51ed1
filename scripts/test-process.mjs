// Runs compiled test files in one process of their own and tallies what happened.
//
//   runTestProcess(files, limits) -> { passed, failures, skips, output, seconds }
//
// Whatever keeps tests from being counted is a failure: a process that dies, a file that holds no test,
// a skip without a reason, a test that never ends, and a process that does not exit after its last test
// because something was left open. The watchdog reads descriptor 3: a line of the reporter is progress,
// a beat of the entry says that the process is not computing. No test running, no progress and a beat is
// a process that waits for nothing.

import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const scripts = dirname(fileURLToPath(import.meta.url));
const watchIntervalMs = 500;
const beatLimitMs = 3_000;
/** How long Node.js itself, and a first test that computes, may take before the first event. */
const startLimitMs = 180_000;
const killDelayMs = 3_000;
const maxOutputChars = 4_000_000;

/**
 * Runs `files` in one process. `testLimitMs` bounds the time between two events of the tests,
 * `idleLimitMs` how long the process may wait for nothing, as after its last test. `sourceOf` names the
 * source of a file, since source maps may have events speak of that.
 */
export async function runTestProcess(
  files,
  { testLimitMs, idleLimitMs = 20_000, sourceOf = (file) => file },
) {
  const start = performance.now();
  const run = new Run(files);
  const child = spawnTests(files);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      if (run.output.length < maxOutputChars) run.output += text;
    });
  }
  createInterface({ input: child.stdio[3] }).on('line', (line) => run.take(JSON.parse(line)));

  const watch = setInterval(() => {
    if (!run.isStuck(testLimitMs, idleLimitMs)) return;
    clearInterval(watch);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), killDelayMs).unref();
  }, watchIntervalMs);

  const [code, signal] = await new Promise((resolve) => child.on('close', (...how) => resolve(how)));
  clearInterval(watch);
  run.finish(code, signal);
  const { passed, failures, skips, output } = run;
  return { passed, failures, skips, output, seconds: (performance.now() - start) / 1000 };
}

function spawnTests(files) {
  const reporter = join(scripts, 'test-reporter.mjs');
  const args = ['--enable-source-maps', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout'];
  // A test that starts node:test again must not be taken for a part of this one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return spawn(process.execPath, [...args, join(scripts, 'test-entry.mjs'), ...files], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env,
  });
}

/** What is known of one process while it runs. */
class Run {
  passed = 0;
  failures = [];
  skips = [];
  output = '';
  #files;
  #title;
  #running = new Map();
  #seen = new Set();
  #hasStarted = false;
  #ended = false;
  #drained = false;
  #lastProgress = performance.now();
  #lastBeat = 0;

  constructor(files) {
    this.#files = files;
    this.#title = files.length === 1 ? files[0] : `${files.length} files in one process`;
  }

  /** Takes one line of the reporter or the entry. */
  take(event) {
    const now = performance.now();
    if (!this.#hasStarted) this.#lastProgress = now;
    this.#hasStarted = true;
    if (event.idle) {
      this.#lastBeat = now;
      return;
    }
    this.#lastProgress = now;
    if (event.ended) this.#ended = true;
    else if (event.drained) this.#drained = true;
    else this.#count(event);
  }

  #count({ started, passed, failed, skipped, stray, file, id, error, reason }) {
    this.#seen.add(file);
    if (started !== undefined) this.#running.set(id, started);
    else this.#running.delete(id);
    if (passed !== undefined) this.passed++;
    if (failed !== undefined) this.failures.push({ name: failed, file, error });
    if (stray !== undefined) this.failures.push({ name: 'after a test had ended', error: stray });
    if (skipped === undefined) return;
    if (reason) this.skips.push({ name: skipped, reason });
    else
      this.failures.push({
        name: skipped,
        file,
        error: 'skipped without a reason: say what is missing and how to get it',
      });
  }

  /** True once, when the process made no progress for too long; the failure is then noted. */
  isStuck(testLimitMs, idleLimitMs) {
    const now = performance.now();
    const waitsForNothing = this.#running.size === 0 && now - this.#lastBeat < beatLimitMs;
    const testOrStartMs = this.#hasStarted ? testLimitMs : startLimitMs;
    const limitMs = waitsForNothing ? idleLimitMs : testOrStartMs;
    if (now - this.#lastProgress < limitMs) return false;
    const after = `for ${Math.round(limitMs / 1000)} s`;
    this.failures.push(
      waitsForNothing
        ? { name: this.#title, error: `does not exit and runs no test ${after}: close what the tests opened` }
        : { name: this.#runningNames() || this.#title, error: `ended no test ${after}: it hangs` },
    );
    return true;
  }

  /** Notes what only the end of the process tells. */
  finish(code, signal) {
    // Without any test node:test never starts, and so never ends.
    const ranNothing = this.#drained && this.#seen.size === 0;
    if (this.failures.length === 0 && !this.#ended && !ranNothing) {
      const during = this.#running.size > 0 ? ` during ${this.#runningNames()}` : '';
      this.failures.push({
        name: this.#title,
        error: `the process ended early${during} (${signal ?? `code ${code}`})`,
      });
    }
    if (this.failures.length === 0 && code !== 0) {
      this.failures.push({ name: this.#title, error: `the process ended with code ${code}` });
    }
    for (const file of this.#ended || ranNothing ? this.#files : []) {
      if (!this.#seen.has(file))
        this.failures.push({ name: 'holds no test', file, error: 'write one, or remove the file' });
    }
  }

  #runningNames() {
    return [...this.#running.values()].join(' > ');
  }
}
