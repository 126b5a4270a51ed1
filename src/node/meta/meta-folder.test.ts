import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../../base/index.js';
import { CrashingDisk, PowerCut } from './crashing-disk.testkit.js';
import type { MetaFiles } from './meta-files.js';
import { MetaFolder } from './meta-folder.js';
import { stateOf } from './states.testkit.js';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nuthatch-meta-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data', 'meta');
}

test('a node keeps its id and its promises, and begins a new life at each start', async (t) => {
  const folder = temporaryFolder(t);
  const first = await MetaFolder.open(folder);
  assert.match(first.node, /^n-[0-9a-f]{12}$/);
  assert.match(first.incarnation, /^1-[0-9a-f]{8}$/);
  assert.deepEqual(first.saved, { term: 0, votedFor: undefined, accepted: undefined });
  await first.write({ term: 3, votedFor: 'n2', accepted: undefined });
  await first.write(stateOf(5));
  await first.close();

  const second = await MetaFolder.open(folder);
  assert.equal(second.node, first.node);
  assert.match(second.incarnation, /^2-/);
  assert.deepEqual(second.saved, stateOf(5));
  await second.close();
  assert.deepEqual(readdirSync(folder).toSorted(), ['identity', 'register']);
});

test('leftovers of a write are removed', async (t) => {
  const folder = temporaryFolder(t);
  await (await MetaFolder.open(folder)).close();
  writeFileSync(join(folder, 'register.new'), 'half of a');
  const meta = await MetaFolder.open(folder);
  assert.ok(!readdirSync(folder).includes('register.new'));
  await meta.close();
});

const damages: readonly [what: string, damage: (disk: CrashingDisk) => void | Promise<void>, says: RegExp][] =
  [
    [
      'a bit of the register flips',
      (disk) => disk.damage('register', (text) => text.replace('host-n2', 'host-n3')),
      /register is damaged: its checksum/,
    ],
    [
      'the register is cut short',
      (disk) => disk.damage('register', (text) => text.slice(0, -1)),
      /register is damaged/,
    ],
    ['the register is empty', (disk) => disk.damage('register', () => ''), /register is damaged/],
    [
      'a bit of the identity flips',
      (disk) => disk.damage('identity', (text) => text.replace('"starts":1', '"starts":0')),
      /identity is damaged/,
    ],
    ['the register is gone', (disk) => disk.remove('register'), /register is missing beside identity/],
    ['the identity is gone', (disk) => disk.remove('identity'), /identity is missing beside register/],
  ];

for (const [what, damage, says] of damages) {
  test(`${what}: the folder is refused, and the error says what to do`, async () => {
    const disk = new CrashingDisk(new Random(1));
    const meta = await MetaFolder.open('meta', disk);
    await meta.write(stateOf(2));
    await meta.close();
    await damage(disk);
    const isRefused = (error: Error): boolean => {
      assert.match(error.message, says);
      assert.match(error.message, /Remove the folder and start it again: it joins the cluster as a new node/);
      return (error as Error & { code: string }).code === 'META_DAMAGED';
    };
    await assert.rejects(MetaFolder.open('meta', disk), isRefused);
    // The lock is free again: it is refused for the same reason, not as one in use.
    await assert.rejects(MetaFolder.open('meta', disk), isRefused);
  });
}

test('a disk that is full at the start is an error that names the folder', async () => {
  const disk = new CrashingDisk(new Random(1));
  disk.failing = { step: 'write', code: 'ENOSPC' };
  await assert.rejects(MetaFolder.open('data/meta', disk), {
    code: 'META_IO',
    message: /^data\/meta cannot be used: ENOSPC/,
  });
});

/** Lives that write and lose power at some step; what each finds must be what was confirmed last, or begun later. */
async function livesThroughCuts(seed: number, files: (disk: CrashingDisk) => MetaFiles): Promise<void> {
  const random = new Random(seed);
  const disk = new CrashingDisk(random);
  let confirmed = 0;
  let begun = 0;
  let lastLife = 0;
  let node: string | undefined;
  for (let life = 0; life < 4; life++) {
    disk.stepsLeft = random.below(40);
    try {
      const meta = await MetaFolder.open('meta', files(disk));
      const counter = Number(meta.incarnation.split('-')[0]);
      assert.ok(counter > lastLife, `life ${counter} after life ${lastLife}`);
      lastLife = counter;
      assert.equal(meta.node, node ?? meta.node);
      node = meta.node;
      const found = meta.saved.term;
      assert.ok(found >= confirmed && found <= begun, `found ${found}, confirmed ${confirmed}`);
      if (found > 0) assert.deepEqual(meta.saved, stateOf(found));
      confirmed = found;
      for (begun = found + 1; ; begun++) {
        await meta.write(stateOf(begun));
        confirmed = begun;
      }
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
    disk.reboot();
    // A lock names the process of this test, which lives on; after a power cut it would not.
    for (const name of disk.names) if (name.startsWith('lock.')) await disk.remove(name);
    await disk.syncFolder();
  }
}

test('whenever the power is cut, the state is the old one or the new one, and no life comes twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), (seed) => livesThroughCuts(seed, (disk) => disk)),
    { numRuns: 300 },
  );
});

const lazyDisks: readonly [what: string, files: (disk: CrashingDisk) => MetaFiles][] = [
  ['names are not synced', (disk) => withCall(disk, 'syncFolder', async () => {})],
  [
    'a file is overwritten in place',
    (disk) => {
      const inPlace = (path: string, text: string) => disk.writeSynced(path.replace('.new', ''), text);
      return withCall(withCall(disk, 'writeSynced', inPlace), 'rename', async () => {});
    },
  ],
];

for (const [what, files] of lazyDisks) {
  test(`the power cuts of these tests are found when ${what}`, async () => {
    const run = async (): Promise<void> => {
      for (let seed = 0; seed < 300; seed++) await livesThroughCuts(seed, files);
    };
    await assert.rejects(run);
  });
}

function withCall<K extends keyof MetaFiles>(files: MetaFiles, name: K, call: MetaFiles[K]): MetaFiles {
  return new Proxy(files, {
    get: (target, key: keyof MetaFiles) =>
      key === name ? call : (target[key] as (...given: unknown[]) => unknown).bind(target),
  });
}
