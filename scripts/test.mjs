// `npm test`: sets the checkout up and runs all tests, or those whose path contains an argument.
//
//   npm test                    unit tests (src/, bench/, scenes/, examples/) in one process, then test/*.test.ts, one process each
//   npm test -- store resp      only files whose path contains "store" or "resp"
//   npm run test:long           test/long/*.long.ts, one process each, one at a time
//
// Files are found by their sources, so what an old build left in dist/ is not run. The last line is
// always `N passed, N failed, N skipped`; the exit code is 0 only if something ran and nothing failed.
// `--verbose` prints what passing tests wrote.

import { join, relative } from 'node:path';
import { globFiles } from './files.mjs';
import { root, setup } from './setup.mjs';
import { runTestProcess } from './test-process.mjs';

const unitLimitMs = 120_000;
const processLimitMs = 180_000;
const longLimitMs = 20 * 60_000;
const parallelProcesses = 2;

const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const filters = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const unknown = options.find((word) => word !== '--long' && word !== '--verbose');
const total = { passed: 0, failed: 0, skipped: 0 };

try {
  if (unknown)
    throw new Error(`unknown option ${unknown}: there are --long and --verbose, all else filters by path`);
  setup();
  if (options.includes('--long')) await runLong();
  else await runAll();
  if (total.passed + total.failed + total.skipped === 0)
    throw new Error(`no test matches ${filters.join(' ') || 'anything'}`);
} catch (error) {
  total.failed++;
  process.stdout.write(`${error.message}\n`);
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function runAll() {
  const built = ['src', 'bench', 'scenes'].flatMap((folder) => find(folder, '.test.ts'));
  const unit = [...built, ...find('examples', '.test.mjs')];
  if (unit.length > 0) print('unit tests', await runTestProcess(unit, { testLimitMs: unitLimitMs }));
  await runEach(find('test', '.test.ts'), parallelProcesses, processLimitMs);
}

function runLong() {
  return runEach(find('test/long', '.long.ts'), 1, longLimitMs);
}

/** Runs every file in its own process, `width` at a time. */
async function runEach(files, width, testLimitMs) {
  const waiting = [...files];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      print(shown(file), await runTestProcess([file], { testLimitMs }));
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

function find(folder, suffix) {
  return globFiles(join(root, folder), suffix)
    .map((path) => `${folder}/${path}`)
    .filter((path) => filters.length === 0 || filters.some((part) => path.includes(part)))
    .map(compiledOf);
}

/** src/base/x.test.ts is built to dist/base/x.test.js, test/x.test.ts to dist/test/x.test.js; examples are not built. */
function compiledOf(path) {
  if (path.endsWith('.mjs')) return join(root, path);
  return join(root, 'dist', path.replace(/^src\//, '').replace(/\.ts$/, '.js'));
}

function sourceOf(file) {
  const path = relative(join(root, 'dist'), file).replace(/\.js$/, '.ts');
  return join(root, /^(test|bench|scenes)\//.test(path) ? path : join('src', path));
}

/** A path a person can open: the source, relative to the checkout. */
function shown(file) {
  return relative(root, file.startsWith(join(root, 'dist')) ? sourceOf(file) : file);
}

function print(title, { passed, failures, skips, output, seconds }) {
  total.passed += passed;
  total.failed += failures.length;
  total.skipped += skips.length;
  if (output && (failures.length > 0 || options.includes('--verbose'))) process.stdout.write(output);
  const shownFailures = failures.filter(({ error }) => error !== 'cancelled');
  for (const { name, file, error } of shownFailures) {
    process.stdout.write(`\nfailed: ${file ? `${shown(file)}: ` : ''}${name}\n${indent(error)}\n`);
  }
  const cancelled = failures.length - shownFailures.length;
  if (cancelled > 0)
    process.stdout.write(`\n${cancelled} more were cancelled because what they stand in failed\n`);
  for (const { name, reason } of skips) process.stdout.write(`skipped: ${name}: ${reason}\n`);
  const state = failures.length > 0 ? 'FAILED' : 'ok';
  process.stdout.write(`${state} ${title}: ${passed} tests, ${seconds.toFixed(1)} s\n`);
}

function indent(text) {
  return String(text).replace(/^/gm, '  ');
}
