// `npm run check`: everything a change must pass, one line for each step with its time. What a step
// printed is shown only if it failed. All steps run, so that one look tells all.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);

/** name, command, arguments */
const steps = [
  ['biome', bin('biome'), ['ci', '--error-on-warnings', '--colors=off', '.']],
  ['tidy', process.execPath, ['scripts/tidy.mjs']],
  ['knip', bin('knip'), []],
  ['publint', bin('publint'), ['--strict']],
  ['attw', bin('attw'), ['--pack', '.', '--profile', 'esm-only']],
  ['tests', process.execPath, ['scripts/test.mjs']],
];

let failed = 0;
step('build', () => {
  try {
    setup();
    return { ok: true, output: '' };
  } catch (error) {
    return { ok: false, output: error.message };
  }
});
for (const [name, command, args] of steps) step(name, () => runStep(command, args));
process.stdout.write(failed === 0 ? 'all checks passed\n' : `${failed} checks failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function step(name, work) {
  const start = performance.now();
  const { ok, output } = work();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(
    `${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(8)} ${seconds} s${ok ? lastLine(name, output) : ''}\n`,
  );
  if (ok) return;
  failed++;
  process.stdout.write(`${output.trimEnd()}\n`);
}

function runStep(command, args) {
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
  return {
    ok: done.status === 0,
    output: `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`,
  };
}

/** The tests say how many there were. */
function lastLine(name, output) {
  return name === 'tests' ? `   ${output.trimEnd().split('\n').at(-1)}` : '';
}
