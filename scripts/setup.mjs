// Makes a checkout ready: installs the dependencies when the lockfile changed, then builds.
//
// `npm start`, `npm test` and `npm run check` call it first, so each of them works as the only
// command on a fresh clone. It says nothing when there was nothing to do, one line otherwise.
// The stamp in node_modules holds the hash of the lockfile and of the Node.js ABI it was
// installed for. It has no dependency, since it runs before there are any.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const buildInfo = join(root, 'dist', '.build');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const oldestNode = 20;
/** Whoever has no network is told so after seconds; npm by itself tries again for minutes. */
const installArguments = [
  'ci',
  '--include=dev',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
  '--prefer-offline',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
];

/** Installs and builds as far as needed. Throws an Error whose message says what to do. */
export function setup() {
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    throw new Error(`Node.js ${process.versions.node} is too old: install Node.js ${oldestNode} or newer.`);
  }
  install(root, 'the dependencies');
  build();
}

/**
 * Installs what the lockfile of a folder says, unless that is there already. After `timeoutMs` it has failed. `what` names
 * the packages in messages.
 */
export function install(folder, what, { timeoutMs } = {}) {
  const stampFile = join(folder, 'node_modules', '.nuthatch-install');
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const stamp = createHash('sha256').update(lock).update(process.versions.modules).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  const start = performance.now();
  run(npmCommand(), installArguments, 'npm ci', { cwd: folder, timeout: timeoutMs });
  writeFileSync(stampFile, stamp);
  say(`installed ${what}`, start);
}

function build() {
  const before = newestBuild();
  const start = performance.now();
  run(process.execPath, [compiler, '-b', root], 'The build (tsc -b)');
  if (newestBuild() !== before) say('built', start);
}

function run(command, args, what, { cwd = root, timeout } = {}) {
  const done = spawnSync(command, args, {
    cwd,
    timeout,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && command.endsWith('.cmd'),
  });
  if (done.error?.code === 'ETIMEDOUT') throw new Error(`${what} was not done after ${timeout / 1000} s`);
  if (done.error) throw new Error(`${what} could not start: ${done.error.message}`);
  if (done.status === 0) return;
  const output = `${done.stdout}${done.stderr}`.trimEnd();
  if (output.includes('code EUSAGE')) {
    throw new Error('package.json and package-lock.json differ: run npm install, then npm run lockfile.');
  }
  throw new Error(`${what} failed:\n${output}`);
}

function npmCommand() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

function newestBuild() {
  if (!existsSync(buildInfo)) return 0;
  return Math.max(0, ...readdirSync(buildInfo).map((name) => statSync(join(buildInfo, name)).mtimeMs));
}

function say(what, start) {
  process.stderr.write(`${what} in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    setup();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
