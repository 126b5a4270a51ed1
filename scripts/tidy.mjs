// The tidy check: what no other tool checks about the shape of the tree. Its rules stand in
// tidy-rules.mjs (one file at a time) and tidy-tree.mjs (across files).
//
//   node scripts/tidy.mjs [--root FOLDER]
//
// Prints `path:line: what to do` for each problem and exits with 1 if there is any.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { globFiles } from './files.mjs';
import { layers } from './layers.mjs';
import { root } from './setup.mjs';
import { sourceRules, textRules } from './tidy-rules.mjs';
import { lineAt, readSource } from './tidy-source.mjs';
import { treeProblems } from './tidy-tree.mjs';

const textSuffixes = ['.ts', '.mjs', '.json', '.md', '.yml', '.toml', '.sh', '.txt', '.npmrc', 'run'];
const generated = /^((.*\/)?package-lock\.json|bench\/results\/.*)$/;

/** Yields `[path, line, message]` for each problem in the tree under `folder`, whose layers are these. */
export function* check(folder, table = layers) {
  const paths = globFiles(folder, ...textSuffixes).filter((path) => !generated.test(path));
  const packageJson = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const context = { layers: table, packageJson };
  const docs = {};
  for (const path of paths) {
    const text = readFileSync(join(folder, path), 'utf8');
    if (path.endsWith('.md')) docs[path] = text;
    const isSource = /\.(ts|mjs)$/.test(path);
    const file = isSource ? { path, text, ...readSource(text) } : { path, text };
    for (const rule of isSource ? [...sourceRules, ...textRules] : textRules) {
      for (const [offset, message] of rule(file, context)) yield [path, lineAt(text, offset), message];
    }
  }
  const sourcePaths = paths.filter((path) => path.endsWith('.ts'));
  yield* treeProblems(folder, { layers: table, docs, sourcePaths });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = [...check(process.argv[2] === '--root' ? process.argv[3] : root)];
  for (const [path, line, message] of problems) process.stdout.write(`${path}:${line}: ${message}\n`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
