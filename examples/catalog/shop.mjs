/**
 * The shop's HTTP server: JSON for programs, pages for browsers.
 *
 *   GET  /                        the start page
 *   GET  /products/:id            a product
 *   GET  /categories/:slug?page=  its best-loved products
 *   GET  /search?q=               products whose names begin so
 *   POST /products/:id/price      { "price": 24.9 }
 *   GET  /stats                   figures, as JSON
 *
 * It listens on this machine alone: anybody who reaches it may change prices.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Latencies } from './latencies.mjs';
import { categoryPage, errorPage, productPage, searchPage, startPage } from './pages.mjs';
import { CATEGORY_PAGES } from './queries.mjs';

/** Longer than those who keep a connection leave it idle. */
const KEEP_ALIVE_MS = 60_000;
const MAX_BODY_BYTES = 1_000;
const MAX_SEARCH_CHARS = 40;
/** Ids of products are ints of PostgreSQL. */
const MAX_ID = 2_147_483_647;
const MAX_PRICE = 10_000;
/** When to come again while the shop sheds load. */
const RETRY_SECONDS = '1';

/**
 * @typedef {{ url: string, reads: number, requests: number, failures: number, priceChanges: number, latencies: Latencies }} ShopCounts
 * @typedef {{ data: unknown, page?: () => string }} Answer
 */

/** What is told to the client as it is. */
class HttpError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {import('./catalog.mjs').Catalog} catalog
 * @param {() => object} figures
 * @param {number} port 0: a free one
 * @returns {Promise<ShopCounts & { stop: () => Promise<void> }>}
 */
export async function startShop(catalog, figures, port) {
  const server = createServer((request, response) => void handle(request, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const shop = {
    url: `http://127.0.0.1:${address.port}`,
    reads: 0,
    requests: 0,
    failures: 0,
    priceChanges: 0,
    latencies: new Latencies(),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return shop;

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async function handle(request, response) {
    const start = performance.now();
    const wantsPage = request.headers.accept?.includes('text/html') === true;
    let status = 200;
    let body;
    let isPage;
    try {
      ({ body, isPage } = textOf(await route(request), wantsPage));
    } catch (error) {
      const answer = answerOf(error);
      status = answer.status;
      ({ body, isPage } = textOf(answer, wantsPage));
      if (status >= 500) shop.failures++;
    }
    response.statusCode = status;
    response.setHeader(
      'content-type',
      isPage ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    );
    response.setHeader('cache-control', 'no-store');
    if (response.statusCode === 503) response.setHeader('retry-after', RETRY_SECONDS);
    response.end(body);
    if (request.url === '/stats') return;
    shop.requests++;
    shop.latencies.add(performance.now() - start);
  }

  /** @param {import('node:http').IncomingMessage} request @returns {Promise<Answer>} */
  async function route(request) {
    if (!URL.canParse(request.url ?? '/', shop.url)) throw new URIError();
    const url = new URL(request.url ?? '/', shop.url);
    const [, first, second, third, ...more] = url.pathname.split('/');
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    if (more.length > 0) throw nothingAt(url);
    if (third === undefined) {
      if (!isGet) throw new HttpError(405, 'Everything here is read with GET; a price is changed with POST.');
      if (first === '' && second === undefined) return showStart();
      if (first === 'stats' && second === undefined) return { data: figures() };
      if (first === 'search' && second === undefined) return showSearch(url.searchParams.get('q') ?? '');
      if (first === 'products' && second !== undefined) return showProduct(idOf(second));
      if (first === 'categories' && second !== undefined)
        return showCategory(decodeURIComponent(second), url.searchParams.get('page') ?? '1');
    }
    if (first === 'products' && second !== undefined && third === 'price') {
      if (request.method !== 'POST') throw new HttpError(405, 'Prices are changed with POST.');
      return changePrice(idOf(second), await bodyOf(request));
    }
    throw nothingAt(url);
  }

  /** @returns {Promise<Answer>} */
  async function showStart() {
    shop.reads++;
    const categories = (await catalog.categories()) ?? [];
    return { data: { categories }, page: () => startPage(categories) };
  }

  /** @param {number} id @returns {Promise<Answer>} */
  async function showProduct(id) {
    shop.reads++;
    const product = await catalog.product(id);
    if (product === undefined) throw new HttpError(404, `There is no product ${id}.`);
    return { data: product, page: () => productPage(product) };
  }

  /** @param {string} slug @param {string} text @returns {Promise<Answer>} */
  async function showCategory(slug, text) {
    const page = Number(text);
    if (!Number.isInteger(page) || page < 1 || page > CATEGORY_PAGES)
      throw new HttpError(400, `page is "${text}": give a number from 1 to ${CATEGORY_PAGES}.`);
    shop.reads++;
    const found = await catalog.categoryPage(slug, page);
    if (found === undefined) throw new HttpError(404, `There is no page ${page} of a category "${slug}".`);
    return { data: found, page: () => categoryPage(found) };
  }

  /** @param {string} text @returns {Promise<Answer>} */
  async function showSearch(text) {
    const prefix = text.trim().replace(/\s+/g, ' ').toLowerCase();
    if (prefix === '' || prefix.length > MAX_SEARCH_CHARS)
      throw new HttpError(
        400,
        `q is ${prefix.length} characters long: give 1 to ${MAX_SEARCH_CHARS}, as in /search?q=sun.`,
      );
    shop.reads++;
    const products = (await catalog.search(prefix)) ?? [];
    return { data: { q: prefix, products }, page: () => searchPage(prefix, products) };
  }

  /** @param {number} id @param {string} body @returns {Promise<Answer>} */
  async function changePrice(id, body) {
    const price = priceOf(body);
    try {
      const product = await catalog.changePrice(id, Math.round(price * 100));
      if (product === undefined) throw new HttpError(404, `There is no product ${id}.`);
      shop.priceChanges++;
      return { data: product };
    } catch (error) {
      // The database has it. The cache cannot be reached, and is told as soon as it can.
      if (/** @type {any} */ (error)?.code === 'INVALIDATION_PENDING') shop.priceChanges++;
      throw error;
    }
  }
}

/** @param {URL} url */
function nothingAt(url) {
  return new HttpError(
    404,
    `There is nothing at ${url.pathname}. Try /, /products/1, /categories/blues, /search?q=sun, /stats.`,
  );
}

/** @param {string} text */
function idOf(text) {
  const id = Number(text);
  if (/^\d+$/.test(text) && id >= 1 && id <= MAX_ID) return id;
  throw new HttpError(400, `"${text}" is no product's id: give a whole number from 1 on.`);
}

/** @param {string} body */
function priceOf(body) {
  let price;
  try {
    price = JSON.parse(body)?.price;
  } catch {}
  if (typeof price === 'number' && price >= 0.01 && price <= MAX_PRICE) return price;
  throw new HttpError(400, `Send JSON with a price from 0.01 to ${MAX_PRICE}: {"price": 24.9}.`);
}

/**
 * Only JSON that says so: a page of another site cannot send that here.
 *
 * @param {import('node:http').IncomingMessage} request
 */
async function bodyOf(request) {
  if (request.headers['content-type']?.startsWith('application/json') !== true)
    throw new HttpError(415, 'Send the header "content-type: application/json".');
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    body += chunk;
    if (body.length > MAX_BODY_BYTES)
      throw new HttpError(413, `The body is longer than ${MAX_BODY_BYTES} bytes.`);
  }
  return body;
}

/** @param {Answer} answer @param {boolean} wantsPage */
function textOf({ data, page }, wantsPage) {
  const isPage = wantsPage && page !== undefined;
  return { isPage, body: isPage ? page() : `${JSON.stringify(data)}\n` };
}

/** @param {any} error @returns {Answer & { status: number }} */
function answerOf(error) {
  const [status, message] =
    error instanceof HttpError
      ? [error.status, error.message]
      : error instanceof URIError
        ? [400, 'The address is not well-formed.']
        : error?.code === 'INVALIDATION_PENDING'
          ? [202, 'The price is changed; other shops may show the old one until the cache can be reached.']
          : error?.code === 'LOAD_SHED'
            ? [503, 'Too many people want something that is not in the cache. Try again.']
            : [500, `The shop could not answer: ${error?.message}`];
  return { status, data: { status, message }, page: () => errorPage(status, message) };
}
