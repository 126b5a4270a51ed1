import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MindDisk } from '../../cluster/index.js';
import { RegisterWriter } from './register-writer.js';
import { recordingLog, stateOf } from './states.testkit.js';

/** A disk that ends each write when it is told to. */
function steppedDisk() {
  const writes: { readonly state: MindDisk; readonly end: (error?: Error) => void }[] = [];
  const write = (state: MindDisk): Promise<void> =>
    new Promise((resolve, reject) => {
      writes.push({ state, end: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  return { writes, write };
}

function started() {
  const disk = steppedDisk();
  const log = recordingLog();
  const told: string[] = [];
  const writer = new RegisterWriter(disk, log, {
    persisted: (number) => told.push(`persisted ${number}`),
    persistFailed: (number) => told.push(`failed ${number}`),
  });
  return { disk, log, told, writer };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

test('states are written one after the other; of those that wait the last stands for all', async () => {
  const { disk, told, writer } = started();
  writer.persist(stateOf(1), 1);
  assert.equal(disk.writes.length, 0, 'never within the call');
  await turn();
  writer.persist(stateOf(2), 2);
  writer.persist(stateOf(3), 3);
  await turn();
  assert.deepEqual(
    disk.writes.map(({ state }) => state.term),
    [1],
  );
  assert.deepEqual(told, []);
  disk.writes[0]?.end();
  await turn();
  assert.deepEqual(told, ['persisted 1']);
  assert.deepEqual(
    disk.writes.map(({ state }) => state.term),
    [1, 3],
  );
  disk.writes[1]?.end();
  await writer.idle();
  assert.deepEqual(told, ['persisted 1', 'persisted 2', 'persisted 3']);
});

test('a full disk is told to the mind each time, and to people once; so is its recovery', async () => {
  const { disk, log, told, writer } = started();
  for (const [index, error] of [full, full, undefined, undefined, full].entries()) {
    writer.persist(stateOf(index + 1), index + 1);
    await turn();
    disk.writes[index]?.end(error);
    await writer.idle();
  }
  assert.deepEqual(told, ['failed 1', 'failed 2', 'persisted 3', 'persisted 4', 'failed 5']);
  assert.equal(log.lines.length, 3);
  assert.match(log.lines[0] ?? '', /^error: .*ENOSPC: no space left on device.*make room/);
  assert.match(log.lines[1] ?? '', /^info: the disk keeps .* again/);
  assert.equal(log.lines[2], log.lines[0]);
});

test('what the mind asks for while it is told is written next', async () => {
  const disk = steppedDisk();
  const told: number[] = [];
  const writer: RegisterWriter = new RegisterWriter(disk, recordingLog(), {
    persisted: (number) => {
      told.push(number);
      if (number === 1) writer.persist(stateOf(2), 2);
    },
    persistFailed: (number) => assert.fail(`${number} failed`),
  });
  writer.persist(stateOf(1), 1);
  await turn();
  disk.writes[0]?.end();
  await turn();
  disk.writes[1]?.end();
  await writer.idle();
  assert.deepEqual(told, [1, 2]);
});
