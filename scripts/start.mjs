// `npm start`: sets the checkout up, then becomes a cluster on free ports, with the example shop on it and its load.
//
//   this process   `nuthatch up`: the nodes' keeper, and the screen
//   children       a process for each node; the shop, its load, its database
//
// The command runs in this process. Ctrl-C reaches it directly; a signal to npm reaches only the shell that
// npm runs scripts in, so the cluster ends when that shell is gone, and the shop when the cluster does. Arguments after `--`
// are added to the command: `npm start -- --shards 2`; `npm start -- --no-shop` is the cluster alone, and `--lone` one
// node instead of a cluster, with the options of `nuthatch start`. The shop's settings are variables: `LOAD=500 npm start`.

import { subscribe } from 'node:diagnostics_channel';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup } from './setup.mjs';

/** How often to look whether the shell of npm is still there. */
const parentCheckMs = 200;
const parent = process.ppid;
const program = join(root, 'dist', 'cli', 'main.js');
const [noShop, lone] = ['--no-shop', '--lone'];
const args = process.argv.slice(2).filter((arg) => arg !== noShop && arg !== lone);
const isLone = process.argv.includes(lone);
/** What the arguments may say otherwise. Six nodes of that size have room beside the shop and its database. */
const cluster = ['--shards', '3', '--replicas', '1', '--max-memory', '128mb'];

try {
  setup();
  if (!existsSync(program))
    throw new Error(`${program} is missing after the build: run npm run clean, then npm start.`);
  const hasShop = !process.argv.includes(noShop) && (await addShop());
  // The shop's figures take the place of a lone node's own line.
  const status = hasShop ? [] : ['--status'];
  const command = isLone ? ['start', '--free-port', ...status] : ['up', '--free-ports', ...cluster];
  process.argv = [process.execPath, program, ...command, ...args];
  if (process.env.npm_lifecycle_event === 'start') endWithParent();
  await import(pathToFileURL(program).href);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** Has the shop start as soon as the cache listens; false if it cannot. */
async function addShop() {
  const { installCatalog, startCatalog } = await import('./catalog.mjs');
  const problem = installCatalog();
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    return false;
  }
  subscribe('nuthatch:listening', (cache) => {
    const own = process.env.CACHE_URL || undefined;
    if (own !== undefined) process.stdout.write('the shop uses the cache in CACHE_URL, not this one\n');
    // A line of the node's own, or a log that is written past this process's stdout, leaves no place for a block.
    const isBlock = !isLone || !args.some((arg) => /--status|json/.test(arg));
    const shop = startCatalog(own ?? urlsOf(cache), { isBlock });
    subscribe('nuthatch:status', shop.showBelow);
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, shop.stop);
  });
  return true;
}

/** Who listens on all addresses can be reached on the loopback address. */
function urlsOf({ host, port, ports = [port], password }) {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const user = password === '' ? '' : `:${encodeURIComponent(password)}@`;
  return ports.map((one) => `redis://${user}${name.includes(':') ? `[${name}]` : name}:${one}`).join(',');
}

/** An orphan has another parent. The first signal ends the cluster as it should, a second one would end it at once. */
function endWithParent() {
  const check = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(check);
    process.kill(process.pid, 'SIGTERM');
  }, parentCheckMs);
  check.unref();
  // Not before the command has its own: these would only take the signals from it.
  subscribe('nuthatch:listening', () => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => clearInterval(check));
  });
}
