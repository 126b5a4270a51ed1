// The tidy rules that look at more than one file: the tsconfigs against the layer table, the links of
// the documents, the numbering of the decisions, the lockfiles.

import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { globFiles } from './files.mjs';
import { layerOf, layersInside } from './layers.mjs';

/** Yields `[path, line, message]` for the whole tree under `root`. `docs` maps each .md path to its text. */
export function* treeProblems(root, { layers, docs, sourcePaths }) {
  yield* tsconfigs(root, layers, sourcePaths);
  yield* links(root, docs);
  yield* decisions(docs);
  yield* lockfiles(root);
}

/** Each layer's two tsconfigs must reference exactly what it may import; pure layers see no host types. */
function* tsconfigs(root, layers, sourcePaths) {
  const solution = existsSync(join(root, 'tsconfig.json')) ? references(root, 'tsconfig.json') : [];
  for (const [layer, { pure, mayImport }] of Object.entries(layers)) {
    if (!sourcePaths.some((path) => layerOf(path, layers) === layer)) continue;
    const expected = mayImport.map((other) => `src/${other}`);
    for (const [name, wanted] of [
      ['tsconfig.json', expected],
      ['tsconfig.test.json', [`src/${layer}`, ...expected]],
    ]) {
      const path = `src/${layer}/${name}`;
      if (!existsSync(join(root, path))) {
        yield [path, 1, 'is missing: every layer has a project for its sources and one for its tests.'];
        continue;
      }
      const actual = references(root, path);
      if (actual.toSorted().join() !== wanted.toSorted().join()) {
        yield [
          path,
          1,
          `references ${actual.join(', ') || 'nothing'}: scripts/layers.mjs says ${wanted.join(', ') || 'nothing'}.`,
        ];
      }
      for (const inner of layersInside(layer, layers)) {
        const folder = inner.slice(layer.length + 1);
        if (!(readJson(root, path).exclude ?? []).includes(folder)) {
          yield [path, 1, `takes in the layer ${inner}: add "${folder}" to "exclude".`];
        }
      }
      const inSolution = name === 'tsconfig.json' ? `src/${layer}` : path;
      if (!solution.includes(inSolution))
        yield ['tsconfig.json', 1, `does not reference ${inSolution}: add it.`];
    }
    const options = readJson(root, `src/${layer}/tsconfig.json`)?.compilerOptions ?? {};
    if (pure && (options.types?.length !== 0 || (options.lib ?? ['es2023']).join() !== 'es2023')) {
      yield [`src/${layer}/tsconfig.json`, 1, 'is of a pure layer: set "types": [] and no "lib" but es2023.'];
    }
  }
}

function references(root, path) {
  const listed = readJson(root, path)?.references ?? [];
  return listed.map((one) => posix.join(posix.dirname(path), one.path).replace(/\/tsconfig\.json$/, ''));
}

function readJson(root, path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** Relative links must lead to a file, and their anchors to a heading. */
function* links(root, docs) {
  for (const [path, text] of Object.entries(docs)) {
    const prose = withoutCode(text);
    for (const match of prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s*(\S+)/gm)) {
      const link = match[1] ?? match[2];
      if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue;
      const line = prose.slice(0, match.index).split('\n').length;
      const [file, anchor] = link.split('#', 2);
      const target = file === '' ? path : posix.normalize(posix.join(posix.dirname(path), file));
      if (target.startsWith('../') || !existsSync(join(root, target))) {
        yield [path, line, `the link ${link} leads nowhere: ${target} does not exist.`];
      } else if (anchor !== undefined && target.endsWith('.md')) {
        const headings = anchorsOf(docs[target] ?? readFileSync(join(root, target), 'utf8'));
        if (!headings.has(anchor)) yield [path, line, `the link ${link} names no heading of ${target}.`];
      }
    }
  }
}

/** Blanks fenced blocks and inline code, keeping lines and lengths. */
function withoutCode(text) {
  const spaces = (match) => match.replace(/[^\n]/g, ' ');
  return text.replace(/^ *(`{3,})[^\n]*\n[\s\S]*?^ *\1 *$/gm, spaces).replace(/`[^`\n]+`/g, spaces);
}

function anchorsOf(text) {
  const anchors = new Set();
  for (const [, title] of text
    .replace(/^ *(`{3,})[^\n]*\n[\s\S]*?^ *\1 *$/gm, '')
    .matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const base = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Decisions are numbered from 0001 without gaps and named in their README. */
function* decisions(docs) {
  const folder = 'docs/decisions/';
  const files = Object.keys(docs)
    .filter((path) => path.startsWith(folder) && !path.endsWith('README.md'))
    .toSorted();
  const list = docs[`${folder}README.md`] ?? '';
  for (const [index, path] of files.entries()) {
    const number = String(index + 1).padStart(4, '0');
    if (!path.startsWith(`${folder}${number}-`))
      yield [path, 1, `the next decision is ${number}: rename the file.`];
    if (!list.includes(`(${path.slice(folder.length)})`))
      yield [path, 1, `is not linked from ${folder}README.md: add it.`];
  }
}

/** No lockfile may tie the project to the registry host of the machine that wrote it. */
function* lockfiles(root) {
  for (const path of globFiles(root, 'package-lock.json')) {
    const lines = readFileSync(join(root, path), 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('"resolved": "http'));
    if (at === -1) continue;
    const remedy = 'keep omit-lockfile-registry-resolved in the .npmrc beside it and write it again.';
    yield [path, at + 1, `names a registry host: ${remedy}`];
  }
}
