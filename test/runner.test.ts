/** The test runner counts what ran, and whatever keeps a test from being counted is a failure. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

interface Tally {
  readonly passed: number;
  readonly failures: readonly { name: string; file?: string; error: string }[];
  readonly skips: readonly { name: string; reason: string }[];
  readonly output: string;
}

type RunTestProcess = (
  files: string[],
  limits: { testLimitMs: number; idleLimitMs?: number },
) => Promise<Tally>;

const script = new URL('../../scripts/test-process.mjs', import.meta.url);
const { runTestProcess } = (await import(script.href)) as { runTestProcess: RunTestProcess };

const folder = mkdtempSync(join(tmpdir(), 'nuthatch-runner-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

function file(body: string): string {
  const path = join(folder, `${++files}.test.mjs`);
  writeFileSync(
    path,
    `import { after, before, beforeEach, describe, it, test } from 'node:test';\n${body}\n`,
  );
  return path;
}

function run(...bodies: string[]): Promise<Tally> {
  return runTestProcess(bodies.map(file), { testLimitMs: 30_000 });
}

// Most of the time goes into waiting for processes.
describe('the test runner', { concurrency: 4 }, () => {
  it('tests of several files are counted together, suites are not', async () => {
    const tally = await run(
      "describe('s', () => { it('a', () => {}); it('b', () => {}); });",
      "test('c', async (t) => { await t.test('d', () => {}); });",
      "test('e', { skip: 'needs x: install x' }, () => {});",
    );
    assert.equal(tally.passed, 4);
    assert.deepEqual(tally.failures, []);
    assert.deepEqual(tally.skips, [{ name: 'e', reason: 'needs x: install x' }]);
  });

  it('a failure is counted once, with its message', async () => {
    const { passed, failures } = await run(
      "describe('s', () => { it('a', () => { throw new Error('why') }); it('b', () => {}); });",
    );
    assert.equal(passed, 1);
    assert.deepEqual(
      failures.map(({ name }) => name),
      ['a'],
    );
    assert.match(failures[0]?.error ?? '', /^Error: why\n.*1?\d?\.test\.mjs/);
  });

  const faults: [name: string, body: string, says: RegExp][] = [
    ['a file without tests', '', /holds no test/],
    ['a file that does not load', "throw new Error('at load');", /at load/],
    ['a skip without a reason', "test('a', (t) => t.skip());", /skipped without a reason/],
    ['a promise nobody waited for', "test('a', () => { Promise.reject(new Error('stray')); });", /stray/],
    ['an error after the end', "test('a', () => { setTimeout(() => { throw new Error('late') }) });", /late/],
    ['an early exit', "test('a', () => process.exit(0)); test('b', () => {});", /ended early/],
    [
      'a test that waits for nothing',
      "test('a', () => new Promise(() => {}));",
      /Promise resolution is still pending/,
    ],
  ];

  for (const [name, body, says] of faults) {
    it(`${name} is a failure`, async () => {
      const { failures } = await run(body);
      assert.match(failures.map(({ name, error: text }) => `${name}: ${text}`).join('\n'), says);
    });
  }

  it('a failing hook is a failure, and so are the tests it keeps from running', async () => {
    const { passed, failures } = await run(
      "before(() => { throw new Error('no hook') }); test('a', () => {});",
    );
    assert.equal(passed, 0);
    assert.equal(failures.length, 2);
    assert.ok(failures.some(({ error }) => /no hook/.test(error)));
  });

  it('hooks at the top of a file are its own, and nothing runs before the file is loaded', async () => {
    const first = `
      before(() => { globalThis.hooks = []; });
      beforeEach(() => { globalThis.hooks.push(later); });
      test('a', () => {});
      await null;
      const later = 'first';`;
    const second =
      "test('b', () => { if (String(globalThis.hooks) !== 'first') throw new Error(String(globalThis.hooks)); });";
    const { passed, failures } = await run(first, second);
    assert.deepEqual(failures, []);
    assert.equal(passed, 2);
  });

  it('a test that hangs is ended and named', async () => {
    const hangs = file(
      "test('first', () => {}); test('endless', () => new Promise(() => setInterval(() => {}, 1000)));",
    );
    const { passed, failures } = await runTestProcess([hangs], { testLimitMs: 2_000 });
    assert.equal(passed, 1);
    assert.deepEqual(failures, [{ name: 'endless', error: 'ended no test for 2 s: it hangs' }]);
  });

  it('what a test leaves open is named', async () => {
    const leaks = file(
      "import { createServer } from 'node:net'; test('a', () => { createServer().listen(0); });",
    );
    const { passed, failures, output } = await runTestProcess([leaks], {
      testLimitMs: 60_000,
      idleLimitMs: 1_500,
    });
    assert.equal(passed, 1);
    assert.match(failures[0]?.error ?? '', /close what the tests opened/);
    assert.match(output, /still open: .*TCPServerWrap/);
  });
});
