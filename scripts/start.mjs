// `npm start`: sets the checkout up, then becomes one node on a free port that shows its traffic.
//
// The command runs in this process. Ctrl-C reaches it directly; a signal to npm reaches only the shell that
// npm runs scripts in, so the node ends when that shell is gone. Arguments after `--` are added to the
// command: `npm start -- --max-memory 1gb`.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup } from './setup.mjs';

/** How often to look whether the shell of npm is still there. */
const parentCheckMs = 200;
const parent = process.ppid;
const program = join(root, 'dist', 'cli', 'main.js');

try {
  setup();
  if (!existsSync(program))
    throw new Error(`${program} is missing after the build: run npm run clean, then npm start.`);
  process.argv = [process.execPath, program, 'start', '--free-port', '--status', ...process.argv.slice(2)];
  await import(pathToFileURL(program).href);
  if (process.env.npm_lifecycle_event === 'start') endWithParent();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** An orphan has another parent. The first signal drains the node, a second one would end it at once. */
function endWithParent() {
  const check = setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, parentCheckMs);
  check.unref();
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => clearInterval(check));
}
