/** Each scene ends by itself, and its facts are what the client promises; the usual way shows that they can be otherwise. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { networkProblem } from '../chaos/network.js';
import { installed } from '../kit/servers.js';

type Facts = Readonly<Record<string, number>>;

const program = fileURLToPath(new URL('../../scenes/main.js', import.meta.url));
/** Far above what a scene takes. */
const limitMs = 240_000;

function show(scene: string, ...ways: readonly string[]): Facts[] {
  const args = [program, scene, '--ways', ways.join(','), '--json'];
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: limitMs });
  assert.equal(done.status, 0, `${scene} ended with ${done.signal ?? done.status}: ${done.stderr}`);
  const facts = JSON.parse(done.stdout.trimEnd().split('\n').at(-1) as string) as Record<string, Facts>;
  return ways.map((way) => facts[way] as Facts);
}

test('stampede: one query for each key, however many ask', () => {
  const [ours, usual] = show('stampede', 'nuthatch', 'get-then-set');
  assert.equal(ours['database queries'], ours['keys that were cold']);
  assert.equal(ours['answers'], usual['answers']);
  assert.equal(ours['errors'], 0);
  assert.ok((usual['database queries'] as number) > (ours['database queries'] as number));
});

test('stale-fill: no read after the delete has the old value', () => {
  const [ours, usual] = show('stale-fill', 'nuthatch', 'get-then-set');
  assert.ok((ours['reads after the delete'] as number) > 0);
  assert.equal(ours['of these the old value'], 0);
  assert.equal(ours['errors'], 0);
  assert.ok((usual['of these the old value'] as number) > 0);
});

test('cache-down: the database has no more to do at once than it can, and nearly everybody has an answer', () => {
  const [ours, usual] = show('cache-down', 'nuthatch', 'get-then-set');
  const connections = 20;
  assert.ok((ours['queries at once, at most'] as number) <= connections);
  assert.ok((usual['queries at once, at most'] as number) > connections);
  assert.equal(ours['waiting at the end'], 0);
  // Half is what the database bears; the others have what somebody else has loaded at that moment.
  assert.ok((ours['answers'] as number) > (ours['callers'] as number) / 2);
  assert.ok((ours['slowest answer, ms'] as number) < (usual['slowest answer, ms'] as number));
});

// What is true of a failover whatever the machine is busy with; the times of both are compared, not measured.
const noRedis = !installed('redis-server') && 'redis-server is missing: apt-get install redis-server';

test('failover: the replica takes over, sooner than another one does, and nothing that was deleted is there', {
  skip: noRedis,
}, () => {
  const [ours, theirs] = show('failover', 'nuthatch', 'redis-cluster');
  const gap = 'no writes for, ms';
  assert.ok((ours[gap] as number) > 0 && (ours[gap] as number) < (theirs[gap] as number));
  assert.ok((ours['slowest read, ms'] as number) < (theirs['slowest read, ms'] as number));
  assert.equal(ours['acknowledged deletes undone'], 0);
});

test('partition: both sides never take writes, and nothing that was deleted is there', {
  skip: networkProblem(),
}, () => {
  const [ours] = show('partition', 'nuthatch');
  assert.ok((ours['cut-off side took writes for, ms'] as number) > 0);
  assert.equal(ours['both sides took writes for, ms'], 0);
  assert.equal(ours['acknowledged deletes undone'], 0);
});
