/**
 * The load: customers who look at products (a few of them far more often than most), browse and search; and now and then
 * a price that changes, after which the next reader must see the new one.
 *
 * It is bounded: when the shop is slow, requests are skipped and counted, not queued.
 */
import { Agent, request } from 'node:http';
import { families } from './paints.mjs';
import { pick, randomFrom, zipf } from './random.mjs';

const MAX_IN_FLIGHT = 64;
/** How often requests are due. */
const TICK_MS = 20;
/** After a pause of the process no more is made up for. */
const MAX_TICK_MS = 200;
const TIMEOUT_MS = 10_000;
/** One request in so many changes a price. */
const REQUESTS_PER_PRICE = 200;
/** Nobody looks further; every family has so many. */
const PAGES_LOOKED_AT = 4;
const SEED = 7;

/** @typedef {{ rate: number, sent: number, skipped: number, failed: number, problem: string, checked: number, oldSeen: number }} LoadCounts */

/**
 * Sends `rate` requests a second until it is stopped.
 *
 * @param {{ url: string, rate: number, colors: readonly { name: string }[], seed?: number }} options
 */
export function startLoad({ url, rate, colors, seed = SEED }) {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_IN_FLIGHT });
  const nextPath = customers(colors, randomFrom(seed));
  const random = randomFrom(seed + 1);
  const load = { rate, sent: 0, skipped: 0, failed: 0, problem: '', checked: 0, oldSeen: 0, stop };
  let inFlight = 0;
  let due = 0;
  let isChanging = false;
  let isStopped = false;
  let beforeMs = performance.now();

  const timer = setInterval(() => {
    const nowMs = performance.now();
    due += (Math.min(nowMs - beforeMs, MAX_TICK_MS) * rate) / 1000;
    beforeMs = nowMs;
    for (; due >= 1; due--) {
      if (inFlight >= MAX_IN_FLIGHT) load.skipped++;
      else if (!isChanging && random() < 1 / REQUESTS_PER_PRICE) void changePrice();
      else void send('GET', nextPath());
    }
  }, TICK_MS);
  return load;

  function stop() {
    isStopped = true;
    clearInterval(timer);
    agent.destroy();
  }

  /** Changes a price and reads it back. */
  async function changePrice() {
    isChanging = true;
    const path = `/products/${1 + Math.floor(random() * colors.length)}`;
    const before = await send('GET', path);
    const priceCents = 1000 + Math.floor(random() * 5000);
    const changed = await send('POST', `${path}/price`, JSON.stringify({ price: priceCents / 100 }));
    const after = await send('GET', path);
    isChanging = false;
    const [old, now] = [before, after].map((text) => /"priceCents":(\d+)/.exec(text ?? '')?.[1]);
    if (changed === undefined || old === undefined || now === undefined || old === String(priceCents)) return;
    load.checked++;
    if (now === old) load.oldSeen++;
  }

  /** The body; undefined if it failed. @param {string} method @param {string} path @param {string} [body] @returns {Promise<string | undefined>} */
  function send(method, path, body) {
    inFlight++;
    load.sent++;
    return new Promise((resolve) => {
      let isDone = false;
      /** @param {string | undefined} text @param {string} [problem] */
      const done = (text, problem = '') => {
        if (isDone) return;
        isDone = true;
        inFlight--;
        if (text === undefined && !isStopped) {
          load.failed++;
          load.problem = `${method} ${path}: ${problem}`;
        }
        resolve(text);
      };
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const call = request(url + path, { agent, method, headers, timeout: TIMEOUT_MS }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => {
          text += part;
        });
        response.once('end', () => done((response.statusCode ?? 0) < 300 ? text : undefined, text));
        response.once('error', (error) => done(undefined, error.message));
      });
      call.once('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
      call.once('error', (error) => done(undefined, error.message));
      call.end(body);
    });
  }
}

/**
 * What customers ask for, one path a call.
 *
 * @param {readonly { name: string }[]} colors
 * @param {() => number} random
 */
export function customers(colors, random) {
  const rank = zipf(colors.length, random);
  const family = zipf(families.length, random);
  const page = zipf(PAGES_LOOKED_AT, random);
  const typed = zipf(Math.min(500, colors.length), random);
  /** Which product has which rank: not in the order of their names. @param {number} of */
  const product = (of) => (of * 2_654_435_761) % colors.length;
  return () => {
    const kind = random();
    if (kind < 0.65) return `/products/${product(rank()) + 1}`;
    if (kind < 0.88) return `/categories/${families[family()]?.slug}?page=${page() + 1}`;
    const name = colors[product(typed())]?.name ?? '';
    return `/search?q=${encodeURIComponent(name.slice(0, pick([2, 3, 4], random)).trim())}`;
  };
}
