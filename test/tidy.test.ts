/** Each rule of the tidy check finds its fault, and finds none in a tree that is in order. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

type Problem = [path: string, line: number, message: string];

const script = new URL('../../scripts/tidy.mjs', import.meta.url);
interface Layer {
  readonly pure: boolean;
  readonly mayImport: readonly string[];
  readonly packages: readonly string[];
}
type Layers = Record<string, Layer>;

const { check } = (await import(script.href)) as {
  check: (folder: string, layers?: Layers) => Iterable<Problem>;
};

const project = (...references: string[]) =>
  `${JSON.stringify({ compilerOptions: { types: [] }, references: references.map((path) => ({ path })) })}\n`;

/** A small tree in order. A case adds to it or replaces files. */
const inOrder: Record<string, string> = {
  'package.json': '{ "dependencies": { "commander": "1" } }\n',
  'package-lock.json': '{}\n',
  'tsconfig.json': project(
    './src/base',
    './src/base/tsconfig.test.json',
    './src/store',
    './src/store/tsconfig.test.json',
    './src/cli',
    './src/cli/tsconfig.test.json',
  ),
  'src/base/tsconfig.json': project(),
  'src/base/tsconfig.test.json': project('./tsconfig.json'),
  'src/base/index.ts': "export { a } from './a.js';\n",
  'src/base/a.ts':
    "// Date and Promise are only words here, and a path like https://a.b/tmp/x is none of a machine.\nexport const a = 'Math.random() export default' + /[/*'\"`]Date/.source + `async ${[1].map((x) => `${x}}`)} Date`;\nexport const b = { performance: 1 }.performance;\n",
  'src/base/a.test.ts': "import { test } from 'node:test';\ntest('waits', async () => {});\n",
  'src/store/tsconfig.json': project('../base'),
  'src/store/tsconfig.test.json': project('./tsconfig.json', '../base'),
  'src/store/index.ts': "import { a } from '../base/index.js';\nexport const s = a;\n",
  'src/cli/tsconfig.json': project(
    '../base',
    '../resp',
    '../store',
    '../ring',
    '../cluster',
    '../lru',
    '../node',
  ),
  'src/cli/tsconfig.test.json': project(
    './tsconfig.json',
    '../base',
    '../resp',
    '../store',
    '../ring',
    '../cluster',
    '../lru',
    '../node',
  ),
  'src/cli/main.ts':
    "import { readFileSync } from 'node:fs';\nimport 'commander';\nawait readFileSync;\nBuffer.from('pino');\n",
  'README.md':
    '# Title here!\n\n[self](#title-here) [doc](docs/a.md#one-1) `[not](a-link.md)`\n\n```text\n[nor](this.md)\n```\n',
  'docs/a.md': '# One\n\n## One\n\n[back](../README.md) [out](https://example.org/none)\n',
  'docs/decisions/README.md': '- [one](0001-one.md)\n',
  'docs/decisions/0001-one.md': '# One\n',
};

/** What tidy says about the tree in order with these changes, as it prints it. */
function problemsOf(changes: Record<string, string>): string {
  return problemsIn({ ...inOrder, ...changes });
}

function problemsIn(files: Record<string, string>, layers?: Layers): string {
  return inTree(files, (folder) =>
    [...check(folder, layers)].map((problem) => `${problem[0]}:${problem[1]}: ${problem[2]}\n`).join(''),
  );
}

function inTree<T>(files: Record<string, string>, work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'nuthatch-tidy-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a tree in order has no problems', () => {
  assert.equal(problemsOf({}), '');
});

test('the command prints the problems and fails', () => {
  const runIn = (folder: string) =>
    spawnSync(process.execPath, [fileURLToPath(script), '--root', folder], { encoding: 'utf8' });
  const clean = inTree(inOrder, runIn);
  assert.deepEqual([clean.status, clean.stdout, clean.stderr], [0, '', '']);
  const faulty = inTree({ ...inOrder, 'docs/a.md': '# One' }, runIn);
  assert.equal(faulty.status, 1);
  assert.match(faulty.stdout, /^docs\/a\.md:1: the last line has no end: add a newline\.\n/m);
});

const pure = (line: string) => ({ 'src/base/a.ts': `\n${line}\n` });

const faults: [name: string, changes: Record<string, string>, says: RegExp][] = [
  [
    'an upward import',
    pure("import { s } from '../store/index.js';"),
    /^src\/base\/a\.ts:2: src\/base may not import src\/store/,
  ],
  [
    'an upward import in a test',
    { 'src/base/a.test.ts': "\nimport { s } from '../store/index.js';\n" },
    /^src\/base\/a\.test\.ts:2: src\/base may not import src\/store/,
  ],
  [
    'an upward dynamic import',
    pure("export const x = import ( '../store/index.js' );"),
    /a\.ts:2: src\/base may not import/,
  ],
  [
    'an upward type import',
    pure("export type X = typeof import('../store/index.js');"),
    /a\.ts:2: src\/base may not/,
  ],
  [
    'a re-export from above',
    pure("export { s } from '../store/index.js';"),
    /a\.ts:2: src\/base may not import/,
  ],
  [
    'an import past the index',
    { 'src/store/b.ts': "import '../base/a.js';\n" },
    /^src\/store\/b\.ts:1: .* goes past the index/,
  ],
  [
    'a test past the index',
    { 'test/b.test.ts': "import '../src/base/a.js';\n" },
    /^test\/b\.test\.ts:1: .* past the index/,
  ],
  [
    'a source that imports a test folder',
    pure("import '../../test/kit/x.js';"),
    /sources import only sources/,
  ],
  [
    'a way around the edges',
    { 'src/base/a.test.ts': "\nimport { s } from '#layers/store';\n" },
    /^src\/base\/a\.test\.ts:2: '#layers\/store' is for test\//,
  ],
  ['an import without suffix', pure("import './b';"), /a\.ts:2: import '\.\/b' has no suffix/],
  [
    'a package in a pure layer',
    pure("import 'pino';"),
    /a\.ts:2: src\/base may not import the package 'pino'/,
  ],
  [
    'a package that is no dependency',
    { 'src/cli/x.ts': "import 'pino';\n" },
    /'pino' is not in "dependencies"/,
  ],
  ['a built-in in a pure layer', pure("import 'node:fs';"), /a\.ts:2: src\/base is pure/],
  ['a built-in without its scheme', { 'src/cli/x.ts': "import 'fs';\n" }, /write 'node:fs'/],
  ['a folder that is no layer', { 'src/extra/x.ts': 'export const x = 1;\n' }, /src\/extra is no layer/],
  [
    'a date in a pure layer',
    pure('export const x = new Date();'),
    /^src\/base\/a\.ts:2: 'Date' in a pure layer/,
  ],
  [
    'randomness in a pure layer',
    pure('export const x = Math.random();'),
    /a\.ts:2: 'Math\.random' in a pure layer/,
  ],
  ['a promise in a pure layer', pure('export let x: Promise<void>;'), /a\.ts:2: 'Promise' in a pure layer/],
  ['async code in a pure layer', pure('export async function x() {}'), /a\.ts:2: 'async' in a pure layer/],
  ['the global object in a pure layer', pure('export const x = globalThis;'), /a\.ts:2: 'globalThis'/],
  [
    'a clock inside a template',
    pure(`export const x = \`\${performance.now()}\`;`),
    /a\.ts:2: 'performance'/,
  ],
  ['a default export', pure('export default 1;'), /a\.ts:2: 'export default': give it a name/],
  ['a default export by alias', pure('const x = 1;\nexport { x as default };'), /a\.ts:3: 'export default'/],
  ['a star export', pure("export * from './b.js';"), /a\.ts:2: 'export \*': list the names/],
  [
    'a second barrel',
    { 'src/base/in/index.ts': 'export const x = 1;\n' },
    /in\/index\.ts:1: a second index\.ts/,
  ],
  [
    'a test that hides the others',
    { 'src/base/a.test.ts': "test.only('x', () => {});\n" },
    /a\.test\.ts:1: 'test\.only'/,
  ],
  [
    'an unfinished test',
    { 'src/base/a.test.ts': "test('x', { todo: true }, () => {});\n" },
    /a\.test\.ts:1: 'todo:'/,
  ],
  [
    'a file of leftovers',
    { 'src/base/utils.ts': 'export const x = 1;\n' },
    /utils\.ts:1: utils\.ts says nothing/,
  ],
  ['a long file', pure('//\n'.repeat(400)), /a\.ts:40\d: 402 lines, more than 400/],
  ['a marker', pure('// TODO: later'), /a\.ts:2: 'TODO': finish it/],
  [
    'a confession',
    { 'docs/a.md': '# One\n## One\nNot yet implemented.\n' },
    /docs\/a\.md:3: 'Not yet implemented'/,
  ],
  ['a carriage return', pure('//\r'), /a\.ts:2: a carriage return/],
  ['trailing blanks', { 'docs/a.md': '# One \n## One\n' }, /docs\/a\.md:1: blanks at the end/],
  ['no last newline', { 'docs/a.md': '# One\n## One' }, /docs\/a\.md:2: the last line has no end/],
  ['a folder of one machine', pure("export const x = '/home/somebody/x';"), /a\.ts:2: '\/home\/somebody'/],
  ['a number of a tracker', pure('// See issue #12.'), /a\.ts:2: 'issue #12'/],
  [
    'a dead link',
    { 'docs/a.md': '# One\n## One\n[x](none.md)\n' },
    /docs\/a\.md:3: the link none\.md leads nowhere/,
  ],
  [
    'a dead anchor',
    { 'docs/a.md': '# One\n## One\n[x](../README.md#none)\n' },
    /docs\/a\.md:3: .* no heading of README\.md/,
  ],
  [
    'a reference too many',
    { 'src/base/tsconfig.json': project('../store') },
    /src\/base\/tsconfig\.json:1: references src\/store/,
  ],
  [
    'a reference too few',
    { 'src/store/tsconfig.json': project() },
    /src\/store\/tsconfig\.json:1: references nothing/,
  ],
  [
    'a layer outside the solution',
    { 'tsconfig.json': project('src/base', 'src/store') },
    /^tsconfig\.json:1: does not reference/m,
  ],
  [
    'host types in a pure layer',
    { 'src/base/tsconfig.json': '{ "compilerOptions": { "types": ["node"] } }\n' },
    /src\/base\/tsconfig\.json:1: is of a pure layer/,
  ],
  [
    'a gap in the decisions',
    { 'docs/decisions/0003-x.md': '# X\n' },
    /0003-x\.md:1: the next decision is 0002/,
  ],
  ['a decision not listed', { 'docs/decisions/0002-x.md': '# X\n' }, /0002-x\.md:1: is not linked/],
  [
    'a registry host',
    { 'package-lock.json': '{\n"resolved": "https://host/x.tgz" }\n' },
    /package-lock\.json:2: names a registry/,
  ],
  [
    'a lockfile of an example with a registry host',
    { 'examples/a/package-lock.json': '"resolved": "https://host/x.tgz"\n' },
    /^examples\/a\/package-lock\.json:1: names a registry/,
  ],
  [
    'an example that imports from the sources',
    { 'examples/a/main.mjs': "import '../../src/base/index.js';\n" },
    /^examples\/a\/main\.mjs:1: an example imports src\/base\/index\.js/,
  ],
  [
    'an example that imports from the build, or from another example',
    {
      'examples/a/main.mjs':
        "import './own.mjs';\nimport '../../dist/client/index.js';\nimport '../b/x.mjs';\n",
    },
    /^examples\/a\/main\.mjs:2: an example imports dist.*\nexamples\/a\/main\.mjs:3: an example imports examples\/b/,
  ],
  [
    'a test of an example that runs alone',
    { 'examples/a/x.test.mjs': "import { test } from 'node:test';\ntest.only('a', () => {});\n" },
    /^examples\/a\/x\.test\.mjs:2: 'test\.only' in a test/,
  ],
];

for (const [name, changes, says] of faults) {
  test(`tidy finds ${name}`, () => {
    assert.match(problemsOf(changes), says);
  });
}

const nestedLayers: Layers = {
  base: { pure: true, mayImport: [], packages: [] },
  outer: { pure: false, mayImport: ['base', 'outer/inner'], packages: [] },
  'outer/inner': { pure: true, mayImport: ['base'], packages: [] },
};

/** A project that leaves out the layer inside it. */
const outerProject = (...references: string[]) =>
  `${JSON.stringify({ exclude: ['inner'], references: references.map((path) => ({ path })) })}\n`;

/** A tree in order with a layer inside another's folder. */
const nested: Record<string, string> = {
  'package.json': '{}\n',
  'src/base/tsconfig.json': project(),
  'src/base/tsconfig.test.json': project('./tsconfig.json'),
  'src/base/index.ts': 'export const a = 1;\n',
  'tsconfig.json': project(
    ...['base', 'outer', 'outer/inner'].flatMap((name) => [`src/${name}`, `src/${name}/tsconfig.test.json`]),
  ),
  'src/outer/tsconfig.json': outerProject('../base', './inner'),
  'src/outer/tsconfig.test.json': outerProject('./tsconfig.json', '../base', './inner'),
  'src/outer/index.ts': "import { i } from './inner/index.js';\nexport const o = Date.now() + i;\n",
  'src/outer/parts/o.ts': "import { i } from '../inner/index.js';\nexport const o = i;\n",
  'src/outer/inner/tsconfig.json': project('../../base'),
  'src/outer/inner/tsconfig.test.json': project('./tsconfig.json', '../../base'),
  'src/outer/inner/index.ts': "import { a } from '../../base/index.js';\nexport const i = a;\n",
  'src/outer/inner/b.ts': '',
};

test('a tree with a layer inside another has no problems', () => {
  assert.equal(problemsIn(nested, nestedLayers), '');
});

const nestedFaults: [name: string, changes: Record<string, string>, says: RegExp][] = [
  [
    'an import of the outer layer by the inner',
    { 'src/outer/inner/b.ts': "\nimport { o } from '../index.js';\n" },
    /^src\/outer\/inner\/b\.ts:2: src\/outer\/inner may not import src\/outer:/,
  ],
  [
    'an import of the inner layer past its index',
    { 'src/outer/parts/o.ts': "import '../inner/b.js';\n" },
    /^src\/outer\/parts\/o\.ts:1: .* import from src\/outer\/inner\/index\.js/,
  ],
  [
    'a clock in the inner layer',
    { 'src/outer/inner/b.ts': 'export const b = Date.now();\n' },
    /^src\/outer\/inner\/b\.ts:1: 'Date' in a pure layer/,
  ],
  [
    'a second barrel in the inner layer',
    { 'src/outer/inner/parts/index.ts': 'export const x = 1;\n' },
    /parts\/index\.ts:1: a second index\.ts/,
  ],
  [
    'an outer layer that takes the inner in',
    { 'src/outer/tsconfig.json': project('../base', './inner') },
    /^src\/outer\/tsconfig\.json:1: takes in the layer outer\/inner: add "inner" to "exclude"/,
  ],
  [
    'tests of an outer layer that take the inner in',
    { 'src/outer/tsconfig.test.json': project('./tsconfig.json', '../base', './inner') },
    /^src\/outer\/tsconfig\.test\.json:1: takes in the layer outer\/inner/,
  ],
  [
    'an inner layer outside the solution',
    { 'tsconfig.json': project('src/base', 'src/base/tsconfig.test.json', 'src/outer') },
    /^tsconfig\.json:1: does not reference src\/outer\/inner:/m,
  ],
];

for (const [name, changes, says] of nestedFaults) {
  test(`tidy finds ${name}`, () => {
    assert.match(problemsIn({ ...nested, ...changes }, nestedLayers), says);
  });
}

test('a folder is no layer because one lies inside it', () => {
  const { outer: _, ...withoutOuter } = nestedLayers;
  assert.match(
    problemsIn(nested, withoutOuter),
    /^src\/outer\/index\.ts:1: src\/outer is no layer: add it to scripts\/layers\.mjs\.$/m,
  );
});
