/**
 * The database: PostgreSQL by a URL, or PGlite, which is PostgreSQL in WebAssembly, in a thread of this process.
 *
 * The thread keeps a query of PGlite from holding up the requests that the cache can answer, as a database elsewhere
 * would not hold them up either.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SettingsError } from './settings.mjs';

/** Connections to PostgreSQL. */
const CONNECTIONS = 10;
/** How long PostgreSQL may take to accept one, and to answer a query, in ms. */
const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 10_000;
/** Queries that wait for PGlite; further ones fail. */
const MAX_WAITING = 1_000;

/**
 * @typedef {(text: string, values: readonly unknown[]) => Promise<any[]>} Query
 * @typedef {object} Database
 * @property {string} description for people: "PGlite in this process"
 * @property {Query} query
 * @property {(work: (query: Query) => Promise<void>) => Promise<void>} transaction
 * @property {() => Promise<void>} close
 */

/** @param {string | undefined} url undefined: PGlite @returns {Promise<Database>} */
export function openDatabase(url) {
  return url === undefined ? openPglite() : openPostgres(url);
}

/** @param {string} url @returns {Promise<Database>} */
async function openPostgres(url) {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
  });
  // A connection that breaks while it is idle is replaced; the next query says if that fails.
  pool.on('error', () => {});
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end();
    throw new SettingsError(whyNot(/** @type {any} */ (error)));
  }
  return {
    description: `PostgreSQL on ${new URL(url).host || 'this machine'}`,
    query: async (text, values) => (await pool.query(text, [...values])).rows,
    async transaction(work) {
      const client = await pool.connect();
      try {
        await transact(async (text, values) => (await client.query(text, [...values])).rows, work);
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

/** Why there is no connection, and what to do. @param {any} error */
function whyNot(error) {
  // PostgreSQL's own errors have a severity.
  return error.severity === undefined
    ? `PostgreSQL cannot be reached (${error.message}): check DATABASE_URL, or unset it to use PGlite.`
    : `PostgreSQL refuses (${error.message}): check the user, password and database in DATABASE_URL.`;
}

/** @returns {Promise<Database>} */
async function openPglite() {
  const worker = new Worker(new URL('./pglite-worker.mjs', import.meta.url));
  /** @type {Map<number, { resolve: (rows: any[]) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let lastId = 0;
  /** @type {Error | undefined} */
  let ended;
  /** @param {Error} error */
  const end = (error) => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  await once(worker, 'message');
  worker.on('message', ({ id, rows, problem }) => {
    const query = waiting.get(id);
    waiting.delete(id);
    if (problem === undefined) query?.resolve(rows);
    else query?.reject(new Error(problem));
  });
  worker.on('error', end);
  worker.on('exit', () => end(new Error('PGlite has ended')));
  /** @type {Query} */
  const query = (text, values) =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      if (waiting.size >= MAX_WAITING)
        return reject(new Error(`${MAX_WAITING} queries wait for PGlite already`));
      waiting.set(++lastId, { resolve, reject });
      worker.postMessage({ id: lastId, text, values });
    });
  return {
    description: 'PGlite in this process',
    query,
    // Nobody else uses the one connection of PGlite meanwhile: the shop opens when it is filled.
    transaction: (work) => transact(query, work),
    async close() {
      await worker.terminate();
    },
  };
}

/** @param {Query} query @param {(query: Query) => Promise<void>} work */
async function transact(query, work) {
  await query('BEGIN', []);
  try {
    await work(query);
    await query('COMMIT', []);
  } catch (error) {
    await query('ROLLBACK', []);
    throw error;
  }
}
