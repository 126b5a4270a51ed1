import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FolderLock } from './folder-lock.js';
import { hostFiles } from './meta-files.js';
import { MetaFolder } from './meta-folder.js';
import { processMark } from './process-mark.js';
import { stateOf } from './states.testkit.js';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nuthatch-lock-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const writer = fileURLToPath(new URL('./writer-child.testkit.js', import.meta.url));

interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  /** The next lines of its output. */
  readonly lines: AsyncIterator<string>;
  readonly closed: Promise<unknown>;
}

function startWriter(t: TestContext, folder: string): Child {
  const child = spawn(process.execPath, [writer, folder]);
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { process: child, lines, closed: once(child, 'close') };
}

async function killed({ process: child, lines, closed }: Child): Promise<string | undefined> {
  child.kill('SIGKILL');
  let last: string | undefined;
  for (let line = await lines.next(); !line.done; line = await lines.next()) last = line.value;
  await closed;
  return last;
}

test('a folder in use is refused with the process that has it; a lock of a killed one is taken over', async (t) => {
  const folder = temporaryFolder(t);
  const child = startWriter(t, folder);
  assert.match((await child.lines.next()).value ?? '', /^life 1-/);
  await assert.rejects(MetaFolder.open(folder), {
    code: 'META_LOCKED',
    message: new RegExp(`is in use by process ${child.process.pid}: .* end that process first`),
  });
  await killed(child);
  const meta = await MetaFolder.open(folder);
  assert.match(meta.incarnation, /^2-/);
  assert.equal(readdirSync(folder).filter((name) => name.startsWith('lock.')).length, 1);
  await meta.close();
});

test('a process has a folder once', async (t) => {
  const folder = temporaryFolder(t);
  const meta = await MetaFolder.open(folder);
  await assert.rejects(MetaFolder.open(folder), { code: 'META_LOCKED', message: /in use by this process/ });
  await meta.close();
  await (await MetaFolder.open(folder)).close();
});

test('a lock of an earlier process that had the id of one that lives is stale', async (t) => {
  const folder = temporaryFolder(t);
  const other = `lock.${process.ppid}.000000000000-1`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, other), '');
  const lock = await FolderLock.take(hostFiles, folder);
  assert.ok(!readdirSync(folder).includes(other));
  await lock.release();

  // The same process under its own mark has it.
  writeFileSync(join(folder, `lock.${process.ppid}.${processMark(process.ppid)}`), '');
  await assert.rejects(FolderLock.take(hostFiles, folder), { code: 'META_LOCKED' });
});

test('of many that come together at most one has the folder', async (t) => {
  const folder = temporaryFolder(t);
  const children = Array.from({ length: 4 }, () => startWriter(t, folder));
  const first = await Promise.all(children.map(({ lines }) => lines.next()));
  assert.ok(first.filter(({ value }) => value?.startsWith('life')).length <= 1);
  for (const child of children) await killed(child);
});

test('killed in the middle of writes, a node finds all that it said was kept', async (t) => {
  const folder = temporaryFolder(t);
  let term = 0;
  for (let round = 1; round <= 5; round++) {
    const child = startWriter(t, folder);
    // A life, then some writes; the rest of a write is under way when the signal comes.
    for (let line = 0; line <= 3 * round; line++) await child.lines.next();
    const kept = Number(/^kept (\d+)$/.exec((await killed(child)) ?? '')?.[1] ?? term + 3 * round);
    const meta = await MetaFolder.open(folder);
    term = meta.saved.term;
    assert.ok(term === kept || term === kept + 1, `found ${term}, said was ${kept}`);
    assert.deepEqual(meta.saved, stateOf(term));
    assert.equal(meta.incarnation.split('-')[0], String(2 * round));
    await meta.close();
  }
});
