/**
 * The short form of `npm run chaos`: some of each fault on real nodes in network namespaces, and whether the same chaos finds out nodes
 * that write without asking whether they may.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkProblem } from '../chaos/network.js';
import { type ChaosOptions, runChaos } from '../chaos/run.js';
import type { ChaosVerdict } from '../chaos/verdict.js';

const OPTIONS: ChaosOptions = {
  against: 'nuthatch',
  faults: ['kill', 'cut', 'term', 'full-disk', 'deaf'],
  rounds: 5,
  seed: 1,
  ackWrites: 'primary',
  checksLease: true,
  cutMs: 6000,
  keepsLogs: false,
  endsWithViolation: false,
  print: (line) => process.stdout.write(`${line}\n`),
};

const skip = networkProblem() ?? false;

async function chaos(options: Partial<ChaosOptions>): Promise<ChaosVerdict> {
  const verdict = await runChaos({ ...OPTIONS, ...options });
  for (const line of verdict.lines) OPTIONS.print(line);
  return verdict;
}

test('no promise is broken by nodes that are killed, stopped and cut off', { skip }, async () => {
  const { problems, violations } = await chaos({});
  assert.deepEqual(problems, []);
  assert.equal(violations, 0);
});

test('what all copies acknowledge is not lost', { skip }, async () => {
  const { problems, violations } = await chaos({ ackWrites: 'replica', faults: ['cut', 'kill'], rounds: 2 });
  assert.deepEqual(problems, []);
  assert.equal(violations, 0);
});

test('nodes that do not ask whether they may write are found out', { skip }, async () => {
  const { violations } = await chaos({
    checksLease: false,
    faults: ['cut'],
    rounds: 3,
    endsWithViolation: true,
  });
  assert.ok(violations > 0);
});
