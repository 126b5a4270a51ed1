/** The thread of PGlite: takes { id, text, values }, answers { id, rows } or { id, problem }. */
import { parentPort } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const database = await PGlite.create();

port.on('message', async ({ id, text, values }) => {
  try {
    const { rows } = await database.query(text, values);
    port.postMessage({ id, rows });
  } catch (error) {
    port.postMessage({ id, problem: /** @type {Error} */ (error).message });
  }
});
port.postMessage('ready');
