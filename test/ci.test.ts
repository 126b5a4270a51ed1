/** .ci/run sums both runs and passes only if nothing failed, nothing was skipped and something ran. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../.ci/run', import.meta.url));

/** Runs the script with an `npm` that does as told, on a machine that has every package. */
function run(
  npmTest: string,
  npmRunLong: string,
): { status: number | null; lastLine: string | undefined; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'nuthatch-ci-'));
  try {
    const write = (name: string, body: string) => {
      writeFileSync(join(folder, name), `#!/bin/bash\n${body}\n`);
      chmodSync(join(folder, name), 0o755);
    };
    write('npm', `if [ "$1" = test ]; then\n${npmTest}\nelse\n${npmRunLong}\nfi`);
    write('dpkg-query', "echo 'install ok installed'");
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const done = spawnSync(script, [], { encoding: 'utf8', env });
    return { status: done.status, lastLine: done.stdout.trimEnd().split('\n').at(-1), output: done.stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('two good runs are summed', () => {
  const { status, lastLine, output } = run(
    'echo hello; echo 10 passed, 0 failed, 0 skipped',
    'echo 5 passed, 0 failed, 0 skipped',
  );
  assert.equal(lastLine, '15 passed, 0 failed, 0 skipped');
  assert.equal(status, 0);
  assert.match(output, /^hello$/m);
});

test('a failure fails, and the second run still happens', () => {
  const { status, lastLine } = run(
    'echo 10 passed, 2 failed, 0 skipped; exit 1',
    'echo 5 passed, 1 failed, 0 skipped; exit 1',
  );
  assert.equal(lastLine, '15 passed, 3 failed, 0 skipped');
  assert.equal(status, 1);
});

test('a skip fails', () => {
  const { status, lastLine } = run(
    'echo 10 passed, 0 failed, 1 skipped',
    'echo 5 passed, 0 failed, 0 skipped',
  );
  assert.equal(lastLine, '15 passed, 0 failed, 1 skipped');
  assert.equal(status, 1);
});

test('a run without a summary fails', () => {
  const { status, lastLine } = run('echo 10 passed, 0 failed, 0 skipped', 'exit 0');
  assert.equal(lastLine, '10 passed, 1 failed, 0 skipped');
  assert.equal(status, 1);
});

test('an exit code that contradicts the summary fails', () => {
  const { status, lastLine } = run(
    'echo 10 passed, 0 failed, 0 skipped; exit 7',
    'echo 5 passed, 0 failed, 0 skipped',
  );
  assert.equal(lastLine, '15 passed, 1 failed, 0 skipped');
  assert.equal(status, 1);
});
