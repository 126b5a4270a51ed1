/** The example in examples/catalog, on PGlite and on a real PostgreSQL: its pages, its prices, its load, its end. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Cache, createCache } from '#layers/client';
import { type RunningNode, startNode } from '#layers/node';
import { RawConnection } from './kit/connection.js';
import { NpmStart } from './kit/npm-start.js';
import { startPostgres, type TestPostgres } from './kit/postgres.js';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(checkout, 'examples', 'catalog');
const isInstalled = existsSync(join(folder, 'node_modules', '@electric-sql', 'pglite'));
const skip = !isInstalled && 'examples/catalog is not installed: npm run example';

interface Card {
  readonly id: number;
  readonly priceCents: number;
}

interface Figures {
  readonly failures: number;
  readonly reads: number;
  readonly hitRatio: number | null;
  readonly queries: { readonly run: number; readonly saved: number };
  readonly load: { readonly sent: number; readonly failed: number; readonly problem: string } | null;
  readonly prices: { readonly changed: number; readonly checked: number; readonly oldSeen: number };
  readonly cache: { readonly nearHits: number; readonly hits: number; readonly fills: number };
}

interface App {
  readonly url: string;
  stop(): Promise<void>;
}

/** The shop, as its main.mjs starts it. */
async function startApp(node: RunningNode, databaseUrl: string | undefined, load: number): Promise<App> {
  const app = (await import(pathToFileURL(join(folder, 'app.mjs')).href)) as {
    startApp(settings: object, say: (text: string) => void): Promise<App>;
  };
  const cacheUrls = [`redis://127.0.0.1:${node.port}`];
  return app.startApp({ cacheUrls, databaseUrl, port: 0, load }, () => {});
}

async function get<T>(app: App, path: string): Promise<T> {
  const response = await fetch(app.url + path);
  assert.equal(response.status, 200, path);
  return (await response.json()) as T;
}

async function setPrice(app: App, id: number, price: unknown, type = 'application/json'): Promise<Response> {
  const body = JSON.stringify({ price });
  return fetch(`${app.url}/products/${id}/price`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
}

/** Asks for the figures until they are as wanted; the test's limit ends it. */
async function figuresWhen(app: App, isWanted: (figures: Figures) => boolean): Promise<Figures> {
  for (;;) {
    const figures = await get<Figures>(app, '/stats');
    if (isWanted(figures)) return figures;
  }
}

describe('the example shop', { skip }, () => {
  it('passes the compiler', () => {
    const compiler = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc');
    const done = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
    });
    assert.equal(done.status, 0, done.stdout);
  });
});

const databases: Record<string, () => Promise<TestPostgres | undefined>> = {
  PGlite: async () => undefined,
  PostgreSQL: async () => {
    const url = process.env['DATABASE_URL'];
    return url ? { url, stop: async () => {} } : startPostgres();
  },
};

for (const [name, startDatabase] of Object.entries(databases)) {
  describe(`the example shop on ${name}`, { skip }, () => {
    let database: TestPostgres | undefined;
    let node: RunningNode;
    let app: App;
    let isMissing = false;

    before(async () => {
      database = await startDatabase();
      isMissing = name !== 'PGlite' && database === undefined;
      if (isMissing) return;
      node = await startNode({ port: 0, maxMemoryBytes: 64 * 1024 * 1024 });
      app = await startApp(node, database?.url, 0);
      // Reads load for themselves until the cache is connected.
      for (let id = 1; (await get<Figures>(app, '/stats')).cache.fills === 0; id++)
        await get(app, `/products/${id}`);
    });
    after(async () => {
      await app?.stop();
      await node?.stop();
      await database?.stop();
    });

    const test = (title: string, body: () => Promise<void>) =>
      it(title, async (t) => {
        if (isMissing) t.skip('no PostgreSQL is installed: apt-get install postgresql, or set DATABASE_URL');
        else await body();
      });

    test('answers programs with JSON, and browsers with pages', async () => {
      const { categories } = await get<{ categories: { slug: string; products: number }[] }>(app, '/');
      assert.equal(categories.length, 12);
      const blues = await get<{ pages: number; products: Card[] }>(app, '/categories/blues?page=2');
      assert.equal(blues.products.length, 24);
      const found = await get<{ products: { name: string }[] }>(app, '/search?q=%20SUN%20');
      assert.ok(found.products.length > 0);
      assert.ok(found.products.every((product) => product.name.startsWith('Sun')));
      const product = await get<Card & { name: string; category: { slug: string } }>(app, '/products/12');
      assert.equal(product.id, 12);
      for (const path of ['/', '/categories/blues', '/search?q=%3Cb', '/products/12', '/products/0']) {
        const page = await fetch(app.url + path, { headers: { accept: 'text/html' } });
        const text = await page.text();
        assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
        assert.match(text, /^<!doctype html>[\s\S]*<\/html>\n$/);
        assert.ok(!text.includes('<b”'), 'what was searched for is text, not HTML');
      }
    });

    test('asks the database once for what it is asked twice', async () => {
      for (const path of ['/', '/products/200', '/categories/greens', '/search?q=gre']) {
        const first = await get(app, path);
        const before = await get<Figures>(app, '/stats');
        assert.deepEqual(await get(app, path), first);
        const { queries, reads } = await get<Figures>(app, '/stats');
        assert.equal(queries.run, before.queries.run, path);
        assert.equal(reads, before.reads + 1);
        assert.equal(queries.saved, before.queries.saved + 1);
      }
    });

    test('shows a new price at once, on the product and in its category, without reading it again', async () => {
      const path = '/categories/reds?page=1';
      const { products } = await get<{ products: Card[] }>(app, path);
      const { id, priceCents } = products[3];
      await get(app, `/products/${id}`);
      const price = (priceCents + 1) / 100;
      const changed = await setPrice(app, id, price);
      assert.equal(((await changed.json()) as Card).priceCents, priceCents + 1);
      const before = await get<Figures>(app, '/stats');
      assert.equal((await get<Card>(app, `/products/${id}`)).priceCents, priceCents + 1);
      assert.equal((await get<Figures>(app, '/stats')).queries.run, before.queries.run);
      const now = await get<{ products: Card[] }>(app, path);
      assert.equal(now.products.find((product) => product.id === id)?.priceCents, priceCents + 1);
    });

    test('says what is wrong with a request', async () => {
      const wrong: [path: string, status: number, says: RegExp][] = [
        ['/products/999999', 404, /no product 999999/],
        ['/products/x', 400, /"x" is no product's id/],
        ['/categories/none', 404, /no page 1 of a category "none"/],
        ['/categories/blues?page=9', 400, /from 1 to 8/],
        ['/categories/%ff', 400, /not well-formed/],
        ['/search?q=', 400, /give 1 to 40/],
        ['/nothing/here', 404, /Try \//],
        ['/products/1/price', 405, /POST/],
      ];
      for (const [path, status, says] of wrong) {
        const response = await fetch(app.url + path);
        assert.equal(response.status, status, path);
        assert.match(((await response.json()) as { message: string }).message, says);
      }
      for (const price of ['1', -1, null, 10_001]) assert.equal((await setPrice(app, 1, price)).status, 400);
      assert.equal((await setPrice(app, 1, 1, 'text/plain')).status, 415);
      assert.equal((await setPrice(app, 1, 'x'.repeat(2_000))).status, 413);
      assert.equal((await setPrice(app, 999_999, 1)).status, 404);
      for (const path of ['/', '/products/1', '/stats']) {
        const response = await fetch(app.url + path, { method: 'DELETE' });
        assert.equal(response.status, 405, path);
      }
    });

    test('answers with an error when somebody else has put something into the cache that is no product', async () => {
      const client = await RawConnection.open(node.port);
      const [key] = (await client.call('KEYS', 'paint-shop*:product:12')) as string[];
      assert.equal(await client.call('SET', key ?? '', 'not a product'), 'OK');
      client.close();
      const readPage = () => fetch(`${app.url}/products/12`, { headers: { accept: 'text/html' } });
      let page = await readPage();
      while (page.status === 200) page = await readPage(); // until the near copy is gone
      assert.equal(page.status, 500);
      assert.match(await page.text(), /could not answer/);
      assert.equal((await get<Card>(app, '/products/13')).id, 13);
    });

    test('is never shown an old price by its load', async () => {
      const busy = await startApp(node, database?.url, 400);
      try {
        const { load, prices, failures, hitRatio } = await figuresWhen(
          busy,
          ({ prices }) => prices.checked >= 2,
        );
        assert.equal(prices.oldSeen, 0);
        assert.deepEqual([failures, load?.failed, load?.problem], [0, 0, '']);
        assert.ok((hitRatio ?? 0) > 0);
      } finally {
        await busy.stop();
      }
      await assert.rejects(fetch(busy.url));
    });

    test('works on without the cache', async () => {
      await node.stop();
      assert.equal((await get<Card>(app, '/products/77')).id, 77);
      assert.equal((await get<Card>(app, '/products/78')).id, 78);
    });
  });
}

describe('a change of a price that the cache cannot be told of', () => {
  it('is repeated for the product and for the lists that it is on', async () => {
    const { Catalog } = (await import(pathToFileURL(join(folder, 'catalog.mjs')).href)) as {
      Catalog: new (
        cache: Cache,
        queries: object,
      ) => { changePrice(id: number, cents: number): Promise<unknown> };
    };
    // Port 1 is nobody's.
    const cache = createCache({ url: 'redis://127.0.0.1:1', invalidationDeadline: 20 });
    const queries = { changePrice: async (id: number) => ({ id, category: { slug: 'reds' } }) };
    try {
      await assert.rejects(new Catalog(cache, queries).changePrice(7, 1_234), {
        code: 'INVALIDATION_PENDING',
      });
      const lists = (await import(pathToFileURL(join(folder, 'queries.mjs')).href)) as {
        CATEGORY_PAGES: number;
      };
      assert.equal(cache.stats().pendingInvalidations, 1 + lists.CATEGORY_PAGES);
    } finally {
      cache.close();
    }
  });
});

describe('main.mjs', { skip }, () => {
  async function run(variables: Record<string, string>): Promise<{ code: unknown; stderr: string }> {
    const child = spawn(process.execPath, [join(folder, 'main.mjs')], {
      env: { PATH: process.env['PATH'], LOAD: '0', ...variables },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = await once(child, 'close');
    return { code, stderr };
  }

  it('says what to do about each mistake', async () => {
    const settings = await run({ PORT: 'x', CACHE_URL: 'localhost' });
    assert.equal(settings.code, 1);
    assert.match(
      settings.stderr,
      /^CACHE_URL is no URL .*\nPORT is "x": give a whole number from 0 to 65535.*\n$/,
    );
    // Port 1 is nobody's.
    const database = await run({ DATABASE_URL: 'postgres://shop@127.0.0.1:1/shop' });
    assert.equal(database.code, 1);
    assert.match(database.stderr, /^PostgreSQL cannot be reached .*: check DATABASE_URL, or unset it.*\n$/);
    // A server, but none of PostgreSQL.
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const stranger = await run({ DATABASE_URL: `postgres://shop@127.0.0.1:${port}/shop` });
    server.close();
    assert.match(stranger.stderr, /^PostgreSQL cannot be reached .*\n$/);
    const cache = await run({ CACHE_URL: 'redis://' });
    assert.match(cache.stderr, /^CACHE_URL: the URL names no host; .*\n$/);
  });
});

/** With the buses 10,000 above it below the ports that the system gives out, and no other test's. */
const FIRST_PORT = 22_400;

interface Stats {
  readonly cacheUrls: readonly string[];
  readonly cache: { readonly cluster?: { readonly shards: number } };
  readonly prices: { readonly oldSeen: number };
}

async function stats(shop: string): Promise<Stats> {
  return (await (await fetch(`${shop}/stats`)).json()) as Stats;
}

describe('npm start', { skip }, () => {
  it('runs a cluster and the shop on it; a primary is killed; and all end when npm is told to end', async () => {
    const npm = new NpmStart(['--port', String(FIRST_PORT), '--max-memory', '16mb'], {
      LOAD: '20',
      PORT: '0',
      CACHE_URL: '',
      DATABASE_URL: '',
    });
    let url = '';
    try {
      await npm.printed('the shop is open: ');
      url = /the shop is open: (\S+)/.exec(npm.output)?.[1] ?? '';
      assert.match(npm.output, /is a cluster of 3 shards with 1 replica each on ports/);
      await npm.printed('ok: 3 shards');
      process.kill(npm.pid, 'SIGUSR2');
      await npm.printed('ms after');
      const [, port] = /killed (\d+) \(pid \d+\), the primary of shard \d/.exec(npm.output) ?? [];
      assert.match(npm.output, new RegExp(`shard \\d: \\d+ took over [\\d,]+ ms after ${port} was killed`));
      const { cacheUrls, cache, prices } = await stats(url);
      assert.deepEqual([cacheUrls.length, cache.cluster?.shards, prices.oldSeen], [6, 3, 0]);
      await npm.end();
    } finally {
      npm.kill();
    }
    assert.match(npm.output, /stopping the nodes/);
    // Its parent gone, the shop ends by itself a moment later.
    for (let isThere = true; isThere; )
      isThere = await fetch(url).then(
        () => true,
        () => false,
      );
  });
});
