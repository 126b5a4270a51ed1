// The rules of the tidy check. Each takes a file of the checkout and yields what is wrong with it:
// the offset in its text and one sentence that says what to do.

import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { layerOf } from './layers.mjs';

const maxLines = 400;

/** Files that may be longer than `maxLines`, each with its reason. */
const longFiles = new Map([
  ['src/store/store.ts', 'the public face of the store: each method with its description, little behind it'],
  [
    'src/cluster/register/embedded-register.ts',
    'all control flow between the parts of the register, which never call each other',
  ],
]);

const testName = /\.(test|test-helper|testkit)\.ts$/;
const catchAllName = /^(utils?|helpers?|misc|common)\.(ts|mjs)$/;
const hostWords =
  /\b(?:Date|Promise|async|await|performance|globalThis|queueMicrotask|setTimeout|crypto|eval|Math\s*\.\s*random)\b/g;

/** Rules for sources: `.ts` and `.mjs` files. */
export const sourceRules = [edges, pureWords, exportForms, testForms, fileName, fileLength];
/** Rules for every text file. */
export const textRules = [lineForm, markers, privatePaths];

/** Only the edges of the layer table, only through the other layer's index. */
function* edges({ path, imports }, { layers, packageJson }) {
  const layer = layerOf(path, layers);
  const rules = layers[layer];
  const isTest = testName.test(path) || !path.startsWith('src/');
  if (path.startsWith('src/') && !rules) {
    yield [0, `src/${layer} is no layer: add it to scripts/layers.mjs.`];
    return;
  }
  for (const { specifier, offset } of imports) {
    if (specifier.startsWith('#')) {
      if (rules) yield [offset, `'${specifier}' is for test/ and bench/: import from ../LAYER/index.js.`];
    } else if (specifier.startsWith('.')) {
      const target = posix.normalize(posix.join(posix.dirname(path), specifier));
      const other = layerOf(target, layers);
      const example = /^examples\/[^/]+\//.exec(path)?.[0];
      if (example !== undefined && !target.startsWith(example)) {
        yield [
          offset,
          `an example imports ${target}: it uses the package by its public names, as a user does.`,
        ];
      }
      if (!specifier.endsWith('.js') && !specifier.endsWith('.mjs')) {
        yield [offset, `import '${specifier}' has no suffix: write the .js file.`];
      }
      if (!target.startsWith('src/')) {
        if (rules) yield [offset, `src/${layer} imports ${target}: sources import only sources.`];
        continue;
      }
      if (other === layer) continue;
      if (rules && !rules.mayImport.includes(other)) {
        yield [offset, `src/${layer} may not import src/${other}: the edge is not in scripts/layers.mjs.`];
      } else if (target !== `src/${other}/index.js`) {
        yield [offset, `import '${specifier}' goes past the index: import from src/${other}/index.js.`];
      }
    } else if (!isTest && isBuiltin(specifier)) {
      if (rules.pure)
        yield [offset, `src/${layer} is pure and may not import '${specifier}': take it as an argument.`];
      else if (!specifier.startsWith('node:'))
        yield [offset, `write 'node:${specifier}' for the built-in module.`];
    } else if (!isTest) {
      const name = packageName(specifier);
      if (!rules.packages.includes(name)) {
        yield [offset, `src/${layer} may not import the package '${name}': see scripts/layers.mjs.`];
      } else if (!packageJson.dependencies?.[name]) {
        yield [offset, `'${name}' is not in "dependencies" of package.json: add it there.`];
      }
    }
  }
}

/** Time, randomness and promises come into pure layers as arguments. */
function* pureWords({ path, code }, { layers }) {
  if (!layers[layerOf(path, layers)]?.pure || testName.test(path)) return;
  for (const match of code.matchAll(hostWords)) {
    if (isProperty(code, match)) continue;
    yield [match.index, `'${match[0]}' in a pure layer: time, randomness and waiting come in as arguments.`];
  }
}

/** A name after a dot, or a key before a colon, is not the global. */
function isProperty(code, { index, 0: word }) {
  const isKey = /^\s*\??\s*:/.test(code.slice(index + word.length, index + word.length + 20));
  return (
    /[^.]\.\s*$/.test(code.slice(Math.max(0, index - 10), index)) ||
    (isKey && /[{,;(\n]\s*$/.test(code.slice(0, index)))
  );
}

function* exportForms({ path, code }, { layers }) {
  if (!path.startsWith('src/')) return;
  for (const match of code.matchAll(/\bexport\s+(default\b|\*|\{[^}]*\bas\s+default\b)/g)) {
    const remedy = match[1] === '*' ? 'list the names one by one' : 'give it a name';
    yield [match.index, `'export ${match[1] === '*' ? '*' : 'default'}': ${remedy}.`];
  }
  if (posix.basename(path) === 'index.ts' && path !== `src/${layerOf(path, layers)}/index.ts`) {
    yield [0, 'a second index.ts in a layer: the layer has one index, name this file by its noun.'];
  }
}

function* testForms({ path, code }) {
  if (!/\.(test|long)\.(ts|mjs)$/.test(path)) return;
  for (const match of code.matchAll(
    /\b(?:only|todo)\s*:|\b(?:test|it|describe|suite)\s*\.\s*(?:only|todo)\b/g,
  )) {
    yield [match.index, `'${match[0].trim()}' in a test: finish it or take it out.`];
  }
}

function* fileName({ path }) {
  const name = posix.basename(path);
  if (catchAllName.test(name)) yield [0, `${name} says nothing: name the file by the one idea in it.`];
}

function* fileLength({ path, text }) {
  const lines = text.split('\n').length - 1;
  const isAllowed = longFiles.has(path);
  if (lines > maxLines && !isAllowed) {
    yield [
      text.length,
      `${lines} lines, more than ${maxLines}: split it, or give a reason in scripts/tidy-rules.mjs.`,
    ];
  }
  if (lines <= maxLines && isAllowed)
    yield [0, 'is short again: take it out of longFiles in scripts/tidy-rules.mjs.'];
}

function* lineForm({ text }) {
  if (text.charCodeAt(0) === 0xfeff) yield [0, 'begins with a byte order mark: take it out.'];
  const cr = text.indexOf('\r');
  if (cr !== -1) yield [cr, 'a carriage return: end lines with \\n alone.'];
  for (const match of text.matchAll(/[ \t]+$/gm))
    yield [match.index, 'blanks at the end of the line: take them out.'];
  if (text !== '' && !text.endsWith('\n')) yield [text.length, 'the last line has no end: add a newline.'];
}

function* markers({ path, text }) {
  if (path === 'scripts/tidy-rules.mjs' || path === 'test/tidy.test.ts') return;
  for (const match of text.matchAll(/\b(?:TODO|FIXME|XXX|HACK)\b|\bnot (?:yet )?implemented\b/gi)) {
    if (/^(todo|fixme|xxx|hack)$/i.test(match[0]) && match[0] !== match[0].toUpperCase()) continue;
    yield [match.index, `'${match[0]}': finish it, or say the limit in plain words.`];
  }
}

/** The repository speaks of the product alone: no machine's folders, no numbers of a tracker. */
function* privatePaths({ path, text }) {
  if (path === 'scripts/tidy-rules.mjs' || path === 'test/tidy.test.ts') return;
  for (const match of text.matchAll(/(?<![\w.:/~-])\/(?:home|root|Users|work|tmp)\/[\w.-]+/g)) {
    yield [match.index, `'${match[0]}' is a folder of one machine: name it relative to the checkout.`];
  }
  for (const match of text.matchAll(/\b(?:issues?|tickets?) #?\d+\b/gi)) {
    yield [match.index, `'${match[0]}': say what it is about instead of its number.`];
  }
}

function packageName(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
