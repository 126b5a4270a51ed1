/** The package as a user installs it: packed, unpacked elsewhere, used by its public names. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'nuthatch-package-'));
const installed = join(folder, 'node_modules', 'nuthatch');
let packed: string[] = [];

before(() => {
  const pack = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], checkout);
  const [{ filename, files }] = JSON.parse(pack);
  packed = files.map((file: { path: string }) => file.path);
  mkdirSync(installed, { recursive: true });
  run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', installed], folder);
  for (const name of Object.keys(manifest.dependencies)) {
    symlinkSync(join(checkout, 'node_modules', name), join(folder, 'node_modules', name));
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: string[], cwd: string): string {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  assert.equal(done.status, 0, `${command} ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

test('it holds what runs and what explains, no tests and no sources', () => {
  const odd = packed.filter(
    (path) =>
      !/^(dist\/(base|resp|store|ring|cluster|client|lru|node|testing|cli)\/.+\.(js|d\.ts)|[A-Z]+(\.md)?|package\.json)$/.test(
        path,
      ),
  );
  assert.deepEqual(odd, []);
  assert.deepEqual(
    packed.filter((path) => /\.test[.-]|(commands|configuration)-page/.test(path)),
    [],
  );
  for (const path of ['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/lru/index.d.ts'])
    assert.ok(packed.includes(path), path);
});

test('every public name can be imported', () => {
  const names = Object.keys(manifest.exports).filter((name) => name !== './package.json');
  assert.ok(names.length > 0);
  for (const name of names) {
    const module = `nuthatch${name.slice(1)}`;
    const count = run(
      process.execPath,
      ['-p', `import('${module}').then((m) => console.log(Object.keys(m).length)), ''`],
      folder,
    );
    assert.ok(Number(count) > 0, `${module} exports nothing`);
  }
});

test('the command runs', () => {
  const version = run(process.execPath, [join(installed, manifest.bin.nuthatch), '--version'], folder);
  assert.match(version, new RegExp(manifest.version.replaceAll('.', '\\.')));
});

test('the thread of the mind runs from the package', () => {
  const module = pathToFileURL(join(installed, 'dist', 'node', 'cluster', 'mind-thread.js')).href;
  const program = `
    import { MindThread } from ${JSON.stringify(module)};
    const log = { debug() {}, info() {}, warn: console.error, error: console.error };
    const bus = { host: '127.0.0.1', port: 0 };
    const place = { folder: 'meta', host: '127.0.0.1', port: 7000, bus, secret: undefined, zone: '', holdsData: true, seeds: [] };
    const thread = await MindThread.start(place, log);
    console.log(thread.self.incarnation, (await thread.status()).role);
    await thread.close();
  `;
  assert.match(
    run(process.execPath, ['--input-type=module', '-e', program], folder),
    /^1-[0-9a-f]+ follower\n$/,
  );
});
