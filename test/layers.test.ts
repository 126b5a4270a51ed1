/** The compiler itself refuses what the layers forbid: the real tsconfigs, with a fault planted in every layer. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

interface Layer {
  readonly pure: boolean;
  readonly mayImport: readonly string[];
}

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const table = (await import(new URL('../../scripts/layers.mjs', import.meta.url).href)) as {
  layers: Record<string, Layer>;
};
const layers = Object.entries(table.layers);
const names = Object.keys(table.layers);

const hostNames = ['process', 'Buffer', 'setTimeout', 'console', 'TextEncoder', 'performance', 'fetch'];

const folder = mkdtempSync(join(tmpdir(), 'nuthatch-layers-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const output = compile();

function write(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}

/** The name of a layer as part of an identifier: that of one inside another has a slash. */
function inWord(name: string): string {
  return name.replaceAll('/', '_');
}

/** One build of a tree in which every layer names every layer, and every host name. */
function compile(): string {
  for (const file of ['package.json', 'tsconfig.base.json']) cpSync(join(checkout, file), join(folder, file));
  symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'));
  for (const [name] of layers) {
    mkdirSync(join(folder, 'src', name), { recursive: true });
    for (const file of ['tsconfig.json', 'tsconfig.test.json']) {
      cpSync(join(checkout, 'src', name, file), join(folder, 'src', name, file));
    }
    write(`src/${name}/index.ts`, `export const ${inWord(name)} = 1;\n`);
    write(`src/${name}/host.ts`, hostNames.map((host) => `export const of_${host} = ${host};\n`).join(''));
    write(`src/${name}/files.ts`, "export { readFileSync } from 'node:fs';\n");
    for (const other of names.filter((one) => one !== name)) {
      const word = inWord(other);
      const folderOfOther = posix.join(posix.relative(name, '.'), other);
      const line = `import { ${word} } from '${folderOfOther}/index.js';\nexport const taken = ${word};\n`;
      write(`src/${name}/takes-${word}.ts`, line);
      write(`src/${name}/takes-${word}.test.ts`, line);
    }
  }
  const compiler = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc');
  const projects = names.flatMap((name) => [`src/${name}`, `src/${name}/tsconfig.test.json`]);
  const done = spawnSync(process.execPath, [compiler, '-b', '--pretty', 'false', ...projects], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.notEqual(done.status, 0);
  return done.stdout;
}

function errorsOf(file: string): string[] {
  return output.split('\n').filter((line) => line.startsWith(`${file}(`));
}

for (const [name, { pure, mayImport }] of layers) {
  for (const other of names.filter((one) => one !== name)) {
    const allowed = mayImport.includes(other);
    test(`src/${name} ${allowed ? 'may' : 'may not'} import src/${other}`, () => {
      for (const file of [
        `src/${name}/takes-${inWord(other)}.ts`,
        `src/${name}/takes-${inWord(other)}.test.ts`,
      ]) {
        const errors = errorsOf(file);
        if (allowed) assert.deepEqual(errors, []);
        else
          assert.ok(
            errors.some((line) => line.includes('TS6307')),
            `${file}: ${errors.join('\n')}`,
          );
      }
    });
  }

  test(`src/${name} ${pure ? 'cannot' : 'can'} name the host`, () => {
    const expected = pure ? hostNames : [];
    for (const host of expected) {
      assert.ok(
        errorsOf(`src/${name}/host.ts`).some((line) => line.includes(`'${host}'`)),
        host,
      );
    }
    if (!pure) assert.deepEqual(errorsOf(`src/${name}/host.ts`), []);
    assert.equal(errorsOf(`src/${name}/files.ts`).length, pure ? 1 : 0);
  });
}
