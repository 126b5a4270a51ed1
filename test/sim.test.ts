/** `npm run sim` as a user has it: what it prints, and its exit codes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./sim/main.js', import.meta.url));

function sim(...words: string[]): {
  readonly code: number | null;
  readonly output: string;
  readonly error: string;
} {
  const done = spawnSync(process.execPath, [MAIN, ...words], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: done.status, output: done.stdout, error: done.stderr };
}

test('many seeds in two processes pass, and their sums are those of one process', () => {
  const words = ['--world', 'toy', '--seeds', '60', '--seconds', '30'];
  const two = sim(...words, '--processes', '2');
  assert.equal(two.code, 0, two.output + two.error);
  assert.match(two.output, /^60 seeds, 0.50 simulated hours, [\d,]+ events, [\d,]+ a second of processor$/m);
  assert.match(two.output, /^passed: no violation$/m);
  const one = sim(...words, '--processes', '1');
  const sums = (output: string): string[] =>
    output.split('\n').filter((line) => /^ {2}|^60 seeds/.test(line));
  const withoutRate = (line: string): string => line.replace(/, [\d,]+ a second.*/, '');
  assert.deepEqual(sums(two.output).map(withoutRate), sums(one.output).map(withoutRate));
});

test('a violation is told with its seed and a smaller form, which fails alike', () => {
  const { code, output } = sim('--world', 'toy', '--seeds', '20', '--mutant', 'no-promise');
  assert.equal(code, 1);
  assert.match(output, /^ {2}seed \d+ at [\d.]+ ms, one-worker: n\d works in term \d+; n\d worked in term/m);
  const smaller = /npm run sim -- (.*--trace)$/m.exec(output)?.[1];
  assert.ok(smaller !== undefined, output);
  const again = sim(...smaller.split(' '));
  assert.equal(again.code, 1);
  assert.match(again.output, /^ +[\d.]+ {2}- +VIOLATED {2}one-worker: /m);
  assert.match(again.output, /^FAILED: one-worker: /m);
});

test('a seed gives the same trace twice, on the screen and when it compares them', () => {
  const words = ['--world', 'toy', '--seed', '5', '--seconds', '20', '--trace'];
  const first = sim(...words);
  assert.equal(first.code, 0);
  assert.ok(first.output.split('\n').length > 1000);
  assert.equal(sim(...words).output, first.output);
  assert.equal(sim('--world', 'toy', '--twice', '--seeds', '20', '--seconds', '20').code, 0);
});

test('each mutant in turn: a table, and 1 for those that nobody found out', () => {
  const { code, output } = sim('--world', 'toy', '--mutants', '--seeds', '2', '--seconds', '3');
  assert.equal(code, 1);
  assert.match(output, /^\| `changes-message` \| .*\| \d \| program: TypeError/m);
  assert.match(output, /^\| `no-persist` \| .*\| +\| nobody \|$/m);
  assert.match(output, /^FAILED: \d were not found out$/m);
});

test('the help teaches, and what is not understood is refused with a remedy', () => {
  const help = sim('--help');
  assert.equal(help.code, 0);
  assert.match(help.output, /--seeds N/);
  for (const [words, error] of [
    [['--sedes', '3'], /sedes/],
    [['--seeds', 'many'], /--seeds is many: give an integer from 1 on/],
    [['--world', 'moon'], /there is no world 'moon': give one of cluster, toy/],
    [['--mutant', 'cat', '--world', 'toy'], /has no mutant 'cat': it has no-promise/],
    [['--without', 'rain'], /there is no fault 'rain': give one of cut/],
    [['--trace'], /--trace is for one seed: add --seed N/],
  ] as const) {
    const refused = sim(...words);
    assert.equal(refused.code, 2);
    assert.match(refused.error, error);
    assert.match(refused.error, /--help lists what can be given/);
  }
});
