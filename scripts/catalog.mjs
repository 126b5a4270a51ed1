// The example in examples/catalog, as `npm start` uses it: installed when its lockfile changed, and run as a child that
// sends its figures over an IPC channel. The child ends when the channel does, so it never outlives this process.
//
//   node scripts/catalog.mjs     installs it

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Display } from '../examples/catalog/display.mjs';
import { install, root } from './setup.mjs';

const folder = join(root, 'examples', 'catalog');
/** Its packages are some 50 MB. */
const installLimitMs = 180_000;

/** Undefined when it is installed, else one line that says why not. */
export function installCatalog() {
  try {
    install(folder, 'the example', { timeoutMs: installLimitMs });
    return undefined;
  } catch (error) {
    // Of npm's lines, the first that is a sentence.
    const why = /npm error (?!(?:code|syscall|errno|path) )(\S.*)/.exec(error.message)?.[1];
    return `The example shop is not installed (${why ?? error.message}): the cache starts without it. With a network, npm start installs it.`;
  }
}

/**
 * Runs the shop on the cache at `cacheUrl` and shows its figures. Returns what ends it, and `showBelow`, which takes a function
 * of the room that is left, `(columns, rows) => text`, for what is to stand below the figures.
 */
export function startCatalog(cacheUrl, { isBlock }) {
  const shop = spawn(process.execPath, [join(folder, 'main.mjs')], {
    cwd: folder,
    env: { ...process.env, CACHE_URL: cacheUrl },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const display = new Display({ isBlock });
  let isStopping = false;
  for (const [from, to] of [
    [shop.stdout, process.stdout],
    [shop.stderr, process.stderr],
  ]) {
    from.setEncoding('utf8').on('data', (text) => isStopping || to.write(text));
  }
  shop.on('message', ({ figures }) => isStopping || display.show(figures));
  shop.on('error', (error) => ended(error.message));
  shop.on('exit', (code, signal) => ended(signal ?? `code ${code}`));
  // The cache decides how long this process lives.
  shop.unref();
  shop.channel?.unref();

  function ended(how) {
    if (isStopping) return;
    isStopping = true;
    display.hide();
    process.stdout.write(`the shop has ended (${how}), the cache goes on\n`);
  }

  const stop = () => {
    isStopping = true;
    if (shop.connected) shop.disconnect();
  };
  return { stop, showBelow: (block) => display.showBelow(block) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problem = installCatalog();
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    process.exitCode = 1;
  }
}
