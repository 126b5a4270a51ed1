/**
 * The shop as a process.
 *
 *   by itself (npm start here)        shows its figures, ends with Ctrl-C, SIGTERM, or with the npm that started it
 *   with an IPC channel (npm start    sends its figures to its parent each second, and ends when the parent does
 *   of the repository)
 */
import { readSettings, SettingsError } from './settings.mjs';

const FIGURES_MS = 1_000;
const PARENT_CHECK_MS = 500;
/** What ending may take before the process ends without it. */
const STOP_TIMEOUT_MS = 3_000;

const isChild = process.send !== undefined;
const parent = process.ppid;
/** @type {{ stop: () => Promise<void> } | undefined} */
let app;
let isStopping = false;
/** @type {NodeJS.Timeout | undefined} */
let timer;
/** @type {import('./display.mjs').Display | undefined} */
let display;

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => void end(0));
if (isChild) process.on('disconnect', () => void end(0));
// npm does not pass signals on to what it runs in a shell.
else if (process.env.npm_lifecycle_event === 'start')
  setInterval(() => process.ppid === parent || void end(0), PARENT_CHECK_MS).unref();

try {
  const settings = readSettings(process.env);
  const { startApp } = await import('./app.mjs');
  const started = await startApp(settings, say);
  app = started;
  if (isStopping) await end(0);
  say(`the shop is open: ${started.url}`);
  if (isChild) {
    timer = setInterval(
      () => process.connected && process.send?.({ figures: started.figures() }),
      FIGURES_MS,
    );
  } else {
    const { Display } = await import('./display.mjs');
    const shown = (display = new Display());
    timer = setInterval(() => shown.show(started.figures()), FIGURES_MS);
  }
} catch (error) {
  process.stderr.write(`${explained(error)}\n`);
  await end(1);
}

/** Ends the process; a second signal meanwhile changes nothing. @param {number} code */
async function end(code) {
  if (isStopping && app === undefined) process.exit(code);
  if (isStopping) return;
  isStopping = true;
  clearInterval(timer);
  display?.end();
  setTimeout(() => process.exit(code), STOP_TIMEOUT_MS).unref();
  await app?.stop();
  process.exit(code);
}

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

/** What went wrong, and what to do. @param {any} error @returns {string} */
function explained(error) {
  if (error instanceof SettingsError) return error.message;
  const message = error?.message || String(error);
  switch (error?.code) {
    case 'ERR_MODULE_NOT_FOUND':
      return /nuthatch/.test(message) && !/pg|color/.test(message)
        ? `Nuthatch is not built: run npm run build in the repository. (${message})`
        : `A package of the example is missing: run npm install in examples/catalog. (${message})`;
    case 'EADDRINUSE':
      return `Port ${process.env.PORT} is taken: set PORT to another one, or to 0 for a free one.`;
    case 'EACCES':
      return `Port ${process.env.PORT} may not be used by you: set PORT to one from 1024 on, or to 0 for a free one.`;
    case 'OPTIONS':
      return `CACHE_URL: ${error.problems.join(' ')}`;
    case '42501':
      return `PostgreSQL refuses (${message}): the user in DATABASE_URL needs the right to make the schema paint_shop, and to use it.`;
    default:
      return `The shop cannot start: ${error?.stack ?? message}`;
  }
}
