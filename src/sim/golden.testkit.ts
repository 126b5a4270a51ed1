/**
 * A test for each scenario file of a folder: what it expects is seen, and the trace is the one in the file. `UPDATE=1` writes
 * the trace of now into the file; look at what changed before it is committed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Experiment } from './program.js';
import { playScenario } from './scenario.js';

/** `folder` is below src/sim. */
export function testScenarios<M, D, F>(experiment: Experiment<M, D, F>, folder: string): void {
  // Compiled tests run in dist/sim; their scenarios stay beside the sources.
  const path = fileURLToPath(new URL(`../../src/sim/${folder}`, import.meta.url));
  for (const name of readdirSync(path).filter((one) => one.endsWith('.txt'))) {
    test(`scenario ${name}`, () => {
      const file = join(path, name);
      const before = readFileSync(file, 'utf8');
      const { text, problems } = playScenario(experiment, before);
      const isUpdate = process.env['UPDATE'] === '1';
      if (isUpdate) writeFileSync(file, text);
      assert.deepEqual(problems, []);
      if (!isUpdate)
        assert.equal(text, before, 'the trace has changed: look at it, then run this test with UPDATE=1');
    });
  }
}
