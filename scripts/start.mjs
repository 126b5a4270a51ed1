// `npm start`: sets the checkout up, then becomes one node on a free port that shows its traffic.
//
// The command runs in this process, so that signals reach it directly. Arguments after `--` are
// added to it: `npm start -- --max-memory 1gb`.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setup } from './setup.mjs';

const program = join(root, 'dist', 'cli', 'main.js');

try {
  setup();
  if (!existsSync(program))
    throw new Error(`${program} is missing after the build: run npm run clean, then npm start.`);
  process.argv = [process.execPath, program, 'start', '--free-port', '--status', ...process.argv.slice(2)];
  await import(pathToFileURL(program).href);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
