// `npm start`: sets the checkout up, then becomes one node on a free port, with the example shop on it and its load.
//
//   this process   the node, and the screen          child   the shop, its load, its database
//
// The command runs in this process. Ctrl-C reaches it directly; a signal to npm reaches only the shell that
// npm runs scripts in, so the node ends when that shell is gone, and the shop when the node does. Arguments after `--`
// are added to the command: `npm start -- --max-memory 1gb`; `npm start -- --no-shop` is the node alone. The shop's
// settings are variables: `LOAD=500 npm start`.

import { subscribe } from 'node:diagnostics_channel';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup } from './setup.mjs';

/** How often to look whether the shell of npm is still there. */
const parentCheckMs = 200;
const parent = process.ppid;
const program = join(root, 'dist', 'cli', 'main.js');
const noShop = '--no-shop';
const args = process.argv.slice(2).filter((arg) => arg !== noShop);

try {
  setup();
  if (!existsSync(program))
    throw new Error(`${program} is missing after the build: run npm run clean, then npm start.`);
  const hasShop = !process.argv.includes(noShop) && (await addShop());
  // The shop's figures take the place of the node's own line.
  const status = hasShop ? [] : ['--status'];
  process.argv = [process.execPath, program, 'start', '--free-port', ...status, ...args];
  await import(pathToFileURL(program).href);
  if (process.env.npm_lifecycle_event === 'start') endWithParent();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** Has the shop start as soon as the node listens; false if it cannot. */
async function addShop() {
  const { installCatalog, startCatalog } = await import('./catalog.mjs');
  const problem = installCatalog();
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    return false;
  }
  subscribe('nuthatch:listening', (node) => {
    const own = process.env.CACHE_URL || undefined;
    if (own !== undefined) process.stdout.write('the shop uses the cache in CACHE_URL, not this node\n');
    // A line of the node's own, or a log that is written past this process's stdout, leaves no place for a block.
    const stop = startCatalog(own ?? urlOf(node), {
      isBlock: !args.some((arg) => /--status|json/.test(arg)),
    });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
  });
  return true;
}

/** Who listens on all addresses can be reached on the loopback address. */
function urlOf({ host, port, password }) {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const user = password === '' ? '' : `:${encodeURIComponent(password)}@`;
  return `redis://${user}${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** An orphan has another parent. The first signal drains the node, a second one would end it at once. */
function endWithParent() {
  const check = setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, parentCheckMs);
  check.unref();
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => clearInterval(check));
}
