/** The shop as a whole: database, cache, pages, and the load that it sends to itself. */
import { randomUUID } from 'node:crypto';
import { colornames } from 'color-name-list/bestof';
import { createCache } from 'nuthatch';
import { Catalog } from './catalog.mjs';
import { openDatabase } from './database.mjs';
import { figuresOf } from './figures.mjs';
import { startLoad } from './load.mjs';
import { Queries } from './queries.mjs';
import { seed } from './seed.mjs';
import { withoutPassword } from './settings.mjs';
import { startShop } from './shop.mjs';

/**
 * @param {import('./settings.mjs').Settings} settings
 * @param {(text: string) => void} say what happens, in lines for people
 */
export async function startApp(settings, say) {
  const database = await openDatabase(settings.databaseUrl);
  try {
    await seed(database, colornames, say);
  } catch (error) {
    await database.close();
    throw error;
  }
  const [first = '', ...others] = settings.cacheUrls;
  const cache = createCache({
    // One server, or a node of a cluster; several are some nodes of a cluster, or servers of their own.
    ...(others.length === 0 ? { url: first } : { nodes: settings.cacheUrls }),
    // What PGlite holds is this process's alone, and so are the copies of it.
    prefix: settings.databaseUrl === undefined ? `paint-shop-${randomUUID()}:` : 'paint-shop:',
    // The products that everybody looks at are kept in this process too; the node tells when they change.
    near: { maxBytes: '8mb' },
    // Without the database, a price of the last hour is better than no page.
    staleIfError: '1h',
  });
  const stopTelling = tellOfCache(cache, say);
  const queries = new Queries(database);
  const catalog = new Catalog(cache, queries);
  /** @type {Awaited<ReturnType<typeof startShop>> | undefined} */
  let shop;
  /** @type {ReturnType<typeof startLoad> | undefined} */
  let load;
  const figures = () =>
    figuresOf({
      cacheUrls: settings.cacheUrls.map(withoutPassword),
      database: database.description,
      products: colornames.length,
      cache: cache.stats(),
      queries,
      shop,
      load,
    });
  const stop = async () => {
    stopTelling();
    load?.stop();
    await shop?.stop();
    cache.close();
    await database.close();
  };
  try {
    shop = await startShop(catalog, figures, settings.port);
  } catch (error) {
    await stop();
    throw error;
  }
  if (settings.load > 0) load = startLoad({ url: shop.url, rate: settings.load, colors: colornames });
  return { url: shop.url, figures, stop };
}

/** Says when the cache goes and comes: the shop works on, with more queries. */
function tellOfCache(
  /** @type {import('nuthatch').Cache} */ cache,
  /** @type {(text: string) => void} */ say,
) {
  let isAway = false;
  return cache.on('reachable', ({ problem }) => {
    if ((problem !== undefined) === isAway) return;
    isAway = problem !== undefined;
    // In a cluster it is one node of several: its replica answers.
    if (cache.stats().cluster !== undefined) return;
    say(isAway ? `the cache is away, the shop asks the database: ${problem?.message}` : 'the cache is back');
  });
}
